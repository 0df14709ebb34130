import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fchmodSync,
  fsync,
  ftruncateSync,
  openSync,
  read,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { syncFolder } from './folder-sync.ts'
import type { StoreLayout } from './layout.ts'
import { makeFolder } from './make-folder.ts'
import { errnoOf, storeFault } from './store-fault.ts'

const bringToDisk = promisify(fsync)
const readInto = promisify(read)

/**
 * A file of ours that nobody else can name: written here, renamed to its place when it is whole.
 *
 * All but the sync is done at once, without a thread's turn. Opening, renaming and closing take some 20 microseconds each; six turns for a
 * deb, on a machine with other work, were two thirds of the time of fetching 354 debs from loopback.
 */
export class TemporaryFile {
  readonly path: string
  readonly #descriptor: number
  #isOpen = true

  private constructor(path: string, descriptor: number) {
    this.path = path
    this.#descriptor = descriptor
  }

  /** Makes one. The folders appear with the first write, so that looking into an absent store creates nothing. */
  static create(layout: StoreLayout): TemporaryFile {
    const path = temporaryPath(layout)
    // Read-only from the start: the mode binds those who open it later, not the descriptor that made it.
    const create = () => openSync(path, 'wx+', 0o444)
    return onDiskNow(path, () => {
      try {
        return new TemporaryFile(path, create())
      } catch (error) {
        if (errnoOf(error) !== 'ENOENT') throw error
        makeFolder(layout.temporaries)
        return new TemporaryFile(path, create())
      }
    })
  }

  /** Takes over a file that was renamed to a temporary name. A link is nobody's file of ours. */
  static open(path: string): TemporaryFile {
    return onDiskNow(path, () => {
      const file = new TemporaryFile(path, openSync(path, constants.O_RDWR | constants.O_NOFOLLOW))
      fchmodSync(file.#descriptor, 0o444)
      return file
    })
  }

  /** Into the page cache at once. */
  write(bytes: Uint8Array, position: number): void {
    onDiskNow(this.path, () => {
      for (let done = 0; done < bytes.length; )
        done += writeSync(this.#descriptor, bytes, done, bytes.length - done, position + done)
    })
  }

  truncate(): void {
    onDiskNow(this.path, () => ftruncateSync(this.#descriptor, 0))
  }

  /** As a FileHandle reads: what a chunk reader needs. */
  async read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesRead: number }> {
    return readInto(this.#descriptor, buffer, offset, length, position)
  }

  /**
   * Moves the complete file to its place so that a crash at any moment leaves either nothing or all of it there: contents
   * reach the disk before the name does, and the name before this returns. A file that is already there is replaced in one step.
   */
  async publish(target: string): Promise<void> {
    try {
      await bringToDisk(this.#descriptor)
      this.#close()
      const created = renameIntoPlace(this.path, target)
      await Promise.all([syncFolders(target, created), syncTop(dirname(dirname(this.path)))])
    } catch (error) {
      throw storeFault(error, target)
    }
  }

  /** Moves it aside without a sync: whoever takes it over hashes what is there. */
  abandonTo(target: string): void {
    onDiskNow(target, () => {
      fchmodSync(this.#descriptor, 0o644)
      this.#close()
      renameIntoPlace(this.path, target)
    })
  }

  /** Closes and removes; harmless after `publish`. Never throws, so that it cannot hide the error that led here. */
  discard(): void {
    try {
      this.#close()
    } catch {
      // The bytes are not wanted.
    }
    try {
      rmSync(this.path, { force: true })
    } catch {
      // `store prune` removes it when it is old.
    }
  }

  #close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    closeSync(this.#descriptor)
  }
}

/** 128 random bits: two processes never meet, so none has to hold a lock. */
export function temporaryPath(layout: Pick<StoreLayout, 'temporaries'>): string {
  return join(layout.temporaries, randomBytes(16).toString('hex'))
}

/** @returns the first folder that had to be made */
function renameIntoPlace(path: string, target: string): string | undefined {
  const folder = dirname(target)
  const isThere = statSync(folder, { throwIfNoEntry: false }) !== undefined
  const created = isThere ? undefined : makeFolder(folder)
  renameSync(path, target)
  return created
}

/** New folders are entries of their parents, which need a sync of their own, up to the parent of the first new one. */
async function syncFolders(target: string, firstCreated: string | undefined): Promise<void> {
  const folders = [dirname(target)]
  if (firstCreated !== undefined)
    for (let folder = dirname(target); folder.length >= firstCreated.length; folder = dirname(folder))
      folders.push(dirname(folder))
  await Promise.all(folders.map(syncFolder))
}

const syncedTops = new Map<string, Promise<unknown>>()

/**
 * The store's own folders: whoever came first made them, often to say that a process is there, and synced nothing. Once a process is enough,
 * and where a folder above may not be opened it is its owner's.
 */
async function syncTop(top: string): Promise<void> {
  const known = syncedTops.get(top)
  const syncing = known ?? Promise.allSettled([top, dirname(top), dirname(dirname(top))].map(syncFolder))
  syncedTops.set(top, syncing)
  await syncing
}

function onDiskNow<Result>(path: string, operation: () => Result): Result {
  try {
    return operation()
  } catch (error) {
    throw storeFault(error, path)
  }
}
