import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { FetchResult } from '../fetch/index.ts'
import type { Session } from '../kernel/index.ts'
import type { LockedDeb } from '../lockfile/index.ts'
import type { Manifest } from '../manifest/index.ts'
import type { UnpackWorkers } from '../rootfs/unpack-workers.ts'
import type { Store } from '../store/index.ts'
import { providerSettingsOf } from './archive-addresses.ts'
import type { Project } from './project.ts'
import { openSite, type Site } from './site.ts'
import type { World } from './world.ts'

export interface BringRequest {
  readonly project: Project
  readonly site: Site
  readonly manifest: Manifest
  readonly debs: readonly LockedDeb[]
  readonly store: Store
  /** `packs`: debs that are unpacked already need not be there; the others are unpacked as soon as they are. */
  readonly wanted: 'debs' | 'packs'
  /** Called before threads begin: they take memory, and whoever is to be started by a process without it starts now. */
  readonly beforeThreads?: () => void
}

/** A thread has its own decoder and buffers: with two of them the whole process had 244 MB while it unpacked 142 debs. */
const maximumThreads = 4
/** Threads for fewer debs take longer to begin than they save. */
const fewDebs = 4

export interface BroughtDebs {
  readonly fetched: FetchResult
  /** Threads that still take some of them apart; undefined: all wanted packs are there. The caller closes them. */
  readonly unpacking: UnpackWorkers | undefined
}

/** Fetches what the store lacks. @throws {Fault} as `fetchDebs` and `unpackDeb` */
export async function bringDebs(request: BringRequest, session: Session, world: World): Promise<BroughtDebs> {
  const { store, wanted } = request
  const debs = [...new Map(request.debs.map(deb => [deb.sha256, deb])).values()]
  const missing = wanted === 'debs' ? debs : await withoutPack(debs, store)
  const unpacked = debs.length - missing.length
  if (missing.length === 0)
    return { fetched: { reusedDebs: unpacked, fetchedDebs: 0, fetchedBytes: 0 }, unpacking: undefined }
  if (wanted === 'packs') planUnpacking(missing, session)
  const inThreads = wanted === 'packs' && missing.length > fewDebs
  if (inThreads) request.beforeThreads?.()
  const workers = inThreads ? await openWorkers(store, session, world) : undefined
  try {
    const fetched = await fetchMissing(request, { missing, arrived: deb => workers?.add(deb) }, session, world)
    return { fetched: { ...fetched, reusedDebs: fetched.reusedDebs + unpacked }, unpacking: workers }
  } catch (error) {
    await workers?.close()
    throw error
  }
}

/** Said before the first of them: debs are taken apart while others are still fetched. */
function planUnpacking(missing: readonly LockedDeb[], { journal }: Session): void {
  journal.emit({ kind: 'planned', stage: 'unpack', items: missing.length })
}

async function withoutPack(debs: readonly LockedDeb[], store: Store): Promise<readonly LockedDeb[]> {
  const { isUnpacked } = await import('../rootfs/unpack-deb.ts')
  const missing: LockedDeb[] = []
  for (const deb of debs) if (!(await isUnpacked(deb, store))) missing.push(deb)
  return missing
}

async function fetchMissing(
  { project, site, manifest, store }: BringRequest,
  what: { readonly missing: readonly LockedDeb[]; readonly arrived: (deb: LockedDeb) => void },
  session: Session,
  world: World,
): Promise<FetchResult> {
  const { transfer } = await openSite(site, world)
  const { fetchDebs } = await import('../fetch/index.ts')
  const providers = providerSettingsOf(manifest, { project, site })
  const { missing, arrived } = what
  return await fetchDebs(missing, { ...providers, store, transfer, mode: site.mode, arrived }, session)
}

/** Takes apart the debs of a store that are not unpacked yet. @throws {Fault} as `unpackDeb` */
export async function unpackInThreads(
  debs: readonly LockedDeb[],
  store: Store,
  session: Session,
  world: World,
): Promise<void> {
  const { isUnpacked } = await import('../rootfs/unpack-deb.ts')
  const missing: LockedDeb[] = []
  for (const deb of debs) if ((await store.has(deb)) && !(await isUnpacked(deb, store))) missing.push(deb)
  if (missing.length <= fewDebs) return
  planUnpacking(missing, session)
  const workers = await openWorkers(store, session, world)
  try {
    // The largest first: no thread is left with one while the others have nothing to do.
    for (const deb of missing.toSorted((left, right) => right.sizeBytes - left.sizeBytes)) workers.add(deb)
    await workers.finish()
  } finally {
    await workers.close()
  }
}

async function openWorkers(store: Store, session: Session, world: World) {
  const { createUnpackWorkers } = await import('../rootfs/unpack-workers.ts')
  const script = join(world.packageFolder, 'dist/workers/unpack-deb.js')
  const threads = Math.min(availableParallelism(), maximumThreads)
  const place = { storeFolder: store.folder, storeLayers: store.layers }
  return createUnpackWorkers({ script, threads, place }, session)
}
