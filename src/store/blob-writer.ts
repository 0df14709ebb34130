import { createHash, type Hash } from 'node:crypto'
import { existsSync, renameSync } from 'node:fs'
import { TemporaryFile, temporaryPath } from './durable-file.ts'
import { readChunks } from './file-chunks.ts'
import { type BlobIdentity, blobPath, partialPath, type StoreLayout } from './layout.ts'
import { errnoOf, onDisk, storeFault } from './store-fault.ts'

/** How writing a blob ended. Wrong bytes are an answer, not a fault: only the caller knows who sent them. */
export type BlobOutcome =
  | { readonly kind: 'stored'; readonly path: string }
  | { readonly kind: 'too-short'; readonly sizeBytes: number }
  | { readonly kind: 'too-long' }
  | { readonly kind: 'wrong-digest'; readonly sha256: string }

/** Below this a restart costs no more than the resuming. */
const smallestPartialBytes = 64 * 1024

/**
 * One blob being written. Bytes are hashed as they are written; only `commit` puts them into the store, and only
 * when digest and length are the expected ones. Every life ends with `commit`, `suspend` or `discard`.
 *
 * An interrupted writer leaves its prefix under the expected digest, and the next writer of that digest takes it over by
 * renaming it to a name of its own: of two processes one gets it, the other starts afresh, and neither waits.
 */
export class BlobWriter {
  readonly expected: BlobIdentity
  readonly #layout: StoreLayout
  readonly #file: TemporaryFile
  #hash: Hash = createHash('sha256')
  #sizeBytes = 0
  #overflowed = false

  private constructor(layout: StoreLayout, expected: BlobIdentity, file: TemporaryFile) {
    this.#layout = layout
    this.expected = expected
    this.#file = file
  }

  static async open(layout: StoreLayout, expected: BlobIdentity): Promise<BlobWriter> {
    const resumed = takeOverPartial(layout, expected.sha256)
    if (resumed === undefined) return new BlobWriter(layout, expected, TemporaryFile.create(layout))
    const writer = new BlobWriter(layout, expected, resumed)
    try {
      await writer.#hashWhatIsThere()
    } catch (error) {
      await writer.discard()
      throw error
    }
    return writer
  }

  /** Bytes it holds: where a resumed download goes on. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Appends. A byte beyond the expected length is not written: `too-long`, and no later commit can succeed. */
  async write(bytes: Uint8Array): Promise<'accepted' | 'too-long'> {
    if (this.#sizeBytes + bytes.length > this.expected.sizeBytes) {
      this.#overflowed = true
      return 'too-long'
    }
    this.#file.write(bytes, this.#sizeBytes)
    this.#hash.update(bytes)
    this.#sizeBytes += bytes.length
    return 'accepted'
  }

  /** Forgets every byte: the server sends the file from its beginning. */
  async restart(): Promise<void> {
    this.#file.truncate()
    this.#hash = createHash('sha256')
    this.#sizeBytes = 0
    this.#overflowed = false
  }

  /** Puts the blob into the store when it is what was expected. On any other outcome the writer can `restart`. */
  async commit(): Promise<BlobOutcome> {
    if (this.#overflowed) return { kind: 'too-long' }
    if (this.#sizeBytes < this.expected.sizeBytes) return { kind: 'too-short', sizeBytes: this.#sizeBytes }
    const sha256 = this.#hash.copy().digest('hex')
    if (sha256 !== this.expected.sha256) return { kind: 'wrong-digest', sha256 }
    const path = blobPath(this.#layout, sha256)
    await this.#file.publish(path)
    return { kind: 'stored', path }
  }

  /** Keeps what was written for the next writer of the same digest. Never throws: resuming is a convenience. */
  async suspend(): Promise<void> {
    if (this.#overflowed || this.#sizeBytes < smallestPartialBytes) return this.discard()
    try {
      this.#file.abandonTo(partialPath(this.#layout, this.expected.sha256))
    } catch {
      await this.discard()
    }
  }

  /** Harmless after `commit` or `suspend`. */
  async discard(): Promise<void> {
    this.#file.discard()
  }

  async #hashWhatIsThere(): Promise<void> {
    // One byte more shows that the beginning is too long.
    await onDisk(this.#file.path, async () => {
      for await (const chunk of readChunks(this.#file, { offset: 0, length: this.expected.sizeBytes + 1 })) {
        this.#hash.update(chunk)
        this.#sizeBytes += chunk.length
      }
    })
    if (this.#sizeBytes > this.expected.sizeBytes) await this.restart()
  }
}

function takeOverPartial(layout: StoreLayout, sha256: string): TemporaryFile | undefined {
  const partial = partialPath(layout, sha256)
  // Asked first: an error costs more than the question, and hardly ever is there one.
  if (!existsSync(partial)) return undefined
  const path = temporaryPath(layout)
  try {
    renameSync(partial, path)
    return TemporaryFile.open(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw storeFault(error, path)
  }
}
