import { createHash, hash as hashOf } from 'node:crypto'
import { Fault } from '../kernel/index.ts'
import type { OpenPlace, Store, StoredObject } from '../store/index.ts'
import type { ContentSource, FileContent } from '../tree/index.ts'
import type { ContentPack } from './pack-file.ts'

/** Every open pack is a file descriptor, of which a process has at least 1024 on any system we know. */
const maximumOpenPacks = 400
/** Read in one call: most files are small, and a promise for each would cost more than the bytes. */
const wholeBytes = 1024 * 1024

interface RootContents {
  /** More can be added. */
  readonly packs: readonly ContentPack[]
  /** Bytes in memory by sha256: the files of dpkg's database. */
  readonly generated: ReadonlyMap<string, Uint8Array>
  /** Contents that lie in the store as blobs: the overlay's. */
  readonly blobs: ReadonlySet<string>
  readonly store: Store
}

/** The bytes of an assembled root, wherever they lie; compared with their digest while they are read. `close` when done. */
export class RootContent implements ContentSource {
  readonly #contents: RootContents
  readonly #packs = new Set<ContentPack>()
  readonly #packBySha256 = new Map<string, ContentPack>()
  /** The least recently used first. */
  readonly #open = new Map<string, StoredObject>()
  readonly #held = new Map<string, StoredObject>()

  constructor(contents: RootContents) {
    this.#contents = contents
    this.add(contents.packs)
  }

  add(packs: readonly ContentPack[]): void {
    for (const pack of packs) {
      if (this.#packs.has(pack)) continue
      this.#packs.add(pack)
      for (const sha256 of pack.places.keys()) if (!this.#packBySha256.has(sha256)) this.#packBySha256.set(sha256, pack)
    }
  }

  /**
   * Opens packs whose names stand for what went in, not for their bytes, and keeps them open: whoever builds the same anew replaces them,
   * perhaps with other bytes, and this root stays what it is.
   *
   * @throws {Fault} `STORE_CORRUPT` when one has left the store
   */
  async hold(packs: readonly ContentPack[]): Promise<void> {
    for (const pack of packs) this.#held.set(pack.object.key, await this.#opened(pack))
  }

  async *read(content: FileContent): AsyncGenerator<Uint8Array> {
    const generated = this.#contents.generated.get(content.sha256)
    if (generated !== undefined) {
      yield generated
      return
    }
    const pack = this.#packBySha256.get(content.sha256)
    if (pack !== undefined) yield* this.#readPack(pack, content)
    else if (this.#contents.blobs.has(content.sha256)) yield* this.#contents.store.stream(content)
    else throw new Fault('INTERNAL', { message: `nothing of this root has the content ${content.sha256}` })
  }

  /** Only where a pack is open already, as it is after the first file of it. */
  readNow({ sha256 }: FileContent, target: Uint8Array): 'read' | 'later' {
    const generated = this.#contents.generated.get(sha256)
    if (generated !== undefined) {
      target.set(generated)
      return 'read'
    }
    const pack = this.#packBySha256.get(sha256)
    const object = pack === undefined ? undefined : this.#known(pack)
    if (object === undefined || target.length > wholeBytes) return 'later'
    object.readInto(pack?.places.get(sha256)?.offset ?? 0, target)
    return hashOf('sha256', target) === sha256 ? 'read' : 'later'
  }

  /** For another thread, until `close`: where the bytes of a content lie, nobody has compared them with their digest. As `readNow`, an open pack only. */
  placeNow({ sha256, sizeBytes }: FileContent): OpenPlace | undefined {
    // Of so many some are closed in between.
    if (this.#packs.size > maximumOpenPacks || this.#contents.generated.has(sha256)) return undefined
    const pack = this.#packBySha256.get(sha256)
    const object = pack === undefined ? undefined : this.#known(pack)
    return object?.placeOf(pack?.places.get(sha256)?.offset ?? 0, sizeBytes)
  }

  /** Lets go of what is open; whoever reads on opens it again. */
  async close(): Promise<void> {
    for (const object of [...this.#open.values(), ...this.#held.values()]) await object.close()
    this.#open.clear()
    this.#held.clear()
  }

  async *#readPack(pack: ContentPack, { sha256, sizeBytes }: FileContent): AsyncGenerator<Uint8Array> {
    const object = await this.#openPack(pack)
    const offset = pack.places.get(sha256)?.offset ?? 0
    if (sizeBytes <= wholeBytes) {
      const bytes = object.read(offset, sizeBytes)
      await this.#compare(hashOf('sha256', bytes), { pack, object, sha256 })
      yield bytes
      return
    }
    const hash = createHash('sha256')
    for await (const bytes of object.stream(offset, sizeBytes)) {
      hash.update(bytes)
      yield bytes
    }
    await this.#compare(hash.digest('hex'), { pack, object, sha256 })
  }

  async #compare(
    found: string,
    of: { readonly pack: ContentPack; readonly object: StoredObject; readonly sha256: string },
  ) {
    if (found === of.sha256) return
    // Throws and removes the pack; where the disk gave other bytes only once, the sentence below says so.
    await of.object.check()
    throw new Fault('STORE_CORRUPT', {
      message: `a file of the pack of ${of.pack.name} has sha256 ${found}, but ${of.sha256} was unpacked`,
      hint: 'Run the command again; when it happens twice, check this disk and its memory.',
      context: { package: of.pack.name, wanted: of.sha256, found },
    })
  }

  async #openPack(pack: ContentPack): Promise<StoredObject> {
    const known = this.#known(pack)
    if (known !== undefined) return known
    const [oldest] = this.#open
    if (oldest !== undefined && this.#open.size >= maximumOpenPacks) {
      this.#open.delete(oldest[0])
      await oldest[1].close()
    }
    const object = await this.#opened(pack)
    this.#open.set(pack.object.key, object)
    return object
  }

  async #opened(pack: ContentPack): Promise<StoredObject> {
    const object = await this.#contents.store.openObject(pack.object)
    if (object !== undefined) return object
    throw new Fault('STORE_CORRUPT', {
      message: `the pack of ${pack.name} has left the store while it was in use`,
      hint: 'Run the command again: it is made anew.',
      context: { package: pack.name },
    })
  }

  /** An open pack, now the most recently used. */
  #known({ object: { key } }: ContentPack): StoredObject | undefined {
    const held = this.#held.get(key)
    if (held !== undefined) return held
    const known = this.#open.get(key)
    if (known === undefined) return undefined
    this.#open.delete(key)
    this.#open.set(key, known)
    return known
  }
}
