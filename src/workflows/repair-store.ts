import { isFault, type Session } from '../kernel/index.ts'
import type { LockedDeb } from '../lockfile/index.ts'
import type { Manifest } from '../manifest/index.ts'
import { providerSettingsOf } from './archive-addresses.ts'
import { findProjects, type Project } from './project.ts'
import { readProjectLock, readProjectManifest } from './read-project.ts'
import { openSite, type Site } from './site.ts'
import type { World } from './world.ts'

/** Where it is looked up which debs somebody still wants, and from where they come. */
export interface Repair {
  readonly kind: 'refetch'
  /** Manifests as the user named them; none: those of the working folder that have a lock. */
  readonly manifests: readonly string[]
  readonly siteOf: (project: Project) => Promise<Site>
}

/** A project with what its lock pins. */
export interface PinnedDebs {
  readonly project: Project
  readonly manifest: Manifest
  readonly debs: readonly LockedDeb[]
  readonly siteOf: (project: Project) => Promise<Site>
}

/**
 * What the locks pin. One that was only found, not named, and cannot be read is warned about: the store is judged all the same.
 *
 * @throws {Fault} of a manifest or lock that the user named
 */
export async function readPinned(repair: Repair, session: Session, world: World): Promise<readonly PinnedDebs[]> {
  const { manifests, siteOf } = repair
  const read = async (project: Project): Promise<PinnedDebs> => {
    const { lock } = await readProjectLock(project)
    return { project, manifest: await readProjectManifest(project, world), debs: lock.debs, siteOf }
  }
  if (manifests.length > 0)
    return Promise.all((await findProjects({ kind: 'files', manifests }, world.workingFolder)).map(read))
  const pinned: PinnedDebs[] = []
  for (const project of await projectsHere(world)) {
    try {
      pinned.push(await read(project))
    } catch (error) {
      if (!isFault(error)) throw error
      if (error.code !== 'LOCK_MISSING')
        warn(session, `what ${project.lockName} pins is not repaired: ${error.message}`)
    }
  }
  return pinned
}

/**
 * Fetches again what was lost and is pinned, through the usual chain of providers. Those that nobody has any more, and a
 * network that fails, are warned about.
 *
 * @param lost digests of blobs
 * @returns the digests of those that are in the store again
 * @throws {Fault} of the store and the disk
 */
export async function refetch(
  lost: ReadonlySet<string>,
  pinned: readonly PinnedDebs[],
  session: Session,
  world: World,
): Promise<ReadonlySet<string>> {
  const refetched = new Set<string>()
  for (const { project, manifest, debs, siteOf } of pinned) {
    const wanted = debs.filter(({ sha256 }) => lost.has(sha256) && !refetched.has(sha256))
    if (wanted.length === 0) continue
    const site = await siteOf(project)
    const { store, transfer } = await openSite(site, world)
    const { fetchDebs } = await import('../fetch/index.ts')
    try {
      const request = { ...providerSettingsOf(manifest, { project, site }), store, transfer, mode: site.mode }
      await fetchDebs(wanted, request, session)
    } catch (error) {
      session.signal.throwIfAborted()
      // Exit code 7 is the store's and the disk's own: nothing more can be repaired then.
      if (!isFault(error) || error.exitCode === 7) throw error
      warn(session, `not everything that ${project.lockName} pins could be fetched again: ${error.message}`, error.hint)
    }
    for (const deb of wanted) if (await store.has(deb)) refetched.add(deb.sha256)
  }
  return refetched
}

/** A folder without any manifest has no locks either. */
async function projectsHere({ workingFolder }: World): Promise<readonly Project[]> {
  try {
    return await findProjects({ kind: 'all' }, workingFolder)
  } catch (error) {
    if (isFault(error, 'MANIFEST_MISSING')) return []
    throw error
  }
}

function warn(session: Session, message: string, hint?: string): void {
  session.journal.emit({ kind: 'warned', stage: 'store', message, ...(hint === undefined ? {} : { hint }) })
}
