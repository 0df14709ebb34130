import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Fault } from '../kernel/index.ts'

const chunkBytes = 256 * 1024

/**
 * Opens what a `file:` URL names. Absent files get the fault of a server that has none, so that callers need one rule.
 *
 * @throws {Fault} `NETWORK_STATUS` with `status` 404 when absent; `NETWORK_UNREACHABLE` when it cannot be read or is no plain file
 */
export async function openLocalFile(url: URL): Promise<{ readonly handle: FileHandle; readonly sizeBytes: number }> {
  return openPlainFile(localPath(url), url.href)
}

/** As `openLocalFile`, for a path; `shown` is what messages call it. */
export async function openPlainFile(
  path: string,
  shown: string,
): Promise<{ readonly handle: FileHandle; readonly sizeBytes: number }> {
  const handle = await openWithoutWaiting(path, shown)
  const facts = await handle.stat()
  if (facts.isFile()) return { handle, sizeBytes: facts.size }
  await handle.close()
  throw unreachableFile(shown, 'is no plain file')
}

/** The file's bytes to its end. Closes the handle, however it ends. `shown` is what messages call the file. */
export async function* fileBytes(handle: FileHandle, shown: string): AsyncGenerator<Uint8Array> {
  try {
    for (let position = 0; ; ) {
      const buffer = Buffer.allocUnsafeSlow(chunkBytes)
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, position).catch(error => {
        throw unreachableFile(shown, `cannot be read: ${errnoOf(error)}`)
      })
      if (bytesRead === 0) return
      position += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await handle.close()
  }
}

/** A named pipe must not hold us: O_NONBLOCK opens it at once, and its type is looked at afterwards. */
async function openWithoutWaiting(path: string, shown: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'ENOENT' || errno === 'ENOTDIR')
      throw new Fault('NETWORK_STATUS', {
        message: `${shown} does not exist`,
        hint: 'Check the path of the archive, or name another mirror with `--mirror ID=URI`.',
        context: { url: shown, status: 404 },
        cause: error,
      })
    throw unreachableFile(shown, `cannot be read: ${errno}`)
  }
}

function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
}

function localPath(url: URL): string {
  try {
    return fileURLToPath(url)
  } catch {
    throw unreachableFile(url.href, 'names no path')
  }
}

function unreachableFile(shown: string, why: string): Fault {
  return new Fault('NETWORK_UNREACHABLE', {
    message: `${shown} ${why}`,
    hint: 'Check the path of the archive and its permissions.',
    context: { url: shown, errno: 'ENOTFOUND' },
  })
}
