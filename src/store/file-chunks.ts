import { read } from 'node:fs'
import { promisify } from 'node:util'

const readFrom = promisify(read)

/** A FileHandle is one. */
export interface ChunkReader {
  read(buffer: Buffer, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>
}

/** Of a file that was opened by its number. */
export function readerOf(descriptor: number): ChunkReader {
  return { read: (buffer, offset, length, position) => readFrom(descriptor, buffer, offset, length, position) }
}

/** Large enough that hashing, not system calls, is what takes the time. */
export const chunkBytes = 256 * 1024

/**
 * The bytes of a part of a file, in order; each chunk is a buffer of its own. Ends early where the file does.
 * Errors are the file system's own.
 */
export async function* readChunks(
  file: ChunkReader,
  range: { readonly offset: number; readonly length: number },
  largestBytes = chunkBytes,
): AsyncGenerator<Uint8Array> {
  for (let done = 0; done < range.length; ) {
    const buffer = Buffer.allocUnsafeSlow(Math.min(largestBytes, range.length - done))
    const { bytesRead } = await file.read(buffer, 0, buffer.length, range.offset + done)
    if (bytesRead === 0) return
    done += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}
