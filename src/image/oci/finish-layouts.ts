import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { canonicalJson, encodeUtf8, groupBy, type Json, type Session } from '../../kernel/index.ts'
import { outputFault } from '../output-fault.ts'
import { replaceFile } from '../whole-file.ts'
import { addJsonBlob, blobFolder, type Descriptor } from './blobs.ts'
import type { EmittedOci } from './emit-oci.ts'

const indexType = 'application/vnd.oci.image.index.v1+json'

/**
 * Makes each layout name the images that were just added to it, in one step, and removes the blobs of those it named before. Several
 * architectures become one image: an index over them, in byte order of architectures.
 *
 * @throws {Fault} `OUTPUT_UNWRITABLE`, `DISK_FULL`
 */
export async function finishOciLayouts(emitted: readonly EmittedOci[], session: Session): Promise<void> {
  for (const [, images] of groupBy(emitted, ({ path }) => path)) await finishLayout(images, session)
}

async function finishLayout(images: readonly EmittedOci[], session: Session): Promise<void> {
  const [first] = images
  if (first === undefined) return
  try {
    const named = await namedImage(first, images)
    const write = (name: string, value: Json) =>
      replaceFile(
        { path: join(first.path, name), name: `${first.name}/${name}` },
        oneText(canonicalJson(value)),
        session,
      )
    await write('oci-layout', { imageLayoutVersion: '1.0.0' })
    await write('index.json', { schemaVersion: 2, mediaType: indexType, manifests: [named.entry] })
    const kept = [...named.blobs, ...images.flatMap(({ manifest, config, layers }) => [manifest, config, ...layers])]
    await removeOthers(first.path, kept)
  } catch (error) {
    throw outputFault(error, first)
  }
}

interface NamedImage {
  /** Of index.json. */
  readonly entry: Json
  readonly blobs: readonly Descriptor[]
}

async function namedImage(first: EmittedOci, images: readonly EmittedOci[]): Promise<NamedImage> {
  const { reference } = first
  const annotations = reference === undefined ? undefined : { 'org.opencontainers.image.ref.name': reference }
  const manifests = images
    .map(({ manifest, platform }) => ({ ...manifest, platform: { ...platform } }))
    .sort((left, right) => (platformName(left.platform) < platformName(right.platform) ? -1 : 1))
  if (images.length === 1)
    return { entry: { ...first.manifest, platform: { ...first.platform }, annotations }, blobs: [] }
  const index = await addJsonBlob(first.path, indexType, { schemaVersion: 2, mediaType: indexType, manifests })
  return { entry: { ...index, annotations }, blobs: [index] }
}

function platformName({ architecture, variant }: EmittedOci['platform']): string {
  return `${architecture}/${variant ?? ''}`
}

async function removeOthers(layout: string, kept: readonly Descriptor[]): Promise<void> {
  const names = new Set(kept.map(({ digest }) => digest.replace('sha256:', '')))
  const folder = blobFolder(layout)
  for (const name of await readdir(folder)) if (!names.has(name)) await rm(join(folder, name), { force: true })
}

async function* oneText(text: string): AsyncGenerator<Uint8Array> {
  yield encodeUtf8(text)
}
