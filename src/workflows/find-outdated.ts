import { Fault, groupBy, type Session, sortedByBytes } from '../kernel/index.ts'
import { debsOfRoot, type LockedDeb } from '../lockfile/index.ts'
import type { Explanation } from '../resolver/index.ts'
import type { AgeVerdict, NewerVersion, PolicyVerdict, Review, ReviewedSource } from '../review/index.ts'
import { type AgeQuestion, findAges } from './find-ages.ts'
import type { ContinuityWaiver } from './lock-continuity.ts'
import type { Project } from './project.ts'
import { readProjectLock, readProjectManifest, requireFreshLock } from './read-project.ts'
import type { Site } from './site.ts'
import { nameOfRoot, type ResolvedLock, updateLock } from './update-lock.ts'
import type { UpdateMode } from './update-mode.ts'
import type { World } from './world.ts'

export interface OutdatedRequest extends ContinuityWaiver {
  readonly project: Project
  readonly site: Site
  /** When expiry, rules and ages are judged; undefined: the snapshot's time, else now. */
  readonly asOf: Date | undefined
}

export interface OutdatedGroup {
  readonly name: string
  /** Security fixes first, then by name. */
  readonly sources: readonly ReviewedSource[]
}

export interface HeldSource {
  readonly source: ReviewedSource
  readonly verdict: Exclude<PolicyVerdict, { readonly kind: 'moves' }>
}

/** Plain data; `schema/lock-outdated.schema.json` describes it. */
export interface Outdated {
  readonly kind: 'solved'
  readonly lockName: string
  /** ISO date on which rules were judged. */
  readonly today: string
  /** In the order of the policy, then those named after their source. None is empty. */
  readonly groups: readonly OutdatedGroup[]
  readonly held: readonly HeldSource[]
  /** What comes, goes or changes its place with them. */
  readonly along: readonly ReviewedSource[]
  /** Newer versions that the archives list and an update would not take. */
  readonly newer: readonly NewerVersion[]
  /** Sentences about rules and pins whose time is over. */
  readonly expired: readonly string[]
}

export type OutdatedResult =
  | Outdated
  | {
      readonly kind: 'unsolvable'
      readonly lockName: string
      readonly architecture: string
      readonly explanation: Explanation
    }

/**
 * What a fresh `lock update` would bring, and what the manifest's policy makes of it. Nothing is written but what the store keeps of
 * archives.
 *
 * @throws {Fault} `LOCK_MISSING`, `LOCK_STALE`, and everything of reading the project, of the archives and the network
 */
export async function findOutdated(request: OutdatedRequest, session: Session, world: World): Promise<OutdatedResult> {
  const { project, site } = request
  const manifest = await readProjectManifest(project, world)
  requireFreshLock(project, manifest, (await readProjectLock(project)).lock)
  let found: Outdated | undefined
  const result = await updateLock(
    {
      ...request,
      mode: { kind: 'afresh' },
      write: 'compare',
      useResolved: async resolved => {
        found = await judge(resolved, { project, site }, session, world)
      },
    },
    session,
    world,
  )
  if (result.kind === 'unsolvable') return result
  if (found === undefined) throw new Fault('INTERNAL', { message: 'an update was solved and shown to nobody' })
  const pins = result.notes.filter(note => note.kind === 'pin-expired').map(note => note.message)
  return { ...found, expired: [...found.expired, ...pins] }
}

/** What an update moves that goes by the policy. Where there is no solution afresh, nothing is asked to move and the update itself says why. */
export async function policyMode(request: OutdatedRequest, session: Session, world: World): Promise<UpdateMode> {
  const outdated = await findOutdated(request, session, world)
  if (outdated.kind === 'unsolvable') return { kind: 'afresh' }
  const { lock } = await readProjectLock(request.project)
  // A source that only a fresh lock has cannot be asked for by name.
  const locked = new Set(lock.debs.map(deb => deb.sourceName))
  const sources = outdated.groups.flatMap(group => group.sources.map(each => each.source))
  return { kind: 'named', names: [], sources: sources.filter(each => locked.has(each)), precise: [] }
}

async function judge(
  resolved: ResolvedLock,
  { project, site }: { readonly project: Project; readonly site: Site },
  session: Session,
  world: World,
): Promise<Outdated> {
  const { expiredRules, isUpdate, judgeChange } = await import('../review/index.ts')
  const { manifest, asOf } = resolved
  const { policy } = manifest
  const today = asOf.toISOString().slice(0, 10)
  const review = await reviewOf(project, resolved)
  const updates = review.sources.filter(isUpdate)
  const newDebs = debsBySource(resolved)
  const questions = await ageQuestions(updates, resolved, { today, newDebs })
  const ages =
    questions.length === 0 ? new Map() : await findAges({ project, site, resolved, questions }, session, world)
  const judged = updates.map(source => ({
    source,
    verdict: judgeChange(source, policy, {
      today,
      ageOf: each => youngest((newDebs.get(each.source) ?? []).map(deb => ages.get(deb.sha256) ?? 'old-enough')),
    }),
  }))
  const moving = judged.flatMap(({ source, verdict }) => (verdict.kind === 'moves' ? [{ source, verdict }] : []))
  const byGroup = groupBy(moving, each => each.verdict.group)
  const named = policy.groups.map(each => each.name)
  const order = [...named, ...sortedByBytes([...byGroup.keys()].filter(name => !named.includes(name)))]
  return {
    kind: 'solved',
    lockName: project.lockName,
    today,
    groups: order.flatMap(name => {
      const members = byGroup.get(name)
      return members === undefined ? [] : [{ name, sources: members.map(each => each.source) }]
    }),
    held: judged.flatMap(({ source, verdict }) => (verdict.kind === 'moves' ? [] : [{ source, verdict }])),
    along: review.sources.filter(each => !isUpdate(each)),
    newer: await newerThanChosen(resolved),
    expired: expiredRules(policy, today).map(
      ({ source, until, reason }) => `the rule of \`policy\` about ${source} ended on ${until}: ${reason}`,
    ),
  }
}

/** What an update changes; nothing where there was no lock. */
export async function reviewOf(
  project: Project,
  { manifest, previous, lock }: Pick<ResolvedLock, 'manifest' | 'previous' | 'lock'>,
): Promise<Review> {
  const { reviewLocks } = await import('../review/index.ts')
  const before = { name: project.lockName, lock: previous ?? lock, manifest }
  return reviewLocks({ before, after: { name: 'an update', lock, manifest } })
}

/** The debs of the update whose bytes the previous lock does not have, by source. */
function debsBySource({ previous, lock }: ResolvedLock): ReadonlyMap<string, readonly LockedDeb[]> {
  const known = new Set(previous?.debs.map(deb => deb.sha256))
  return groupBy(
    lock.debs.filter(deb => !known.has(deb.sha256)),
    deb => deb.sourceName,
  )
}

async function ageQuestions(
  updates: readonly ReviewedSource[],
  { manifest }: ResolvedLock,
  { today, newDebs }: { readonly today: string; readonly newDebs: ReadonlyMap<string, readonly LockedDeb[]> },
): Promise<readonly AgeQuestion[]> {
  const { requiredAgeSeconds } = await import('../review/index.ts')
  return updates.flatMap(source => {
    const requiredSeconds = requiredAgeSeconds(source, manifest.policy, today)
    if (requiredSeconds === 0) return []
    return (newDebs.get(source.source) ?? []).map(deb => ({ deb, requiredSeconds }))
  })
}

function youngest(verdicts: readonly AgeVerdict[]): AgeVerdict {
  if (verdicts.includes('too-young')) return 'too-young'
  return verdicts.includes('not-known') ? 'not-known' : 'old-enough'
}

/** Told once for a name and architecture, whatever the number of roots. */
async function newerThanChosen({ manifest, lock, roots }: ResolvedLock): Promise<readonly NewerVersion[]> {
  const { newerVersions } = await import('../review/index.ts')
  const all = manifest.architectures.flatMap((root, at) => {
    const request = roots[at]
    return request === undefined ? [] : newerVersions(request, debsOfRoot(lock, nameOfRoot(root)))
  })
  return [...new Map(all.map(each => [`${each.name}:${each.architecture} ${each.newer}`, each])).values()]
}
