import type { OpenArchives } from '../archive/index.ts'
import { isFault, type Session, silentJournal } from '../kernel/index.ts'
import type { Manifest } from '../manifest/index.ts'
import { archivesAt, mirrorsOf } from './archive-addresses.ts'
import { readManifestFile } from './confine-path.ts'
import type { Project } from './project.ts'
import { openSite, type Site } from './site.ts'
import type { World } from './world.ts'

export interface KeptArchivesRequest {
  readonly project: Project
  readonly site: Site
}

/**
 * The archives of a manifest as the store keeps them; the network is never asked. For answers, not for choices.
 *
 * @throws {Fault} as `openArchives`: what the store does not have, or what does not hold
 */
export async function openKeptArchives(
  { project, site }: KeptArchivesRequest,
  manifest: Manifest,
  session: Session,
  world: World,
): Promise<OpenArchives> {
  const { openArchives } = await import('../archive/index.ts')
  const opened = await openSite(site, world)
  const openAsOf = (asOf: Date) =>
    openArchives(
      {
        archives: archivesAt(site, manifest.archives),
        architectures: [...new Set(manifest.architectures.flatMap(root => [root.native, ...root.foreign]))],
        urisOf: archive => mirrorsOf(archive, manifest, site),
        readKeyFile: path => readManifestFile(project, path),
        asOf,
        mode: 'offline',
        ...opened,
      },
      // What the archives warn of was said when the lock was made.
      { ...session, journal: silentJournal },
    )
  const now = world.clock.now()
  try {
    return await openAsOf(now)
  } catch (error) {
    // Nothing is chosen here, so a kept Release may be as old as the lock: it is read as of its last day.
    const validUntil = isFault(error, 'RELEASE_EXPIRED') ? error.context?.validUntil : undefined
    if (typeof validUntil !== 'string') throw error
    return await openAsOf(new Date(validUntil))
  }
}
