import type { ImageFacts } from '../image-facts.ts'
import { uuidOf } from '../volume-id.ts'
import { type BlockGroup, blockBytes, blocksPerGroup, inodeBytes } from './geometry.ts'
import { treeOf } from './inode-record.ts'
import { type Ext4Plan, firstNumber, journalNumber } from './plan.ts'

/** has_journal, ext_attr. */
const compatibleFeatures = 0x4 | 0x8
/** filetype, extents. */
const incompatibleFeatures = 0x2 | 0x40
/** sparse_super, large_file, dir_nlink, extra_isize. */
const readOnlyFeatures = 0x1 | 0x2 | 0x20 | 0x40
/** user_xattr and acl, as mke2fs sets them. */
const defaultMountOptions = 0x4 | 0x8

export interface GroupUsage {
  readonly freeBlocks: number
  readonly freeInodes: number
  readonly folders: number
}

export interface VolumeFacts extends ImageFacts {
  readonly label: string | undefined
}

/** 1024 bytes. @see https://docs.kernel.org/filesystems/ext4/super.html */
export function superblock(
  plan: Ext4Plan,
  usage: readonly GroupUsage[],
  of: { readonly facts: VolumeFacts; readonly group: number },
): Uint8Array {
  const { digest, sourceDateEpochSeconds, label } = of.facts
  const bytes = Buffer.alloc(1024)
  const time = sourceDateEpochSeconds % 2 ** 32
  bytes.writeUInt32LE(plan.groups.length * plan.inodesPerGroup, 0x00)
  bytes.writeUInt32LE(plan.blocks, 0x04)
  bytes.writeUInt32LE(
    sum(usage, each => each.freeBlocks),
    0x0c,
  )
  bytes.writeUInt32LE(
    sum(usage, each => each.freeInodes),
    0x10,
  )
  bytes.writeUInt32LE(2, 0x18)
  bytes.writeUInt32LE(2, 0x1c)
  bytes.writeUInt32LE(blocksPerGroup, 0x20)
  bytes.writeUInt32LE(blocksPerGroup, 0x24)
  bytes.writeUInt32LE(plan.inodesPerGroup, 0x28)
  bytes.writeUInt32LE(time, 0x30)
  // Never to be checked because of a number of mounts.
  bytes.writeUInt16LE(0xffff, 0x36)
  bytes.writeUInt16LE(0xef53, 0x38)
  bytes.writeUInt16LE(1, 0x3a)
  bytes.writeUInt16LE(1, 0x3c)
  bytes.writeUInt32LE(time, 0x40)
  bytes.writeUInt32LE(1, 0x4c)
  bytes.writeUInt32LE(firstNumber, 0x54)
  bytes.writeUInt16LE(inodeBytes, 0x58)
  bytes.writeUInt16LE(of.group, 0x5a)
  bytes.writeUInt32LE(compatibleFeatures, 0x5c)
  bytes.writeUInt32LE(incompatibleFeatures, 0x60)
  bytes.writeUInt32LE(readOnlyFeatures, 0x64)
  bytes.set(uuidOf(digest, 'ext4'), 0x68)
  bytes.write(label ?? '', 0x78, 16, 'latin1')
  bytes.writeUInt32LE(journalNumber, 0xe0)
  bytes.set(uuidOf(digest, 'ext4 hash seed'), 0xec)
  // Names in folders that the kernel indexes later are hashed with half MD4, bytes as signed numbers.
  bytes.writeUInt8(1, 0xfc)
  bytes.writeUInt32LE(1, 0x160)
  // A copy of the journal's inode: its blocks and its size.
  bytes.writeUInt8(1, 0xfd)
  bytes.set(treeOf(plan.journal).inInode, 0x10c)
  bytes.writeUInt32LE(plan.journalBlocks * blockBytes, 0x10c + 64)
  bytes.writeUInt32LE(defaultMountOptions, 0x100)
  bytes.writeUInt32LE(time, 0x108)
  bytes.writeUInt16LE(32, 0x15c)
  bytes.writeUInt16LE(32, 0x15e)
  return bytes
}

/** Whole blocks, one record of 32 bytes for each group. */
export function groupDescriptors(plan: Ext4Plan, usage: readonly GroupUsage[]): Uint8Array {
  const bytes = Buffer.alloc(plan.descriptorBlocks * blockBytes)
  for (const [index, group] of plan.groups.entries()) {
    const record = bytes.subarray(index * 32)
    record.writeUInt32LE(group.blockBitmap, 0)
    record.writeUInt32LE(group.inodeBitmap, 4)
    record.writeUInt32LE(group.inodeTable, 8)
    record.writeUInt16LE(usage[index]?.freeBlocks ?? 0, 12)
    record.writeUInt16LE(usage[index]?.freeInodes ?? 0, 14)
    record.writeUInt16LE(usage[index]?.folders ?? 0, 16)
  }
  return bytes
}

/** The first blocks are in use up to a number; what the disk does not have counts as in use. */
export function bitmap(used: number, count: number): Uint8Array {
  const bytes = Buffer.alloc(blockBytes)
  const set = (bit: number) => {
    const at = bit >>> 3
    bytes.writeUInt8(bytes.readUInt8(at) | (1 << (bit & 7)), at)
  }
  for (let bit = 0; bit < used; bit++) set(bit)
  for (let bit = count; bit < blockBytes * 8; bit++) set(bit)
  return bytes
}

/** Blocks of a group in use: its own tables, and contents below the first free block. */
export function usedBlocks(group: BlockGroup, firstFree: number): number {
  return Math.max(group.data, Math.min(firstFree, group.start + group.blocks)) - group.start
}

/** The first block of the journal: a superblock of jbd2 version 2, in big-endian numbers, that says it is empty. */
export function journalSuperblock(blocks: number): Uint8Array {
  const bytes = Buffer.alloc(blockBytes)
  for (const [at, value] of [0xc03b3998, 4, 0, blockBytes, blocks, 1, 1].entries()) bytes.writeUInt32BE(value, at * 4)
  bytes.writeUInt32BE(1, 0x40)
  return bytes
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, each) => total + of(each), 0)
}
