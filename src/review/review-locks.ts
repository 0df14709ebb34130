import { compareBytes, groupBy } from '../kernel/index.ts'
import {
  compareRequests,
  type DebChange,
  debKey,
  diffLockfiles,
  type Lockfile,
  pinnedBy,
  type RequestChange,
  requestOf,
  type SourceChange,
} from '../lockfile/index.ts'
import type { Manifest } from '../manifest/index.ts'
import type { SourceChangelog } from './changelogs.ts'
import { contentFindings } from './deb-contents.ts'
import type {
  DeepReview,
  ManifestComparison,
  Review,
  ReviewedDeb,
  ReviewedSource,
  SourceSection,
  TrustFinding,
} from './model.ts'
import { type Origins, originsOf } from './origins.ts'
import { sortFindings, trustFindings } from './trust.ts'
import { type VersionStep, versionStep } from './version-step.ts'
import type { SecurityReview } from './vulnerabilities.ts'
import { removalReasons, wantedPaths } from './wanted-paths.ts'

/** One side of a change. */
export interface ReviewSide {
  /** What people call it. */
  readonly name: string
  readonly lock: Lockfile
  readonly manifest: Manifest | undefined
}

export interface ReviewRequest {
  readonly before: ReviewSide
  readonly after: ReviewSide
  /** Found by other means: contents of files that the manifests name, proofs of origin. */
  readonly findings?: readonly TrustFinding[]
  /** What opening the debs showed. */
  readonly deep?: DeepReview | undefined
  readonly changelogs?: readonly SourceChangelog[] | undefined
  readonly security?: SecurityReview | undefined
}

/** A lock change as a person reviews it; the same sides give the same review. */
export function reviewLocks({ before, after, findings = [], deep, changelogs, security }: ReviewRequest): Review {
  const difference = diffLockfiles(before.lock, after.lock)
  const request = requestChanges(before, after)
  const origins = originsOf(before.lock, after.lock, after.manifest)
  const manifests =
    before.manifest === undefined || after.manifest === undefined
      ? undefined
      : { before: before.manifest, after: after.manifest }
  const trust = trustFindings({
    difference,
    request,
    origins,
    manifests,
    lockAfter: after.lock,
    manifestAfter: after.manifest,
  })
  const growths = deep === undefined ? undefined : growthBySource(deep, difference.sources)
  const facts = { ...factsOf(before.lock, after.lock, origins), growths }
  return {
    review: 1,
    before: before.name,
    after: after.name,
    manifest: comparisonOf(before.manifest, after.manifest),
    trust: sortFindings([...trust, ...findings, ...contentFindings(deep?.contents ?? [])]),
    request: request.filter(({ field }) => !['archives', 'pins', 'debs'].includes(field)),
    sources: difference.sources
      .map(each => reviewedSource(each, facts))
      .sort(
        (left, right) =>
          sections.indexOf(left.section) - sections.indexOf(right.section) || compareBytes(left.source, right.source),
      ),
    downloadBytes: difference.newBytes,
    changelogs,
    security,
    deep,
    installedBytes: deep === undefined ? undefined : growthOf(deep),
  }
}

/** Unknown as soon as one deb is. */
function growthOf({ contents, unopened, unopenedRemoved }: DeepReview): number | undefined {
  if (unopened.length + unopenedRemoved.length > 0) return undefined
  return contents.reduce((sum, each) => sum + each.installedBytes, 0)
}

/** Of the source packages of which every deb that changed was opened. */
function growthBySource(
  { contents, unopened, unopenedRemoved }: DeepReview,
  sources: readonly SourceChange[],
): ReadonlyMap<string, number> {
  const closed = new Set([...unopened, ...unopenedRemoved])
  const opened = groupBy(contents, each => each.source)
  return new Map(
    sources.flatMap(({ source, debs }) => {
      const sides = debs.flatMap(each =>
        ('before' in each ? [each.before] : []).concat('after' in each ? [each.after] : []),
      )
      if (sides.some(deb => closed.has(`${debKey(deb)} ${deb.version}`))) return []
      return [[source, (opened.get(source) ?? []).reduce((sum, each) => sum + each.installedBytes, 0)] as const]
    }),
  )
}

export const sections: readonly SourceSection[] = ['security', 'changed', 'added', 'removed', 'unchanged-bytes']

/** Of the locks and, where both sides have one, of the manifests: a manifest may have changed and the lock not. */
function requestChanges(before: ReviewSide, after: ReviewSide): readonly RequestChange[] {
  const ofLocks = compareRequests(before.lock.request, after.lock.request)
  if (before.manifest === undefined || after.manifest === undefined) return ofLocks
  const ofManifests = compareRequests(requestOf(before.manifest), requestOf(after.manifest))
  const known = new Set(ofLocks.map(each => JSON.stringify(each)))
  return [...ofLocks, ...ofManifests.filter(each => !known.has(JSON.stringify(each)))]
}

function comparisonOf(before: Manifest | undefined, after: Manifest | undefined): ManifestComparison {
  if (before !== undefined && after !== undefined) return { kind: 'compared' }
  if (before === undefined && after === undefined) return { kind: 'absent' }
  return { kind: 'one-sided', missing: before === undefined ? 'before' : 'after' }
}

/** What is asked about many debs and found out once, when the first asks. */
interface Facts {
  readonly origins: Origins
  readonly known: ReadonlySet<string>
  /** When installed, by source; undefined: the debs were not opened. */
  readonly growths: ReadonlyMap<string, number> | undefined
  paths(): ReturnType<typeof wantedPaths>
  reasons(): ReturnType<typeof removalReasons>
}

function factsOf(before: Lockfile, after: Lockfile, origins: Origins): Omit<Facts, 'growths'> {
  let paths: ReturnType<typeof wantedPaths> | undefined
  let reasons: ReturnType<typeof removalReasons> | undefined
  return {
    origins,
    known: new Set(before.debs.map(deb => deb.sha256)),
    paths: () => (paths ??= wantedPaths(after)),
    reasons: () => (reasons ??= removalReasons(before, after)),
  }
}

function reviewedSource(change: SourceChange, facts: Facts): ReviewedSource {
  const { source, versionsBefore, versionsAfter } = change
  const debs = foldArchitectures(change.debs.map(each => reviewedDeb(each, facts)))
  const steps = debs.flatMap(each => (each.step === undefined ? [] : [each.step]))
  return {
    source,
    section: sectionOf(change, steps, facts.origins),
    versionsBefore,
    versionsAfter,
    step: steps.toSorted((left, right) => stepWeights.indexOf(left.kind) - stepWeights.indexOf(right.kind))[0],
    debs,
    downloadBytes: debs.reduce((sum, each) => sum + each.downloadBytes, 0),
    installedBytes: facts.growths?.get(source),
  }
}

const stepWeights: readonly VersionStep['kind'][] = [
  'other-bytes',
  'downgrade',
  'epoch',
  'security-upload',
  'new-upstream',
  'backport',
  'stable-update',
  'ubuntu-update',
  'revision',
  'rebuild',
  'same-version',
]

function sectionOf({ debs }: SourceChange, steps: readonly VersionStep[], origins: Origins): SourceSection {
  const isFix = (change: DebChange) =>
    (change.kind === 'upgraded' || change.kind === 'rebuilt') && origins.isSecurity(change.after.from)
  if (debs.some(isFix)) return 'security'
  if (steps.some(step => step.kind !== 'same-version')) return 'changed'
  if (debs.some(each => each.kind === 'added')) return 'added'
  return debs.some(each => each.kind === 'removed') ? 'removed' : 'unchanged-bytes'
}

function reviewedDeb(change: DebChange, facts: Facts): ReviewedDeb {
  const before = change.kind === 'added' ? undefined : change.before
  const after = change.kind === 'removed' ? undefined : change.after
  const deb = after ?? before
  return {
    name: deb?.name ?? '',
    architectures: deb === undefined ? [] : [deb.architecture],
    change: change.kind,
    step:
      before === undefined || after === undefined
        ? undefined
        : versionStep({
            before: before.version,
            after: after.version,
            bytes: pinnedBy(before) === pinnedBy(after) ? 'same' : 'other',
            origin: facts.origins.isSecurity(after.from) ? 'security' : 'other',
          }),
    versionBefore: before?.version,
    versionAfter: after?.version,
    fromBefore: before?.from,
    fromAfter: after?.from,
    root: deb?.root,
    path: change.kind === 'added' ? facts.paths().pathTo(change.after) : [],
    reasons: reasonsOf(change, facts),
    downloadBytes: after === undefined || facts.known.has(after.sha256) ? 0 : after.sizeBytes,
  }
}

function reasonsOf(change: DebChange, facts: Facts): readonly string[] {
  switch (change.kind) {
    case 'removed':
      return facts.reasons().reasonsOf(change.before)
    case 'remarked': {
      const { before, after } = change
      const rootsOf = (roots: readonly string[] | undefined) => roots?.join(', ') ?? 'every root'
      const lost = before.needs.filter(need => !after.needs.includes(need))
      const gained = after.needs.filter(need => !before.needs.includes(need))
      return [
        ...(before.root === after.root ? [] : [`${before.root ?? 'dependency'} → ${after.root ?? 'dependency'}`]),
        ...(rootsOf(before.roots) === rootsOf(after.roots)
          ? []
          : [`in ${rootsOf(before.roots)} → ${rootsOf(after.roots)}`]),
        ...(lost.length === 0 ? [] : [`no longer needs ${lost.join(', ')}`]),
        ...(gained.length === 0 ? [] : [`now needs ${gained.join(', ')}`]),
      ]
    }
    case 'moved': {
      const { before, after } = change
      if (before.from !== after.from) return []
      if (before.directory !== after.directory) return [`folder ${before.directory} → ${after.directory}`]
      if (before.file !== after.file) return [`file ${before.file ?? 'as usual'} → ${after.file ?? 'as usual'}`]
      if (before.at !== after.at) return [`first locked ${before.at} → ${after.at}`]
      return [`size ${before.sizeBytes} → ${after.sizeBytes}`]
    }
    default:
      return []
  }
}

/** Debs that differ in nothing but their architecture are told once. */
function foldArchitectures(debs: readonly ReviewedDeb[]): readonly ReviewedDeb[] {
  const groups = groupBy(debs, ({ architectures: _, downloadBytes: __, ...told }) => JSON.stringify(told))
  return [...groups.values()].map(group => ({
    ...group[0],
    architectures: group.flatMap(each => each.architectures),
    downloadBytes: group.reduce((sum, each) => sum + each.downloadBytes, 0),
  }))
}
