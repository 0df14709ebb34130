import { lstat, rm } from 'node:fs/promises'
import { type Session, unreachable } from '../kernel/index.ts'
import { type ObjectName, objectDigest, type StoreLayout, useNotedEveryMilliseconds } from './layout.ts'
import { findPresence } from './presence.ts'
import { onDisk, onDiskIfPresent } from './store-fault.ts'
import { presencesOf, type StoreFile, walkStore } from './walk.ts'

export interface PruneRequest {
  readonly now: Date
  /** What nobody used for this long goes; 0 takes everything that `keep` does not name. */
  readonly unusedForMilliseconds: number
  /** What stays whatever its age: what the locks at hand still name. */
  readonly keep?: {
    readonly blobs?: Iterable<string>
    readonly objects?: Iterable<ObjectName>
  }
}

export interface PruneResult {
  readonly removedFiles: number
  readonly freedBytes: number
  readonly keptFiles: number
  readonly keptBytes: number
}

/**
 * A temporary file that was not written to for a day has lost its writer. Younger ones stay, whatever the request:
 * they belong to a running process, or cost little.
 */
const abandonedAfterMilliseconds = 24 * 60 * 60 * 1000

/**
 * Removes what is out of use, and never what another running process may have used: whatever was used since the oldest of them
 * began stays. A process that loses a file it has open goes on reading it; others make it anew.
 */
export async function pruneLayout(layout: StoreLayout, request: PruneRequest, session: Session): Promise<PruneResult> {
  const keptBlobs = new Set(request.keep?.blobs ?? [])
  const keptObjects = new Set([...(request.keep?.objects ?? [])].map(objectDigest))
  const inUseSince = await oldestUse(layout, request.now)
  const result = { removedFiles: 0, freedBytes: 0, keptFiles: 0, keptBytes: 0 }
  for await (const file of walkStore(layout)) {
    session.signal.throwIfAborted()
    const facts = await onDiskIfPresent(file.path, () => lstat(file.path))
    if (facts === undefined) continue
    const unusedMilliseconds = request.now.getTime() - facts.mtimeMs
    const isUsed = unusedMilliseconds < request.unusedForMilliseconds || facts.mtimeMs >= inUseSince
    const isKept = async () => {
      switch (file.kind) {
        case 'blob':
          return isUsed || keptBlobs.has(file.sha256)
        case 'object':
          return isUsed || keptObjects.has(file.digest)
        case 'partial':
        case 'temporary':
          return unusedMilliseconds < abandonedAfterMilliseconds
        case 'presence':
          return !(await isDead(file, request.now))
        case 'foreign':
          return true
        default:
          return unreachable(file)
      }
    }
    if (await isKept()) {
      // Who works here is no contents.
      if (file.kind === 'presence') continue
      result.keptFiles++
      result.keptBytes += facts.size
    } else {
      await onDisk(file.path, () => rm(file.path, { force: true }))
      result.removedFiles++
      result.freedBytes += facts.size
    }
  }
  return result
}

/** Milliseconds of the clock; what was used from then on may be in use. */
async function oldestUse(layout: StoreLayout, now: Date): Promise<number> {
  let oldest = Number.POSITIVE_INFINITY
  for await (const { path } of presencesOf(layout)) {
    const found = await findPresence(path, now)
    // Our own process knows what it prunes.
    if (found?.life === 'alive') oldest = Math.min(oldest, found.since.getTime() - useNotedEveryMilliseconds)
  }
  return oldest
}

async function isDead({ path }: StoreFile, now: Date): Promise<boolean> {
  return (await findPresence(path, now))?.life === 'dead'
}
