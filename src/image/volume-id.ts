import { createHash } from 'node:crypto'

/**
 * A UUID that is a function of the tree and of what it is for: version 8 (RFC 9562), the first bits of a sha256.
 *
 * @returns 16 bytes
 */
export function uuidOf(treeDigest: string, purpose: string): Uint8Array {
  const bytes = createHash('sha256').update(`aptroot ${purpose}\n${treeDigest}\n`).digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return bytes
}
