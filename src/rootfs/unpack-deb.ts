import { createHash } from 'node:crypto'
import type { TarEntry } from '../codec/index.ts'
import { type DebControl, openDeb } from '../deb/index.ts'
import type { MultiArch } from '../debian/index.ts'
import type { Stanza } from '../debian-control-parser/index.ts'
import type { UnpackedDeb } from '../dpkg/index.ts'
import { Fault, isFault, type Session } from '../kernel/index.ts'
import type { LockedDeb } from '../lockfile/index.ts'
import type { ObjectName, ObjectSink, Store } from '../store/index.ts'
import type { FileContent } from '../tree/index.ts'
import { DebEntries, debMalformed } from './deb-entries.ts'
import { type ContentPack, readPackManifest, writePackManifest } from './pack-file.ts'
import {
  type ContentPlace,
  decodeManifest,
  encodeManifest,
  type PackManifest,
  packLayoutVersion,
} from './pack-manifest.ts'

export type DebIdentity = Pick<LockedDeb, 'name' | 'version' | 'architecture' | 'sha256' | 'sizeBytes'>

/** A deb taken apart and kept in the store. */
export interface Pack extends PackManifest, ContentPack {
  readonly locked: DebIdentity
}

/** Contents up to this size are hashed before they are written, so that equal ones are written once. */
const bufferedBytes = 1024 * 1024

/**
 * Takes a deb apart, once: the next call, of any process with this store, reads the pack. Everything that another process would need
 * to do this work is plain data, and the result lies in the store.
 *
 * A pack is one object of the store: the contents of the files one after the other, the manifest, and a trailer that says where it
 * lies. See docs/decisions/0005-one-pack-per-deb.md.
 *
 * @throws {Fault} `DEB_MALFORMED`, `TREE_PATH_UNSAFE`, `DEB_MISMATCH` when the control file names another package, version or architecture,
 *   `STORE_CORRUPT` when the blob is not there or damaged, and as `openDeb`
 */
export async function unpackDeb(deb: DebIdentity, store: Store, session: Session): Promise<Pack> {
  const manifest = (await readPack(deb, store)) ?? (await writePack(deb, store, session))
  checkIdentity(deb, manifest.deb)
  return { locked: deb, name: deb.name, object: objectOf(deb), ...manifest }
}

/** Whether the store has the pack, so that the deb itself is not needed. What is wrong with its bytes shows when it is read. */
export async function isUnpacked(deb: DebIdentity, store: Store): Promise<boolean> {
  const object = await store.openObject(objectOf(deb))
  await object?.close()
  return object !== undefined
}

export function objectOf(deb: Pick<DebIdentity, 'sha256'>): ObjectName {
  return { kind: 'pack', key: `${packLayoutVersion} ${deb.sha256}` }
}

export async function readPack(deb: DebIdentity, store: Store): Promise<PackManifest | undefined> {
  const object = await store.openObject(objectOf(deb))
  if (object === undefined) return undefined
  try {
    const bytes = readPackManifest(object)
    const manifest = bytes === undefined ? undefined : decodeManifest(bytes)
    // Damage somewhere: `check` removes the object, and the deb is unpacked anew.
    if (manifest === undefined) await object.check()
    return manifest
  } catch (error) {
    if (isFault(error, 'STORE_CORRUPT')) return undefined
    throw error
  } finally {
    await object.close()
  }
}

async function writePack(deb: DebIdentity, store: Store, session: Session): Promise<PackManifest> {
  const name = `${deb.name}_${deb.version}_${deb.architecture}.deb`
  session.journal.emit({ kind: 'started', stage: 'unpack', name: deb.name, totalBytes: deb.sizeBytes })
  let written: PackManifest | undefined
  await store.putObject(objectOf(deb), async sink => {
    // What the store hands out is verified only when its last byte was read.
    let isWhole = false
    const source = async function* () {
      yield* store.stream(deb)
      isWhole = true
    }
    written = await takeApart(source(), sink, { name, session })
    if (!isWhole) throw new Fault('INTERNAL', { message: `${name} was not read to its end` })
    await writePackManifest(sink, encodeManifest(written))
  })
  session.journal.emit({ kind: 'finished', stage: 'unpack', name: deb.name })
  if (written === undefined) throw new Fault('INTERNAL', { message: `${name}: the store did not ask for its pack` })
  return written
}

interface Work {
  readonly name: string
  readonly session: Session
}

async function takeApart(source: AsyncIterable<Uint8Array>, sink: ObjectSink, work: Work): Promise<PackManifest> {
  const deb = await openDeb(source, { name: work.name })
  const entries = new DebEntries(work.name)
  const contents = new PackContents(sink)
  let file: TarEntry | undefined
  const finishFile = async () => {
    if (file !== undefined) entries.addFile(file, await contents.finish())
    file = undefined
  }
  for await (const events of deb.entryEvents()) {
    work.session.signal.throwIfAborted()
    for (const event of events) {
      if (event.kind === 'content') {
        await contents.write(event.bytes)
        continue
      }
      await finishFile()
      if (event.entry.kind !== 'file') entries.add(event.entry)
      else {
        // Before its content is written: a hostile name ends the work at once.
        entries.pathOf(event.entry.path)
        file = event.entry
      }
    }
  }
  await finishFile()
  return {
    deb: { ...controlPartOf(deb, work.name), entries: entries.finish(), md5BySha256: contents.md5BySha256 },
    places: contents.places,
  }
}

/** What a deb's control archive says of it. @throws {Fault} `DEB_MALFORMED` */
export function controlPartOf(
  { control, members }: DebControl,
  debName: string,
): Omit<UnpackedDeb, 'entries' | 'md5BySha256'> {
  return {
    name: control.field('Package') ?? '',
    version: control.field('Version') ?? '',
    architecture: control.field('Architecture') ?? '',
    multiArch: multiArchOf(control, debName),
    essential: control.field('Essential')?.toLowerCase() === 'yes',
    control: members.get('control')?.bytes ?? new Uint8Array(),
    controlFiles: [...members.values()].filter(member => member.name !== 'control'),
  }
}

/** Writes the contents of one file after the other and remembers where each lies. */
class PackContents {
  readonly places = new Map<string, ContentPlace>()
  readonly md5BySha256 = new Map<string, string>()
  readonly #sink: ObjectSink
  #sha256 = createHash('sha256')
  #md5 = createHash('md5')
  #sizeBytes = 0
  /** Used again for each file: a thread that unpacks would have 200 MB of copies collected. */
  readonly #buffer = Buffer.allocUnsafeSlow(bufferedBytes)
  /** Set once the content in hand is too large to be buffered and is written as it comes. */
  #offset: number | undefined

  constructor(sink: ObjectSink) {
    this.#sink = sink
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#sha256.update(bytes)
    this.#md5.update(bytes)
    const before = this.#sizeBytes
    this.#sizeBytes += bytes.length
    if (this.#offset === undefined && this.#sizeBytes <= bufferedBytes) {
      // A copy: the bytes are a view of a chunk that its decoder may use again.
      this.#buffer.set(bytes, before)
      return
    }
    this.#offset ??= await this.#flush(before)
    await this.#sink.write(bytes)
  }

  async finish(): Promise<FileContent> {
    const sha256 = this.#sha256.digest('hex')
    const sizeBytes = this.#sizeBytes
    if (!this.places.has(sha256)) {
      const offset = this.#offset ?? (await this.#flush(sizeBytes))
      this.places.set(sha256, { offset, sizeBytes })
      this.md5BySha256.set(sha256, this.#md5.digest('hex'))
    }
    this.#sha256 = createHash('sha256')
    this.#md5 = createHash('md5')
    this.#sizeBytes = 0
    this.#offset = undefined
    return { sha256, sizeBytes }
  }

  async #flush(sizeBytes: number): Promise<number> {
    const offset = this.#sink.position
    await this.#sink.write(this.#buffer.subarray(0, sizeBytes))
    return offset
  }
}

/** The lock was resolved from an index; a deb that says something else of itself is not what was resolved. */
export function checkIdentity(
  locked: DebIdentity,
  found: Pick<UnpackedDeb, 'name' | 'version' | 'architecture'>,
): void {
  const wanted = `${locked.name} ${locked.version} ${locked.architecture}`
  const actual = `${found.name} ${found.version} ${found.architecture}`
  if (wanted === actual) return
  throw new Fault('DEB_MISMATCH', {
    message: `the deb locked as ${wanted} says that it is ${Buffer.from(actual).toString('utf8').replace(/\s+/g, ' ')}`,
    hint: 'Run `aptroot lock update`; if it stays, the index of the archive lies about this deb.',
    context: { wanted, found: actual, sha256: locked.sha256 },
  })
}

function multiArchOf(control: Stanza, debName: string): MultiArch {
  const value = control.field('Multi-Arch') ?? 'no'
  switch (value) {
    case 'no':
    case 'same':
    case 'foreign':
    case 'allowed':
      return value
    default:
      throw debMalformed(debName, `its Multi-Arch is ${JSON.stringify(value)}`)
  }
}
