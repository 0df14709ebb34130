import { resolve } from 'node:path'
import type { Session } from '../kernel/index.ts'
import type { PruneResult, StoreVerification } from '../store/index.ts'
import type { World } from './world.ts'

/** Reads the whole store; what does not match its name is removed and named in the answer. */
export async function verifyStore(
  request: { readonly storeFolder: string },
  session: Session,
  world: Pick<World, 'clock'>,
): Promise<StoreVerification> {
  const store = await openStore(request.storeFolder, world)
  const { journal } = session
  journal.emit({ kind: 'traced', stage: 'store', message: `reading ${request.storeFolder}` })
  journal.emit({ kind: 'started', stage: 'store', name: 'verify' })
  const verification = await store.verify(session)
  journal.emit({ kind: 'finished', stage: 'store', name: 'verify' })
  return verification
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
