import type { PackagesIndex } from '../archive/index.ts'
import type { BinaryPackage, PackageUniverse } from '../debian/index.ts'
import { isFault, type Session } from '../kernel/index.ts'
import { graphOf, type LockedDeb, type Lockfile, ownDebsOrigin } from '../lockfile/index.ts'
import type { Manifest, RootArchitecture } from '../manifest/index.ts'
import type { Store } from '../store/index.ts'
import { providerSettingsOf } from './archive-addresses.ts'
import { bindOwnDebs } from './bind-own-debs.ts'
import { findOrigins, type Origins } from './find-origins.ts'
import type { Project } from './project.ts'
import { readProjectLock, readProjectManifest, requireFreshLock } from './read-project.ts'
import { type OpenSite, openSite, type Site } from './site.ts'
import { nameOfRoot } from './update-lock.ts'
import type { World } from './world.ts'

export type LockQuestion = 'origin' | 'fetchable'

export interface VerifyLockRequest {
  readonly project: Project
  readonly site: Site
  /** Beside the relations, which are always verified. */
  readonly questions: ReadonlySet<LockQuestion>
}

export interface LockVerification {
  readonly lockName: string
  readonly debs: number
  readonly relations: {
    /** `refuted`: some relation does not hold. `not-proven`: nothing was found to be wrong, but not all could be looked at. */
    readonly verdict: 'proven' | 'refuted' | 'not-proven'
    /** One sentence each. */
    readonly problems: readonly string[]
    /** Debs whose control fields are nowhere to be had. */
    readonly unknown: readonly string[]
  }
  /** undefined: not asked for. */
  readonly origin: OriginVerdict | undefined
  readonly fetchable: FetchableVerdict | undefined
}

export interface OriginVerdict {
  readonly verdict: 'proven' | 'not-proven'
  /** Debs of which no signed index at hand lists the hash. */
  readonly unproven: readonly string[]
  /** Place → how many debs it proved. */
  readonly sources: Readonly<Record<string, number>>
}

export interface FetchableVerdict {
  readonly verdict: 'fetchable' | 'gone' | 'not-known'
  /** Debs that only a snapshot still has. */
  readonly snapshotOnly: readonly string[]
  readonly gone: readonly string[]
  /** Debs that no place said to have while some place was silent. */
  readonly unknown: readonly string[]
}

/**
 * What the debs and the archives say about a lock: that all relations hold (with the control fields of the debs in the store or a vendor
 * folder, else of a signed index that lists them); on request that each hash stood in a signed index, and that each deb can still be had.
 *
 * @throws {Fault} `LOCK_STALE`, and of reading the project, the store and the settings
 */
export async function verifyLock(
  request: VerifyLockRequest,
  session: Session,
  world: World,
): Promise<LockVerification> {
  const { project } = request
  const manifest = await readProjectManifest(project, world)
  const { lock } = await readProjectLock(project)
  requireFreshLock(project, manifest, lock)
  return proveLock({ ...request, manifest, lock }, session, world)
}

/** The same of a lock that is not in its place yet. */
export async function proveLock(
  request: VerifyLockRequest & { readonly manifest: Manifest; readonly lock: Lockfile },
  session: Session,
  world: World,
): Promise<LockVerification> {
  const { project, site, questions, manifest } = request
  const providers = providerSettingsOf(manifest, { project, site })
  const { lock } = await bindOwnDebs(request.lock, { project, providers }, session)
  const opened = await openSite(site, world)
  const own = await packagesOfDebs(lock.debs, { manifest, project, site, opened }, session)
  const asked = questions.has('origin') ? lock.debs : lock.debs.filter(deb => !own.has(deb))
  const place = { manifest, project, site, ...opened, now: world.clock.now() }
  const origins = await findOrigins({ ...place, debs: asked, trust: 'any' }, session)
  try {
    const packageOf = (deb: LockedDeb) => own.get(deb) ?? origins.proofs.get(deb)?.package
    return {
      lockName: project.lockName,
      debs: lock.debs.length,
      relations: await relationsOf(manifest, lock, packageOf),
      origin: questions.has('origin') ? await originOf(manifest, lock, origins) : undefined,
      fetchable: questions.has('fetchable')
        ? await fetchableOf(manifest, lock, { project, site, opened, session })
        : undefined,
    }
  } finally {
    await origins.close()
  }
}

interface DebPlaces {
  readonly manifest: Manifest
  readonly project: Project
  readonly site: Site
  readonly opened: OpenSite
}

/** The debs that the store has, or a vendor folder, as their own control fields describe them. */
async function packagesOfDebs(
  debs: readonly LockedDeb[],
  { manifest, project, site, opened: { store, transfer } }: DebPlaces,
  session: Session,
): Promise<ReadonlyMap<LockedDeb, BinaryPackage>> {
  if (site.vendorFolders.length > 0 || manifest.debs.length > 0) {
    const { fetchDebs } = await import('../fetch/index.ts')
    const request = { ...providerSettingsOf(manifest, { project, site }), store, transfer, mode: 'offline' } as const
    await fetchDebs(debs, request, session).catch(error => {
      // What the folders lack, or have in other bytes, they do not prove.
      if (!isFault(error, 'FETCH_OFFLINE') && !isFault(error, 'FETCH_INTEGRITY')) throw error
    })
  }
  const { openUniverse } = await import('../archive/index.ts')
  const found = new Map<LockedDeb, BinaryPackage>()
  for (const deb of debs) {
    session.signal.throwIfAborted()
    if ((await store.check(deb)) !== 'sound') continue
    const index = await indexOf(deb, store)
    const { architecture } = deb
    const native = architecture === 'all' ? (manifest.architectures[0]?.native ?? 'all') : architecture
    const universe = openUniverse({ nativeArchitecture: native, foreignArchitectures: [], indexes: [index] })
    const described = universe.packagesNamed(deb.name).find(each => each.version === deb.version)
    if (described !== undefined) found.set(deb, described)
  }
  return found
}

/** An index of one deb, made of its control file. */
async function indexOf(deb: LockedDeb, store: Store): Promise<PackagesIndex> {
  const { indexOfDebs } = await import('../archive/index.ts')
  const { packagesStanza, readDebControl } = await import('../deb/index.ts')
  const { debFileName } = await import('../fetch/index.ts')
  const { control } = await readDebControl(store.stream(deb), { name: deb.name })
  const [archive = '', suite = '', ...component] = deb.from.split('/')
  const origin = { archive, suite, component: component.join('/'), at: deb.at }
  return indexOfDebs(origin, [packagesStanza(control, { ...deb, fileName: debFileName(deb) })])
}

async function relationsOf(
  manifest: Manifest,
  lock: Lockfile,
  packageOf: (deb: LockedDeb) => BinaryPackage | undefined,
): Promise<LockVerification['relations']> {
  const { describePackage } = await import('../debian/index.ts')
  const unknown = lock.debs.filter(deb => packageOf(deb) === undefined).map(describePackage)
  const problems: string[] = []
  for (const root of manifest.architectures) problems.push(...(await problemsOf(root, { manifest, lock, packageOf })))
  const verdict = problems.length > 0 ? 'refuted' : unknown.length > 0 ? 'not-proven' : 'proven'
  return { verdict, problems, unknown }
}

interface RelationsAsked {
  readonly manifest: Manifest
  readonly lock: Lockfile
  readonly packageOf: (deb: LockedDeb) => BinaryPackage | undefined
}

/** Of a root whose debs are all known; of any other, a missing relation may be met by what is not known. */
async function problemsOf(root: RootArchitecture, asked: RelationsAsked): Promise<readonly string[]> {
  const { manifest, lock, packageOf } = asked
  const graph = graphOf(lock, nameOfRoot(root))
  const known = new Map<LockedDeb, BinaryPackage>()
  for (const deb of graph.debs) {
    const found = packageOf(deb)
    if (found === undefined) return []
    known.set(deb, found)
  }
  const packages = [...known].map(([deb, found]) => ({
    package: found,
    root: deb.root,
    needs: graph.needsOf(deb).flatMap(need => known.get(need) ?? []),
  }))
  const { matchesArchitecture } = await import('../debian/index.ts')
  const { verifyResolution } = await import('../resolver/index.ts')
  const wanted = manifest.packages
    .filter(item => item.architectures === undefined || matchesArchitecture(item.architectures, root.native))
    // The suite that an item names decided which version was locked; the same bytes may be locked from another.
    .map(item => (item.selection.kind === 'suite' ? { ...item, selection: { kind: 'candidate' } as const } : item))
  const { base, recommends, exclude, pins } = manifest
  const universe = universeOf(root, [...known.values()])
  return verifyResolution({ universe, wanted, base, recommends, exclude, pins }, packages)
}

/** The locked debs and nothing else. */
function universeOf(root: RootArchitecture, debs: readonly BinaryPackage[]): PackageUniverse {
  return {
    nativeArchitecture: root.native,
    foreignArchitectures: root.foreign,
    packagesNamed: name => debs.filter(deb => deb.name === name),
    providersOf: name => debs.filter(deb => deb.provides.some(each => each.name === name)),
    essentialPackages: () => debs.filter(deb => deb.essential),
    packagesOfPriority: priority => debs.filter(deb => deb.priority === priority),
    names: () => [...new Set(debs.map(deb => deb.name))],
  }
}

async function originOf(manifest: Manifest, lock: Lockfile, { proofs }: Origins): Promise<OriginVerdict> {
  const { describePackage } = await import('../debian/index.ts')
  const { archiveOf } = await import('../fetch/index.ts')
  const signed = new Set(manifest.archives.filter(each => each.trust.kind === 'signed-by').map(each => each.id))
  const sources: Record<string, number> = {}
  const unproven: string[] = []
  for (const deb of lock.debs) {
    const proof = proofs.get(deb)
    // The lock pins what lies beside it: the project is where they come from.
    if (deb.from === ownDebsOrigin) sources['the project'] = (sources['the project'] ?? 0) + 1
    else if (proof === undefined || !signed.has(archiveOf(deb))) unproven.push(describePackage(deb))
    else sources[proof.source] = (sources[proof.source] ?? 0) + 1
  }
  return { verdict: unproven.length > 0 ? 'not-proven' : 'proven', unproven, sources }
}

async function fetchableOf(
  manifest: Manifest,
  lock: Lockfile,
  { project, site, opened, session }: Pick<DebPlaces, 'project' | 'site' | 'opened'> & { readonly session: Session },
): Promise<FetchableVerdict> {
  const { describePackage } = await import('../debian/index.ts')
  const { probeDebs } = await import('../fetch/index.ts')
  const settings = { ...providerSettingsOf(manifest, { project, site }), transfer: opened.transfer }
  const answers = await probeDebs(lock.debs, settings, session)
  const named = (choose: (each: (typeof answers)[number]) => boolean) =>
    answers.filter(choose).map(({ deb }) => describePackage(deb))
  const gone = named(({ roles, silent }) => roles.length === 0 && silent.length === 0)
  const unknown = named(({ roles, silent }) => roles.length === 0 && silent.length > 0)
  return {
    verdict: gone.length > 0 ? 'gone' : unknown.length > 0 ? 'not-known' : 'fetchable',
    snapshotOnly: named(({ roles }) => roles.length > 0 && roles.every(role => role === 'snapshot')),
    gone,
    unknown,
  }
}
