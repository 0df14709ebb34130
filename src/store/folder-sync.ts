import { closeSync, fsync, openSync } from 'node:fs'
import { promisify } from 'node:util'
import { errnoOf } from './store-fault.ts'

const bringToDisk = promisify(fsync)

/** Who waits for the next round, by folder; made when the first one comes. */
let next: { readonly folders: Set<string>; readonly done: Promise<ReadonlyMap<string, Promise<void>>> } | undefined
let running: Promise<unknown> = Promise.resolve()

/**
 * Brings the names in a folder to the disk. Whoever comes while a round of syncs goes on waits for the next one, together with
 * all others: a journalling file system writes one record for a round, whatever the number of its folders, where a sync after each
 * of 300 debs made it write 300.
 */
export async function syncFolder(path: string): Promise<void> {
  next ??= nextRound()
  next.folders.add(path)
  await (await next.done).get(path)
}

function nextRound() {
  const folders = new Set<string>()
  const done = running.then(() => {
    next = undefined
    const syncs = new Map([...folders].map(folder => [folder, syncNow(folder)]))
    running = Promise.allSettled(syncs.values())
    return syncs
  })
  return { folders, done }
}

async function syncNow(path: string): Promise<void> {
  const descriptor = openSync(path, 'r')
  try {
    await bringToDisk(descriptor)
  } catch (error) {
    // Some network file systems cannot sync a folder; there is nothing better to do on them.
    const code = errnoOf(error)
    if (code !== 'EINVAL' && code !== 'ENOTSUP' && code !== 'EBADF') throw error
  } finally {
    closeSync(descriptor)
  }
}
