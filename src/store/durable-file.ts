import { randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { StoreLayout } from './layout.ts'
import { errnoOf, onDisk } from './store-fault.ts'

/** A file of ours that nobody else can name: written here, renamed to its place when it is whole. */
export interface TemporaryFile {
  readonly path: string
  readonly handle: FileHandle
}

export async function createTemporary(layout: StoreLayout): Promise<TemporaryFile> {
  const path = temporaryPath(layout)
  // Read-only from the start: the mode binds those who open it later, not the handle that made it.
  const create = () => open(path, 'wx+', 0o444)
  const handle = await onDisk(path, async () => {
    try {
      return await create()
    } catch (error) {
      // The folders appear with the first write, so that looking into an absent store creates nothing.
      if (errnoOf(error) !== 'ENOENT') throw error
      await mkdir(layout.temporaries, { recursive: true })
      return await create()
    }
  })
  return { path, handle }
}

/** 128 random bits: two processes never meet, so none has to hold a lock. */
export function temporaryPath(layout: StoreLayout): string {
  return join(layout.temporaries, randomBytes(16).toString('hex'))
}

/**
 * Moves a complete file to its place so that a crash at any moment leaves either nothing or all of it there:
 * contents reach the disk before the name does, and the name before this returns. A file that is already there is
 * replaced in one step.
 */
export async function publish({ path, handle }: TemporaryFile, target: string): Promise<void> {
  await onDisk(target, async () => {
    await handle.sync()
    await handle.close()
    const parent = dirname(target)
    try {
      await rename(path, target)
      await syncFolder(parent)
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error
      const created = await mkdir(parent, { recursive: true })
      await rename(path, target)
      await syncFolder(parent)
      if (created !== undefined) await syncFoldersBetween(created, parent)
    }
  })
}

/** Closes and removes; never throws, so that it cannot hide the error that led here. */
export async function discard({ path, handle }: TemporaryFile): Promise<void> {
  await handle.close().catch(() => undefined)
  await rm(path, { force: true }).catch(() => undefined)
}

/** New folders are entries of their parents, which need a sync of their own, up to the parent of the first new one. */
async function syncFoldersBetween(firstCreated: string, last: string): Promise<void> {
  for (let folder = last; folder.length >= firstCreated.length; folder = dirname(folder))
    await syncFolder(dirname(folder))
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } catch (error) {
    // Some network file systems cannot sync a folder; there is nothing better to do on them.
    const code = errnoOf(error)
    if (code !== 'EINVAL' && code !== 'ENOTSUP' && code !== 'EBADF') throw error
  } finally {
    await handle.close()
  }
}
