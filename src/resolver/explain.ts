import type { BinaryPackage } from '../debian/index.ts'
import { unreachable } from '../kernel/index.ts'
import { absenceOf } from './absence.ts'
import type { Encoding } from './encoding.ts'
import { findFix } from './find-fix.ts'
import { minimiseCore } from './minimise-core.ts'
import type { Explanation, ResolutionRequest } from './model.ts'
import { describe, listed, nameOf, versionsOf } from './name-debs.ts'
import type { ClauseOrigin, EncodedClause, Requirement } from './requirements.ts'

const longestExplanation = 12

/** Turns a proof that there is no solution into a chain a person can follow, and looks for something that helps. */
export function* explainImpossible(
  encoding: Encoding,
  request: ResolutionRequest,
  proof: readonly EncodedClause[],
): Generator<void, Explanation> {
  const core = yield* minimiseCore(proof)
  const ordered = fromTheManifestDown(encoding, core)
  const sentences = mergeVersions(ordered).map(group => sentenceOf(group, encoding))
  const { advice, changes } = yield* findFix(encoding, request, core)
  return {
    lines: numbered(sentences),
    hint: advice,
    changes,
    core: ordered.map(({ origin }) => coreEntry(origin)),
  }
}

/** Clauses in the order in which a reader meets their packages: first what the manifest asks for, then what that needs. */
function fromTheManifestDown(encoding: Encoding, core: readonly EncodedClause[]): readonly EncodedClause[] {
  const ordered: EncodedClause[] = []
  const pending: (BinaryPackage | undefined)[] = [undefined]
  const met = new Set<BinaryPackage | undefined>(pending)
  for (let at = 0; at < pending.length; at++) {
    for (const clause of core) {
      if (ordered.includes(clause) || !speaksOf(clause.origin, pending[at], met)) continue
      ordered.push(clause)
      if (clause.origin.kind !== 'requirement') continue
      for (const variable of clause.origin.requirement.alternatives) {
        const deb = encoding.debOf(variable)
        if (!met.has(deb)) pending.push(deb)
        met.add(deb)
      }
    }
  }
  return [...ordered, ...core.filter(clause => !ordered.includes(clause))]
}

/** Whether a reader who has met `met` should read about this now that `subject` is the topic. */
function speaksOf(
  origin: ClauseOrigin,
  subject: BinaryPackage | undefined,
  met: ReadonlySet<BinaryPackage | undefined>,
) {
  switch (origin.kind) {
    case 'requirement':
      return origin.requirement.owner === subject
    case 'conflict':
      return both(origin.owner, origin.target, subject, met)
    case 'one-version':
    case 'not-coinstallable':
      return both(origin.left, origin.right, subject, met)
    default:
      return origin.deb === subject
  }
}

function both(
  one: BinaryPackage,
  other: BinaryPackage,
  subject: BinaryPackage | undefined,
  met: ReadonlySet<BinaryPackage | undefined>,
): boolean {
  return (one === subject && met.has(other)) || (other === subject && met.has(one))
}

/** Neighbours that say the same of several versions become one sentence. */
function mergeVersions(clauses: readonly EncodedClause[]): readonly (readonly [ClauseOrigin, ...ClauseOrigin[]])[] {
  const groups = new Map<string, [ClauseOrigin, ...ClauseOrigin[]]>()
  for (const { origin } of clauses) {
    const key = mergeKey(origin)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [origin])
    else group.push(origin)
  }
  return [...groups.values()]
}

function mergeKey(origin: ClauseOrigin): string {
  switch (origin.kind) {
    case 'requirement': {
      const { owner, field, text } = origin.requirement
      return ['requirement', nameOf(owner), field, text].join(' ')
    }
    case 'conflict':
      return ['conflict', nameOf(origin.owner), origin.field, origin.text, nameOf(origin.target)].join(' ')
    case 'one-version':
    case 'not-coinstallable':
      return [origin.kind, nameOf(origin.left), nameOf(origin.right)].join(' ')
    default:
      return [origin.kind, nameOf(origin.deb)].join(' ')
  }
}

function sentenceOf(group: readonly [ClauseOrigin, ...ClauseOrigin[]], encoding: Encoding): string {
  const [origin] = group
  switch (origin.kind) {
    case 'requirement':
      return requirementSentence(origin.requirement, ownersOf(group), encoding)
    case 'conflict': {
      const targets = group.flatMap(each => (each.kind === 'conflict' ? [each.target] : []))
      const owners = group.flatMap(each => (each.kind === 'conflict' ? [each.owner] : []))
      const verb = origin.field === 'Conflicts' ? 'conflicts with' : 'breaks'
      const [excluded] = origin.text.split(/[ :(]/, 1)
      const relates = targets.every(deb => deb.name !== excluded) ? 'provides' : 'is'
      return `${versionsOf(owners)} ${verb} ${origin.text} (field ${origin.field}), which ${versionsOf(targets)} ${relates}`
    }
    case 'one-version':
      return `only one version of ${nameOf(origin.left)} can be installed: ${versionsOf(pairsOf(group))} exclude each other`
    case 'not-coinstallable':
      return `${describe(origin.left)} and ${describe(origin.right)} cannot be installed together: that takes Multi-Arch: same and equal versions`
    case 'excluded':
      return `${nameOf(origin.deb)} is excluded by the manifest (exclude)`
    case 'forbidden-by-pin':
      return `${versionsOf(debsOf(group))} is forbidden by a pin with a negative priority (pins)`
    case 'out-of-step':
      return `${versionsOf(debsOf(group))} is not the version that the other roots have (same-version)`
    case 'foreign-dpkg':
      return `${describe(origin.deb)} is out of the question: dpkg has to be of the native architecture`
    case 'not-candidate':
      return `${versionsOf(debsOf(group))} is not the preferred version`
    default:
      return unreachable(origin)
  }
}

function requirementSentence(requirement: Requirement, owners: readonly BinaryPackage[], encoding: Encoding): string {
  const { field, text, alternatives } = requirement
  const asks = demand(field, text, owners)
  const debs = alternatives.map(encoding.debOf)
  if (debs.length === 0) return `${asks}, but ${absenceOf(requirement, encoding)}`
  if (owners.length === 0 && debs.every(deb => deb.name === text)) return asks
  return `${asks}, which ${debs.length === 1 ? 'only ' : ''}${listed(debs)} can satisfy`
}

function demand(field: Requirement['field'], text: string, owners: readonly BinaryPackage[]): string {
  switch (field) {
    case 'packages':
      return `the manifest wants ${text}`
    case 'update':
      return `the update asks for ${text}`
    case 'base':
      return `the base set contains ${text}`
    default:
      return `${versionsOf(owners)} needs ${text} (field ${field})`
  }
}

function ownersOf(group: readonly ClauseOrigin[]): readonly BinaryPackage[] {
  return group.flatMap(each =>
    each.kind === 'requirement' && each.requirement.owner !== undefined ? [each.requirement.owner] : [],
  )
}

function pairsOf(group: readonly ClauseOrigin[]): readonly BinaryPackage[] {
  return group.flatMap(each => (each.kind === 'one-version' ? [each.left, each.right] : []))
}

function debsOf(group: readonly ClauseOrigin[]): readonly BinaryPackage[] {
  return group.flatMap(each => ('deb' in each ? [each.deb] : []))
}

function numbered(sentences: readonly string[]): readonly string[] {
  const shown =
    sentences.length <= longestExplanation
      ? sentences
      : [
          ...sentences.slice(0, longestExplanation - 1),
          `… and ${sentences.length - longestExplanation + 1} further relations that close every other way (all of them with --json)`,
        ]
  return shown.map((sentence, at) => `${at + 1}. ${sentence}`)
}

function coreEntry(origin: ClauseOrigin): Explanation['core'][number] {
  switch (origin.kind) {
    case 'requirement': {
      const { owner, field, text } = origin.requirement
      const subject = owner === undefined ? {} : { package: described(owner) }
      return { kind: 'requirement', field, relation: text, ...subject }
    }
    case 'conflict':
      return { kind: 'conflict', package: described(origin.owner), field: origin.field, relation: origin.text }
    case 'one-version':
    case 'not-coinstallable':
      return { kind: origin.kind, package: described(origin.left), relation: described(origin.right) }
    default:
      return { kind: origin.kind, package: described(origin.deb) }
  }
}

function described({ name, version, architecture }: BinaryPackage): string {
  return `${name}:${architecture}=${version}`
}
