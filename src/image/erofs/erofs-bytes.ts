import { bytesOfByteString } from '../../codec/index.ts'
import type { Session } from '../../kernel/index.ts'
import type { ImageFacts } from '../image-facts.ts'
import { encodedDevice, type Inode, modeWithType } from '../inode-table.ts'
import type { OutputTarget } from '../output-fault.ts'
import type { SealedTree } from '../tar-bytes.ts'
import { uuidOf } from '../volume-id.ts'
import {
  attributesBytes,
  blockBytes,
  type ErofsLayout,
  folderBytes,
  inodeBytes,
  type PlacedInode,
  planErofs,
  slotBytes,
} from './layout.ts'

const superblockOffset = 1024
const magic = 0xe0f5e1e2
/** `EROFS_FEATURE_COMPAT_MTIME`: times in inodes are those of the last modification. */
const compatibleFeatures = 0x2

/**
 * An EROFS image of a tree, uncompressed; readable by Linux 5.4 and later. These bytes are promised. Owners, times, device nodes, hard
 * links and extended attributes are kept; the UUID comes from the tree's digest.
 *
 * @see erofs_fs.h of Linux
 * @throws {Fault} `OUTPUT_UNWRITABLE` for extended attributes that it cannot hold
 */
export async function* erofsBytes(
  root: SealedTree,
  of: { readonly facts: ImageFacts; readonly target: OutputTarget },
  session: Session,
): AsyncGenerator<Uint8Array> {
  const layout = planErofs(root.tree, of.target)
  const numberOf = (inode: Inode) => BigInt((layout.inodes[inode.index]?.offset ?? 0) / slotBytes)
  const contentOf = (inode: Inode) => contentBytes(inode, root, numberOf)

  yield firstBytes(layout, of.facts)
  let position = superblockOffset + superblockBytes
  for (const placed of layout.inodes) {
    session.signal.throwIfAborted()
    yield Buffer.alloc(placed.offset - position)
    const head = headOf(placed)
    yield head
    position = placed.offset + head.length
    if (placed.data.kind !== 'inline') continue
    for await (const bytes of contentOf(placed.inode)) yield bytes
    position += placed.sizeBytes
  }
  yield Buffer.alloc(layout.metadataBlocks * blockBytes - position)
  for (const { inode, data, sizeBytes } of layout.inodes) {
    if (data.kind !== 'blocks') continue
    session.signal.throwIfAborted()
    for await (const bytes of contentOf(inode)) yield bytes
    yield Buffer.alloc(Math.ceil(sizeBytes / blockBytes) * blockBytes - sizeBytes)
  }
}

async function* contentBytes(
  inode: Inode,
  { content }: SealedTree,
  numberOf: (inode: Inode) => bigint,
): AsyncGenerator<Uint8Array> {
  const { entry } = inode
  if (entry.kind === 'file') yield* content.read(entry.content)
  else if (entry.kind === 'symlink') yield bytesOfByteString(entry.target)
  else yield folderBytes(inode, numberOf)
}

const superblockBytes = 128

/** The boot sector, which is empty, and the superblock. */
function firstBytes(layout: ErofsLayout, { digest, sourceDateEpochSeconds }: ImageFacts): Uint8Array {
  const [root] = layout.inodes
  const block = Buffer.alloc(blockBytes)
  const bytes = block.subarray(superblockOffset)
  bytes.writeUInt32LE(magic, 0)
  bytes.writeUInt32LE(compatibleFeatures, 8)
  bytes.writeUInt8(Math.log2(blockBytes), 12)
  bytes.writeUInt16LE((root?.offset ?? 0) / slotBytes, 14)
  bytes.writeBigUInt64LE(BigInt(layout.inodes.length), 16)
  bytes.writeBigUInt64LE(BigInt(sourceDateEpochSeconds), 24)
  bytes.writeUInt32LE(layout.blocks, 36)
  bytes.set(uuidOf(digest, 'erofs'), 48)
  return block.subarray(0, superblockOffset + superblockBytes)
}

/** The inode and its extended attributes. */
function headOf({ inode, attributes, sizeBytes, data }: PlacedInode): Uint8Array {
  const { entry, linkCount, index } = inode
  const bytes = Buffer.alloc(inodeBytes + attributesBytes(attributes))
  // Bit 0: an extended inode, of 64 bytes; from bit 1 the layout: 0 in blocks, 2 inline.
  bytes.writeUInt16LE(1 | ((data.kind === 'inline' ? 2 : 0) << 1), 0)
  bytes.writeUInt16LE(attributes.length === 0 ? 0 : (attributesBytes(attributes) - 12) / 4 + 1, 2)
  bytes.writeUInt16LE(modeWithType(entry), 4)
  bytes.writeBigUInt64LE(BigInt(sizeBytes), 8)
  if (entry.kind === 'character-device' || entry.kind === 'block-device') bytes.writeUInt32LE(encodedDevice(entry), 16)
  else bytes.writeUInt32LE(data.kind === 'blocks' ? data.firstBlock : 0, 16)
  bytes.writeUInt32LE(index + 1, 20)
  bytes.writeUInt32LE(entry.userId, 24)
  bytes.writeUInt32LE(entry.groupId, 28)
  bytes.writeBigUInt64LE(BigInt(entry.modifiedSeconds), 32)
  bytes.writeUInt32LE(linkCount, 44)
  let position = inodeBytes + 12
  for (const { prefixIndex, suffix, value } of attributes) {
    bytes.writeUInt8(suffix.length, position)
    bytes.writeUInt8(prefixIndex, position + 1)
    bytes.writeUInt16LE(value.length, position + 2)
    bytes.set(bytesOfByteString(suffix), position + 4)
    bytes.set(value, position + 4 + suffix.length)
    position += Math.ceil((4 + suffix.length + value.length) / 4) * 4
  }
  return bytes
}
