import { isFault } from '../kernel/index.ts'
import type { LockedDeb } from '../lockfile/index.ts'
import type { Project } from './project.ts'
import { readProjectLock } from './read-project.ts'
import { readTextFile } from './text-file.ts'

export type ShownLock =
  /** Every locked deb, by name, then architecture. */
  | { readonly kind: 'debs'; readonly debs: readonly LockedDeb[] }
  /** The file is no lockfile, and this is its text. */
  | { readonly kind: 'text'; readonly text: string }

/**
 * What is locked, deb by deb.
 *
 * @param otherwise what comes of a file that is no lockfile, such as one with conflict markers
 * @throws {Fault} of reading the lockfile; with `text` only when there is no text to be had
 */
export async function showLock(
  project: Pick<Project, 'lockName' | 'lockPath'>,
  otherwise: 'fault' | 'text',
): Promise<ShownLock> {
  try {
    const { lock } = await readProjectLock(project)
    const { compareDebs } = await import('../lockfile/sources.ts')
    return { kind: 'debs', debs: lock.debs.toSorted(compareDebs) }
  } catch (error) {
    if (otherwise === 'fault' || !isFault(error)) throw error
    return { kind: 'text', text: await readTextFile(project.lockPath, 'LOCK_MISSING') }
  }
}
