import { realpath } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { type OutputTarget, outputUnwritable } from '../image/output-fault.ts'
import type { Manifest } from '../manifest/index.ts'
import { confinePath, isInside } from './confine-path.ts'
import type { Project } from './project.ts'

/**
 * Refuses places that an image is made of: a mistyped path must not cost the lock, no image may hold the output of the build before, and
 * a manifest of a pull request must not bring git a hook.
 *
 * @param written outputs and documents, wherever their paths came from
 * @throws {Fault} `OUTPUT_UNWRITABLE`; `MANIFEST_PATH_OUTSIDE`, `MANIFEST_FILE_MISSING` for what the manifest names
 */
export async function refuseProjectPlaces(
  project: Project,
  manifest: Manifest,
  written: readonly OutputTarget[],
): Promise<void> {
  const folder = await realpath(project.folder)
  const own = [await placeOf(project.manifestPath), await placeOf(project.lockPath)]
  const brought = await Promise.all(
    namedFiles(manifest).map(async ({ path, ...rest }) => ({ ...rest, path: await confinePath(project, path) })),
  )
  for (const target of written) {
    const place = await placeOf(target.path)
    // Whichever manifest of the folder it belongs to.
    if (own.includes(place) || /(^|\.)aptroot\.(yaml|lock)$/.test(basename(place)))
      throw outputUnwritable(target, 'a manifest or a lock has its place there', elsewhere)
    if (isInside(folder, place) && relative(folder, place).split('/').includes('.git'))
      throw outputUnwritable(target, 'what lies there is for git alone', elsewhere)
    const source = brought.find(({ path }) => isInside(path, place))
    if (source !== undefined)
      throw outputUnwritable(
        target,
        `it lies in ${JSON.stringify(source.name)}, of which the image is made (${source.key})`,
        'Choose a place outside of it, so that the next build does not take in what this one wrote.',
      )
  }
}

const elsewhere = 'Choose another place, such as out/rootfs.tar.'

/** What the manifest reads from the project. */
function namedFiles({ archives, debs, image }: Manifest) {
  const keys = archives.flatMap(({ trust }) =>
    trust.kind === 'signed-by' && trust.signedBy.kind === 'path' ? [trust.signedBy.path] : [],
  )
  return [
    ...image.files.map(({ source }) => ({ key: '`files`', path: source })),
    ...image.customisation.run.map(path => ({ key: '`run`', path })),
    ...keys.map(path => ({ key: '`signed-by`', path })),
    // Where the last part is a glob, others may lie beside.
    ...debs.map(({ path }) => ({ key: '`debs`', path })),
  ].map(each => ({ ...each, name: each.path === '' ? './' : each.path }))
}

/** The folder's real place: what is renamed to a name replaces a link of that name. */
async function placeOf(path: string): Promise<string> {
  const folder = dirname(path)
  return join(await realpath(folder).catch(() => folder), basename(path))
}
