import type { Session } from '../kernel/index.ts'
import { diffLockfiles, type LockDifference } from '../lockfile/difference.ts'
import type { DeepReview, Review, ReviewSide, SecurityReview, SourceChangelog } from '../review/index.ts'
import type { DebPlace } from './deb-place.ts'
import type { Project } from './project.ts'
import type { ChangelogsRequest } from './read-changelogs.ts'
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

/** What a review looks at beside the locks; all but the first two only where they can be had. */
export type ReviewLook = 'contents' | 'changelogs' | 'security'

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
  if (request.looks.size === 0) return { difference, review: reviewLocks({ before, after }) }
  const { openDebPlace } = await import('./deb-place.ts')
  const manifest = after.manifest ?? before.manifest
  const site = await request.siteOf()
  const place = await openDebPlace({ project, site, manifest }, session, world)
  const deep = request.looks.has('contents') ? await deepReview(difference, place, session) : undefined
  const changelogs =
    request.looks.has('changelogs') || request.looks.has('security')
      ? await changelogsOf({ difference, before: before.lock, after: after.lock }, place, session)
      : undefined
  const security = request.looks.has('security')
    ? await securityOf({ difference, before, after, changelogs: changelogs ?? [] }, site, { session, world })
    : undefined
  return { difference, review: reviewLocks({ before, after, deep, changelogs, security }) }
}

interface ComparedSides {
  readonly difference: LockDifference
  readonly before: ReviewSide
  readonly after: ReviewSide
  readonly changelogs: readonly SourceChangelog[]
}

/** undefined where nobody named data: then nothing is said of vulnerabilities. */
async function securityOf(
  { difference, before, after, changelogs }: ComparedSides,
  site: Site,
  { session, world }: { readonly session: Session; readonly world: World },
): Promise<SecurityReview | undefined> {
  if (site.securityData === undefined) return undefined
  const { openSite } = await import('./site.ts')
  const { loadSecurityData } = await import('./load-security-data.ts')
  const { placeOfDeb } = await import('./deb-origin.ts')
  const { securityReview } = await import('../review/index.ts')
  const opened = { ...(await openSite(site, world)), mode: site.mode }
  const { data, origin } = await loadSecurityData(site.securityData, opened, session, world)
  return securityReview({
    data,
    origin,
    before: before.lock,
    after: after.lock,
    sources: difference.sources.map(each => each.source),
    changelogs,
    placeOf: placeOfDeb,
  })
}

async function deepReview(difference: LockDifference, place: DebPlace, session: Session): Promise<DeepReview> {
  const { openChangedDebs } = await import('./open-changed-debs.ts')
  return openChangedDebs(difference, place, session)
}

async function changelogsOf(
  request: ChangelogsRequest,
  place: DebPlace,
  session: Session,
): Promise<readonly SourceChangelog[]> {
  const { readChangelogs } = await import('./read-changelogs.ts')
  return readChangelogs(request, place, session)
}
