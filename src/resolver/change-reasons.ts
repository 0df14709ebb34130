import { type BinaryPackage, describePackage, formatRelation } from '../debian/index.ts'
import { compareBytes } from '../kernel/index.ts'
import type { Encoding } from './encoding.ts'
import { type PreviousSlot, slotKey } from './minimal-change.ts'
import type { ForcedChange, PreviousDeb } from './model.ts'
import { requirementsOf } from './reached-packages.ts'
import type { ClauseOrigin, Requirement } from './requirements.ts'

/** What is compared: the previous lock and the answer, both by slot. */
export interface Departure {
  readonly previous: ReadonlyMap<string, PreviousSlot>
  readonly chosen: readonly BinaryPackage[]
  /** What was asked, by slot: no reason is owed for reaching it. */
  readonly asked: ReadonlyMap<string, BinaryPackage>
}

interface Change {
  readonly slot: string
  readonly before: PreviousSlot | undefined
  readonly after: BinaryPackage | undefined
}

/** A reason, and the deb it rests on; undefined: the manifest or the archives. */
interface Ground {
  readonly text: string
  readonly owner: BinaryPackage | undefined
}

/**
 * Every difference that nobody asked for, with the relation that forces it.
 *
 * The previous deb of a slot cannot stand in for what was chosen, or the change would not be a smallest one: so one
 * relation between it and its new neighbours says why. Of several, one is told that rests on what was asked or was
 * explained before, so that reasons lead back to their cause.
 */
export function forcedChanges(encoding: Encoding, departure: Departure): readonly ForcedChange[] {
  const now = new Map(departure.chosen.map(deb => [slotKey(encoding, deb), deb]))
  const slots = [...new Set([...departure.previous.keys(), ...now.keys()])].sort(compareBytes)
  const changes = slots
    .map((slot): Change => ({ slot, before: departure.previous.get(slot), after: now.get(slot) }))
    .filter(({ slot, before, after }) => {
      // What was asked and left is told all the same: it was to move, not to go.
      if (departure.asked.has(slot) && after !== undefined) return false
      return before === undefined || before.deb === undefined || before.deb !== after
    })
  const uses = usesOf(encoding, departure.chosen)
  const grounds = new Map(changes.map(change => [change, groundsOf(change, encoding, { ...departure, uses })]))
  const isChanged = new Set(changes.flatMap(({ after }) => after ?? []))
  const told = new Map<Change, Ground>()
  for (let open = changes; open.length > 0; open = changes.filter(change => !told.has(change))) {
    const unexplained = new Set(open.flatMap(({ after }) => after ?? []))
    const rests = ({ owner }: Ground) => owner === undefined || !isChanged.has(owner) || !unexplained.has(owner)
    const next = open.flatMap(change => {
      const ground = grounds.get(change)?.find(rests)
      return ground === undefined ? [] : [[change, ground] as const]
    })
    for (const [change, ground] of next) told.set(change, ground)
    const [first] = open
    // Reasons that only rest on each other: a ring that moved together.
    if (next.length === 0 && first !== undefined) told.set(first, grounds.get(first)?.[0] ?? noRoom)
  }
  return changes
    .map(change => forcedChange(change, told.get(change) ?? noRoom))
    .sort((left, right) => compareBytes(left.name, right.name) || compareBytes(left.architecture, right.architecture))
}

const noLongerNeeded: Ground = { text: 'nothing needs it any more', owner: undefined }
/** Never seen: a smallest change has a ground for each of its parts. */
const noRoom: Ground = { text: 'the other changes leave no room for it', owner: undefined }

function forcedChange({ slot, before, after }: Change, { text }: Ground): ForcedChange {
  const kind = before === undefined ? 'added' : after === undefined ? 'removed' : 'changed'
  const name = slot.slice(0, slot.lastIndexOf(':'))
  const architecture = after?.architecture ?? before?.locked.architecture ?? ''
  return { kind, name, architecture, before: before?.locked.version, after: after?.version, reason: text }
}

function groundsOf(
  { slot, before, after }: Change,
  encoding: Encoding,
  departure: Departure & { readonly uses: Uses },
): readonly Ground[] {
  const { chosen, asked, uses } = departure
  // What was asked to move and is missing is judged by the version that it was to have.
  const earlier = asked.get(slot) ?? before?.deb
  const then = earlier === undefined ? undefined : encoding.variableOf(earlier)
  if (after === undefined && then !== undefined && !uses.has(then)) return [noLongerNeeded]
  if (before !== undefined && earlier === undefined) return [absence(before.locked, encoding)]
  const wishes = after === undefined ? [] : needsFor(encoding.variableOf(after), then, uses)
  if (earlier === undefined || then === undefined) return wishes
  const verdicts = encoding.verdictsOn(then).flatMap(({ origin }) => verdictGround(origin))
  const others = chosen.filter(deb => slotKey(encoding, deb) !== slotKey(encoding, earlier))
  return [
    ...verdicts,
    ...wishes,
    ...conflictsWith(earlier, encoding, others),
    ...twinsOf(earlier, others),
    ...missingFor(earlier, encoding, others),
  ]
}

function absence({ name, architecture, version, sha256 }: PreviousDeb, { universe }: Encoding): Ground {
  const others = universe
    .packagesNamed(name)
    .filter(deb => deb.version === version && deb.architecture === architecture)
  const title = describePackage({ name, architecture, version })
  const text =
    others.length > 0 && others.every(deb => deb.sha256 !== sha256)
      ? `the archives list ${title} with other bytes now`
      : `no archive lists ${title} any more`
  return { text, owner: undefined }
}

function verdictGround(origin: ClauseOrigin): readonly Ground[] {
  switch (origin.kind) {
    case 'excluded':
      return [{ text: `the manifest excludes ${origin.deb.name}`, owner: undefined }]
    case 'forbidden-by-pin':
      return [{ text: `a pin with a negative priority forbids ${titleOf(origin.deb)}`, owner: undefined }]
    case 'out-of-step':
      return [{ text: `other roots have another version of ${origin.deb.name} (same-version)`, owner: undefined }]
    case 'foreign-dpkg':
      return [{ text: 'dpkg has to be of the native architecture', owner: undefined }]
    default:
      return []
  }
}

/** By variable: the requirements that it meets, of the manifest first, then of what was chosen. */
type Uses = ReadonlyMap<number, readonly Requirement[]>

function usesOf(encoding: Encoding, chosen: readonly BinaryPackage[]): Uses {
  const uses = new Map<number, Requirement[]>()
  const needed = chosen.flatMap(owner => requirementsOf(encoding, encoding.variableOf(owner)))
  for (const requirement of [...encoding.roots.requirements, ...needed])
    for (const variable of requirement.alternatives) {
      const known = uses.get(variable)
      if (known === undefined) uses.set(variable, [requirement])
      else known.push(requirement)
    }
  return uses
}

/** Requirements that what was chosen meets and the earlier deb does not. */
function needsFor(now: number, then: number | undefined, uses: Uses): readonly Ground[] {
  const telling = (uses.get(now) ?? []).filter(({ alternatives }) => then === undefined || !alternatives.includes(then))
  return telling.map(({ owner, field, text }): Ground => ({ text: needText(owner, field, text), owner }))
}

function needText(owner: BinaryPackage | undefined, field: Requirement['field'], text: string): string {
  if (owner === undefined) return field === 'base' ? `the base set contains ${text}` : `the manifest wants ${text}`
  return `${titleOf(owner)} ${field === 'Recommends' ? 'recommends' : 'needs'} ${text}`
}

function conflictsWith(
  earlier: BinaryPackage,
  encoding: Encoding,
  others: readonly BinaryPackage[],
): readonly Ground[] {
  const between = (owner: BinaryPackage, target: BinaryPackage): readonly Ground[] =>
    (['conflicts', 'breaks'] as const).flatMap(field =>
      owner[field]
        .filter(relation => encoding.targets.excluded(relation, owner).includes(target))
        .map(relation => ({
          text: `${titleOf(owner)} ${field === 'breaks' ? 'breaks' : 'conflicts with'} ${formatRelation(relation)}`,
          owner: owner === earlier ? target : owner,
        })),
    )
  return others.flatMap(other => [...between(other, earlier), ...between(earlier, other)])
}

/** The same name for another architecture has to be Multi-Arch: same, and of the same version. */
function twinsOf(earlier: BinaryPackage, others: readonly BinaryPackage[]): readonly Ground[] {
  return others
    .filter(other => other.name === earlier.name)
    .filter(other => other.version !== earlier.version || other.multiArch !== 'same' || earlier.multiArch !== 'same')
    .map(owner => ({ text: `it has to go with ${describePackage(owner)}`, owner }))
}

function missingFor(earlier: BinaryPackage, encoding: Encoding, others: readonly BinaryPackage[]): readonly Ground[] {
  const present = new Set(others.map(encoding.variableOf))
  return requirementsOf(encoding, encoding.variableOf(earlier))
    .filter(({ field, alternatives }) => field !== 'Recommends' && !alternatives.some(each => present.has(each)))
    .map(({ text, alternatives }) => ({
      text: `${titleOf(earlier)} needs ${text}, which does not stay`,
      // The change of what it needs is the cause: rest on whatever took that place.
      owner: others.find(other => alternatives.some(each => encoding.debOf(each).name === other.name)),
    }))
}

function titleOf({ name, version }: BinaryPackage): string {
  return `${name} ${version}`
}
