import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Fault } from '../kernel/index.ts'
import { makeFolder } from '../store/index.ts'
import { confinePath } from './confine-path.ts'
import type { Project } from './project.ts'
import { replaceTextFile } from './text-file.ts'

/** A key that an archive is signed with, on its way into the project. */
export interface ProjectKey {
  /** Relative to the manifest. */
  readonly path: string
  readonly armor: string
  readonly fingerprints: readonly string[]
}

export function keyPathOf(archiveId: string): string {
  return `keys/${archiveId}.asc`
}

/** @throws {Fault} `KEYRING_MALFORMED` */
export async function projectKeyOf(archiveId: string, armor: string, name: string): Promise<ProjectKey> {
  const { readKeyring } = await import('../openpgp/index.ts')
  const { fingerprints } = await readKeyring(new TextEncoder().encode(armor), name)
  return { path: keyPathOf(archiveId), armor: `${armor.trim()}\n`, fingerprints }
}

/**
 * Writes the key beside the manifest. A key of that name with other bytes is left alone: trust is not replaced in passing.
 *
 * @throws {Fault} `OUTPUT_UNWRITABLE`, `MANIFEST_PATH_OUTSIDE`
 */
export async function writeProjectKey(project: Project, key: ProjectKey): Promise<void> {
  const place = await confinePath(project, key.path)
  const present = await readFile(place, 'utf8').catch(() => undefined)
  if (present === key.armor) return
  if (present !== undefined)
    throw new Fault('OUTPUT_UNWRITABLE', {
      message: `${key.path} exists and holds other keys`,
      hint: 'Compare the fingerprints; remove that file if the new key is right, or choose another --id.',
      context: { file: key.path, fingerprints: key.fingerprints },
    })
  makeFolder(dirname(place))
  await replaceTextFile(place, key.armor)
}
