import { bytesOfByteString } from '../../codec/index.ts'
import type { TreeEntry } from '../../tree/index.ts'
import { type NumberedAttribute, numberedAttributes } from '../attribute-name.ts'
import { folderTypeOf, type Inode, inodesOf } from '../inode-table.ts'
import type { OutputTarget } from '../output-fault.ts'

export const blockBytes = 4096
/** Inodes are numbered by their place in units of this many bytes. */
export const slotBytes = 32
export const inodeBytes = 64
/** Behind the superblock, which lies at 1024 and has 128 bytes. */
const firstInodeOffset = 1152
/**
 * Contents up to this size lie behind their inode, where they cost neither a block nor a seek; what follows a larger one would
 * often have to skip the rest of a block.
 */
const inlineLimitBytes = 2048

export interface PlacedInode {
  readonly inode: Inode
  /** In bytes from the start of the image. */
  readonly offset: number
  readonly attributes: readonly NumberedAttribute[]
  readonly sizeBytes: number
  readonly data: { readonly kind: 'none' | 'inline' } | { readonly kind: 'blocks'; readonly firstBlock: number }
}

export interface ErofsLayout {
  /** By index of the inode, and so by offset. */
  readonly inodes: readonly PlacedInode[]
  readonly metadataBlocks: number
  readonly blocks: number
}

/**
 * Where everything goes: superblock, inodes in byte order of paths with small contents behind them, then whole blocks of contents in
 * the same order. Nothing is compressed.
 */
export function planErofs(tree: ReadonlyMap<string, TreeEntry>, target: OutputTarget): ErofsLayout {
  let offset = firstInodeOffset
  let contentBlocks = 0
  const planned = inodesOf(tree).map(inode => {
    const attributes = numberedAttributes(inode.entry.extendedAttributes, target)
    const sizeBytes = sizeOf(inode)
    const headBytes = inodeBytes + attributesBytes(attributes)
    const kind = sizeBytes === 0 ? 'none' : sizeBytes <= inlineLimitBytes ? 'inline' : 'blocks'
    const wholeBytes = headBytes + (kind === 'inline' ? sizeBytes : 0)
    const roomBytes = blockBytes - (offset % blockBytes)
    // An inline content must not cross the end of a block.
    if (wholeBytes > roomBytes && kind === 'inline') offset += roomBytes
    const placed = { inode, offset, attributes, sizeBytes, kind, firstContentBlock: contentBlocks } as const
    offset = roundUp(offset + wholeBytes, slotBytes)
    if (kind === 'blocks') contentBlocks += Math.ceil(sizeBytes / blockBytes)
    return placed
  })
  const metadataBlocks = Math.ceil(offset / blockBytes)
  const inodes = planned.map(({ kind, firstContentBlock, ...placed }) => ({
    ...placed,
    data: kind === 'blocks' ? { kind, firstBlock: metadataBlocks + firstContentBlock } : { kind },
  }))
  return { inodes, metadataBlocks, blocks: metadataBlocks + contentBlocks }
}

/** Header of 12 bytes, then for each: four bytes, name, value, up to a multiple of four. */
export function attributesBytes(attributes: readonly NumberedAttribute[]): number {
  if (attributes.length === 0) return 0
  return attributes.reduce((sum, each) => sum + roundUp(4 + each.suffix.length + each.value.length, 4), 12)
}

function sizeOf(inode: Inode): number {
  const { entry } = inode
  if (entry.kind === 'file') return entry.content.sizeBytes
  if (entry.kind === 'symlink') return entry.target.length
  return entry.kind === 'directory' ? folderBytes(inode, () => 0n).length : 0
}

interface FolderRecord {
  readonly name: string
  readonly type: number
  readonly inode: Inode
}

const recordBytes = 12

/**
 * The content of a folder: in each block records of 12 bytes, then the names they point to; all in byte order of names, among
 * them `.` and `..`. The last block ends with its last name.
 */
export function folderBytes(folder: Inode, numberOf: (inode: Inode) => bigint): Uint8Array {
  const records: FolderRecord[] = [
    { name: '.', type: folderTypeOf(folder.entry), inode: folder },
    { name: '..', type: folderTypeOf(folder.entry), inode: folder.parent },
    ...folder.members.map(({ name, inode }) => ({ name, type: folderTypeOf(inode.entry), inode })),
  ]
  records.sort((left, right) => (left.name < right.name ? -1 : 1))
  const blocks: Uint8Array[] = []
  let block: FolderRecord[] = []
  let usedBytes = 0
  for (const record of records) {
    const neededBytes = recordBytes + record.name.length
    if (usedBytes + neededBytes > blockBytes) {
      blocks.push(folderBlock(block, blockBytes, numberOf))
      block = []
      usedBytes = 0
    }
    block.push(record)
    usedBytes += neededBytes
  }
  return Buffer.concat([...blocks, folderBlock(block, usedBytes, numberOf)])
}

function folderBlock(records: readonly FolderRecord[], sizeBytes: number, numberOf: (inode: Inode) => bigint): Buffer {
  const bytes = Buffer.alloc(sizeBytes)
  let nameOffset = records.length * recordBytes
  for (const [at, { name, type, inode }] of records.entries()) {
    const record = at * recordBytes
    bytes.writeBigUInt64LE(numberOf(inode), record)
    bytes.writeUInt16LE(nameOffset, record + 8)
    bytes.writeUInt8(type, record + 10)
    bytes.set(bytesOfByteString(name), nameOffset)
    nameOffset += name.length
  }
  return bytes
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit
}
