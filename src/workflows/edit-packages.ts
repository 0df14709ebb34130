import { didYouMean, Fault } from '../kernel/index.ts'
import type { Project } from './project.ts'
import { readTextFile, replaceTextFile } from './text-file.ts'
import type { World } from './world.ts'

export interface EditRequest {
  readonly project: Project
  /** Items as in a manifest: `nginx`, `openssl (>= 3.0)`, `nginx=1.22.1-9`. */
  readonly items: readonly string[]
}

/**
 * Adds to `packages:`; comments and order of the manifest stay.
 *
 * @returns the items that were not there yet
 * @throws {Fault} `USAGE_INVALID` for a malformed item, and for a manifest that cannot be read or edited
 */
export async function addToManifest(
  { project, items }: EditRequest,
  world: Pick<World, 'hostArchitecture'>,
): Promise<readonly string[]> {
  const { addPackages } = await import('../manifest/index.ts')
  const before = await readTextFile(project.manifestPath, 'MANIFEST_MISSING')
  const { text, added } = await addPackages(before, project.manifestName, items)
  await write(project, before, text, world)
  return added
}

/**
 * Removes from `packages:`.
 *
 * @returns the items that were removed
 * @throws {Fault} `USAGE_INVALID` when one of them is not there; then nothing is removed
 */
export async function removeFromManifest(
  { project, items }: EditRequest,
  world: Pick<World, 'hostArchitecture'>,
): Promise<readonly string[]> {
  const { readManifest, removePackages } = await import('../manifest/index.ts')
  const before = await readTextFile(project.manifestPath, 'MANIFEST_MISSING')
  const { text, removed, absent } = await removePackages(before, project.manifestName, items)
  const [first] = absent
  if (first !== undefined) {
    const { packages } = await readManifest(before, project.manifestName, world.hostArchitecture)
    const meant = didYouMean(
      first,
      packages.map(item => item.text),
    )
    throw new Fault('USAGE_INVALID', {
      message: `${first} is not among the packages of ${project.manifestName}`,
      hint:
        meant ??
        'A dependency leaves the lock by itself when nothing needs it; `aptroot lock why NAME` says what does.',
      context: { package: first, manifest: project.manifestName },
    })
  }
  await write(project, before, text, world)
  return removed
}

/** The edited manifest must still be one: a broken text never reaches the disk. */
async function write(
  project: Project,
  before: string,
  text: string,
  world: Pick<World, 'hostArchitecture'>,
): Promise<void> {
  const { readManifest } = await import('../manifest/index.ts')
  await readManifest(text, project.manifestName, world.hostArchitecture)
  if (text !== before) await replaceTextFile(project.manifestPath, text)
}
