import { createHash } from 'node:crypto'
import type { BlobIdentity } from '../../src/store/index.ts'

/** A blob that several processes can make and recognise by its number. */
export function numberedBlob(index: number): { readonly bytes: Uint8Array; readonly blob: BlobIdentity } {
  const bytes = Buffer.alloc(50_000 + index, `blob ${index} `)
  return { bytes, blob: { sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes: bytes.length } }
}
