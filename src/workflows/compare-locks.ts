import type { Session } from '../kernel/index.ts'
import { diffLockfiles, type LockDifference } from '../lockfile/difference.ts'
import type { Review } from '../review/index.ts'
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
  /** Whether the changed debs of the store are opened. */
  readonly depth: 'locks' | 'debs'
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
  if (request.depth === 'locks') return { difference, review: reviewLocks({ before, after }) }
  const { openChangedDebs } = await import('./open-changed-debs.ts')
  const deep = await openChangedDebs(difference, await request.siteOf(), session, world)
  return { difference, review: reviewLocks({ before, after, deep }) }
}
