import { isFault, type Session } from '../kernel/index.ts'
import type { LockedDeb } from '../lockfile/index.ts'
import type { Manifest } from '../manifest/index.ts'
import type { Pack } from '../rootfs/index.ts'
import type { Store } from '../store/index.ts'
import { providerSettingsOf } from './archive-addresses.ts'
import type { Project } from './project.ts'
import { openSite, type Site } from './site.ts'
import type { World } from './world.ts'

/** Where a review gets its debs from. */
export interface DebPlace {
  readonly store: Store
  /**
   * Into the store what it lacks: from vendor folders and, unless the site is offline, from the archives. What cannot be had is warned
   * about and stays away: a review tells what it could not open.
   */
  bring(debs: readonly LockedDeb[]): Promise<void>
  /** Takes apart in threads what will be opened, where that is much. @throws {Fault} as `open` */
  unpack(debs: readonly LockedDeb[]): Promise<void>
  /**
   * Taken apart; undefined when the store does not have it.
   *
   * @throws {Fault} as `unpackDeb`: a deb that is not what its lock says is no review's business any more
   */
  open(deb: LockedDeb): Promise<Pack | undefined>
}

export interface DebPlaceRequest {
  readonly project: Project
  readonly site: Site
  /** Says where archives are; without one only vendor folders and fallbacks are asked. */
  readonly manifest: Manifest | undefined
}

/** These say that a deb could not be had, and nothing about what is at hand. */
const absences = new Set([4, 5])

export async function openDebPlace(
  { project, site, manifest }: DebPlaceRequest,
  session: Session,
  world: World,
): Promise<DebPlace> {
  const { store, transfer } = await openSite(site, world)
  const settings = providerSettingsOf(manifest ?? { distribution: undefined, archives: [] }, { project, site })
  return {
    store,
    async bring(debs) {
      const missing: LockedDeb[] = []
      for (const deb of debs) if (deb.relations === undefined && !(await store.has(deb))) missing.push(deb)
      if (missing.length === 0) return
      const { fetchDebs } = await import('../fetch/index.ts')
      try {
        await fetchDebs(missing, { ...settings, store, transfer, mode: site.mode }, session)
      } catch (error) {
        session.signal.throwIfAborted()
        if (!isFault(error) || !(absences.has(error.exitCode) || error.code === 'FETCH_INTEGRITY')) throw error
        session.journal.emit({
          kind: error.code === 'FETCH_OFFLINE' ? 'traced' : 'warned',
          stage: 'fetch',
          message: `not every deb of the change could be had: ${error.message}`,
        })
      }
    },
    async unpack(debs) {
      const { unpackInThreads } = await import('./bring-debs.ts')
      const pinned = debs.filter(deb => deb.relations === undefined)
      await unpackInThreads(pinned, store, session, world)
    },
    async open(deb) {
      // Of a deb that is locked by its relations the lock does not say which bytes it had.
      if (deb.relations !== undefined || !(await store.has(deb))) return undefined
      const { unpackDeb } = await import('../rootfs/index.ts')
      return unpackDeb(deb, store, session)
    },
  }
}
