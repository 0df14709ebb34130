import { dirname } from 'node:path'
import type { Session } from '../kernel/index.ts'
import { diffLockfiles, type LockDifference } from '../lockfile/difference.ts'
import type { Review, TrustFinding } from '../review/index.ts'
import type { ReviewLook } from './look-inside.ts'
import type { NamedFilesSide } from './named-files.ts'
import type { Project } from './project.ts'
import { readReviewSide, type SidePlace, sidePlace } from './review-sides.ts'
import type { Site } from './site.ts'
import type { World } from './world.ts'

export interface CompareRequest {
  readonly project: Project
  /** File, git revision or URL; undefined: `HEAD`. */
  readonly before: string | undefined
  /** The same; undefined: the lockfile in the working tree. */
  readonly after: string | undefined
  /** Beside locks and manifests. */
  readonly looks: ReadonlySet<ReviewLook>
  /** Asked for when something has to be fetched. */
  readonly siteOf: () => Promise<Site>
}

export interface LockComparison {
  readonly difference: LockDifference
  readonly review: Review
}

/**
 * Lock and manifest of two states, compared together.
 *
 * @throws {Fault} `LOCK_MISSING`, `PROGRAM_FAILED` (git), and what `readReviewSide` throws
 */
export async function compareLocks(request: CompareRequest, session: Session, world: World): Promise<LockComparison> {
  const { project } = request
  const placeOf = async (name: string | undefined, otherwise: SidePlace) =>
    name === undefined ? otherwise : sidePlace(name, world.workingFolder)
  const places = await Promise.all([
    placeOf(request.before, { kind: 'revision', revision: 'HEAD' }),
    placeOf(request.after, { kind: 'file', name: project.lockName, lockPath: project.lockPath }),
  ])
  const [before, after] = await Promise.all([
    readReviewSide(places[0], request, session, world),
    readReviewSide(places[1], request, session, world),
  ])
  const { reviewLocks } = await import('../review/index.ts')
  const difference = diffLockfiles(before.lock, after.lock)
  const folderOf = (place: SidePlace) => dirname(place.kind === 'file' ? place.lockPath : project.lockPath)
  const named = await filesBehind(
    { side: before, place: places[0], folder: folderOf(places[0]) },
    { side: after, place: places[1], folder: folderOf(places[1]) },
    session,
    world,
  )
  if (request.looks.size === 0) return { difference, review: reviewLocks({ before, after, findings: named }) }
  const { lookInside } = await import('./look-inside.ts')
  const seen = await lookInside({ ...request, difference, before, after }, session, world)
  const findings = [...named, ...seen.findings]
  return { difference, review: reviewLocks({ before, after, ...seen, findings }) }
}

/** Two locks of one folder have the same files beside them. */
async function filesBehind(
  before: NamedFilesSide,
  after: NamedFilesSide,
  session: Session,
  world: World,
): Promise<readonly TrustFinding[]> {
  if (before.side.manifest === undefined || after.side.manifest === undefined) return []
  if (before.place.kind === 'file' && after.place.kind === 'file' && before.folder === after.folder) return []
  const { namedFileFindings } = await import('./named-files.ts')
  return namedFileFindings(before, after, session, world)
}
