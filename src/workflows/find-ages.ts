import type { PackageUniverse } from '../debian/index.ts'
import { compareBytes, isFault, type Session } from '../kernel/index.ts'
import type { LockedDeb } from '../lockfile/index.ts'
import type { AgeVerdict } from '../review/index.ts'
import { archivesAt, mirrorsOf } from './archive-addresses.ts'
import { readManifestFile } from './confine-path.ts'
import { continuityOf } from './lock-continuity.ts'
import type { Project } from './project.ts'
import { openSite, type Site } from './site.ts'
import { timeOf } from './timestamp.ts'
import type { ResolvedLock } from './update-lock.ts'
import type { World } from './world.ts'

export interface AgeQuestion {
  readonly deb: LockedDeb
  readonly requiredSeconds: number
}

export interface AgeRequest {
  readonly project: Project
  readonly site: Site
  readonly resolved: ResolvedLock
  readonly questions: readonly AgeQuestion[]
}

/**
 * Whether debs stood in their archives long enough, by sha256. Two things prove it, both signed and both the same on every machine: a Release
 * that lists the deb now and is itself that old; and the archive's snapshot of that earlier time, where it lists the same bytes.
 */
export async function findAges(
  request: AgeRequest,
  session: Session,
  world: World,
): Promise<ReadonlyMap<string, AgeVerdict>> {
  const { resolved } = request
  const { formatTimestamp } = await import('../archive/index.ts')
  const earlier = (seconds: number) => formatTimestamp(new Date(resolved.asOf.getTime() - seconds * 1000))
  const found = new Map<string, AgeVerdict>()
  const open = new Map<number, LockedDeb[]>()
  for (const { deb, requiredSeconds } of request.questions) {
    const bound = earlier(requiredSeconds)
    const dates = listingsOf(
      deb,
      resolved.roots.map(root => root.universe),
    ).map(each => each.release.at)
    if (dates.some(at => compareBytes(at, bound) <= 0)) found.set(deb.sha256, 'old-enough')
    else open.set(requiredSeconds, [...(open.get(requiredSeconds) ?? []), deb])
  }
  for (const [requiredSeconds, debs] of open) {
    const known = await askSnapshots(request, { debs, timestamp: earlier(requiredSeconds) }, session, world)
    for (const [sha256, verdict] of known) found.set(sha256, verdict)
  }
  return found
}

function listingsOf(deb: LockedDeb, universes: readonly PackageUniverse[]) {
  return universes.flatMap(universe =>
    universe
      .packagesNamed(deb.name)
      .filter(each => each.sha256 === deb.sha256)
      .flatMap(each => each.listings),
  )
}

interface PastState {
  readonly debs: readonly LockedDeb[]
  readonly timestamp: string
}

async function askSnapshots(
  { project, site, resolved }: AgeRequest,
  { debs, timestamp }: PastState,
  session: Session,
  world: World,
): Promise<ReadonlyMap<string, AgeVerdict>> {
  const { manifest, previous } = resolved
  const wanted = new Set(debs.map(deb => deb.from.split('/', 1)[0]))
  const archives = archivesAt(site, manifest.archives).filter(each => wanted.has(each.id))
  const known = new Map<string, AgeVerdict>(debs.map(deb => [deb.sha256, 'not-known']))
  const { openArchives, openUniverse } = await import('../archive/index.ts')
  // One by one: an archive without a snapshot, or one that does not answer, must not hide what the others know.
  for (const archive of archives) {
    if (archive.snapshot === undefined) continue
    const mine = debs.filter(deb => deb.from.startsWith(`${archive.id}/`))
    try {
      const past = await openArchives(
        {
          archives: [archive],
          architectures: [...new Set(manifest.architectures.flatMap(root => [root.native, ...root.foreign]))],
          urisOf: each => mirrorsOf(each, manifest, site),
          readKeyFile: path => readManifestFile(project, path),
          asOf: timeOf(timestamp),
          continuity: continuityOf(previous, { snapshot: timestamp }),
          snapshot: timestamp,
          mode: site.mode,
          ...(await openSite(site, world)),
        },
        session,
      )
      try {
        const universes = manifest.architectures.map(({ native, foreign }) =>
          openUniverse({ nativeArchitecture: native, foreignArchitectures: foreign, indexes: past.indexes }),
        )
        for (const deb of mine)
          known.set(deb.sha256, listingsOf(deb, universes).length > 0 ? 'old-enough' : 'too-young')
      } finally {
        await past.close()
      }
    } catch (error) {
      session.signal.throwIfAborted()
      if (!isFault(error)) throw error
      session.journal.emit({
        kind: 'warned',
        stage: 'archive',
        message: `the state of ${archive.id} at ${timestamp} is not known: ${error.message}`,
        hint: 'What has to be older than that waits; `docs/policy.md` says what proves an age.',
      })
    }
  }
  return known
}
