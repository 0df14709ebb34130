import type { OpenRelease, PackagesIndex } from '../archive/index.ts'
import type { PackageUniverse } from '../debian/index.ts'
import { Fault, type Session } from '../kernel/index.ts'
import {
  buildLockfile,
  checkLockContents,
  diffLockfiles,
  type LockDifference,
  type Lockfile,
  lockFormat,
  type ResolvedRoot,
  requestOf,
  writeLockfile,
} from '../lockfile/index.ts'
import type { Manifest, RootArchitecture } from '../manifest/index.ts'
import type { Explanation, ForcedChange, HeldBack, ResolutionNote, ResolutionRequest } from '../resolver/index.ts'
import { archivesAt, mirrorsOf } from './archive-addresses.ts'
import { readManifestFile } from './confine-path.ts'
import { explainWider, type WiderIndexes } from './explain-wider.ts'
import { type ContinuityWaiver, continuityOf } from './lock-continuity.ts'
import { ownDebsIndex } from './own-debs.ts'
import type { Project } from './project.ts'
import { readPreviousLock, readProjectLock, readProjectManifest } from './read-project.ts'
import { resolutionRequestOf } from './resolution-request.ts'
import { resolveRoot } from './resolve-root.ts'
import { openSite, type Site } from './site.ts'
import { replaceTextFile } from './text-file.ts'
import { timeOf } from './timestamp.ts'
import { requireKnownNames, type UpdateMode } from './update-mode.ts'
import type { World } from './world.ts'

export interface UpdateLockRequest extends ContinuityWaiver {
  readonly project: Project
  readonly site: Site
  readonly mode: UpdateMode
  /** When expiry is judged; undefined: the snapshot's time, else now. */
  readonly asOf: Date | undefined
  /** `20260711T101637Z`: this state of the archives, from their snapshots. */
  readonly snapshot: string | undefined
  /** `compare` resolves and reports, and leaves the file as it is. */
  readonly write: 'replace' | 'compare'
  /** Absolute: where the problem is written, for a report about the resolver. */
  readonly recordPath?: string | undefined
  /** Gets what was resolved while the archives are still open, before anything is written. */
  readonly useResolved?: (resolved: ResolvedLock) => Promise<void>
}

/** What an update came to, and what it was chosen from. */
export interface ResolvedLock {
  readonly manifest: Manifest
  readonly previous: Lockfile | undefined
  readonly lock: Lockfile
  /** When expiry was judged. */
  readonly asOf: Date
  /** What each root of the manifest could choose from. */
  readonly roots: readonly ResolutionRequest[]
}

export type UpdateLockResult =
  | {
      readonly kind: 'solved'
      readonly lockName: string
      /** `current`: nothing to write, the file was left alone. */
      readonly outcome: 'created' | 'updated' | 'current'
      /** Against the previous lock, or against an empty one. */
      readonly difference: LockDifference
      readonly debs: number
      /** Sum over the locked debs. */
      readonly sizeBytes: number
      readonly roots: readonly { readonly architecture: string; readonly debs: number }[]
      readonly notes: readonly ResolutionNote[]
      /** What changed though nobody asked for it, and why. Empty when everything was resolved afresh. */
      readonly forced: readonly InRoot<ForcedChange>[]
      /** What was asked to move and could not. */
      readonly heldBack: readonly InRoot<HeldBack>[]
    }
  | {
      readonly kind: 'unsolvable'
      readonly lockName: string
      /** The root that has no solution. */
      readonly architecture: string
      readonly explanation: Explanation
    }

/** Said of one root: `amd64`, `amd64+i386`. */
export type InRoot<Subject> = Subject & { readonly root: string }

/**
 * Resolves the manifest against its archives and rewrites the lockfile. Afresh it is a pure function of manifest and
 * indexes, and the previous lock only says where unchanged bytes were first locked; in the other modes it departs from the
 * previous lock as little as possible. The file is replaced in one step or not touched.
 *
 * @throws {Fault} everything of reading the project, of the archives and the network; `LOCK_MISSING` and
 *   `LOCK_PACKAGE_ABSENT` in modes that start from a lock; `INTERNAL` when the answer fails its independent check
 */
export async function updateLock(
  request: UpdateLockRequest,
  session: Session,
  world: World,
): Promise<UpdateLockResult> {
  const { project, site } = request
  const manifest = await readProjectManifest(project, world)
  const previous = request.mode.kind === 'afresh' ? await readPreviousLock(project) : await readProjectLock(project)
  if (previous !== undefined) requireKnownNames(request.mode, { lock: previous.lock, manifest, project })
  const asOf = request.asOf ?? (request.snapshot === undefined ? world.clock.now() : timeOf(request.snapshot))
  const { openArchives, openUniverse } = await import('../archive/index.ts')
  const { agreeOnVersions, rankCandidates } = await import('../resolver/index.ts')
  const reach = await openSite(site, world)
  const openFor = (architectures: readonly string[]) =>
    openArchives(
      {
        archives: archivesAt(site, manifest.archives),
        architectures,
        urisOf: archive => mirrorsOf(archive, manifest, site),
        readKeyFile: path => readManifestFile(project, path),
        asOf,
        continuity: continuityOf(previous?.lock, request),
        ...(request.snapshot === undefined ? {} : { snapshot: request.snapshot }),
        mode: site.mode,
        ...reach,
      },
      session,
    )
  const architectures = [...new Set(manifest.architectures.flatMap(root => [root.native, ...root.foreign]))]
  const archives = await openFor(architectures)
  try {
    const own = await ownDebsIndex(manifest, project, session)
    const withOwn = (indexes: readonly PackagesIndex[]) => (own === undefined ? indexes : [...indexes, own.index])
    const indexes = withOwn(archives.indexes)
    const universes = manifest.architectures.map(({ native, foreign }) =>
      openUniverse({ nativeArchitecture: native, foreignArchitectures: foreign, indexes }),
    )
    const requests = manifest.architectures.map((root, at) => ({
      architecture: nameOfRoot(root),
      request: {
        ...resolutionRequestOf(manifest, root, universes[at] as PackageUniverse, asOf),
        otherRoots: universes.filter((_, other) => other !== at),
      } satisfies ResolutionRequest,
    }))
    if (request.recordPath !== undefined) {
      const { recordRoot } = await import('./record-root.ts')
      const isOnlyOne = requests.length === 1
      for (const { architecture, request: problem } of requests)
        await recordRoot(problem, request.recordPath, { architecture, isOnlyOne })
    }
    const resolved = await agreeOnVersions(
      requests.map(({ architecture, request: { universe, ...asked } }) => ({
        architecture,
        universe,
        priorityOf: rankCandidates({ universe, ...asked }).priorityOf,
        async resolve(lockstep) {
          session.journal.emit({ kind: 'started', stage: 'resolve', name: architecture })
          const resolution = await resolveRoot(
            { problem: { universe, ...asked, lockstep }, architecture, previous: previous?.lock, mode: request.mode },
            session,
          )
          const detail = resolution.kind === 'solved' ? `${resolution.packages.length} packages` : 'no solution'
          session.journal.emit({ kind: 'finished', stage: 'resolve', name: architecture, detail })
          return resolution
        },
      })),
      manifest.sameVersion,
    )
    if (resolved.kind === 'unsolvable') {
      const failed = requests.find(({ architecture }) => architecture === resolved.architecture)?.request
      const openWider = async (more: readonly string[]): Promise<WiderIndexes> => {
        const wider = await openFor([...architectures, ...more])
        return { indexes: withOwn(wider.indexes), close: () => wider.close() }
      }
      const explanation = failed === undefined ? undefined : await explainWider(failed, openWider, session)
      return { ...resolved, explanation: explanation ?? resolved.explanation, lockName: project.lockName }
    }
    const roots = resolved.resolutions.map(
      ({ packages }, at): ResolvedRoot => ({ architecture: requests[at]?.architecture ?? '', packages }),
    )
    const notes = resolved.resolutions.flatMap(each => each.notes)
    const inRoots = <Subject>(subjectsOf: (at: number) => readonly Subject[] | undefined): InRoot<Subject>[] =>
      requests.flatMap(({ architecture }, at) => (subjectsOf(at) ?? []).map(each => ({ ...each, root: architecture })))
    const lock = buildLockfile({
      request: requestOf(manifest),
      keys: keysOf(archives.releases, previous?.lock),
      roots,
      ...(own === undefined ? {} : { relations: own.relations }),
      previous: previous?.lock,
    })
    const text = writeLockfile(lock)
    requireSound(lock, manifest)
    await request.useResolved?.({
      manifest,
      previous: previous?.lock,
      lock,
      asOf,
      roots: requests.map(each => each.request),
    })
    const outcome = previous === undefined ? 'created' : previous.text === text ? 'current' : 'updated'
    if (outcome !== 'current' && request.write === 'replace') await replaceTextFile(project.lockPath, text)
    const sizes = new Map(lock.debs.map(deb => [deb.sha256, deb.sizeBytes]))
    return {
      kind: 'solved',
      lockName: project.lockName,
      outcome,
      difference: diffLockfiles(previous?.lock ?? emptyLockFor(lock), lock),
      debs: lock.debs.length,
      sizeBytes: [...sizes.values()].reduce((sum, size) => sum + size, 0),
      roots: roots.map(({ architecture, packages }) => ({ architecture, debs: packages.length })),
      notes: uniqueNotes(notes),
      forced: inRoots(at => resolved.resolutions[at]?.forced),
      heldBack: inRoots(at => resolved.resolutions[at]?.heldBack),
    }
  } finally {
    await archives.close()
  }
}

/** `amd64`, `amd64+i386`, as the lock's request names a root. */
export function nameOfRoot(root: RootArchitecture): string {
  return [root.native, ...root.foreign].join('+')
}

/**
 * Who vouches for each archive. While one of the locked signers still signs, the lock's list stays as it is: losing or gaining
 * a co-signer is no news, a wholly new set is.
 */
function keysOf(
  releases: readonly OpenRelease[],
  previous: Lockfile | undefined,
): ReadonlyMap<string, readonly string[]> {
  const keys = new Map<string, readonly string[]>()
  for (const { archive, signers } of releases) {
    if (signers.length > 0) keys.set(archive, [...new Set([...(keys.get(archive) ?? []), ...signers])])
  }
  for (const [archive, signers] of keys) {
    const locked = previous?.keys.get(archive)
    const known = releases
      .filter(each => each.archive === archive)
      .every(each => each.signers.some(key => locked?.includes(key)))
    if (locked !== undefined && known && signers.length > 0) keys.set(archive, locked)
  }
  return keys
}

function requireSound(lock: Lockfile, manifest: Manifest): void {
  const names = new Map(manifest.packages.map(item => [item.text, item.alternatives.map(each => each.packageName)]))
  const problems = checkLockContents(lock, names).filter(problem => problem.kind !== 'wanted')
  if (problems.length > 0)
    throw new Fault('INTERNAL', {
      message: `the lock that was made is not sound: ${problems[0]?.message}`,
      context: { problems: problems.map(problem => problem.message) },
    })
}

/** What a first lock is compared with: nothing locked, the same request. */
function emptyLockFor(lock: Lockfile): Lockfile {
  return { format: lockFormat, request: lock.request, keys: new Map(), debs: [], unknown: new Map() }
}

function uniqueNotes(notes: readonly ResolutionNote[]): ResolutionNote[] {
  return [...new Map(notes.map(note => [`${note.kind} ${note.message}`, note])).values()]
}
