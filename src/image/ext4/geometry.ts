import { type OutputTarget, outputUnwritable } from '../output-fault.ts'

export const blockBytes = 4096
export const inodeBytes = 256
export const blocksPerGroup = blockBytes * 8
const descriptorBytes = 32
/** What 32 bits count: 16 TiB. Larger ones need the 64bit feature. */
const maximumBlocks = 2 ** 32 - 1

/** Of one block group. All numbers count blocks from the start of the disk. */
export interface BlockGroup {
  readonly start: number
  readonly blocks: number
  /** Copies of the superblock and of the descriptors stand at its start. */
  readonly hasSuperblock: boolean
  readonly blockBitmap: number
  readonly inodeBitmap: number
  readonly inodeTable: number
  /** The first that can hold contents. */
  readonly data: number
}

export interface Ext4Geometry {
  readonly blocks: number
  readonly inodesPerGroup: number
  readonly descriptorBlocks: number
  readonly groups: readonly BlockGroup[]
  /** That can hold contents. */
  readonly dataBlocks: number
}

export interface Ext4Needs {
  /** Inodes, the eleven reserved ones included. */
  readonly inodes: number
  /** Blocks of contents without the journal. */
  readonly dataBlocks: number
}

/**
 * The size of a disk for these contents, and where its parts lie: one group after the other, each with its own bitmaps and inode
 * table. Inodes: one for each 16 KiB as mke2fs has it, and at least a fifth more than are needed.
 *
 * @throws {Fault} `OUTPUT_UNWRITABLE` when the wanted size is too small
 */
export function planGeometry(
  needs: Ext4Needs,
  sizeBytes: number | undefined,
  target: OutputTarget,
): Ext4Geometry & { readonly journalBlocks: number } {
  if (sizeBytes !== undefined) {
    const blocks = Math.floor(sizeBytes / blockBytes)
    if (blocks > maximumBlocks)
      throw outputUnwritable(target, 'an ext4 of more than 16 TiB is not offered', 'Give a smaller `size`.')
    const geometry = geometryOf(blocks, needs.inodes)
    const journalBlocks = journalBlocksFor(blocks)
    if (geometry.dataBlocks < needs.dataBlocks + journalBlocks || inodesOf(geometry) < needs.inodes)
      throw outputUnwritable(
        target,
        `the tree needs ${needs.dataBlocks * blockBytes} bytes and ${needs.inodes} inodes, and \`size\` gives ${Math.max(0, geometry.dataBlocks - journalBlocks) * blockBytes} and ${inodesOf(geometry)}`,
        'Give a larger `size`, or leave it out to get what is needed and a fifth more.',
      )
    return { ...geometry, journalBlocks }
  }
  const wantedBlocks = Math.ceil(needs.dataBlocks * 1.2) + 256
  for (let blocks = roundUp(wantedBlocks, 256); ; blocks = roundUp(Math.ceil(blocks * 1.02), 256)) {
    const geometry = geometryOf(blocks, needs.inodes)
    const journalBlocks = journalBlocksFor(blocks)
    const fits = geometry.dataBlocks >= wantedBlocks + journalBlocks && inodesOf(geometry) >= needs.inodes
    if (fits) return { ...geometry, journalBlocks }
  }
}

export function inodesOf({ groups, inodesPerGroup }: Ext4Geometry): number {
  return groups.length * inodesPerGroup
}

/** As mke2fs chooses (ext2fs_default_journal_size of 4 KiB blocks). */
function journalBlocksFor(blocks: number): number {
  if (blocks < 32_768) return 1024
  if (blocks < 256 * 1024) return 4096
  if (blocks < 512 * 1024) return 8192
  return blocks < 4096 * 1024 ? 16_384 : 32_768
}

function geometryOf(wantedBlocks: number, neededInodes: number): Ext4Geometry {
  const inodesPerBlock = blockBytes / inodeBytes
  const groupCount = Math.ceil(wantedBlocks / blocksPerGroup)
  const inodes = Math.max(Math.ceil(neededInodes * 1.2), Math.floor((wantedBlocks * blockBytes) / 16_384))
  const inodesPerGroup = Math.min(roundUp(Math.ceil(inodes / groupCount), inodesPerBlock), blockBytes * 8)
  const descriptorBlocks = Math.ceil((groupCount * descriptorBytes) / blockBytes)
  const tableBlocks = inodesPerGroup / inodesPerBlock
  const groups: BlockGroup[] = []
  for (let index = 0; index < groupCount; index++) {
    const start = index * blocksPerGroup
    const hasSuperblock = index === 0 || isPowerOfAny(index, [3, 5, 7])
    const blockBitmap = start + (hasSuperblock ? 1 + descriptorBlocks : 0)
    const data = blockBitmap + 2 + tableBlocks
    const blocks = Math.min(blocksPerGroup, wantedBlocks - start)
    // A last group without room for contents is left out, as mke2fs does.
    if (index > 0 && start + blocks < data + 50) break
    groups.push({
      start,
      blocks,
      hasSuperblock,
      blockBitmap,
      inodeBitmap: blockBitmap + 1,
      inodeTable: blockBitmap + 2,
      data,
    })
  }
  return {
    blocks: groups.reduce((sum, each) => sum + each.blocks, 0),
    inodesPerGroup,
    descriptorBlocks,
    groups,
    dataBlocks: groups.reduce((sum, each) => sum + Math.max(0, each.start + each.blocks - each.data), 0),
  }
}

/** `sparse_super`: groups 0 and 1, and powers of 3, 5 and 7. */
function isPowerOfAny(index: number, bases: readonly number[]): boolean {
  return bases.some(base => {
    let power = 1
    while (power < index) power *= base
    return power === index
  })
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit
}
