import { compareBytes, type Session } from '../kernel/index.ts'
import type { DamagedFile, FolderVerification, PruneResult } from '../store/index.ts'
import { type Repair, readPinned, refetch } from './repair-store.ts'
import type { World } from './world.ts'

export interface VerifyStoreRequest {
  readonly storeFolder: string
  readonly storeLayers: readonly string[]
  /** What is done about a deb that was damaged, beyond removing it. */
  readonly repair: Repair | { readonly kind: 'none' }
}

/**
 * `refetched`: a lock pins these bytes, and they are in the store again. `left`: it lies in a layer, or where this user may not write.
 */
export type DamageOutcome = 'removed' | 'refetched' | 'left'

export interface VerifiedFolder extends Omit<FolderVerification, 'removed' | 'left'> {
  readonly damaged: readonly (DamagedFile & { readonly outcome: DamageOutcome })[]
}

export interface VerifiedStore extends VerifiedFolder {
  readonly layers: readonly (VerifiedFolder & { readonly folder: string })[]
}

/**
 * Reads the whole store. What does not match its name is removed, and fetched again where a lock pins it.
 *
 * @throws {Fault} `MANIFEST_MISSING`, `LOCK_MISSING` and others when a manifest or lock that the request names cannot be read:
 *   before anything is removed
 */
export async function verifyStore(request: VerifyStoreRequest, session: Session, world: World): Promise<VerifiedStore> {
  const { repair, storeFolder, storeLayers } = request
  const store = await openStore(storeFolder, world, storeLayers)
  const pinned = repair.kind === 'none' ? undefined : await readPinned(repair, session, world)
  const { journal } = session
  journal.emit({ kind: 'traced', stage: 'store', message: `reading ${storeFolder}` })
  journal.emit({ kind: 'started', stage: 'store', name: 'verify' })
  const found = await store.verify(session)
  journal.emit({ kind: 'finished', stage: 'store', name: 'verify' })
  const lost = new Set(found.removed.flatMap(({ sha256 }) => sha256 ?? []))
  const refetched = pinned === undefined ? undefined : await refetch(lost, pinned, session, world)
  return {
    ...outcomesOf(found, refetched),
    layers: found.layers.map(({ folder, ...layer }) => ({ folder, ...outcomesOf(layer, undefined) })),
  }
}

function outcomesOf(found: FolderVerification, refetched: ReadonlySet<string> | undefined): VerifiedFolder {
  const { blobs, objects, sizeBytes, removed, left, foreign } = found
  const outcomeOf = ({ sha256 }: DamagedFile): DamageOutcome =>
    sha256 !== undefined && refetched?.has(sha256) === true ? 'refetched' : 'removed'
  const damaged = [
    ...removed.map(each => ({ ...each, outcome: outcomeOf(each) })),
    ...left.map(each => ({ ...each, outcome: 'left' as const })),
  ]
  return { blobs, objects, sizeBytes, foreign, damaged: damaged.sort((a, b) => compareBytes(a.path, b.path)) }
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
  const { digestsOfLocks } = await import('./kept-digests.ts')
  const blobs = [...(await digestsOfLocks(request.keptLocks, world))]
  const store = await openStore(request.storeFolder, world)
  const { unusedForMilliseconds, maximumBytes } = request
  const budget = maximumBytes === undefined ? {} : { maximumBytes }
  return store.prune({ now: world.clock.now(), unusedForMilliseconds, ...budget, keep: { blobs } }, session)
}

async function openStore(folder: string, world: Pick<World, 'clock'>, layers: readonly string[] = []) {
  const { Store } = await import('../store/index.ts')
  return new Store({ folder, layers, clock: world.clock })
}
