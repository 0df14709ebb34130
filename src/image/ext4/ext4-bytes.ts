import { bytesOfByteString } from '../../codec/index.ts'
import type { Session } from '../../kernel/index.ts'
import type { Ext4Options } from '../../manifest/index.ts'
import type { ImageFacts } from '../image-facts.ts'
import type { OutputTarget } from '../output-fault.ts'
import type { SealedTree } from '../tar-bytes.ts'
import type { Hole } from '../whole-file.ts'
import { attributesInBlock } from './attributes.ts'
import { folderBlocks } from './folder.ts'
import { type BlockGroup, blockBytes, inodeBytes } from './geometry.ts'
import { inodeRecord, journalRecord, treeOf } from './inode-record.ts'
import { type Ext4Plan, firstNumber, inodeNumber, journalNumber, type PlacedInode, planExt4 } from './plan.ts'
import {
  bitmap,
  type GroupUsage,
  groupDescriptors,
  journalSuperblock,
  superblock,
  usedBlocks,
  type VolumeFacts,
} from './superblock.ts'

/**
 * An ext4 image of a tree, with a journal and `/lost+found`, which the tree lacks. These bytes are promised. Owners, times, device
 * nodes, hard links and extended attributes are kept; UUID and hash seed come from the tree's digest. Free space is a hole.
 *
 * @see https://docs.kernel.org/filesystems/ext4/
 * @throws {Fault} `OUTPUT_UNWRITABLE` when the size is too small or an attribute cannot be held
 */
export async function* ext4Bytes(
  root: SealedTree,
  of: { readonly facts: ImageFacts; readonly options: Ext4Options; readonly target: OutputTarget },
  session: Session,
): AsyncGenerator<Uint8Array | Hole> {
  const { facts, options, target } = of
  const modifiedSeconds = facts.sourceDateEpochSeconds
  const plan = planExt4(root.tree, { sizeBytes: options.sizeBytes, modifiedSeconds, target })
  const usage = plan.groups.map((group, index) => usageOf(plan, group, index))
  const contents = new Cutter(contentsOf(plan, root, session))
  for (const [index, group] of plan.groups.entries()) {
    session.signal.throwIfAborted()
    if (group.hasSuperblock) {
      const volume: VolumeFacts = { ...facts, label: options.label }
      const block = Buffer.alloc(blockBytes)
      block.set(superblock(plan, usage, { facts: volume, group: index }), index === 0 ? 1024 : 0)
      yield block
      yield groupDescriptors(plan, usage)
    }
    const used = usedBlocks(group, plan.firstFree)
    yield bitmap(used, group.blocks)
    yield bitmap(plan.inodesPerGroup - (usage[index]?.freeInodes ?? 0), plan.inodesPerGroup)
    yield* inodeTable(plan, index, modifiedSeconds)
    yield* contents.take((group.start + used - group.data) * blockBytes)
    yield { holeBytes: (group.blocks - used) * blockBytes }
  }
}

/** Numbers are given out in order, so those in use come first. */
function usageOf(plan: Ext4Plan, group: BlockGroup, index: number): GroupUsage {
  const inodes = inodesOfGroup(plan, index)
  const last = firstNumber - 1 + plan.inodes.length - 1
  const usedInodes = Math.max(0, Math.min(plan.inodesPerGroup, last - index * plan.inodesPerGroup))
  return {
    freeBlocks: group.blocks - usedBlocks(group, plan.firstFree),
    freeInodes: plan.inodesPerGroup - usedInodes,
    folders: inodes.filter(({ inode }) => inode.entry.kind === 'directory').length,
  }
}

function inodesOfGroup({ inodes, inodesPerGroup }: Ext4Plan, group: number): readonly PlacedInode[] {
  return inodes.filter(({ inode }) => Math.floor((inodeNumber(inode) - 1) / inodesPerGroup) === group)
}

function* inodeTable(plan: Ext4Plan, group: number, modifiedSeconds: number): Generator<Uint8Array | Hole> {
  const bytes = Buffer.alloc(plan.inodesPerGroup * inodeBytes)
  const place = (number: number) => ((number - 1) % plan.inodesPerGroup) * inodeBytes
  const inodes = inodesOfGroup(plan, group)
  for (const placed of inodes) bytes.set(inodeRecord(placed), place(inodeNumber(placed.inode)))
  if (group === 0) bytes.set(journalRecord(plan.journal, plan.journalBlocks, modifiedSeconds), place(journalNumber))
  yield inodes.length === 0 ? { holeBytes: bytes.length } : bytes
}

/** All contents in the order in which their blocks were given out. */
async function* contentsOf(plan: Ext4Plan, root: SealedTree, session: Session): AsyncGenerator<Uint8Array | Hole> {
  yield journalSuperblock(plan.journalBlocks)
  yield { holeBytes: (plan.journalBlocks - 1) * blockBytes }
  yield* treeOf(plan.journal).blocks
  for (const { inode, attributes, attributeBlock, content, sizeBytes } of plan.inodes) {
    session.signal.throwIfAborted()
    if (attributeBlock !== undefined) yield attributesInBlock(attributes)
    if (content === undefined) continue
    const { entry } = inode
    if (entry.kind === 'file') yield* root.content.read(entry.content)
    else if (entry.kind === 'symlink') yield bytesOfByteString(entry.target)
    else yield* folderBlocks(inode, inodeNumber)
    yield Buffer.alloc(Math.ceil(sizeBytes / blockBytes) * blockBytes - sizeBytes)
    yield* treeOf(content).blocks
  }
}

/** Cuts a stream where groups end. */
class Cutter {
  readonly #source: AsyncIterator<Uint8Array | Hole>
  #rest: Uint8Array | Hole = new Uint8Array()

  constructor(source: AsyncIterable<Uint8Array | Hole>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  async *take(sizeBytes: number): AsyncGenerator<Uint8Array | Hole> {
    for (let wanted = sizeBytes; wanted > 0; ) {
      if (lengthOf(this.#rest) === 0) {
        const next = await this.#source.next()
        if (next.done === true) throw new RangeError(`the contents end ${wanted} bytes early`)
        this.#rest = next.value
      }
      const [piece, rest] = cut(this.#rest, wanted)
      this.#rest = rest
      wanted -= lengthOf(piece)
      yield piece
    }
  }
}

function lengthOf(piece: Uint8Array | Hole): number {
  return piece instanceof Uint8Array ? piece.length : piece.holeBytes
}

function cut(piece: Uint8Array | Hole, at: number): readonly [Uint8Array | Hole, Uint8Array | Hole] {
  if (piece instanceof Uint8Array) return [piece.subarray(0, at), piece.subarray(at)]
  const first = Math.min(at, piece.holeBytes)
  return [{ holeBytes: first }, { holeBytes: piece.holeBytes - first }]
}
