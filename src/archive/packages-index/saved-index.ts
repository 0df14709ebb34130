import { createHash, hash } from 'node:crypto'
import { endianness } from 'node:os'
import { Fault } from '../../kernel/index.ts'
import type { ListedIndex, VerifiedIndex } from '../verified-index.ts'
import { countNewlines, type PackagesIndex, type PackagesText } from './packages-index.ts'
import type { PackagesTable } from './packages-table.ts'
import { paddedLength, SectionReader, sectionsOf } from './saved-sections.ts'

/**
 * The saved form of an index: what one scan learned, and the text in blocks that are read when a stanza of theirs is.
 *
 *     preamble   one line of fixed length: layout version, byte order, length of the head, sha256 of the head
 *     head       a line of JSON (`SavedDirectory`), then the table's arrays and one sha256 per block,
 *                each padded to a multiple of 8 bytes
 *     text       the bytes of the Packages file
 *
 * The head is checked when the index is opened, a block when it is read. Digests are against damage: who may write to
 * the store is trusted, and a saved index is used only for a digest that a verified Release lists.
 */
const layoutVersion = 4

/**
 * A look-up reads one block or two. Blocks of 4 and 64 KiB were not faster: 3,000 stanzas scattered over all of bookworm
 * took 200 ms with each, in a fresh process.
 */
const blockBytes = 16 * 1024
const digestBytes = 32

const preamblePattern = /^aptroot-packages-index ([0-9]{4}) (LE|BE) ([0-9]{12}) ([0-9a-f]{64})\n$/
const preambleBytes = 'aptroot-packages-index '.length + 5 + 3 + 13 + 65

interface SavedDirectory {
  readonly sha256: string
  readonly textBytes: number
  readonly sectionBytes: readonly number[]
}

/** Bytes at rest: a part of what the store's open object offers. */
export interface SavedBytes {
  readonly sizeBytes: number
  /** @throws {Fault} `STORE_CORRUPT` when the range is not there */
  read(offset: number, length: number): Uint8Array
  /** As `read`, as much as the memory holds. */
  readInto(offset: number, target: Uint8Array): void
}

/** The name under which an index is kept: everything that decides the saved bytes. */
export function savedIndexKey(sha256: string): string {
  return `${layoutVersion} ${endianness()} ${sha256}`
}

/**
 * The bytes to save, in order. Chunks are views where they can be.
 *
 * @param begun while the bytes arrived; digests of other bytes than the verified ones count for nothing
 */
export function* saveIndex(
  { sha256, bytes }: VerifiedIndex,
  table: PackagesTable,
  begun?: BlockDigests,
): Generator<Uint8Array> {
  const blocks = begun?.bytes === bytes ? begun : new BlockDigests(bytes)
  const sections = [...sectionsOf(table), blocks.finish()]
  const directory: SavedDirectory = {
    sha256,
    textBytes: bytes.length,
    sectionBytes: sections.map(each => each.byteLength),
  }
  const head = [
    directoryLine(directory),
    ...sections.flatMap(each => [
      new Uint8Array(each.buffer, each.byteOffset, each.byteLength),
      new Uint8Array(paddedLength(each.byteLength) - each.byteLength),
    ]),
  ]
  const digest = createHash('sha256')
  let length = 0
  for (const part of head) {
    digest.update(part)
    length += part.length
  }
  const headBytes = String(length).padStart(12, '0')
  const version = String(layoutVersion).padStart(4, '0')
  yield Buffer.from(`aptroot-packages-index ${version} ${endianness()} ${headBytes} ${digest.digest('hex')}\n`)
  yield* head
  yield bytes
}

/**
 * Opens a saved index; of the text nothing is read yet.
 *
 * @param begun the reading of its head, where that began before
 * @returns undefined when this is no saved form of the listed index, in this layout and byte order, with a sound head
 */
export function openSavedIndex(
  saved: SavedBytes,
  { origin, sha256 }: Pick<ListedIndex, 'origin' | 'sha256'>,
  begun = HeadReading.of(saved),
): PackagesIndex | undefined {
  const head = begun?.finish()
  if (head === undefined) return undefined
  const lineEnd = head.indexOf(0x0a)
  const directory: SavedDirectory = JSON.parse(Buffer.from(head.subarray(0, lineEnd)).toString('utf8'))
  const textStart = preambleBytes + head.length
  if (directory.sha256 !== sha256 || saved.sizeBytes !== textStart + directory.textBytes) return undefined
  const sections = new SectionReader(head.subarray(lineEnd + 1), directory.sectionBytes)
  const table = sections.readTable()
  const text = new SavedText(saved, textStart, directory.textBytes, sections.readBytes())
  return { origin, sha256, table, text }
}

/** Of the head of a saved index, in pieces, so that it may go on while something is waited for. */
export class HeadReading {
  readonly #saved: SavedBytes
  readonly #head: Uint8Array
  readonly #wanted: string
  readonly #digest = createHash('sha256')
  #read = 0

  private constructor(saved: SavedBytes, length: number, wanted: string) {
    this.#saved = saved
    this.#head = new Uint8Array(length)
    this.#wanted = wanted
  }

  /** @returns undefined when this is no saved index in this layout and byte order */
  static of(saved: SavedBytes): HeadReading | undefined {
    if (saved.sizeBytes < preambleBytes) return undefined
    const match = preamblePattern.exec(Buffer.from(saved.read(0, preambleBytes)).toString('latin1'))
    if (match === null || Number(match[1]) !== layoutVersion || match[2] !== endianness()) return undefined
    const length = Number(match[3])
    if (saved.sizeBytes < preambleBytes + length) return undefined
    return new HeadReading(saved, length, match[4] ?? '')
  }

  get isDone(): boolean {
    return this.#read === this.#head.length
  }

  /** Takes about a millisecond. */
  readPiece(): void {
    const piece = this.#head.subarray(this.#read, this.#read + headPieceBytes)
    this.#saved.readInto(preambleBytes + this.#read, piece)
    this.#digest.update(piece)
    this.#read += piece.length
  }

  /** Reads what is left; only once. @returns undefined unless the digest is the one in the preamble */
  finish(): Uint8Array | undefined {
    while (!this.isDone) this.readPiece()
    return this.#digest.digest('hex') === this.#wanted ? this.#head : undefined
  }
}

const headPieceBytes = 1024 * 1024

/** Spaces before the line end make the sections begin at a multiple of 8. */
function directoryLine(directory: SavedDirectory): Buffer {
  const json = JSON.stringify(directory)
  return Buffer.from(`${json.padEnd(paddedLength(json.length + 1) - 1)}\n`)
}

/** The digests of the text's blocks, of bytes that may still be arriving. */
export class BlockDigests {
  readonly bytes: Uint8Array
  readonly #digests: Uint8Array
  #blocks = 0

  /** @param bytes of the whole file, whether they are there yet or not */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.#digests = new Uint8Array(Math.ceil(bytes.length / blockBytes) * digestBytes)
  }

  /** Hashes the blocks that are whole. */
  arrived(sizeBytes: number): void {
    while ((this.#blocks + 1) * blockBytes <= sizeBytes) this.#add()
  }

  /** When all bytes have arrived. */
  finish(): Uint8Array {
    while (this.#blocks * blockBytes < this.bytes.length) this.#add()
    return this.#digests
  }

  #add(): void {
    const start = this.#blocks * blockBytes
    this.#digests.set(digestOf(this.bytes.subarray(start, start + blockBytes)), this.#blocks * digestBytes)
    this.#blocks++
  }
}

function digestOf(bytes: Uint8Array): Buffer {
  // In one call: a block costs more in objects of JavaScript than in hashing.
  return hash('sha256', bytes, 'buffer')
}

/** Keeps the blocks it read: neighbours in the file are often wanted together. */
class SavedText implements PackagesText {
  readonly #saved: SavedBytes
  readonly #start: number
  readonly #length: number
  readonly #digests: Uint8Array
  readonly #blocks = new Map<number, Uint8Array>()

  constructor(saved: SavedBytes, start: number, length: number, digests: Uint8Array) {
    this.#saved = saved
    this.#start = start
    this.#length = length
    this.#digests = digests
  }

  read(start: number, end: number): Uint8Array {
    const first = Math.floor(start / blockBytes)
    const last = Math.floor(Math.max(start, end - 1) / blockBytes)
    if (first === last) return this.#block(first).subarray(start - first * blockBytes, end - first * blockBytes)
    const joined = new Uint8Array((last - first + 1) * blockBytes)
    for (let block = first; block <= last; block++) joined.set(this.#block(block), (block - first) * blockBytes)
    return joined.subarray(start - first * blockBytes, end - first * blockBytes)
  }

  lineAt(offset: number): number {
    let line = 1
    for (let start = 0; start < offset; start += blockBytes)
      line += countNewlines(this.read(start, Math.min(start + blockBytes, offset)))
    return line
  }

  #block(block: number): Uint8Array {
    const known = this.#blocks.get(block)
    if (known !== undefined) return known
    const start = block * blockBytes
    const bytes = this.#saved.read(this.#start + start, Math.min(blockBytes, this.#length - start))
    const wanted = this.#digests.subarray(block * digestBytes, (block + 1) * digestBytes)
    const found = digestOf(bytes)
    if (!found.equals(wanted)) {
      throw new Fault('STORE_CORRUPT', {
        message: `block ${block} of a saved package index has sha256 ${found.toString('hex')}, but ${Buffer.from(wanted).toString('hex')} was written`,
        hint: 'The disk or another program changed the store. Run `aptroot store verify`, which removes the file, then try again.',
        context: { block, found: found.toString('hex'), wanted: Buffer.from(wanted).toString('hex') },
      })
    }
    this.#blocks.set(block, bytes)
    return bytes
  }
}
