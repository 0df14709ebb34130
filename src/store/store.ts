import { createHash } from 'node:crypto'
import { statSync, utimesSync } from 'node:fs'
import { type Clock, Fault, isFault, type Session } from '../kernel/index.ts'
import { type BlobOutcome, BlobWriter } from './blob-writer.ts'
import { checkBlob, hasBlob, streamBlob } from './blobs.ts'
import { type BlobClaim, claimBlob } from './claim.ts'
import { type ChunkReader, readChunks } from './file-chunks.ts'
import {
  type BlobIdentity,
  blobPath,
  layoutOf,
  type ObjectName,
  objectPath,
  type StoreLayout,
  useNotedEveryMilliseconds,
} from './layout.ts'
import { type ObjectSink, openObject, putObject, type StoredObject } from './objects.ts'
import { Presence } from './presence.ts'
import { type PruneRequest, type PruneResult, pruneLayout } from './prune.ts'
import { type StoreVerification, verifyLayout } from './verify.ts'

export interface StoreSettings {
  /**
   * Absolute. Commands pass `$APTROOT_STORE`, else `$XDG_CACHE_HOME/aptroot`, else `~/.cache/aptroot`. Created by the
   * first write.
   */
  readonly folder: string
  /** Absolute; other stores, looked into in this order after the own one, and never written to. Default: none. */
  readonly layers?: readonly string[]
  readonly clock: Pick<Clock, 'now'>
}

/**
 * The content-addressed store: blobs named by their sha256, and keyed objects that carry their own checksum.
 *
 * Many processes may use one store: nothing waits for a lock, every file appears whole under its name or not at all, and
 * what is read is compared with its digest. The last use of a file is its modification time.
 *
 * What the own folder lacks is looked for in the layers. A damaged file of a layer stays, since it is somebody else's, and counts as
 * absent wherever that is possible: what is made anew lies in the own folder, which comes first.
 *
 * Every method throws {Fault} `STORE_UNUSABLE` when the folder cannot be read or written and `DISK_FULL` when there
 * is no room; nothing is left under a final name then.
 */
export class Store {
  readonly folder: string
  readonly layers: readonly string[]
  readonly #layout: StoreLayout
  /** The own one first. */
  readonly #places: readonly StoreLayout[]
  readonly #clock: Pick<Clock, 'now'>
  readonly #presence: Presence

  constructor({ folder, layers = [], clock }: StoreSettings) {
    this.folder = folder
    this.layers = [...new Set(layers)].filter(each => each !== folder)
    this.#layout = layoutOf(folder, 'own')
    this.#places = [this.#layout, ...this.layers.map(each => layoutOf(each, 'layer'))]
    this.#clock = clock
    this.#presence = new Presence(this.#layout, clock)
  }

  /** Whether a file of that name and length is there. Its bytes are not read: `check` does that. */
  async has(blob: BlobIdentity): Promise<boolean> {
    return (await this.#placeOf(blob)) !== undefined
  }

  /** Reads and hashes the blob. One that differs from its name is removed: the caller gets it anew. */
  async check(blob: BlobIdentity): Promise<'sound' | 'absent' | 'corrupt'> {
    let verdict: 'absent' | 'corrupt' = 'absent'
    for (const place of this.#places) {
      const found = await checkBlob(place, blob)
      if (found === 'corrupt') verdict = found
      if (found !== 'sound') continue
      this.#noteUse(place, blobPath(place, blob.sha256))
      return found
    }
    return verdict
  }

  /** Where the own folder has a blob; for programs and libraries that want a file. Nobody may write to it. */
  pathOf(blob: BlobIdentity): string {
    return blobPath(this.#layout, blob.sha256)
  }

  /**
   * The blob's bytes, compared with its digest before they are returned.
   *
   * @returns undefined when the store has no such blob
   * @throws {Fault} `STORE_CORRUPT` when the bytes differ (the file is removed)
   */
  async read(blob: BlobIdentity): Promise<Uint8Array | undefined> {
    for (const place of this.#places) {
      if (!hasBlob(place, blob)) continue
      try {
        const bytes = new Uint8Array(blob.sizeBytes)
        let filled = 0
        for await (const chunk of this.#streamFrom(place, blob)) {
          bytes.set(chunk, filled)
          filled += chunk.length
        }
        return bytes
      } catch (error) {
        // A damaged file of a layer would be there the next time too.
        if (place.use === 'own' || !isFault(error, 'STORE_CORRUPT')) throw error
      }
    }
    return undefined
  }

  /**
   * The blob's bytes in chunks. The digest is compared after the last one: what was yielded is not to be believed
   * before the iteration ends.
   *
   * @param largestBytes of a chunk: little, for those who want only the beginning
   * @throws {Fault} `STORE_CORRUPT` when absent, or when the bytes differ (the file is removed)
   */
  async *stream(blob: BlobIdentity, largestBytes?: number): AsyncGenerator<Uint8Array> {
    yield* this.#streamFrom((await this.#placeOf(blob)) ?? this.#layout, blob, largestBytes)
  }

  /**
   * Claims the making of a blob, so that of many processes one downloads it; release the claim when done. Nothing depends on it
   * but work saved. `held`: a living process has it, so look again a little later.
   */
  async claimBlob({ sha256 }: BlobIdentity): Promise<BlobClaim | 'held'> {
    return claimBlob({ layout: this.#layout, presence: this.#presence, now: () => this.#clock.now() }, sha256)
  }

  /** Begins a blob, on top of what an interrupted writer of the same digest left. */
  async beginBlob(expected: BlobIdentity): Promise<BlobWriter> {
    this.#presence.announce()
    return BlobWriter.open(this.#layout, expected)
  }

  /**
   * Writes a whole blob; on any other outcome than `stored` nothing stays. Reads no further than one chunk
   * beyond the expected length.
   */
  async put(
    source: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    expected: BlobIdentity,
    session: Session,
  ): Promise<BlobOutcome> {
    const writer = await this.beginBlob(expected)
    try {
      if (writer.sizeBytes > 0) await writer.restart()
      for await (const chunk of source) {
        session.signal.throwIfAborted()
        if ((await writer.write(chunk)) === 'too-long') break
      }
      return await writer.commit()
    } finally {
      await writer.discard()
    }
  }

  /** Keeps bytes that are at hand and says what they are called now. What is there and sound is left alone: a sync to the disk costs more. */
  async putBytes(bytes: Uint8Array, session: Session): Promise<BlobIdentity> {
    const blob = { sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes: bytes.length }
    if ((await checkBlob(this.#layout, blob)) === 'sound') {
      this.#noteUse(this.#layout, blobPath(this.#layout, blob.sha256))
      return blob
    }
    const outcome = await this.put([bytes], blob, session)
    if (outcome.kind !== 'stored')
      throw new Fault('INTERNAL', { message: `${blob.sha256} was ${outcome.kind} although it was hashed here` })
    return blob
  }

  /** Hashes an open file and keeps its bytes, unless they change in between. The file system's own errors pass through. */
  async putFile(file: ChunkReader, session: Session): Promise<BlobIdentity | 'changed'> {
    const whole = { offset: 0, length: Number.POSITIVE_INFINITY }
    const hash = createHash('sha256')
    let sizeBytes = 0
    for await (const bytes of readChunks(file, whole)) {
      session.signal.throwIfAborted()
      hash.update(bytes)
      sizeBytes += bytes.length
    }
    const blob = { sha256: hash.digest('hex'), sizeBytes }
    if (await this.has(blob)) return blob
    const outcome = await this.put(readChunks(file, whole), blob, session)
    return outcome.kind === 'stored' ? blob : 'changed'
  }

  /** Writes an object; one of the same name is replaced in one step. Writes to the sink one after the other. */
  async putObject(name: ObjectName, write: (sink: ObjectSink) => Promise<void>): Promise<void> {
    await putObject(this.#layout, name, write)
    this.#noteUse(this.#layout, objectPath(this.#layout, name))
  }

  /** @returns undefined when there is none; a file there that is no whole object of that name is removed */
  async openObject(name: ObjectName): Promise<StoredObject | undefined> {
    for (const place of this.#places) {
      const object = await openObject(place, name)
      if (object === undefined) continue
      this.#noteUse(place, objectPath(place, name))
      return object
    }
    return undefined
  }

  /** A small object in one call; one that says the same already is left alone. */
  async putRecord(name: ObjectName, bytes: Uint8Array): Promise<void> {
    const known = await this.readRecord(name)
    if (known !== undefined && Buffer.compare(known, bytes) === 0) return
    await this.putObject(name, sink => sink.write(bytes))
  }

  /** A small object, whole and checked; undefined when there is none or it is damaged (it is removed then). */
  async readRecord(name: ObjectName): Promise<Uint8Array | undefined> {
    const object = await this.openObject(name)
    if (object === undefined) return undefined
    try {
      await object.check()
      return object.read(0, object.sizeBytes)
    } catch (error) {
      if (error instanceof Fault && error.code === 'STORE_CORRUPT') return undefined
      throw error
    } finally {
      await object.close()
    }
  }

  /** Reads the layers too, so that their damage is told. */
  async verify(session: Session): Promise<StoreVerification> {
    const own = await verifyLayout(this.#layout, session)
    const layers: StoreVerification['layers'][number][] = []
    for (const folder of this.layers)
      layers.push({ folder, ...(await verifyLayout(layoutOf(folder, 'layer'), session)) })
    return { ...own, layers }
  }

  /** Of the own folder alone. */
  async prune(request: PruneRequest, session: Session): Promise<PruneResult> {
    return pruneLayout(this.#layout, request, session)
  }

  async #placeOf(blob: BlobIdentity): Promise<StoreLayout | undefined> {
    for (const place of this.#places) if (hasBlob(place, blob)) return place
    return undefined
  }

  async *#streamFrom(place: StoreLayout, blob: BlobIdentity, largestBytes?: number): AsyncGenerator<Uint8Array> {
    this.#noteUse(place, blobPath(place, blob.sha256))
    yield* streamBlob(place, blob, largestBytes)
  }

  /** Fails quietly: a store on a read-only file system is a good one. The ages in a layer are its owner's business. */
  #noteUse({ use }: StoreLayout, path: string): void {
    if (use === 'layer') return
    try {
      const now = this.#clock.now()
      const { mtimeMs } = statSync(path)
      this.#presence.announce()
      if (Math.abs(now.getTime() - mtimeMs) > useNotedEveryMilliseconds) utimesSync(path, now, now)
    } catch {
      // Absent, or another user's file in a shared store: its age is that user's business.
    }
  }
}
