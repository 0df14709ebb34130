import {
  type BinaryPackage,
  compareVersions,
  formatOrGroup,
  formatRelation,
  type OrGroup,
  type PackageUniverse,
  type Relation,
} from '../debian/index.ts'
import type { BaseSet } from '../manifest/index.ts'
import { type Candidates, rankCandidates, rootArchitectureOf } from './candidates.ts'
import type { ResolutionRequest } from './model.ts'
import { preferenceOrder } from './preference.ts'
import { type RelationTargets, relationTargets } from './relation-targets.ts'
import {
  type ClauseOrigin,
  type EncodedClause,
  followsRecommends,
  type Requirement,
  type RequirementField,
} from './requirements.ts'
import { baseRequirements, wantedTargets } from './roots.ts'

/** What the solver is told about one deb, once it is chosen. */
export interface Expansion {
  /** Hard requirements, in the order of the fields. */
  readonly requirements: readonly Requirement[]
  readonly clauses: readonly EncodedClause[]
  /** Requirements that leave a choice, in the order of the fields. */
  readonly choices: readonly Requirement[]
  /** Recommends that are to be followed. */
  readonly optional: readonly Requirement[]
}

/** Whose field it is. */
interface Asker {
  readonly owner: BinaryPackage
  readonly field: RequirementField
}

/** A requirement of a field. Only who explains something asks for its text. */
class FieldRequirement implements Requirement {
  readonly #asker: Asker
  readonly group: OrGroup
  readonly alternatives: readonly number[]

  constructor(asker: Asker, group: OrGroup, alternatives: readonly number[]) {
    this.#asker = asker
    this.group = group
    this.alternatives = alternatives
  }

  get owner(): BinaryPackage {
    return this.#asker.owner
  }

  get field(): RequirementField {
    return this.#asker.field
  }

  get text(): string {
    return formatOrGroup(this.group)
  }
}

/** The problem as variables and clauses; grows as the search reaches packages, and remembers what it built. */
export interface Encoding {
  readonly request: ResolutionRequest
  readonly universe: PackageUniverse
  readonly candidates: Candidates
  readonly targets: RelationTargets
  readonly variableCount: number
  /** What the manifest asks for: its requirements, and the clauses that state them. */
  readonly roots: Expansion
  variableOf(deb: BinaryPackage): number
  debOf(variable: number): BinaryPackage
  /** The architecture of the root that a deb belongs to: `all` counts as native. */
  slotOf(deb: BinaryPackage): string
  expansionOf(variable: number): Expansion
  /** Clauses that rule a deb out by itself: to be stated wherever the deb is an alternative. */
  verdictsOn(variable: number): readonly EncodedClause[]
  clauseOf(tag: number): EncodedClause
}

export function encodeProblem(request: ResolutionRequest): Encoding {
  const { universe } = request
  const { nativeArchitecture } = universe
  const candidates = rankCandidates(request)
  const targets = relationTargets(universe)
  const prefer = preferenceOrder(universe, candidates)
  const excludedNames = new Set(request.exclude)
  const recommendsFrom = followsRecommends(request.recommends)

  const debs: (BinaryPackage | undefined)[] = [undefined]
  const variables = new Map<BinaryPackage, number>()
  const expansions: (Expansion | undefined)[] = []
  const verdicts: (readonly EncodedClause[] | undefined)[] = []
  const clauses: EncodedClause[] = []
  /** By architecture, then by the group itself: universes hand out one object for all groups that are written alike. */
  const readGroups = new Map<string, Map<OrGroup, readonly number[]>>()
  /** Debs that the manifest names by version or suite: being asked for, they need not be candidates. */
  const namedExactly = new Set<BinaryPackage>()

  function variableOf(deb: BinaryPackage): number {
    const known = variables.get(deb)
    if (known !== undefined) return known
    const variable = debs.length
    debs.push(deb)
    variables.set(deb, variable)
    return variable
  }

  function debOf(variable: number): BinaryPackage {
    return debs[variable] as BinaryPackage
  }

  function clause(literals: readonly number[], origin: ClauseOrigin): EncodedClause {
    const encoded = { tag: clauses.length, literals, origin }
    clauses.push(encoded)
    return encoded
  }

  function slotOf(deb: BinaryPackage): string {
    return rootArchitectureOf(deb, nativeArchitecture)
  }

  function readGroup(group: OrGroup, architecture: string): readonly number[] {
    let groups = readGroups.get(architecture)
    if (groups === undefined) {
      groups = new Map()
      readGroups.set(architecture, groups)
    }
    const known = groups.get(group)
    if (known !== undefined) return known
    const alternatives = alternativesOf(group, architecture)
    groups.set(group, alternatives)
    return alternatives
  }

  /** Preferred debs first, candidates before other versions: a version that is not the candidate is a last resort. */
  function alternativesOf(group: OrGroup, architecture: string): readonly number[] {
    const [only] = group
    if (group.length === 1) return alternativesOfRelation(only, architecture)
    const all = group.flatMap(relation => alternativesOfRelation(relation, architecture))
    return candidatesFirst([...new Set(all)])
  }

  function alternativesOfRelation(relation: Relation, architecture: string): readonly number[] {
    const satisfying = targets.satisfying(relation, architecture)
    return candidatesFirst(prefer(satisfying, relation.packageName).map(variableOf))
  }

  function candidatesFirst(all: readonly number[]): readonly number[] {
    if (all.length < 2) return all
    const isFirst = (variable: number) => candidates.isCandidate(debOf(variable)) || namedExactly.has(debOf(variable))
    return [...all.filter(isFirst), ...all.filter(variable => !isFirst(variable))]
  }

  function addRequirements(
    deb: BinaryPackage,
    field: RequirementField,
    groups: readonly OrGroup[],
    requirements: Requirement[],
  ): void {
    if (groups.length === 0) return
    const own = variableOf(deb)
    const architecture = slotOf(deb)
    const asker: Asker = { owner: deb, field }
    for (let at = 0; at < groups.length; at++) {
      const group = groups[at] as OrGroup
      const alternatives = readGroup(group, architecture)
      if (!alternatives.includes(own)) requirements.push(new FieldRequirement(asker, group, alternatives))
    }
  }

  function expand(variable: number): Expansion {
    const deb = debOf(variable)
    const hard: Requirement[] = []
    addRequirements(deb, 'Pre-Depends', deb.preDepends, hard)
    addRequirements(deb, 'Depends', deb.depends, hard)
    const optional: Requirement[] = []
    if (recommendsFrom(deb)) addRequirements(deb, 'Recommends', deb.recommends, optional)
    const stated: EncodedClause[] = []
    const choices: Requirement[] = []
    for (let at = 0; at < hard.length; at++) {
      const requirement = hard[at] as Requirement
      stated.push(requirementClause(variable, requirement))
      if (requirement.alternatives.length > 1) choices.push(requirement)
    }
    addConflictClauses(deb, 'Conflicts', deb.conflicts, stated)
    addConflictClauses(deb, 'Breaks', deb.breaks, stated)
    addSiblingClauses(deb, stated)
    return { requirements: hard, clauses: stated, choices, optional }
  }

  /** owner → alternative₁ ∨ alternative₂ ∨ … */
  function requirementClause(owner: number, requirement: Requirement): EncodedClause {
    // Lists as long as they have to be: one that grows takes room for sixteen more, and kde-full with Recommends has 16,000 of them. `concat` is
    // native code; a spread behind something else is an interpreted loop that makes an object for each element.
    const literals = [-owner].concat(requirement.alternatives)
    return clause(literals, { kind: 'requirement', requirement })
  }

  /** ¬owner ∨ ¬target, for every target that is not the owner's own name. */
  function addConflictClauses(
    owner: BinaryPackage,
    field: 'Conflicts' | 'Breaks',
    relations: readonly Relation[],
    stated: EncodedClause[],
  ): void {
    for (let at = 0; at < relations.length; at++) {
      const relation = relations[at] as Relation
      const excluded = targets.excluded(relation, owner)
      for (let place = 0; place < excluded.length; place++) {
        const target = excluded[place] as BinaryPackage
        const text = formatRelation(relation)
        const origin = { kind: 'conflict', owner, field, text, target } as const
        stated.push(clause([-variableOf(owner), -variableOf(target)], origin))
      }
    }
  }

  /**
   * ¬deb ∨ ¬sibling, for every other deb of this name that is in the problem: one version per architecture, and
   * several architectures only of one Multi-Arch: same version. A sibling that enters the problem later states the
   * same clause when it is expanded.
   */
  function addSiblingClauses(deb: BinaryPackage, stated: EncodedClause[]): void {
    const siblings = universe.packagesNamed(deb.name)
    if (siblings.length === 1) return
    for (const sibling of siblings) {
      const other = variables.get(sibling)
      if (sibling === deb || other === undefined) continue
      const kind = siblingClash(deb, sibling)
      if (kind !== undefined) stated.push(clause([-variableOf(deb), -other], { kind, left: deb, right: sibling }))
    }
  }

  function siblingClash(left: BinaryPackage, right: BinaryPackage): 'one-version' | 'not-coinstallable' | undefined {
    if (slotOf(left) === slotOf(right)) return 'one-version'
    const areSame = left.multiArch === 'same' && right.multiArch === 'same'
    return areSame && compareVersions(left.version, right.version) === 0 ? undefined : 'not-coinstallable'
  }

  /** ¬deb */
  function judge(variable: number): readonly EncodedClause[] {
    const deb = debOf(variable)
    const kinds: ClauseOrigin[] = []
    if (excludedNames.has(deb.name)) kinds.push({ kind: 'excluded', deb })
    if (candidates.isForbidden(deb)) kinds.push({ kind: 'forbidden-by-pin', deb })
    if (candidates.isOutOfStep(deb)) kinds.push({ kind: 'out-of-step', deb })
    if (deb.name === 'dpkg' && slotOf(deb) !== nativeArchitecture) kinds.push({ kind: 'foreign-dpkg', deb })
    if (!candidates.isCandidate(deb) && !namedExactly.has(deb)) kinds.push({ kind: 'not-candidate', deb })
    return kinds.length === 0 ? unjudged : kinds.map(origin => clause([-variable], origin))
  }

  function encodeRoots(base: BaseSet): Expansion {
    const chosen = request.wanted.map(wanted => ({ wanted, found: wantedTargets(wanted, universe, targets) }))
    for (const { wanted, found } of chosen) {
      if (wanted.selection.kind !== 'candidate') for (const deb of found.flat()) namedExactly.add(deb)
    }
    const fromManifest = chosen.map(({ wanted, found }): Requirement => {
      const preferred = found.flatMap((debs, at) => prefer(debs, wanted.alternatives[at]?.packageName ?? ''))
      return {
        owner: undefined,
        field: wanted.askedBy ?? 'packages',
        text: wanted.text,
        group: wanted.alternatives,
        alternatives: candidatesFirst([...new Set(preferred.map(variableOf))]),
      }
    })
    const fromBase = baseRequirements(base, universe, candidates, excludedNames).map(
      (debs): Requirement => ({
        owner: undefined,
        field: 'base',
        text: debs[0].name,
        group: [{ packageName: debs[0].name, architectureQualifier: undefined, constraint: undefined }],
        alternatives: debs.map(variableOf),
      }),
    )
    const requirements = [...fromManifest, ...fromBase]
    return {
      requirements,
      // alternative₁ ∨ alternative₂ ∨ …
      clauses: requirements.map(requirement => clause(requirement.alternatives, { kind: 'requirement', requirement })),
      choices: requirements.filter(({ alternatives }) => alternatives.length > 1),
      optional: [],
    }
  }

  const roots = encodeRoots(request.base)

  return {
    request,
    universe,
    candidates,
    targets,
    get variableCount() {
      return debs.length - 1
    },
    roots,
    variableOf,
    debOf,
    slotOf,
    expansionOf: variable => remembered(expansions, variable, expand),
    verdictsOn: variable => remembered(verdicts, variable, judge),
    clauseOf: tag => clauses[tag] as EncodedClause,
  }
}

const unjudged: readonly EncodedClause[] = []

/** @param memory by variable: a list, since a map is slower and variables are numbered from 1 */
function remembered<Value>(
  memory: (Value | undefined)[],
  variable: number,
  compute: (variable: number) => Value,
): Value {
  const known = memory[variable]
  if (known !== undefined) return known
  const value = compute(variable)
  while (memory.length <= variable) memory.push(undefined)
  memory[variable] = value
  return value
}
