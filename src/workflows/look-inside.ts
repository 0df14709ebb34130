import type { Session } from '../kernel/index.ts'
import type { LockDifference } from '../lockfile/index.ts'
import {
  type DeepReview,
  type ReviewSide,
  type SecurityReview,
  type SourceChangelog,
  securityReview,
  type TrustFinding,
} from '../review/index.ts'
import { placeOfDeb } from './deb-origin.ts'
import { openDebPlace } from './deb-place.ts'
import { loadSecurityData } from './load-security-data.ts'
import { openChangedDebs } from './open-changed-debs.ts'
import type { Project } from './project.ts'
import { readChangelogs } from './read-changelogs.ts'
import { openSite, type Site } from './site.ts'
import { unprovenFindings } from './unproven-debs.ts'
import type { World } from './world.ts'

/** What a review looks at beside locks and manifests; `security` needs data that the site names. */
export type ReviewLook = 'contents' | 'changelogs' | 'security' | 'origins'

export interface LookRequest {
  readonly project: Project
  readonly difference: LockDifference
  readonly before: ReviewSide
  readonly after: ReviewSide
  readonly looks: ReadonlySet<ReviewLook>
  readonly siteOf: () => Promise<Site>
}

export interface Looks {
  readonly findings: readonly TrustFinding[]
  readonly deep: DeepReview | undefined
  readonly changelogs: readonly SourceChangelog[] | undefined
  readonly security: SecurityReview | undefined
}

/**
 * What opening debs, reading their changelogs, asking data about vulnerabilities and proving origins shows.
 *
 * @throws {Fault} as `openChangedDebs`, `readChangelogs`, `loadSecurityData`, `unprovenFindings`
 */
export async function lookInside(request: LookRequest, session: Session, world: World): Promise<Looks> {
  const { project, difference, before, after, looks } = request
  const site = await request.siteOf()
  const place = await openDebPlace({ project, site, manifest: after.manifest ?? before.manifest }, session, world)
  const locks = { difference, before: before.lock, after: after.lock }
  const deep = looks.has('contents') ? await openChangedDebs(difference, place, session) : undefined
  const changelogs = looks.has('changelogs') ? await readChangelogs(locks, place, session) : undefined
  return {
    findings: looks.has('origins')
      ? await unprovenFindings({ project, site, difference, manifest: after.manifest }, session, world)
      : [],
    deep,
    changelogs,
    security: looks.has('security')
      ? await securityOf({ ...request, changelogs }, site, { session, world })
      : undefined,
  }
}

type SecurityRequest = Pick<LookRequest, 'difference' | 'before' | 'after'> & Pick<Looks, 'changelogs'>

/** undefined where nobody named data: then nothing is said of vulnerabilities. */
async function securityOf(
  { difference, before, after, changelogs }: SecurityRequest,
  site: Site,
  { session, world }: { readonly session: Session; readonly world: World },
): Promise<SecurityReview | undefined> {
  if (site.securityData === undefined) return undefined
  const opened = { ...(await openSite(site, world)), mode: site.mode }
  const { data, origin } = await loadSecurityData(site.securityData, opened, session, world)
  return securityReview({
    data,
    origin,
    before: before.lock,
    after: after.lock,
    sources: difference.sources.map(each => each.source),
    changelogs: changelogs ?? [],
    placeOf: placeOfDeb,
  })
}
