import type { Session } from '../kernel/index.ts'
import { Fault, sortedByBytes } from '../kernel/index.ts'
import { checkLockfile, debsOfRoot, type LockedDeb, type Lockfile } from '../lockfile/index.ts'
import type { Manifest, RootArchitecture } from '../manifest/index.ts'
import type { AssembleRequest } from '../rootfs/index.ts'
import { providerSettingsOf } from './archive-addresses.ts'
import { bindOwnDebs, type RecordedDeb } from './bind-own-debs.ts'
import { customiseImage } from './customise-image.ts'
import { confineFiles, fillFiles } from './image-sources.ts'
import type { Project } from './project.ts'
import { readProjectLock, readProjectManifest, requireFreshLock } from './read-project.ts'
import type { Site } from './site.ts'
import { timeOf } from './timestamp.ts'
import { nameOfRoot } from './update-lock.ts'
import type { World } from './world.ts'

/** A manifest with a lock that answers it, and the roots that are wanted. */
export interface OpenedRoots {
  readonly project: Project
  readonly manifest: Manifest
  readonly lock: Lockfile
  readonly lockText: string
  readonly roots: readonly RootArchitecture[]
}

/**
 * Reads manifest and lock.
 *
 * @param names of roots (`amd64`, `amd64+i386`), or their native architectures; undefined: all of the manifest
 * @throws {Fault} as `readProjectManifest` and `readProjectLock`, `LOCK_STALE`, `LOCK_INCONSISTENT`, `USAGE_INVALID`
 */
export async function openRoots(
  project: Project,
  names: readonly string[] | undefined,
  world: World,
): Promise<OpenedRoots> {
  const manifest = await readProjectManifest(project, world)
  const { lock, text: lockText } = await readProjectLock(project)
  requireFreshLock(project, manifest, lock)
  requireConsistentLock(project, lock, lockText)
  return { project, manifest, lock, lockText, roots: chosenRoots(manifest, names) }
}

/** A root before anything of it is fetched. */
export interface PlannedRoot {
  readonly name: string
  readonly root: RootArchitecture
  readonly debs: readonly LockedDeb[]
  /** Everything that decides its bytes. */
  readonly assembly: Omit<AssembleRequest, 'store' | 'host' | 'reuse'>
}

export interface PlannedRoots {
  /** With the digests of own debs that are locked by their relations. */
  readonly lock: Lockfile
  readonly recorded: readonly RecordedDeb[]
  readonly sourceDateEpochSeconds: number
  readonly roots: readonly PlannedRoot[]
}

/**
 * What each root is made of, with all that the manifest names read from the project. Fetches nothing.
 *
 * @throws {Fault} `MANIFEST_PATH_OUTSIDE`, `MANIFEST_FILE_MISSING`, and as `bindOwnDebs`
 */
export async function planRoots(opened: OpenedRoots, site: Site, session: Session): Promise<PlannedRoots> {
  const { project, manifest, lockText } = opened
  const providers = providerSettingsOf(manifest, { project, site })
  const { lock, recorded } = await bindOwnDebs(opened.lock, { project, providers }, session)
  const files = await confineFiles(project, manifest)
  const customisation = await customiseImage(project, manifest, session)
  const sourceDateEpochSeconds = manifest.image.sourceDateEpochSeconds ?? newestSeconds(lock.debs)
  const roots = opened.roots.map((root): PlannedRoot => {
    const debs = debsOfRoot(lock, nameOfRoot(root))
    const facts = { image: manifest.image, nativeArchitecture: root.native, lockText, sourceDateEpochSeconds }
    const assembly = {
      debs,
      nativeArchitecture: root.native,
      foreignArchitectures: root.foreign,
      image: manifest.image,
      files: fillFiles(files, facts),
      customisation,
      sourceDateEpochSeconds,
      automatic: automaticIn(debs, root.native),
    }
    return { name: nameOfRoot(root), root, debs, assembly }
  })
  return { lock, recorded, sourceDateEpochSeconds, roots }
}

function chosenRoots(manifest: Manifest, names: readonly string[] | undefined): readonly RootArchitecture[] {
  if (names === undefined) return manifest.architectures
  return names.map(name => {
    const root = manifest.architectures.find(each => nameOfRoot(each) === name || each.native === name)
    if (root === undefined)
      throw new Fault('USAGE_INVALID', {
        message: `${manifest.fileName} has no root ${JSON.stringify(name)}`,
        hint: `Its architectures are ${manifest.architectures.map(nameOfRoot).join(', ')}.`,
        context: { architecture: name },
      })
    return root
  })
}

/** Form is a matter of `lock check`; here only what would assemble something else than was resolved counts. */
function requireConsistentLock(project: Project, lock: Lockfile, text: string): void {
  const problems = checkLockfile(lock, text, new Map()).filter(({ kind }) => kind !== 'form' && kind !== 'wanted')
  const [first] = problems
  if (first === undefined) return
  throw new Fault('LOCK_INCONSISTENT', {
    message: `${project.lockName}: ${first.message}${problems.length > 1 ? ` and ${problems.length - 1} more` : ''}`,
    hint: 'Take the file from version control, or write it anew with `aptroot lock update`.',
    context: { lock: project.lockName, problems: problems.map(problem => problem.message) },
  })
}

/** What was locked as a dependency only. apt marks `all` packages under the native architecture. */
function automaticIn(debs: readonly LockedDeb[], native: string): readonly string[] {
  return sortedByBytes(
    debs
      .filter(deb => deb.root === undefined)
      .map(deb => `${deb.name}:${deb.architecture === 'all' ? native : deb.architecture}`),
  )
}

/** The newest `at`: the youngest state of an archive that the image holds something of. */
function newestSeconds(debs: readonly LockedDeb[]): number {
  const newest = debs.reduce((latest, deb) => (deb.at > latest ? deb.at : latest), '19700101T000000Z')
  return timeOf(newest).getTime() / 1000
}
