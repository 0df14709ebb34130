import { byteStringOf, displayByteString } from '../codec/index.ts'
import {
  type MergedRoot,
  type MergedUsr,
  type MergeWarning,
  mergedUsrDirectories,
  mergePackages,
  type UnpackedDeb,
} from '../dpkg/index.ts'
import { encodeUtf8, Fault, quoted, type Session } from '../kernel/index.ts'
import type { ImageSection } from '../manifest/index.ts'
import type { FileThread, Store } from '../store/index.ts'
import { type ContentSource, checkTree, resolvePath, type TreeEntry, treeDigest, wholeContent } from '../tree/index.ts'
import { volatileFolders } from './capture-tree.ts'
import { type ComingPacks, openPacks, type Unpacking } from './coming-packs.ts'
import type { ConfigureHost } from './configure-root.ts'
import { customisesAfterwards, needsPrograms } from './customise-root.ts'
import { numberOwners } from './file-owners.ts'
import type { ImageCustomisation } from './image-customisation.ts'
import { zonePath } from './image-files.ts'
import { type OverlaidTree, type OverlaySource, overlayFiles } from './overlay.ts'
import { type ContentPack, contentsOf } from './pack-file.ts'
import { removePaths } from './remove-paths.ts'
import { RootContent } from './root-content.ts'
import type { StoredRoot } from './root-record.ts'
import { sealTree } from './seal.ts'
import { sealConfigured } from './seal-configured.ts'
import { sortTriggers } from './sort-triggers.ts'
import { type Suspect, suspectSecrets, suspicionVersion } from './suspect-secrets.ts'
import type { DebIdentity, Pack } from './unpack-deb.ts'

export interface AssembleRequest {
  /** All debs of one root, in any order; their blobs are in the store. */
  readonly debs: readonly DebIdentity[]
  readonly nativeArchitecture: string
  readonly foreignArchitectures: readonly string[]
  /** `mergedUsr` undefined: merged, as every release does that is still supported. */
  readonly image: Pick<ImageSection, 'configure' | 'excludePaths' | 'mergedUsr'>
  readonly files: readonly OverlaySource[]
  readonly customisation: ImageCustomisation
  readonly sourceDateEpochSeconds: number
  /** See `ConfigureInputs`. */
  readonly automatic: readonly string[]
  readonly store: Store
  readonly host: ConfigureHost
  /** `fresh`: run the scripts again, whatever the store knows. */
  readonly reuse: 'stored' | 'fresh'
  /** Threads that take debs of this root apart already; default: none, and what lacks a pack gets it here. */
  readonly unpacking?: Unpacking
  /** Writes half of the files that scripts are to see, where they run in this process's namespaces. */
  readonly fileThread?: FileThread | undefined
}

/** A sealed root file system: what the emitters write, all in the same way. */
export interface AssembledRoot {
  /** In byte order of paths; sound as `checkTree` says. */
  readonly tree: ReadonlyMap<string, TreeEntry>
  /** One reader at a time. */
  readonly content: ContentSource
  /** Before `image.remove` took paths away: what is left is still its packages', also where their database went. undefined: none did. */
  readonly whole: ReadonlyMap<string, TreeEntry> | undefined
  readonly warnings: readonly MergeWarning[]
  /** The debs as they were taken apart. */
  readonly unpacked: readonly UnpackedDeb[]
  /** sha256 of each content that the project brought. */
  readonly projectContents: ReadonlySet<string>
  /** What scripts made and looks like a secret of one machine, although no rule of the seal names it. Each is among the warnings. */
  readonly suspects: readonly Suspect[]
  /**
   * Which script made or changed a path last, in words that follow "made by", by path: runs the scripts once more, one by one, unless the
   * store knows it. Empty where no script runs.
   */
  readonly traceScripts: (session: Session) => Promise<ReadonlyMap<string, string>>
  /** `treeDigest` of the tree: the identity of the image. */
  readonly digest: string
  /** Lets go of the store's files. */
  close(): Promise<void>
}

/**
 * Debs to a root file system, in memory: unpack each once into the store, merge by dpkg's rules, lay the project's files over it,
 * seal. A pure function of the request's contents: not of the order of the debs, the host, the user, the time or the place.
 *
 * @throws {Fault} as `unpackDeb`, `overlayFiles`; `ROOTFS_CLASH`, and as `configureRoot` for `configure: scripts`
 */
export async function assembleRoot(request: AssembleRequest, session: Session): Promise<AssembledRoot> {
  const beside: Promise<void>[] = []
  try {
    const root = await assemble(request, beside, session)
    const close = async () => {
      await root.close()
      await Promise.all(beside)
    }
    return { ...root, close }
  } catch (error) {
    // What went wrong first is told, whatever else does.
    await Promise.allSettled(beside)
    throw error
  }
}

/** @param beside gets what has to have ended before this process does */
async function assemble(request: AssembleRequest, beside: Promise<void>[], session: Session): Promise<AssembledRoot> {
  const { store, image, sourceDateEpochSeconds: modifiedSeconds } = request
  const coming = await openPacks(request, session)
  const { packs } = coming
  const { programs, made, removedPaths } = request.customisation
  const isConfigured = image.configure === 'scripts' && (hasScripts(packs) || needsPrograms(programs))
  if (!isConfigured) await coming.bring(packs)
  const overlay = { files: request.files, made, modifiedSeconds, store }
  const laidBefore =
    isConfigured && customisesAfterwards(programs)
      ? await overlayFiles({ ...overlay, tree: new Map() }, session)
      : undefined
  const merged = isConfigured
    ? await configured(request, { coming, overlay: laidBefore ?? nothingLaid, beside }, session)
    : await mergedOnly(request, packs)

  session.journal.emit({ kind: 'started', stage: 'assemble', name: 'root' })
  const overlaid =
    laidBefore === undefined
      ? await numbered(await overlayFiles({ ...overlay, tree: merged.entries }, session), merged, store)
      : await withVolatile(merged, laidBefore, store)
  requireZone(overlaid.tree, request.customisation.timezone)
  const thinned = removePaths(overlaid.tree, removedPaths)
  const tree = sealTree(thinned.tree, modifiedSeconds)
  checkTree(tree)
  const content = new RootContent({ packs: merged.packs, generated: merged.generated, blobs: overlaid.blobs, store })
  await content.hold(merged.built)
  const digest = treeDigest(tree)
  session.journal.emit({ kind: 'finished', stage: 'assemble', name: 'root', detail: `${tree.size} paths` })
  const absent = thinned.absent.map(path => ({ message: `\`image.remove\` names ${quoted(path)}, which is not there` }))
  return {
    tree,
    content,
    whole: removedPaths.length === 0 ? undefined : overlaid.tree,
    warnings: [...merged.warnings, ...absent],
    unpacked: packs.map(({ deb }) => deb),
    projectContents: overlaid.blobs,
    suspects: merged.suspects,
    traceScripts: merged.traceScripts,
    digest,
    close: () => content.close(),
  }
}

const nothingLaid: OverlaidTree = { tree: new Map(), blobs: new Set(), named: new Map() }

/** What the project brings into folders that are another thing while programs run. */
async function withVolatile(merged: MergedPackages, laid: OverlaidTree, store: Store): Promise<OverlaidTree> {
  const { entries } = merged
  const hidden = [...laid.tree].filter(
    ([path, entry]) =>
      volatileFolders.some(folder => path.startsWith(`${folder}/`)) &&
      !(entry.kind === 'directory' && entries.get(path)?.kind === 'directory'),
  )
  if (hidden.length === 0) return { ...laid, tree: entries }
  const places = new Set(hidden.map(([path]) => path))
  const named = new Map([...laid.named].filter(([path]) => places.has(path)))
  return await numbered({ blobs: laid.blobs, named, tree: new Map([...entries, ...hidden]) }, merged, store)
}

/** A list of half a million users. */
const largestListBytes = 32 * 1024 * 1024

/** With the numbers of owners that are names, as the image's own lists of users and groups have them. */
async function numbered(laid: OverlaidTree, { packs, generated }: MergedPackages, store: Store): Promise<OverlaidTree> {
  if (laid.named.size === 0) return laid
  const content = new RootContent({ packs, generated, blobs: laid.blobs, store })
  try {
    const textAt = async (path: string) => {
      const entry = laid.tree.get(path)
      if (entry?.kind !== 'file' || entry.content.sizeBytes > largestListBytes) return undefined
      return byteStringOf(await wholeContent(content, entry.content))
    }
    const lists = { passwd: await textAt('etc/passwd'), group: await textAt('etc/group') }
    return { ...laid, tree: new Map([...laid.tree, ...numberOwners([...laid.named], laid.tree, lists)]) }
  } finally {
    await content.close()
  }
}

function requireZone(tree: ReadonlyMap<string, TreeEntry>, timezone: string | undefined): void {
  if (timezone === undefined) return
  const zone = resolvePath(tree, zonePath(timezone))
  if (zone.kind === 'real' && tree.get(zone.path)?.kind === 'file') return
  throw new Fault('MANIFEST_INVALID', {
    message: `\`image.timezone\` is ${quoted(timezone)}, which the image does not have`,
    hint: 'Add tzdata to `packages` (tzdata-legacy for names of old), and correct the name if it is there.',
    context: { timezone },
  })
}

interface MergedPackages extends MergedRoot {
  readonly packs: readonly ContentPack[]
  /** Of these, those that scripts made. */
  readonly built: readonly ContentPack[]
  readonly suspects: readonly Suspect[]
  readonly traceScripts: AssembledRoot['traceScripts']
}

async function mergedOnly(request: AssembleRequest, packs: readonly Pack[]): Promise<MergedPackages> {
  const merged = mergePackages({
    debs: packs.map(pack => pack.deb),
    mergedUsr: mergedUsrOf(request),
    nativeArchitecture: request.nativeArchitecture,
    foreignArchitectures: request.foreignArchitectures,
    excludePaths: request.image.excludePaths,
    configure: 'none',
    modifiedSeconds: request.sourceDateEpochSeconds,
  })
  const sorted = await sortTriggers({ ...merged, packs }, nothingLaid.tree, request.store)
  return { ...merged, ...sorted, packs, built: [], suspects: [], traceScripts: async () => new Map() }
}

async function configured(
  request: AssembleRequest,
  given: { readonly coming: ComingPacks; readonly overlay: OverlaidTree; readonly beside: Promise<void>[] },
  session: Session,
): Promise<MergedPackages> {
  const { configureRoot, traceScripts } = await import('./configure-root.ts')
  const { coming } = given
  const { packs } = coming
  const laid = given.overlay.tree
  const overlay = [...laid].filter(([path]) => path !== '')
  const customisation = { ...request.customisation.programs, overlay, named: [...given.overlay.named] }
  const configuring = { ...request, packs, coming, mergedUsr: mergedUsrOf(request), customisation }
  const { root, cleared } = await configureRoot(configuring, session)
  given.beside.push(cleared)
  await coming.bring(packs)
  const sealed = sealConfigured(root.tree, request.sourceDateEpochSeconds, new Set(laid.keys()))
  const found = await suspectsIn(sealed.tree, packs, root, request.store)
  // What the project brings, it brings on purpose.
  const suspects = found.filter(({ path }) => !laid.has(path))
  const looks = suspects.map(
    ({ path, because }) => `${displayByteString(`/${path}`)} looks like ${because}, and no rule of the seal names it`,
  )
  const sealedPacks = [...packs, ...root.packs]
  const merged = { entries: sealed.tree, generated: sealed.generated, packs: sealedPacks }
  return {
    ...(await sortTriggers(merged, laid, request.store)),
    packs: sealedPacks,
    built: root.packs,
    warnings: [...root.warnings, ...looks].map(message => ({ message })),
    suspects,
    traceScripts: tracing => traceScripts(configuring, tracing),
  }
}

/** Remembered with the configured root that they follow from, as long as the rules are the same. */
async function suspectsIn(
  tree: ReadonlyMap<string, TreeEntry>,
  packs: readonly Pack[],
  root: StoredRoot,
  store: Store,
): Promise<readonly Suspect[]> {
  const name = { kind: 'suspects', key: `${suspicionVersion} ${root.recordSha256}` }
  const known = await store.readRecord(name)
  if (known !== undefined) return JSON.parse(Buffer.from(known).toString('utf8')) as Suspect[]
  const content = new RootContent({ packs: root.packs, generated: new Map(), blobs: new Set(), store })
  try {
    // What no script made, packages bring or sealing did.
    const [made, brought] = [contentsOf(root.packs), contentsOf(packs)]
    const suspects = await suspectSecrets(tree, content, ({ sha256 }) => !made.has(sha256) || brought.has(sha256))
    await store.putRecord(name, encodeUtf8(JSON.stringify(suspects)))
    return suspects
  } finally {
    await content.close()
  }
}

function mergedUsrOf({ image, nativeArchitecture, foreignArchitectures }: AssembleRequest): MergedUsr {
  if (image.mergedUsr === false) return { kind: 'unmerged' }
  const names = [nativeArchitecture, ...foreignArchitectures].flatMap(each => mergedUsrDirectories(each))
  return { kind: 'merged', directories: [...new Set(names)].sort() }
}

/** prerm and postrm run only when a package leaves; `config` runs when debconf does, before postinst. */
const runAtInstallation = ['preinst', 'config', 'postinst']

/** Where no package has anything to run, running it all is done: `scripts` and `none` are the same then. */
function hasScripts(packs: readonly Pack[]): boolean {
  return packs.some(({ deb }) => deb.controlFiles.some(file => runAtInstallation.includes(file.name)))
}
