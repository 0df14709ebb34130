import { encodeUtf8, isFault } from '../kernel/index.ts'
import type { ObjectName, Store } from '../store/index.ts'
import { sameEntry, type TreeEntry } from '../tree/index.ts'
import type { UnpackedInto } from './growing-root.ts'
import { type ContentPack, readPackManifest, sha256Of } from './pack-file.ts'
import type { ContentPlace } from './pack-manifest.ts'

/** A root on which scripts have worked, as it was read back from the disk. */
export interface BuiltRoot {
  readonly tree: ReadonlyMap<string, TreeEntry>
  readonly warnings: readonly string[]
  /** What each wave was unpacked into, the first wave first. */
  readonly states: readonly UnpackedInto[]
}

export interface StoredRoot extends BuiltRoot {
  readonly object: ObjectName
  /** Of what its object says, and so of all that it builds on: the same inputs may give other times. */
  readonly recordSha256: string
  /** Where contents lie that no package has: its own object, and those that it builds on. */
  readonly packs: readonly ContentPack[]
}

/** More objects that build on each other than there are waves with checkpoints: something went wrong. */
const longestChain = 64

/** JSON; what an earlier checkpoint of the same root says is not said again. */
interface RecordJson {
  readonly base?: ObjectName & { readonly recordSha256: string }
  readonly entries: readonly (readonly [path: string, entry: TreeEntry, attributes?: readonly [string, string][]])[]
  readonly removed: readonly string[]
  readonly places: readonly (readonly [sha256: string, offset: number, sizeBytes: number])[]
  readonly warnings: readonly string[]
  readonly states: readonly UnpackedInto[]
}

/** @param places of the contents in this object */
export function encodeRoot(
  root: BuiltRoot,
  places: ReadonlyMap<string, ContentPlace>,
  base: StoredRoot | undefined,
): Uint8Array {
  const before = base?.tree ?? new Map<string, TreeEntry>()
  const entries: RecordJson['entries'][number][] = []
  for (const [path, entry] of root.tree) {
    const known = before.get(path)
    // Inode numbers are counted anew each time a root is read.
    const isLinked = entry.kind === 'file' && entry.inode !== undefined
    if (known !== undefined && !isLinked && sameEntry(known, entry)) continue
    entries.push(jsonOf(path, entry))
  }
  const json: RecordJson = {
    ...(base === undefined ? {} : { base: { ...base.object, recordSha256: base.recordSha256 } }),
    entries,
    removed: [...before.keys()].filter(path => !root.tree.has(path)),
    places: [...places].map(([sha256, { offset, sizeBytes }]) => [sha256, offset, sizeBytes]),
    warnings: root.warnings,
    states: root.states.slice(base?.states.length ?? 0),
  }
  return encodeUtf8(JSON.stringify(json))
}

function jsonOf(path: string, { extendedAttributes, ...entry }: TreeEntry): RecordJson['entries'][number] {
  const plain = entry as TreeEntry
  if (extendedAttributes === undefined) return [path, plain]
  return [path, plain, [...extendedAttributes].map(([name, value]) => [name, Buffer.from(value).toString('hex')])]
}

/** @returns undefined when it, or anything that it builds on, is not in the store or damaged */
export async function readRoot(name: ObjectName, store: Store): Promise<StoredRoot | undefined> {
  const chain: { readonly name: ObjectName; readonly json: RecordJson }[] = []
  let recordSha256 = ''
  for (let next: RecordJson['base'] = { ...name, recordSha256: '' }; next !== undefined; ) {
    const bytes = await readRecord(next, store)
    if (bytes === undefined || chain.length === longestChain) return undefined
    const sha256 = sha256Of(bytes)
    // Deleted and made anew: what differed from the old one says nothing of this.
    if (chain.length > 0 && sha256 !== next.recordSha256) return undefined
    if (chain.length === 0) recordSha256 = sha256
    // Their digest was compared: they are what `encodeRoot` of this version wrote.
    const json = JSON.parse(Buffer.from(bytes).toString('utf8')) as RecordJson
    chain.push({ name: { kind: next.kind, key: next.key }, json })
    next = json.base
  }
  const tree = new Map<string, TreeEntry>()
  const packs: ContentPack[] = []
  const states: UnpackedInto[] = []
  for (const { name: object, json } of chain.reverse()) {
    for (const path of json.removed) tree.delete(path)
    for (const [path, entry, attributes] of json.entries) tree.set(path, entryOf(entry, attributes))
    const places = json.places.map(([sha256, offset, sizeBytes]) => [sha256, { offset, sizeBytes }] as const)
    packs.push({ name: 'the configured root', object, places: new Map(places) })
    states.push(...json.states)
  }
  return { object: name, recordSha256, tree, packs, states, warnings: chain.at(-1)?.json.warnings ?? [] }
}

async function readRecord({ kind, key }: ObjectName, store: Store): Promise<Uint8Array | undefined> {
  const object = await store.openObject({ kind, key })
  if (object === undefined) return undefined
  try {
    const bytes = readPackManifest(object)
    if (bytes === undefined) await object.check()
    return bytes
  } catch (error) {
    if (isFault(error, 'STORE_CORRUPT')) return undefined
    throw error
  } finally {
    await object.close()
  }
}

function entryOf(entry: TreeEntry, attributes: readonly [string, string][] | undefined): TreeEntry {
  // JSON has no undefined.
  const whole = entry.kind === 'file' ? { ...entry, inode: entry.inode } : entry
  if (attributes === undefined) return whole
  const values = attributes.map(([name, value]) => [name, Buffer.from(value, 'hex')] as const)
  return { ...whole, extendedAttributes: new Map(values) }
}
