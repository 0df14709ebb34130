import { randomBytes } from 'node:crypto'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Session } from '../kernel/index.ts'
import { makeFolder } from '../store/index.ts'
import { type OutputTarget, outputFault } from './output-fault.ts'

/** A name beside a path that nobody uses: what is written there can be renamed to the path in one step. */
export function temporaryBeside(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`)
}

/**
 * Writes a file in one step: it appears under its name when it is whole and on the disk, and replaces what was there; until then,
 * and after any fault or interruption, that is untouched.
 *
 * @returns the number of bytes
 * @throws {Fault} `OUTPUT_UNWRITABLE`, `DISK_FULL`, and whatever the source throws
 */
export async function replaceFile(
  target: OutputTarget,
  source: AsyncIterable<Uint8Array>,
  session: Session,
): Promise<number> {
  return await replaceFileBy(
    target,
    async temporary => {
      await writeSyncedFile(temporary, source)
    },
    session,
  )
}

/** As `replaceFile`, for those who make the file under its temporary name themselves. */
export async function replaceFileBy(
  target: OutputTarget,
  make: (temporary: string) => Promise<void>,
  session: Session,
): Promise<number> {
  const temporary = temporaryBeside(target.path)
  try {
    makeFolder(dirname(target.path))
    await make(temporary)
    const sizeBytes = await syncFile(temporary)
    session.signal.throwIfAborted()
    await rename(temporary, target.path)
    return sizeBytes
  } catch (error) {
    throw outputFault(error, target)
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined)
  }
}

/** A new file. @param onWritten hears how many bytes are there. @returns the number of bytes */
export async function writeSyncedFile(
  path: string,
  source: AsyncIterable<Uint8Array>,
  onWritten: (sizeBytes: number) => void = () => undefined,
): Promise<number> {
  const handle = await open(path, 'wx', 0o666)
  try {
    let written = 0
    let writing = Promise.resolve(0)
    try {
      for await (const bytes of source) {
        written += await writing
        if (written > 0) onWritten(written)
        // The next piece is made meanwhile.
        writing = writeAll(handle, bytes)
        writing.catch(() => undefined)
      }
    } finally {
      written += await writing
    }
    await handle.sync()
    return written
  } finally {
    await handle.close()
  }
}

/** Yielded by who makes an image of a disk, in the length that is wanted, for a part that holds nothing. */
export interface Hole {
  readonly holeBytes: number
}

/** A new file with holes, which take no room on a disk that knows them. @returns the number of bytes, holes included */
export async function writeSyncedSparseFile(path: string, source: AsyncIterable<Uint8Array | Hole>): Promise<number> {
  const handle = await open(path, 'wx', 0o666)
  try {
    let position = 0
    for await (const piece of source) {
      if (piece instanceof Uint8Array)
        for (let done = 0; done < piece.length; )
          done += (await handle.write(piece, done, piece.length - done, position + done)).bytesWritten
      position += piece instanceof Uint8Array ? piece.length : piece.holeBytes
    }
    await handle.truncate(position)
    await handle.sync()
    return position
  } finally {
    await handle.close()
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<number> {
  for (let done = 0; done < bytes.length; ) done += (await handle.write(bytes, done)).bytesWritten
  return bytes.length
}

async function syncFile(path: string): Promise<number> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
    return (await handle.stat()).size
  } finally {
    await handle.close()
  }
}
