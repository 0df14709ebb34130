import type { Session } from '../kernel/index.ts'
import type { Lockfile } from '../lockfile/index.ts'
import { providerSettingsOf } from './archive-addresses.ts'
import { bindOwnDebs } from './bind-own-debs.ts'
import type { SourcesPlace } from './bring-sources.ts'
import type { Project } from './project.ts'
import { readProjectLock, readProjectManifest, requireFreshLock } from './read-project.ts'
import { openSite, type Site } from './site.ts'
import type { World } from './world.ts'

/** A lock whose debs are in the store, and where its sources would be looked for. */
export interface BroughtLock {
  /** Own debs with the bytes that they have now. */
  readonly lock: Lockfile
  readonly place: SourcesPlace
}

/**
 * Brings the debs of a lock into the store, as `lock install` does, for those who publish them.
 *
 * @throws {Fault} as `lock install` for reading and fetching
 */
export async function bringLocked(project: Project, site: Site, session: Session, world: World): Promise<BroughtLock> {
  const manifest = await readProjectManifest(project, world)
  const { lock: locked } = await readProjectLock(project)
  requireFreshLock(project, manifest, locked)
  const { store, transfer } = await openSite(site, world)
  const { fetchDebs } = await import('../fetch/index.ts')
  const providers = providerSettingsOf(manifest, { project, site })
  const { lock } = await bindOwnDebs(locked, { project, providers }, session)
  await fetchDebs(lock.debs, { ...providers, store, transfer, mode: site.mode }, session)
  return { lock, place: { project, manifest, site, store, transfer, now: world.clock.now() } }
}
