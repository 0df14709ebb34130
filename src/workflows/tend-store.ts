import { resolve } from 'node:path'
import type { Session } from '../kernel/index.ts'
import type { PruneResult, RemovedFile, StoreVerification } from '../store/index.ts'
import { type Repair, readPinned, refetch } from './repair-store.ts'
import type { World } from './world.ts'

export interface VerifyStoreRequest {
  readonly storeFolder: string
  /** What is done about a deb that was damaged, beyond removing it. */
  readonly repair: Repair | { readonly kind: 'none' }
}

export interface DamagedFile extends RemovedFile {
  /** `refetched`: a lock pins these bytes, and they are in the store again. */
  readonly outcome: 'removed' | 'refetched'
}

export interface VerifiedStore extends Omit<StoreVerification, 'removed'> {
  readonly damaged: readonly DamagedFile[]
}

/**
 * Reads the whole store. What does not match its name is removed, and fetched again where a lock pins it.
 *
 * @throws {Fault} `MANIFEST_MISSING`, `LOCK_MISSING` and others when a manifest or lock that the request names cannot be read:
 *   before anything is removed
 */
export async function verifyStore(request: VerifyStoreRequest, session: Session, world: World): Promise<VerifiedStore> {
  const { repair, storeFolder } = request
  const store = await openStore(storeFolder, world)
  const pinned = repair.kind === 'none' ? undefined : await readPinned(repair, session, world)
  const { journal } = session
  journal.emit({ kind: 'traced', stage: 'store', message: `reading ${storeFolder}` })
  journal.emit({ kind: 'started', stage: 'store', name: 'verify' })
  const { removed, ...found } = await store.verify(session)
  journal.emit({ kind: 'finished', stage: 'store', name: 'verify' })
  const lost = new Set(removed.flatMap(({ sha256 }) => sha256 ?? []))
  const refetched = pinned === undefined ? undefined : await refetch(lost, pinned, session, world)
  const outcomeOf = ({ sha256 }: RemovedFile) =>
    sha256 !== undefined && refetched?.has(sha256) === true ? 'refetched' : 'removed'
  return { ...found, damaged: removed.map(each => ({ ...each, outcome: outcomeOf(each) })) }
}

export interface PruneStoreRequest {
  readonly storeFolder: string
  readonly unusedForMilliseconds: number
  /** undefined: however large it is. */
  readonly maximumBytes: number | undefined
  /** Paths of lockfiles whose debs stay whatever their age. */
  readonly keptLocks: readonly string[]
}

/**
 * Removes what nobody used for the given time.
 *
 * @throws {Fault} `LOCK_MISSING` and others when a lockfile to be kept cannot be read: then nothing is removed
 */
export async function pruneStore(
  request: PruneStoreRequest,
  session: Session,
  world: Pick<World, 'clock' | 'workingFolder'>,
): Promise<PruneResult> {
  const blobs: string[] = []
  for (const lockName of request.keptLocks) {
    const { readProjectLock } = await import('./read-project.ts')
    const { lock } = await readProjectLock({ lockName, lockPath: resolve(world.workingFolder, lockName) })
    for (const deb of lock.debs) blobs.push(deb.sha256)
  }
  const store = await openStore(request.storeFolder, world)
  const { unusedForMilliseconds, maximumBytes } = request
  const budget = maximumBytes === undefined ? {} : { maximumBytes }
  return store.prune({ now: world.clock.now(), unusedForMilliseconds, ...budget, keep: { blobs } }, session)
}

async function openStore(folder: string, world: Pick<World, 'clock'>) {
  const { Store } = await import('../store/index.ts')
  return new Store({ folder, clock: world.clock })
}
