import { type BinaryPackage, sourceKey } from '../debian/index.ts'
import { compareBytes } from '../kernel/index.ts'
import { type Outcome, Solver } from '../solver/index.ts'
import type { Encoding } from './encoding.ts'
import { followRecommends } from './follow-recommends.ts'
import { PreferenceGuide, type Restriction } from './preference-guide.ts'
import type { EncodedClause, Requirement } from './requirements.ts'

export type Selection =
  | {
      readonly kind: 'selected'
      /** Variables, in the order they came in. */
      readonly chosen: readonly number[]
      /** Recommends that could not be met beside what was chosen before. */
      readonly unmet: readonly Requirement[]
    }
  | { readonly kind: 'impossible'; readonly core: readonly EncodedClause[] }

export type HardSelection =
  | { readonly kind: 'possible'; readonly attempt: Attempt }
  | { readonly kind: 'impossible'; readonly core: readonly EncodedClause[] }

interface Attempt {
  readonly solver: Solver
  readonly guide: PreferenceGuide
  readonly outcome: Outcome
}

const everything: Restriction = { states: () => true, permits: () => true }

/**
 * Chooses debs in the order of SEMANTICS "What is optimised": the hard relations with candidates only; where that is
 * impossible, with as few other versions as a proof shows necessary; then the
 * Recommends one by one, none of which moves what was chosen before.
 */
export function* selectPackages(encoding: Encoding): Generator<void, Selection> {
  const hard = yield* selectHard(encoding)
  if (hard.kind === 'impossible') return hard
  const { solver, guide } = hard.attempt
  guide.commit()
  const unmet = yield* followRecommends(encoding, solver, guide)
  return { kind: 'selected', chosen: [...guide.chosen()], unmet }
}

/** The hard relations only. */
export function* selectHard(encoding: Encoding): Generator<void, HardSelection> {
  const strict = yield* attempt(encoding, everything)
  if (strict.outcome.kind === 'satisfied') return { kind: 'possible', attempt: strict }
  return yield* relax(encoding, strict.outcome.core.tags.map(encoding.clauseOf))
}

function* attempt(encoding: Encoding, restriction: Restriction): Generator<void, Attempt> {
  const solver = new Solver()
  const guide = new PreferenceGuide(solver, encoding, restriction)
  return { solver, guide, outcome: yield* solver.search(guide) }
}

/**
 * Allows versions that are not candidates, only those that a proof of impossibility blames (with their siblings of the
 * same source version, which nearly always have to follow), until there is a solution; then takes back what was not
 * needed. What was asked for by name is the last to give up its candidate.
 */
function* relax(encoding: Encoding, firstCore: readonly EncodedClause[]): Generator<void, HardSelection> {
  const askedFor = new Set(encoding.roots.requirements.flatMap(({ group }) => group.map(each => each.packageName)))
  const allowedSources = new Set<string>()
  for (let core = firstCore; ; ) {
    const blamed = core.flatMap(({ origin }) => (origin.kind === 'not-candidate' ? [origin.deb] : []))
    const others = blamed.filter(deb => !askedFor.has(deb.name))
    if (blamed.length === 0) return { kind: 'impossible', core }
    for (const deb of others.length > 0 ? others : blamed) allowedSources.add(sourceKey(deb.source))
    const next = yield* attempt(
      encoding,
      allowing(deb => allowedSources.has(sourceKey(deb.source))),
    )
    if (next.outcome.kind === 'satisfied') return yield* tighten(encoding, next, askedFor)
    core = next.outcome.core.tags.map(encoding.clauseOf)
  }
}

/** Takes back every allowed version without which there is also a solution. */
function* tighten(encoding: Encoding, found: Attempt, askedFor: ReadonlySet<string>): Generator<void, HardSelection> {
  let needed = otherVersions(encoding, found)
  let best = yield* attempt(encoding, allowingOnly(needed))
  const doubtful = [...needed].sort(
    (left, right) =>
      Number(askedFor.has(right.name)) - Number(askedFor.has(left.name)) ||
      compareBytes(left.name, right.name) ||
      compareBytes(left.architecture, right.architecture),
  )
  for (const deb of doubtful) {
    if (!needed.has(deb) || best.solver.isCertain(encoding.variableOf(deb))) continue
    const without = yield* attempt(encoding, allowingOnly(new Set([...needed].filter(other => other !== deb))))
    if (without.outcome.kind === 'contradiction') continue
    best = without
    needed = otherVersions(encoding, without)
  }
  return { kind: 'possible', attempt: best }
}

function otherVersions(encoding: Encoding, { guide }: Attempt): ReadonlySet<BinaryPackage> {
  const chosen = [...guide.chosen()].map(encoding.debOf)
  return new Set(chosen.filter(deb => !encoding.candidates.isCandidate(deb)))
}

function allowingOnly(debs: ReadonlySet<BinaryPackage>): Restriction {
  return allowing(deb => debs.has(deb))
}

function allowing(isAllowed: (deb: BinaryPackage) => boolean): Restriction {
  return {
    states: ({ origin }) => origin.kind !== 'not-candidate' || !isAllowed(origin.deb),
    permits: () => true,
  }
}
