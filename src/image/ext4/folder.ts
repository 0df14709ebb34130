import { bytesOfByteString } from '../../codec/index.ts'
import { folderTypeOf, type Inode } from '../inode-table.ts'
import { blockBytes } from './geometry.ts'

const headBytes = 8

/**
 * The content of a folder: records of inode, length of the record, length of the name, type and name; `.` and `..` first. No record
 * crosses a block, and the last one of a block reaches to its end.
 */
export function folderBlocks(folder: Inode, numberOf: (inode: Inode) => number): readonly Uint8Array[] {
  const blocks: Buffer[] = []
  let block = Buffer.alloc(blockBytes)
  let end = 0
  let last = 0
  const members = [{ name: '.', inode: folder }, { name: '..', inode: folder.parent }, ...folder.members]
  for (const { name, inode } of members) {
    const recordBytes = Math.ceil((headBytes + name.length) / 4) * 4
    if (end + recordBytes > blockBytes) {
      block.writeUInt16LE(blockBytes - last, last + 4)
      blocks.push(block)
      block = Buffer.alloc(blockBytes)
      end = 0
    }
    block.writeUInt32LE(numberOf(inode), end)
    block.writeUInt16LE(recordBytes, end + 4)
    block.writeUInt8(name.length, end + 6)
    block.writeUInt8(folderTypeOf(inode.entry), end + 7)
    block.set(bytesOfByteString(name), end + headBytes)
    last = end
    end += recordBytes
  }
  block.writeUInt16LE(blockBytes - last, last + 4)
  return [...blocks, block]
}
