import { createHash } from 'node:crypto'
import { type Stats, statSync } from 'node:fs'
import { type FileHandle, open, rm, stat } from 'node:fs/promises'
import { Fault } from '../kernel/index.ts'
import { chunkBytes, readChunks } from './file-chunks.ts'
import { type BlobIdentity, blobPath, type StoreLayout } from './layout.ts'
import { isForbidden, onDisk, onDiskIfPresent, storeFault } from './store-fault.ts'

export interface FileDigest {
  readonly sha256: string
  readonly sizeBytes: number
}

/** Whether a file of the right length is there; its bytes are not read. */
export function hasBlob(layout: StoreLayout, blob: BlobIdentity): boolean {
  return lengthOf(layout, blobPath(layout, blob.sha256)) === blob.sizeBytes
}

/** At once: a thread's turn takes a hundred times as long, and whoever fetches 300 debs asks 600 times. */
function lengthOf(layout: StoreLayout, path: string): number | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false })
    return found?.isFile() === true ? found.size : undefined
  } catch (error) {
    throw storeFault(error, path, layout.use)
  }
}

/** Reads the whole blob and compares, unless its length differs already; one that differs is removed, since it can only mislead (in a layer it is left). */
export async function checkBlob(layout: StoreLayout, blob: BlobIdentity): Promise<'sound' | 'absent' | 'corrupt'> {
  const path = blobPath(layout, blob.sha256)
  if (lengthOf(layout, path) === undefined) return 'absent'
  const handle = await onDiskIfPresent(path, () => open(path, 'r'), layout.use)
  if (handle === undefined) return 'absent'
  try {
    const { size } = await onDisk(path, () => handle.stat())
    const found = size === blob.sizeBytes ? await onDisk(path, () => digestOf(handle)) : undefined
    if (found?.sha256 === blob.sha256 && found.sizeBytes === blob.sizeBytes) return 'sound'
    await removeSame(path, handle, layout)
    return 'corrupt'
  } finally {
    await handle.close()
  }
}

/**
 * The bytes of a blob. The digest is compared when the last byte was read: until the iteration ends without a fault,
 * what was yielded is not to be believed.
 *
 * @throws {Fault} `STORE_CORRUPT` when absent, or when the bytes differ from the name (the file is removed then)
 */
export async function* streamBlob(
  layout: StoreLayout,
  blob: BlobIdentity,
  largestBytes?: number,
): AsyncGenerator<Uint8Array> {
  const path = blobPath(layout, blob.sha256)
  const handle = await onDiskIfPresent(path, () => open(path, 'r'), layout.use)
  if (handle === undefined) throw corruptFault(path, 'is not there any more', layout)
  try {
    const { size } = await onDisk(path, () => handle.stat())
    if (size !== blob.sizeBytes) {
      await removeSame(path, handle, layout)
      throw corruptFault(path, `has ${size} bytes, but ${blob.sizeBytes} belong there`, layout)
    }
    const hash = createHash('sha256')
    for await (const chunk of readChunks(handle, { offset: 0, length: size }, largestBytes)) {
      hash.update(chunk)
      yield chunk
    }
    const found = hash.digest('hex')
    if (found === blob.sha256) return
    await removeSame(path, handle, layout)
    throw corruptFault(path, `has sha256 ${found}`, layout)
  } finally {
    await handle.close()
  }
}

/** Reads into one buffer: with one for each chunk, collecting garbage took longer than hashing 249 MB. */
export async function digestOf(handle: FileHandle): Promise<FileDigest> {
  const hash = createHash('sha256')
  const { size } = await handle.stat()
  const buffer = Buffer.allocUnsafeSlow(Math.max(1, Math.min(chunkBytes, size)))
  for (let sizeBytes = 0; ; ) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, sizeBytes)
    if (bytesRead === 0) return { sha256: hash.digest('hex'), sizeBytes }
    hash.update(buffer.subarray(0, bytesRead))
    sizeBytes += bytesRead
  }
}

/**
 * Removes a file unless another process has replaced it since it was opened.
 *
 * @returns `left` in a layer, and where this user may not write
 */
export async function removeSame(
  path: string,
  handle: { stat(): Promise<Pick<Stats, 'ino' | 'dev'>> },
  { use }: StoreLayout,
): Promise<'removed' | 'left'> {
  if (use === 'layer') return 'left'
  try {
    const [opened, current] = await Promise.all([handle.stat(), stat(path).catch(() => undefined)])
    if (current?.ino === opened.ino && current.dev === opened.dev) await rm(path, { force: true })
    return 'removed'
  } catch (error) {
    if (isForbidden(error)) return 'left'
    throw storeFault(error, path)
  }
}

export function corruptFault(path: string, why: string, { use }: StoreLayout): Fault {
  return new Fault('STORE_CORRUPT', {
    message: `${path} in the store ${why}`,
    hint:
      use === 'own'
        ? 'Run the command again: what is damaged is removed and made anew. `aptroot store verify` checks the rest.'
        : 'Have its owner run `aptroot store verify --store DIR` there, or leave that store out of `store-layers`.',
    context: { path },
  })
}
