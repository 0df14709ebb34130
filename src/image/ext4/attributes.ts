import { bytesOfByteString } from '../../codec/index.ts'
import type { NumberedAttribute } from '../attribute-name.ts'
import { blockBytes } from './geometry.ts'

const attributeMagic = 0xea020000
const recordBytes = 16
/** Of an inode of 256 bytes what is left behind its fields (160) and the magic number. */
const roomInInode = 256 - 160 - 4
const roomInBlock = blockBytes - 32
/** Four zero bytes end the list of records. */
const endBytes = 4

export type AttributePlace = 'none' | 'inode' | 'block' | 'nowhere'

export function placeOfAttributes(attributes: readonly NumberedAttribute[]): AttributePlace {
  if (attributes.length === 0) return 'none'
  const neededBytes = attributes.reduce(
    (sum, { suffix, value }) => sum + recordBytes + roundUp(suffix.length) + roundUp(value.length),
    endBytes,
  )
  if (neededBytes <= roomInInode) return 'inode'
  return neededBytes <= roomInBlock ? 'block' : 'nowhere'
}

/** What follows the fields of an inode. Values are counted from the first record, which follows the magic number. */
export function attributesInInode(attributes: readonly NumberedAttribute[]): Uint8Array {
  const bytes = Buffer.alloc(4 + roomInInode)
  bytes.writeUInt32LE(attributeMagic, 0)
  writeRecords(bytes.subarray(4), attributes, { first: 0, hashes: 'zero' })
  return bytes
}

/** A block of attributes that one inode has for itself. Values are counted from the start of the block. */
export function attributesInBlock(attributes: readonly NumberedAttribute[]): Uint8Array {
  const bytes = Buffer.alloc(blockBytes)
  bytes.writeUInt32LE(attributeMagic, 0)
  bytes.writeUInt32LE(1, 4)
  bytes.writeUInt32LE(1, 8)
  const hashes = writeRecords(bytes, attributes, { first: 32, hashes: 'written' })
  bytes.writeUInt32LE(
    hashes.reduce((hash, each) => (((hash << 16) | (hash >>> 16)) ^ each) >>> 0, 0),
    12,
  )
  return bytes
}

function writeRecords(
  bytes: Buffer,
  attributes: readonly NumberedAttribute[],
  how: { readonly first: number; readonly hashes: 'written' | 'zero' },
): readonly number[] {
  let record = how.first
  let end = bytes.length
  return attributes.map(({ prefixIndex, suffix, value }) => {
    end -= roundUp(value.length)
    bytes.set(value, end)
    const hash = hashOf(suffix, bytes.subarray(end, end + roundUp(value.length)))
    bytes.writeUInt8(suffix.length, record)
    bytes.writeUInt8(prefixIndex, record + 1)
    bytes.writeUInt16LE(value.length === 0 ? 0 : end, record + 2)
    bytes.writeUInt32LE(value.length, record + 8)
    bytes.writeUInt32LE(how.hashes === 'written' ? hash : 0, record + 12)
    bytes.set(bytesOfByteString(suffix), record + recordBytes)
    record += recordBytes + roundUp(suffix.length)
    return hash
  })
}

/** `ext4_xattr_hash_entry`. */
function hashOf(suffix: string, paddedValue: Buffer): number {
  let hash = 0
  for (const byte of bytesOfByteString(suffix)) hash = ((hash << 5) ^ (hash >>> 27) ^ byte) >>> 0
  for (let at = 0; at < paddedValue.length; at += 4)
    hash = ((hash << 16) ^ (hash >>> 16) ^ paddedValue.readUInt32LE(at)) >>> 0
  return hash
}

function roundUp(sizeBytes: number): number {
  return Math.ceil(sizeBytes / 4) * 4
}
