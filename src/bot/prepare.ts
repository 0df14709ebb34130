import { encodeUtf8, Fault, isFault, printable, type Session } from '../kernel/index.ts'
import type { LockedDeb } from '../lockfile/index.ts'
import type { Forge as BodyForge, Review, ReviewedSource } from '../review/index.ts'
import { compareLocks } from '../workflows/compare-locks.ts'
import { findOutdated, type Outdated, type OutdatedGroup } from '../workflows/find-outdated.ts'
import type { Project } from '../workflows/project.ts'
import { readProjectLock, readProjectManifest } from '../workflows/read-project.ts'
import type { Site } from '../workflows/site.ts'
import { replaceTextFile } from '../workflows/text-file.ts'
import { timeOf } from '../workflows/timestamp.ts'
import { updateLock } from '../workflows/update-lock.ts'
import type { World } from '../workflows/world.ts'
import { branchOf } from './branch-name.ts'
import type { Git } from './git.ts'
import type { Obstacle, Proposal } from './model.ts'
import { digestOf, type Identity, makeCommit } from './repository.ts'

/** One lock, as the base branch has it, in a checkout of its own. */
export interface LockToUpdate {
  readonly project: Project
  readonly site: Site
  /** Of the lock, in the repository. */
  readonly path: string
}

export interface PrepareRequest {
  readonly lock: LockToUpdate
  readonly git: Git
  readonly base: { readonly name: string; readonly commit: string }
  readonly asOf: Date | undefined
  readonly identity: Identity
  readonly commitDate: CommitDate
  readonly labels: readonly string[]
  /** Whose limit bodies keep. */
  readonly bodyForge: BodyForge
}

/** `lock`: the newest `at` of the new lock, so that the same lock on the same base is the same commit. */
export type CommitDate = 'lock' | 'now'

export interface Prepared {
  readonly proposals: readonly PreparedProposal[]
  readonly obstacles: readonly Obstacle[]
  readonly outdated: Outdated
  readonly limit: number
}

export interface PreparedProposal extends Proposal {
  readonly lock: LockToUpdate
  readonly lockText: string
}

/**
 * What the policy lets move of one lock, each group resolved by itself from the base branch and made a commit of it. The lock of the checkout
 * is what it was afterwards.
 *
 * @throws {Fault} everything of `findOutdated`; `RESOLVE_NO_SOLUTION`
 */
export async function prepareLock(request: PrepareRequest, session: Session, world: World): Promise<Prepared> {
  const { project, site } = request.lock
  const { asOf } = request
  const outdated = await findOutdated({ project, site, asOf, snapshot: undefined }, session, world)
  if (outdated.kind === 'unsolvable')
    throw new Fault('RESOLVE_NO_SOLUTION', {
      message: `no set of packages satisfies the manifest of ${project.lockName} for ${outdated.architecture}`,
      hint: outdated.explanation.hint,
      context: { lock: project.lockName, lines: outdated.explanation.lines },
    })
  const { policy } = await readProjectManifest(project, world)
  const { text: before } = await readProjectLock(project)
  const proposals: PreparedProposal[] = []
  const obstacles: Obstacle[] = []
  for (const group of outdated.groups) {
    const place = { lockName: project.lockName, group: group.name, branch: branchOf(request.lock.path, group.name) }
    try {
      const labels = [...new Set([...policy.labels, ...request.labels])]
      const made = await prepareGroup({ ...request, labels, outdated, group, before }, session, world)
      if (made.kind === 'proposal') proposals.push({ ...place, ...made.proposal })
      else obstacles.push({ ...place, because: made.because })
    } catch (error) {
      session.signal.throwIfAborted()
      // The other groups do not wait for one that has no solution by itself.
      if (!isFault(error) || error.exitCode === 70) throw error
      obstacles.push({ ...place, because: error.message })
    } finally {
      await replaceTextFile(project.lockPath, before)
    }
  }
  return { proposals, obstacles, outdated, limit: policy.limit }
}

interface GroupRequest extends PrepareRequest {
  readonly outdated: Outdated
  readonly group: OutdatedGroup
  /** Text of the lock on the base branch. */
  readonly before: string
}

type GroupResult =
  | { readonly kind: 'proposal'; readonly proposal: Omit<PreparedProposal, 'lockName' | 'group' | 'branch'> }
  | { readonly kind: 'obstacle'; readonly because: string }

async function prepareGroup(request: GroupRequest, session: Session, world: World): Promise<GroupResult> {
  const { lock, git, base, group, outdated, asOf, before } = request
  const { project, site } = lock
  const sources = group.sources.map(each => each.source)
  // A source that only the fresh lock has, such as one that was renamed, cannot be asked for by name.
  const locked = new Set((await readProjectLock(project)).lock.debs.map(deb => deb.sourceName))
  const result = await updateLock(
    {
      project,
      site,
      mode: { kind: 'named', names: [], sources: sources.filter(each => locked.has(each)), precise: [] },
      asOf,
      snapshot: undefined,
      write: 'replace',
    },
    session,
    world,
  )
  if (result.kind === 'unsolvable') return obstacle('nothing that satisfies the manifest moves it alone')
  const after = await readProjectLock(project)
  if (after.text === before) return obstacle('it moves only together with what another group or a rule holds')
  const { review } = await compareLocks(
    {
      project,
      before: undefined,
      after: undefined,
      looks: new Set(),
      siteOf: () => Promise.resolve(site),
    },
    session,
    world,
  )
  const held = heldAlong(review, sources, outdated)
  if (held !== undefined) return obstacle(`it would move ${held}, which the policy holds back`)
  const title = titleOf(lock.path, group, review)
  const digest = digestOf(after.text)
  const commit = await makeCommit(git, {
    base: base.commit,
    path: lock.path,
    text: after.text,
    message: title,
    identity: request.identity,
    seconds: Math.floor(
      (request.commitDate === 'now' ? world.clock.now() : newestAt(after.lock.debs)).getTime() / 1000,
    ),
  })
  const named = { ...review, before: base.name, after: branchOf(lock.path, group.name) }
  return {
    kind: 'proposal',
    proposal: {
      lock,
      lockText: after.text,
      commit,
      digest,
      urgency: review.sources.some(each => each.section === 'security') ? 'security' : 'other',
      text: { title, body: await bodyOf(named, digest, request.bodyForge), labels: request.labels },
      sources: review.sources.map(each => each.source),
    },
  }
}

function obstacle(because: string): GroupResult {
  return { kind: 'obstacle', because }
}

/** A source beyond the group's that moves along although a rule or its age holds it back. */
function heldAlong(review: Review, asked: readonly string[], { held }: Outdated): string | undefined {
  const isMoved = ({ source, section }: ReviewedSource) =>
    (section === 'security' || section === 'changed') && !asked.includes(source)
  return review.sources.find(each => isMoved(each) && held.some(({ source }) => source.source === each.source))?.source
}

/** `images/web.aptroot.lock: openssl 3.0.15-1 → 3.0.16-1`, or the group and how much it moves. */
function titleOf(path: string, group: OutdatedGroup, review: Review): string {
  const [only, ...others] = group.sources
  if (only !== undefined && others.length === 0) {
    const moved = review.sources.find(each => each.source === only.source) ?? only
    const [had, has] = [moved.versionsBefore.join(', '), moved.versionsAfter.join(', ')]
    return clipped(`${path}: ${only.source} ${had === has ? 'rebuilt' : `${had} → ${has}`}`)
  }
  return clipped(`${path}: ${group.name}, ${group.sources.length} source packages`)
}

/** Forges allow 255 characters. */
function clipped(title: string): string {
  const shown = printable(title)
  return shown.length <= 200 ? shown : `${shown.slice(0, 199)}…`
}

/** A comment that no reader sees: which lock the request is about, so that what a person closed is known again. */
export function markerOf(digest: string): string {
  return `<!-- aptroot-lock sha256:${digest} -->`
}

async function bodyOf(review: Review, digest: string, forge: BodyForge): Promise<string> {
  const { formatMarkdown, reviewDocument } = await import('../review/index.ts')
  const marker = `\n${markerOf(digest)}\n`
  return `${formatMarkdown(reviewDocument(review), forge, encodeUtf8(marker).length)}${marker}`
}

function newestAt(debs: readonly LockedDeb[]): Date {
  return timeOf(debs.reduce((newest, deb) => (deb.at > newest ? deb.at : newest), '19700101T000000Z'))
}
