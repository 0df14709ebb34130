import { type BinaryPackage, describePackage, formatRelation, type Relation } from '../debian/index.ts'
import type { Session } from '../kernel/index.ts'
import { runSearch } from '../solver/index.ts'
import { type Encoding, encodeProblem } from './encoding.ts'
import type { ResolutionRequest } from './model.ts'
import { priorityRank } from './preference.ts'
import { reachedPackages } from './reached-packages.ts'
import type { ClauseOrigin, Requirement, RequirementField } from './requirements.ts'
import { selectPackages } from './select-packages.ts'

export type Rejection =
  /** No index has the name, or not in such a version, or not for this architecture. */
  | 'not-in-any-index'
  | 'excluded'
  | 'pinned-below'
  | 'older-version'
  | 'conflict'
  | 'foreign-dpkg'
  /** The maintainer wrote it further to the right. */
  | 'later-in-or-group'
  /** The same relation is better satisfied by the deb that was taken. */
  | 'provider-order'
  /** It comes first, but what was taken is there for another reason. */
  | 'already-satisfied'
  /** It comes first, but what it needs in turn cannot be had beside the rest. */
  | 'not-with-the-rest'
  /** Another version was settled on for all roots (`same-version`). */
  | 'other-roots'
  /** A fresh lock would have it: an update in part kept what was locked, or the indexes are newer than the lock. */
  | 'not-afresh'

export interface RejectedAlternative {
  /** `name:architecture=version`, or the relation that nothing satisfies. */
  readonly alternative: string
  readonly reason: Rejection
  /** The reason in words, to follow the alternative and a colon. */
  readonly because: string
}

/** One or-group or virtual name on the way to a deb, and what else could have satisfied it. */
export interface JudgedGroup {
  /** `name:architecture=version`; undefined: the manifest asks. */
  readonly owner: string | undefined
  readonly field: RequirementField
  readonly text: string
  readonly taken: string
  /** Other debs that are there and satisfy it too. */
  readonly alsoThere: readonly string[]
  readonly rejected: readonly RejectedAlternative[]
}

/** A step on the way: a deb, or the manifest, and what it led to. */
export interface Step {
  readonly owner: BinaryPackage | undefined
  readonly taken: BinaryPackage
}

/** What is locked of a root, as debs of the request's universe. */
export interface LockedSteps {
  /** Every deb of the root. */
  readonly chosen: ReadonlySet<BinaryPackage>
  readonly steps: readonly Step[]
}

/**
 * For each relation by which a step was made, the alternatives that were not taken and why. Relations that leave no
 * alternative are left out.
 *
 * @throws the signal's reason when the session is aborted
 */
export async function judgeAlternatives(
  request: ResolutionRequest,
  { chosen, steps }: LockedSteps,
  session: Session,
): Promise<readonly JudgedGroup[]> {
  const encoding = encodeProblem(request)
  const afresh = await runSearch(selectPackages(encoding), session)
  const scene: Scene = {
    request,
    encoding,
    chosen,
    fresh: new Set(
      afresh.kind === 'selected' ? reachedPackages(encoding, afresh.chosen, 'preferred').map(each => each.package) : [],
    ),
  }
  return steps.flatMap(({ owner, taken }) => {
    const variable = encoding.variableOf(taken)
    return requirementsOf(owner, encoding)
      .filter(({ alternatives }) => alternatives.includes(variable))
      .map(requirement => judgeGroup(requirement, taken, scene))
      .filter(({ rejected, alsoThere }) => rejected.length + alsoThere.length > 0)
  })
}

interface Scene {
  readonly request: ResolutionRequest
  readonly encoding: Encoding
  readonly chosen: ReadonlySet<BinaryPackage>
  /** What would be chosen without a lock. */
  readonly fresh: ReadonlySet<BinaryPackage>
}

function requirementsOf(owner: BinaryPackage | undefined, encoding: Encoding): readonly Requirement[] {
  if (owner === undefined) return encoding.roots.requirements
  const { clauses, optional } = encoding.expansionOf(encoding.variableOf(owner))
  return [...clauses.flatMap(({ origin }) => (origin.kind === 'requirement' ? [origin.requirement] : [])), ...optional]
}

function judgeGroup(requirement: Requirement, taken: BinaryPackage, scene: Scene): JudgedGroup {
  const { owner, field, text, alternatives, group } = requirement
  const { encoding, chosen } = scene
  const others = alternatives.map(encoding.debOf).filter(deb => deb !== taken)
  return {
    owner: owner === undefined ? undefined : describePackage(owner),
    field,
    text,
    taken: describePackage(taken),
    alsoThere: others.filter(deb => chosen.has(deb)).map(describePackage),
    rejected: [
      ...others
        .filter(deb => !chosen.has(deb))
        .map(deb => ({ alternative: describePackage(deb), ...judge(deb, taken, requirement, scene) })),
      ...group.flatMap(relation => unsatisfiable(relation, requirement, encoding)),
    ],
  }
}

type Verdict = Omit<RejectedAlternative, 'alternative'>

/** Why `deb` was not taken: what forbids it, then what keeps it out, then what is preferred to it. */
function judge(deb: BinaryPackage, taken: BinaryPackage, requirement: Requirement, scene: Scene): Verdict {
  const { request, encoding, chosen, fresh } = scene
  const forbidden = encoding.verdictsOn(encoding.variableOf(deb)).flatMap(({ origin }) => verdictOf(origin, scene))
  const [first] = forbidden
  if (first !== undefined) return first
  // What was taken in its place is no reason: it would not have to be there.
  const conflict = conflictOf(deb, new Set([...chosen].filter(each => each !== taken)), encoding)
  if (conflict !== undefined) return { reason: 'conflict', because: conflict }
  const position = (each: BinaryPackage) =>
    requirement.group.findIndex(relation => answers(relation, each, requirement, scene))
  if (position(deb) > position(taken)) return { reason: 'later-in-or-group', because: 'comes later in the or-group' }
  const { alternatives } = requirement
  const isLater = alternatives.indexOf(encoding.variableOf(deb)) > alternatives.indexOf(encoding.variableOf(taken))
  if (isLater) {
    const relation = requirement.group[position(taken)]
    const why = providerOrder(taken, deb, relation?.packageName ?? taken.name, request.universe.nativeArchitecture)
    return { reason: 'provider-order', because: `provider order: ${why}` }
  }
  const other = otherReason(taken, deb, scene)
  if (other === undefined && (fresh.has(deb) || !fresh.has(taken))) {
    const held = 'holds what was locked before'
    return {
      reason: 'not-afresh',
      because: fresh.has(deb) ? `a fresh lock would take it; this one ${held}` : `this lock ${held}`,
    }
  }
  if (other === undefined) return { reason: 'not-with-the-rest', because: 'does not go with the rest of the root' }
  return { reason: 'already-satisfied', because: `${taken.name} is there anyway: ${other}` }
}

/** A relation of the root that `taken` satisfies and `other` does not. */
function otherReason(taken: BinaryPackage, other: BinaryPackage, { chosen, encoding }: Scene): string | undefined {
  const [wish, unwished] = [taken, other].map(encoding.variableOf) as [number, number]
  const calls = ({ alternatives }: Requirement) => alternatives.includes(wish) && !alternatives.includes(unwished)
  for (const owner of [undefined, ...chosen]) {
    const call = owner === taken ? undefined : requirementsOf(owner, encoding).find(calls)
    if (call === undefined) continue
    return owner === undefined ? `the manifest asks for ${call.text}` : `${owner.name} needs ${call.text}`
  }
  return undefined
}

function answers(relation: Relation, deb: BinaryPackage, { owner }: Requirement, { encoding }: Scene): boolean {
  const architecture = owner === undefined ? encoding.universe.nativeArchitecture : encoding.slotOf(owner)
  return encoding.targets.satisfying(relation, architecture).includes(deb)
}

function verdictOf(origin: ClauseOrigin, { encoding }: Scene): readonly Verdict[] {
  switch (origin.kind) {
    case 'excluded':
      return [{ reason: 'excluded', because: 'is excluded by the manifest' }]
    case 'forbidden-by-pin':
      return [
        { reason: 'pinned-below', because: `is pinned below zero (${encoding.candidates.priorityOf(origin.deb)})` },
      ]
    case 'out-of-step':
      return [{ reason: 'other-roots', because: 'is not the version that the other roots have (same-version)' }]
    case 'foreign-dpkg':
      return [{ reason: 'foreign-dpkg', because: 'dpkg has to be of the native architecture' }]
    case 'not-candidate': {
      const { deb } = origin
      const candidate = encoding.candidates.candidateOf(deb.name, encoding.slotOf(deb))
      if (candidate === undefined) return []
      const own = encoding.candidates.priorityOf(deb)
      const best = encoding.candidates.priorityOf(candidate)
      return [
        own < best
          ? { reason: 'pinned-below', because: `is pinned below ${candidate.version} (${own} against ${best})` }
          : { reason: 'older-version', because: `${candidate.version} is preferred, the candidate of that name` },
      ]
    }
    default:
      return []
  }
}

/** What among the chosen debs keeps `deb` out. */
function conflictOf(deb: BinaryPackage, chosen: ReadonlySet<BinaryPackage>, encoding: Encoding): string | undefined {
  for (const relation of [...deb.conflicts, ...deb.breaks]) {
    const enemy = encoding.targets.excluded(relation, deb).find(each => chosen.has(each))
    if (enemy !== undefined) return `conflicts with ${describePackage(enemy)} (its own ${formatRelation(relation)})`
  }
  for (const other of chosen) {
    const relation = [...other.conflicts, ...other.breaks].find(each =>
      encoding.targets.excluded(each, other).includes(deb),
    )
    if (relation !== undefined)
      return `conflicts with ${describePackage(other)}, which excludes ${formatRelation(relation)}`
  }
  const namesake = encoding.universe.packagesNamed(deb.name).find(each => chosen.has(each))
  const areTwins = namesake?.multiArch === 'same' && deb.multiArch === 'same' && namesake.version === deb.version
  if (namesake === undefined || areTwins) return undefined
  return `conflicts with ${describePackage(namesake)}, another deb of that name`
}

/** The first rule of apt's order (SEMANTICS T18, T19, T43) that sets them apart. */
function providerOrder(taken: BinaryPackage, other: BinaryPackage, name: string, native: string): string {
  if (taken.name === name && other.name !== name) return `${taken.name} is the real package of that name`
  if (taken.essential !== other.essential) return `${taken.name} is essential`
  if (taken.important !== other.important) return `${taken.name} is marked important`
  if (taken.architecture !== other.architecture && other.architecture !== native && other.architecture !== 'all')
    return `${taken.architecture} comes before ${other.architecture}`
  if (priorityRank(taken) !== priorityRank(other))
    return `Priority ${taken.priority} of ${taken.name} comes before ${other.priority === '' ? 'none' : other.priority}`
  return `${taken.name} comes first by name`
}

/** A relation of the group that no deb satisfies. */
function unsatisfiable(
  relation: Relation,
  requirement: Requirement,
  encoding: Encoding,
): readonly RejectedAlternative[] {
  const { owner } = requirement
  const architecture = owner === undefined ? encoding.universe.nativeArchitecture : encoding.slotOf(owner)
  if (encoding.targets.satisfying(relation, architecture).length > 0) return []
  const known = encoding.universe.packagesNamed(relation.packageName)
  const because =
    known.length === 0
      ? 'is not in any index'
      : `is not in any index in that form; there is ${[...new Set(known.map(describePackage))].join(', ')}`
  return [{ alternative: formatRelation(relation), reason: 'not-in-any-index', because }]
}
