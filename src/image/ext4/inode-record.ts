import { bytesOfByteString } from '../../codec/index.ts'
import { encodedDevice, modeWithType } from '../inode-table.ts'
import { attributesInInode } from './attributes.ts'
import { type ExtentTree, extentTree } from './extents.ts'
import { blockBytes, inodeBytes } from './geometry.ts'
import type { PlacedContent, PlacedInode } from './plan.ts'

/** `EXT4_EXTENTS_FL`: the content is found by extents. */
const extentsFlag = 0x80000
/** More links than the field holds are written as 1, which means: not counted (feature dir_nlink). */
const maximumFolderLinks = 64_999
const sectorBytes = 512
const extraBytes = 32

/** The inode of a file of the tree as it lies in the inode table. */
export function inodeRecord(placed: PlacedInode): Uint8Array {
  const { entry, linkCount } = placed.inode
  const links = entry.kind === 'directory' && linkCount > maximumFolderLinks ? 1 : linkCount
  const bytes = baseRecord({ ...entry, mode: modeWithType(entry), linkCount: links, sizeBytes: placed.sizeBytes })
  writeContent(bytes, placed.content)
  if (placed.attributeBlock !== undefined) {
    bytes.writeUInt32LE(placed.attributeBlock, 0x68)
    bytes.writeUInt32LE(bytes.readUInt32LE(0x1c) + blockBytes / sectorBytes, 0x1c)
  }
  if (placed.attributePlace === 'inode') bytes.set(attributesInInode(placed.attributes), 128 + extraBytes)
  switch (entry.kind) {
    case 'character-device':
    case 'block-device':
      // The old encoding where it suffices, as the kernel does.
      if (entry.major < 256 && entry.minor < 256) bytes.writeUInt32LE((entry.major << 8) | entry.minor, 0x28)
      else bytes.writeUInt32LE(encodedDevice(entry), 0x2c)
      break
    case 'symlink':
      if (placed.content === undefined) bytes.set(bytesOfByteString(entry.target), 0x28)
      break
    default:
  }
  return bytes
}

/** The inode of the journal, number 8. */
export function journalRecord(content: PlacedContent, blocks: number, modifiedSeconds: number): Uint8Array {
  const owner = { userId: 0, groupId: 0, modifiedSeconds }
  const bytes = baseRecord({ ...owner, mode: 0o100600, linkCount: 1, sizeBytes: blocks * blockBytes })
  writeContent(bytes, content)
  return bytes
}

interface BaseFields {
  readonly mode: number
  readonly userId: number
  readonly groupId: number
  readonly modifiedSeconds: number
  readonly linkCount: number
  readonly sizeBytes: number
}

function baseRecord({ mode, userId, groupId, modifiedSeconds, linkCount, sizeBytes }: BaseFields): Buffer {
  const bytes = Buffer.alloc(inodeBytes)
  bytes.writeUInt16LE(mode, 0)
  bytes.writeUInt16LE(userId & 0xffff, 2)
  bytes.writeUInt16LE(userId >>> 16, 0x78)
  bytes.writeUInt16LE(groupId & 0xffff, 0x18)
  bytes.writeUInt16LE(groupId >>> 16, 0x7a)
  bytes.writeUInt32LE(sizeBytes % 2 ** 32, 4)
  bytes.writeUInt32LE(Math.floor(sizeBytes / 2 ** 32), 0x6c)
  // Access, change, modification and creation; the upper bits of the seconds stand in the extra fields.
  const lower = modifiedSeconds % 2 ** 32
  const epoch = Math.floor((modifiedSeconds - (lower | 0)) / 2 ** 32) & 3
  for (const at of [0x08, 0x0c, 0x10, 0x90]) bytes.writeUInt32LE(lower, at)
  for (const at of [0x84, 0x88, 0x8c, 0x94]) bytes.writeUInt32LE(epoch, at)
  bytes.writeUInt16LE(linkCount, 0x1a)
  bytes.writeUInt16LE(extraBytes, 0x80)
  return bytes
}

function writeContent(bytes: Buffer, content: PlacedContent | undefined): void {
  if (content === undefined) return
  const blocks = content.extents.reduce((sum, each) => sum + each.length, 0) + content.indexBlocks.length
  bytes.writeUInt32LE(blocks * (blockBytes / sectorBytes), 0x1c)
  bytes.writeUInt32LE(extentsFlag, 0x20)
  bytes.set(treeOf(content).inInode, 0x28)
}

export function treeOf({ extents, indexBlocks }: PlacedContent): ExtentTree {
  return extentTree(extents, indexBlocks)
}
