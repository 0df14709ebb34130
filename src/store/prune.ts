import { lstat, rm } from 'node:fs/promises'
import { compareBytes, type Session, unreachable } from '../kernel/index.ts'
import { type ObjectName, objectDigest, type StoreLayout, useNotedEveryMilliseconds } from './layout.ts'
import { findPresence } from './presence.ts'
import { onDisk, onDiskIfPresent } from './store-fault.ts'
import { presencesOf, type StoreFile, walkStore } from './walk.ts'

export interface PruneRequest {
  readonly now: Date
  /** What nobody used for this long goes; 0 takes everything that `keep` does not name. */
  readonly unusedForMilliseconds: number
  /** What was unused for longest goes until no more than this is left; what must stay stays all the same. */
  readonly maximumBytes?: number
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
  const result = new Pruning()
  for await (const file of walkStore(layout)) {
    session.signal.throwIfAborted()
    const facts = await onDiskIfPresent(file.path, () => lstat(file.path))
    if (facts === undefined) continue
    const unusedMilliseconds = request.now.getTime() - facts.mtimeMs
    const byAge = unusedMilliseconds < request.unusedForMilliseconds ? 'while-young' : 'not'
    const judge = async (): Promise<'must' | 'while-young' | 'not'> => {
      switch (file.kind) {
        case 'blob':
          return facts.mtimeMs >= inUseSince || keptBlobs.has(file.sha256) ? 'must' : byAge
        case 'object':
          return facts.mtimeMs >= inUseSince || keptObjects.has(file.digest) ? 'must' : byAge
        case 'partial':
        case 'temporary':
          return unusedMilliseconds < abandonedAfterMilliseconds ? 'must' : 'not'
        case 'presence':
          return (await isDead(file, request.now)) ? 'not' : 'must'
        case 'foreign':
          return 'must'
        default:
          return unreachable(file)
      }
    }
    const aged = { path: file.path, sizeBytes: facts.size, usedMilliseconds: facts.mtimeMs }
    const stays = await judge()
    if (stays === 'not') await result.remove(aged)
    else if (stays === 'while-young') result.keepWhileYoung(aged)
    // Who works here is no contents.
    else if (file.kind !== 'presence') result.keep(aged)
  }
  await result.reduceTo(request.maximumBytes ?? Number.POSITIVE_INFINITY)
  return result.counts()
}

interface AgedFile {
  readonly path: string
  readonly sizeBytes: number
  readonly usedMilliseconds: number
}

/** What is removed and what stays, and which of the latter could go. */
class Pruning {
  readonly #young: AgedFile[] = []
  #removedFiles = 0
  #freedBytes = 0
  #keptFiles = 0
  #keptBytes = 0

  keep({ sizeBytes }: AgedFile): void {
    this.#keptFiles++
    this.#keptBytes += sizeBytes
  }

  keepWhileYoung(file: AgedFile): void {
    this.#young.push(file)
    this.keep(file)
  }

  async remove({ path, sizeBytes }: AgedFile): Promise<void> {
    await onDisk(path, () => rm(path, { force: true }))
    this.#removedFiles++
    this.#freedBytes += sizeBytes
  }

  /** Those that nobody used for longest go first. */
  async reduceTo(maximumBytes: number): Promise<void> {
    const oldestFirst = this.#young.sort(
      (left, right) => left.usedMilliseconds - right.usedMilliseconds || compareBytes(left.path, right.path),
    )
    for (const file of oldestFirst) {
      if (this.#keptBytes <= maximumBytes) return
      await this.remove(file)
      this.#keptFiles--
      this.#keptBytes -= file.sizeBytes
    }
  }

  counts(): PruneResult {
    return {
      removedFiles: this.#removedFiles,
      freedBytes: this.#freedBytes,
      keptFiles: this.#keptFiles,
      keptBytes: this.#keptBytes,
    }
  }
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
