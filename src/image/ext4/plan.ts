import { quoted } from '../../kernel/index.ts'
import type { TreeEntry } from '../../tree/index.ts'
import { type NumberedAttribute, numberedAttributes } from '../attribute-name.ts'
import { type Inode, inodesOf } from '../inode-table.ts'
import { type OutputTarget, outputUnwritable } from '../output-fault.ts'
import { type AttributePlace, placeOfAttributes } from './attributes.ts'
import { BlockAllocator, type Extent, indexBlocksFor } from './extents.ts'
import { folderBlocks } from './folder.ts'
import { blockBytes, type Ext4Geometry, planGeometry } from './geometry.ts'

export interface PlacedContent {
  readonly extents: readonly Extent[]
  /** Behind the content, where the inode does not hold all its extents. */
  readonly indexBlocks: readonly number[]
}

export interface PlacedInode {
  readonly inode: Inode
  readonly sizeBytes: number
  readonly attributes: readonly NumberedAttribute[]
  readonly attributePlace: AttributePlace
  /** Before the content. */
  readonly attributeBlock: number | undefined
  /** undefined: there is none, or the inode itself holds it. */
  readonly content: PlacedContent | undefined
}

export interface Ext4Plan extends Ext4Geometry {
  readonly journal: PlacedContent
  readonly journalBlocks: number
  /** By index; contents follow each other on the disk in this order, behind the journal. */
  readonly inodes: readonly PlacedInode[]
  /** The first block behind all contents. */
  readonly firstFree: number
}

export const rootNumber = 2
export const journalNumber = 8
/** 1 to 10 are reserved. */
export const firstNumber = 11

export function inodeNumber({ index }: Inode): number {
  return index === 0 ? rootNumber : firstNumber + index - 1
}

/** A symlink that the inode holds in place of its extents; longer ones have a block. */
const longestInlineTarget = 59
/** With groups of 32,768 blocks, fewer than this have at most four extents. */
const blocksWithoutIndex = 60_000

/** @throws {Fault} `OUTPUT_UNWRITABLE` when the size is too small or an attribute cannot be held */
export function planExt4(
  tree: ReadonlyMap<string, TreeEntry>,
  wanted: { readonly sizeBytes: number | undefined; readonly modifiedSeconds: number; readonly target: OutputTarget },
): Ext4Plan {
  const measured = inodesOf(withLostAndFound(tree, wanted.modifiedSeconds)).map(inode => measure(inode, wanted.target))
  const geometry = planGeometry(
    {
      inodes: firstNumber + measured.length,
      dataBlocks: measured.reduce((sum, { blocks, attributePlace }) => {
        const indexBlocks = blocks < blocksWithoutIndex ? 0 : Math.ceil(blocks / (100 * blocksWithoutIndex))
        return sum + blocks + indexBlocks + (attributePlace === 'block' ? 1 : 0)
      }, 0),
    },
    wanted.sizeBytes,
    wanted.target,
  )
  const allocator = new BlockAllocator(geometry.groups)
  const journal = placeContent(allocator, geometry.journalBlocks)
  const inodes = measured.map(({ blocks, ...rest }) => ({
    ...rest,
    attributeBlock: rest.attributePlace === 'block' ? allocator.take(1)[0]?.physical : undefined,
    content: blocks === 0 && isInline(rest.inode) ? undefined : placeContent(allocator, blocks),
  }))
  return { ...geometry, journal, inodes, firstFree: allocator.next }
}

function placeContent(allocator: BlockAllocator, blocks: number): PlacedContent {
  const extents = allocator.take(blocks)
  const indexBlocks = Array.from({ length: indexBlocksFor(extents) }, () => allocator.take(1)[0]?.physical ?? 0)
  return { extents, indexBlocks }
}

function isInline({ entry }: Inode): boolean {
  return entry.kind !== 'file' && entry.kind !== 'directory'
}

function measure(inode: Inode, target: OutputTarget) {
  const { entry, path } = inode
  const attributes = numberedAttributes(entry.extendedAttributes, target)
  const attributePlace = placeOfAttributes(attributes)
  if (attributePlace === 'nowhere')
    throw outputUnwritable(
      target,
      `ext4 cannot hold the extended attributes of ${quoted(`/${Buffer.from(path, 'latin1').toString('utf8')}`)}`,
      'Write a tar, which keeps everything.',
    )
  const sizeBytes = sizeOf(inode)
  const isShort = entry.kind === 'symlink' && sizeBytes <= longestInlineTarget
  const blocks = isShort ? 0 : Math.ceil(sizeBytes / blockBytes)
  return { inode, sizeBytes, attributes, attributePlace, blocks }
}

function sizeOf(inode: Inode): number {
  const { entry } = inode
  if (entry.kind === 'file') return entry.content.sizeBytes
  if (entry.kind === 'symlink') return entry.target.length
  return entry.kind === 'directory' ? folderBlocks(inode, inodeNumber).length * blockBytes : 0
}

/** e2fsck wants the folder, where it puts what it finds; mke2fs makes it, too. */
function withLostAndFound(
  tree: ReadonlyMap<string, TreeEntry>,
  modifiedSeconds: number,
): ReadonlyMap<string, TreeEntry> {
  const made: TreeEntry = { kind: 'directory', mode: 0o700, userId: 0, groupId: 0, modifiedSeconds }
  return tree.has('lost+found') ? tree : new Map(tree).set('lost+found', made)
}
