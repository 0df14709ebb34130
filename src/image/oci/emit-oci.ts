import { createHash } from 'node:crypto'
import { compressGzip } from '../../codec/index.ts'
import type { Json, Session } from '../../kernel/index.ts'
import type { OciOptions } from '../../manifest/index.ts'
import { makeFolder, type Store } from '../../store/index.ts'
import type { ImageFacts } from '../image-facts.ts'
import { type OutputTarget, outputFault } from '../output-fault.ts'
import { checkOwnedFolder, markOwnedFolder } from '../owned-folder.ts'
import { type SealedTree, tarBytes } from '../tar-bytes.ts'
import { addBlob, addJsonBlob, type Descriptor } from './blobs.ts'
import { type KnownLayer, type KnownLayers, knownLayers } from './known-layers.ts'
import { type LayerPlan, planLayers } from './layers.ts'
import { type OciPlatform, platformOf } from './platform.ts'

export interface EmittedOci {
  readonly kind: 'oci'
  readonly name: string
  readonly path: string
  readonly reference: string | undefined
  readonly platform: OciPlatform
  readonly manifest: Descriptor
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
}

interface WrittenLayer extends KnownLayer {
  readonly name: string
}

/**
 * Adds the image of one root to an OCI image layout. Nothing points to it until `finishOciLayouts` writes the layout's index: until
 * then, and after any fault, the layout is the image that it was.
 *
 * The folder may be absent, empty, or one that aptroot made (`checkOwnedFolder`).
 *
 * @throws {Fault} `OUTPUT_UNWRITABLE`, `DISK_FULL`, `STORE_CORRUPT`; `TREE_PATH_UNSAFE` as `planLayers`
 */
export async function emitOci(
  request: {
    readonly root: SealedTree
    readonly facts: ImageFacts
    readonly options: OciOptions
    readonly target: OutputTarget
    /** Remembers what layers were compressed to; default: nobody does. */
    readonly store?: Store
  },
  session: Session,
): Promise<EmittedOci> {
  const { root, facts, options, target } = request
  const known = knownLayers(request.store)
  session.journal.emit({ kind: 'started', stage: 'emit', name: target.name })
  try {
    const plans = await planLayers(root, options.layers)
    await checkOwnedFolder(target)
    makeFolder(target.path)
    await markOwnedFolder(target)
    const written: WrittenLayer[] = []
    for (const plan of plans) written.push(await writeLayer({ root, target, known }, plan, session))
    const platform = platformOf(facts.architecture)
    const config = await addJsonBlob(
      target.path,
      'application/vnd.oci.image.config.v1+json',
      configOf(request, platform, written),
    )
    const layers = written.map(({ descriptor }) => descriptor)
    const manifest = await addJsonBlob(target.path, 'application/vnd.oci.image.manifest.v1+json', {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { ...config },
      layers: layers.map(layer => ({ ...layer })),
      annotations: {
        'org.opencontainers.image.created': dateOf(facts),
        ...Object.fromEntries(options.annotations),
      },
    })
    const size = layers.reduce((sum, layer) => sum + layer.size, 0)
    const detail = `${layers.length} layers, ${size} bytes`
    session.journal.emit({ kind: 'finished', stage: 'emit', name: target.name, detail })
    return { kind: 'oci', ...target, reference: options.reference, platform, manifest, config, layers }
  } catch (error) {
    throw outputFault(error, target)
  }
}

async function writeLayer(
  { root, target, known }: { readonly root: SealedTree; readonly target: OutputTarget; readonly known: KnownLayers },
  { name, tree }: LayerPlan,
  session: Session,
): Promise<WrittenLayer> {
  const before = await known.find(target.path, tree)
  if (before !== undefined) return { name, ...before }
  const diff = createHash('sha256')
  const tar = async function* () {
    for await (const bytes of tarBytes({ tree, content: root.content }, session)) {
      diff.update(bytes)
      yield bytes
    }
  }
  const descriptor = await addBlob(
    target.path,
    'application/vnd.oci.image.layer.v1.tar+gzip',
    compressGzip(tar(), { level: 6 }),
  )
  const layer = { descriptor, diffId: `sha256:${diff.digest('hex')}` }
  await known.keep(tree, layer)
  return { name, ...layer }
}

/** @see OCI image specification, configuration */
function configOf(
  { facts, options }: { readonly facts: ImageFacts; readonly options: OciOptions },
  platform: OciPlatform,
  layers: readonly WrittenLayer[],
): Json {
  const created = dateOf(facts)
  return {
    ...platform,
    created,
    config: {
      Cmd: options.command,
      Entrypoint: options.entrypoint,
      Env: options.environment.size === 0 ? undefined : [...options.environment].map(pair => pair.join('=')),
      Labels: options.labels.size === 0 ? undefined : Object.fromEntries(options.labels),
      User: options.user,
      WorkingDir: options.workingFolder,
    },
    history: layers.map(({ name }) => ({ created, created_by: `aptroot: ${name}` })),
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
  }
}

/** RFC 3339 without fractions. */
function dateOf({ sourceDateEpochSeconds }: ImageFacts): string {
  return new Date(sourceDateEpochSeconds * 1000).toISOString().replace('.000Z', 'Z')
}
