import type { LockedDeb } from '../lockfile/index.ts'
import type { Project } from './project.ts'
import { readProjectLock } from './read-project.ts'

/** Every locked deb, by name, then architecture. */
export async function showLock(project: Pick<Project, 'lockName' | 'lockPath'>): Promise<readonly LockedDeb[]> {
  const { lock } = await readProjectLock(project)
  const { compareDebs } = await import('../lockfile/sources.ts')
  return lock.debs.toSorted(compareDebs)
}
