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

/** Removes what nobody used for the given time. */
export async function pruneStore(
  request: { readonly storeFolder: string; readonly unusedForMilliseconds: number },
  session: Session,
  world: Pick<World, 'clock'>,
): Promise<PruneResult> {
  const store = await openStore(request.storeFolder, world)
  const { unusedForMilliseconds } = request
  return store.prune({ now: world.clock.now(), unusedForMilliseconds }, session)
}

async function openStore(folder: string, world: Pick<World, 'clock'>) {
  const { Store } = await import('../store/index.ts')
  return new Store({ folder, clock: world.clock })
}
