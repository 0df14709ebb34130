import { randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { syncFolder } from './folder-sync.ts'
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
    await syncFolders(target, await renameIntoPlace(path, target))
  })
}

/** Closes and removes; never throws, so that it cannot hide the error that led here. */
export async function discard({ path, handle }: TemporaryFile): Promise<void> {
  await handle.close().catch(() => undefined)
  await rm(path, { force: true }).catch(() => undefined)
}

/** @returns the first folder that had to be made */
async function renameIntoPlace(path: string, target: string): Promise<string | undefined> {
  try {
    await rename(path, target)
    return undefined
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
    const created = await mkdir(dirname(target), { recursive: true })
    await rename(path, target)
    return created
  }
}

/** New folders are entries of their parents, which need a sync of their own, up to the parent of the first new one. */
async function syncFolders(target: string, firstCreated: string | undefined): Promise<void> {
  const folders = [dirname(target)]
  if (firstCreated !== undefined)
    for (let folder = dirname(target); folder.length >= firstCreated.length; folder = dirname(folder))
      folders.push(dirname(folder))
  await Promise.all(folders.map(syncFolder))
}
