import { type BlockGroup, blockBytes } from './geometry.ts'

/** Blocks of one content that lie one after the other on the disk. */
export interface Extent {
  /** The first, counted in the content and on the disk. */
  readonly logical: number
  readonly physical: number
  readonly length: number
}

/** A longer extent counts as not written to yet. */
const maximumLength = 32_768

/** Gives out the blocks for contents from the first to the last, so that contents can be written one after the other. */
export class BlockAllocator {
  readonly #groups: readonly BlockGroup[]
  #group = 0
  #next: number

  constructor(groups: readonly BlockGroup[]) {
    this.#groups = groups
    this.#next = groups[0]?.data ?? 0
  }

  /** All blocks below this one that can hold contents are given out; none from here on is. */
  get next(): number {
    return this.#next
  }

  take(blocks: number): readonly Extent[] {
    const extents: Extent[] = []
    for (let logical = 0; logical < blocks; ) {
      const group = this.#groups[this.#group]
      // What is asked for was counted before the disk was laid out.
      if (group === undefined) throw new RangeError('the disk is full')
      const room = group.start + group.blocks - this.#next
      const length = Math.min(room, blocks - logical, maximumLength)
      if (length > 0) extents.push({ logical, physical: this.#next, length })
      logical += Math.max(0, length)
      this.#next += Math.max(0, length)
      if (length >= room) this.#next = this.#groups[++this.#group]?.data ?? this.#next
    }
    return extents
  }
}

const extentMagic = 0xf30a
const headerBytes = 12
const recordBytes = 12
const inInode = 4
/** What one block of extents holds. */
const inBlock = Math.floor((blockBytes - headerBytes) / recordBytes)

/** How many blocks of extents a content needs beside its inode, which holds four. */
export function indexBlocksFor(extents: readonly Extent[]): number {
  return extents.length <= inInode ? 0 : Math.ceil(extents.length / inBlock)
}

export interface ExtentTree {
  /** 60 bytes. */
  readonly inInode: Uint8Array
  /** In the order of `indexBlocks`. */
  readonly blocks: readonly Uint8Array[]
}

/** @param indexBlocks where the blocks of extents lie; as many as `indexBlocksFor` says, at most four */
export function extentTree(extents: readonly Extent[], indexBlocks: readonly number[]): ExtentTree {
  if (indexBlocks.length === 0) return { inInode: extentNode(extents, 60), blocks: [] }
  const parts = indexBlocks.map((_, at) => extents.slice(at * inBlock, (at + 1) * inBlock))
  const bytes = header(Buffer.alloc(60), { entries: indexBlocks.length, maximum: inInode, depth: 1 })
  for (const [at, block] of indexBlocks.entries()) {
    const record = headerBytes + at * recordBytes
    bytes.writeUInt32LE(parts[at]?.[0]?.logical ?? 0, record)
    bytes.writeUInt32LE(block, record + 4)
  }
  return { inInode: bytes, blocks: parts.map(part => extentNode(part, blockBytes)) }
}

function extentNode(extents: readonly Extent[], sizeBytes: number): Uint8Array {
  const maximum = Math.floor((sizeBytes - headerBytes) / recordBytes)
  const bytes = header(Buffer.alloc(sizeBytes), { entries: extents.length, maximum, depth: 0 })
  for (const [at, { logical, physical, length }] of extents.entries()) {
    const record = headerBytes + at * recordBytes
    bytes.writeUInt32LE(logical, record)
    bytes.writeUInt16LE(length, record + 4)
    bytes.writeUInt32LE(physical, record + 8)
  }
  return bytes
}

function header(
  bytes: Buffer,
  { entries, maximum, depth }: { readonly entries: number; readonly maximum: number; readonly depth: number },
): Buffer {
  bytes.writeUInt16LE(extentMagic, 0)
  bytes.writeUInt16LE(entries, 2)
  bytes.writeUInt16LE(maximum, 4)
  bytes.writeUInt16LE(depth, 6)
  return bytes
}
