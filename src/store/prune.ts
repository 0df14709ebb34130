import { lstat, rm } from 'node:fs/promises'
import { type Session, unreachable } from '../kernel/index.ts'
import { type ObjectName, objectDigest, type StoreLayout } from './layout.ts'
import { onDisk, onDiskIfPresent } from './store-fault.ts'
import { walkStore } from './walk.ts'

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

/** Removes what is out of use. A process that loses a file it has open goes on reading it; others make it anew. */
export async function pruneLayout(layout: StoreLayout, request: PruneRequest, session: Session): Promise<PruneResult> {
  const keptBlobs = new Set(request.keep?.blobs ?? [])
  const keptObjects = new Set([...(request.keep?.objects ?? [])].map(objectDigest))
  const result = { removedFiles: 0, freedBytes: 0, keptFiles: 0, keptBytes: 0 }
  for await (const file of walkStore(layout)) {
    session.signal.throwIfAborted()
    const facts = await onDiskIfPresent(file.path, () => lstat(file.path))
    if (facts === undefined) continue
    const unusedMilliseconds = request.now.getTime() - facts.mtimeMs
    const isKept = () => {
      switch (file.kind) {
        case 'blob':
          return keptBlobs.has(file.sha256) || unusedMilliseconds < request.unusedForMilliseconds
        case 'object':
          return keptObjects.has(file.digest) || unusedMilliseconds < request.unusedForMilliseconds
        case 'partial':
        case 'temporary':
          return unusedMilliseconds < abandonedAfterMilliseconds
        case 'foreign':
          return true
        default:
          return unreachable(file)
      }
    }
    if (isKept()) {
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
