import type { PackagesIndex } from '../archive/index.ts'
import type { BinaryPackage, PackageUniverse } from '../debian/index.ts'
import { Fault, type Session } from '../kernel/index.ts'
import { debsOfRoot } from '../lockfile/graph.ts'
import type { LockedDeb, Lockfile } from '../lockfile/index.ts'
import type { Manifest } from '../manifest/index.ts'
import type { JudgedGroup, ResolutionRequest, Step } from '../resolver/index.ts'
import type { Reason } from './explain-package.ts'
import { openKeptArchives } from './kept-archives.ts'
import { ownDebsIndex } from './own-debs.ts'
import type { Project } from './project.ts'
import { readProjectManifest, requireFreshLock } from './read-project.ts'
import { resolutionRequestOf } from './resolution-request.ts'
import type { Site } from './site.ts'
import { nameOfRoot } from './update-lock.ts'
import type { World } from './world.ts'

/** What was not taken on the way to a deb; or why that cannot be said. */
export type Alternatives =
  | { readonly kind: 'known'; readonly groups: readonly JudgedGroup[] }
  | { readonly kind: 'unknown'; readonly why: string }

export interface AlternativesRequest {
  readonly project: Project
  readonly site: Site
  readonly lock: Lockfile
  readonly reasons: readonly Reason[]
}

/**
 * For each reason, which alternatives were rejected on its paths, by the indexes that the store has. The network is never
 * asked: without manifest or indexes, or with indexes that the lock is not from, the answer is that this is unknown.
 */
export async function explainAlternatives(
  request: AlternativesRequest,
  session: Session,
  world: World,
): Promise<readonly Alternatives[]> {
  const { project, lock, reasons } = request
  try {
    const manifest = await readProjectManifest(project, world)
    requireFreshLock(project, manifest, lock)
    const archives = await openKeptArchives(request, manifest, session, world)
    try {
      const own = await ownDebsIndex(manifest, project, session)
      const indexes = own === undefined ? archives.indexes : [...archives.indexes, own.index]
      const roots = new Map<string, Root>()
      return await Promise.all(
        reasons.map(async reason => {
          const root = roots.get(reason.root) ?? (await rootOf(reason.root, manifest, lock, indexes))
          roots.set(reason.root, root)
          return await judge(reason, root, session)
        }),
      )
    } finally {
      await archives.close()
    }
  } catch (error) {
    session.signal.throwIfAborted()
    // Whatever keeps the indexes from being read, the paths are known all the same.
    if (!(error instanceof Fault)) throw error
    return reasons.map(() => ({ kind: 'unknown', why: error.message }))
  }
}

/** One root of the lock, with its debs as the indexes know them. */
interface Root {
  readonly request: ResolutionRequest
  readonly debOf: ReadonlyMap<LockedDeb, BinaryPackage>
  /** A locked deb that the indexes do not list, if there is one. */
  readonly unlisted: LockedDeb | undefined
}

async function rootOf(
  name: string,
  manifest: Manifest,
  lock: Lockfile,
  indexes: readonly PackagesIndex[],
): Promise<Root> {
  const root = manifest.architectures.find(each => nameOfRoot(each) === name)
  if (root === undefined) throw new Fault('INTERNAL', { message: `the manifest has no root ${name}` })
  const { openUniverse } = await import('../archive/index.ts')
  const universe = openUniverse({
    nativeArchitecture: root.native,
    foreignArchitectures: root.foreign,
    indexes,
  })
  const debs = debsOfRoot(lock, name)
  const debOf = new Map(
    debs.flatMap(deb => {
      const found = findListed(deb, universe)
      return found === undefined ? [] : [[deb, found] as const]
    }),
  )
  return {
    // No pin is judged by its end date here.
    request: { ...resolutionRequestOf(manifest, root, universe, new Date(0)), lockstep: lockstepOf(lock, manifest) },
    debOf,
    unlisted: debs.find(deb => !debOf.has(deb)),
  }
}

/** The versions that `same-version` settled on, as they are locked. */
function lockstepOf({ debs }: Lockfile, { sameVersion }: Manifest): ReadonlyMap<string, string> {
  const isHeld = (name: string) =>
    sameVersion.kind === 'all' || (sameVersion.kind === 'all-of' && sameVersion.packages.includes(name))
  return new Map(debs.flatMap(({ name, version }) => (isHeld(name) ? [[name, version] as const] : [])))
}

function findListed(deb: LockedDeb, universe: PackageUniverse): BinaryPackage | undefined {
  return universe.packagesNamed(deb.name).find(
    each =>
      each.version === deb.version &&
      each.architecture === deb.architecture &&
      // An own deb that is locked by its relations has no bytes to compare.
      (each.sha256 === deb.sha256 || deb.relations !== undefined),
  )
}

async function judge({ paths }: Reason, { request, debOf, unlisted }: Root, session: Session): Promise<Alternatives> {
  if (unlisted !== undefined)
    return {
      kind: 'unknown',
      why: `the indexes in the store are not those of the lock: they do not list ${unlisted.name} ${unlisted.version}`,
    }
  const { judgeAlternatives } = await import('../resolver/index.ts')
  const steps = new Map<string, Step>()
  for (const path of paths) {
    const listed = path.map(deb => debOf.get(deb))
    for (const [at, taken] of listed.entries()) {
      const owner = at === 0 ? undefined : listed[at - 1]
      if (taken !== undefined)
        steps.set(`${owner?.name}:${owner?.architecture} ${taken.name}:${taken.architecture}`, { owner, taken })
    }
  }
  const locked = { chosen: new Set(debOf.values()), steps: [...steps.values()] }
  return { kind: 'known', groups: await judgeAlternatives(request, locked, session) }
}
