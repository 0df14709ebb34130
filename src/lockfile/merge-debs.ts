import { sortedByBytes } from '../kernel/index.ts'
import type { MergeSide, SideDeb } from './merge-side.ts'
import type { LockedDeb } from './model.ts'
import { pinnedBy } from './sources.ts'
import { mergeSets, mergeValue, type Preference, type Three } from './three-way.ts'

/** What may be in the merged lock, if something that is wanted leads to it. */
export interface MergeCandidate {
  readonly deb: LockedDeb
  /** The roots that may hold it. */
  readonly holders: readonly string[]
  /** The roots that hold it even if nothing needs it. */
  readonly startsIn: readonly string[]
  /** Keys of debs, as in {@link SideDeb}. */
  readonly needs: readonly string[]
}

export interface DebMerge {
  readonly sides: Three<MergeSide>
  /** Names that the merged request wants. */
  readonly namesWanted: ReadonlySet<string>
  readonly prefer: Preference
  /** Sources that are taken from the preferred side as a whole. */
  readonly undivided: ReadonlySet<string>
}

/**
 * The debs of both branches, slot by slot: the version of the branch that moved it. A deb that only one branch has is a candidate, also
 * where the other removed it: whether something still needs it decides what leads to it, not who removed it.
 */
export function mergeDebs(merge: DebMerge): ReadonlyMap<string, MergeCandidate> {
  const { sides, prefer, undivided } = merge
  const preferred = prefer === 'ours' ? sides.ours : sides.theirs
  const candidates = new Map<string, MergeCandidate>()
  for (const slot of sortedByBytes(new Set([...sides.ours.debs.keys(), ...sides.theirs.debs.keys()]))) {
    const had = sides.base?.debs.get(slot)
    const mine = sides.ours.debs.get(slot)
    const other = sides.theirs.debs.get(slot)
    const sources = [mine, other].flatMap(each => (each === undefined ? [] : [each.deb.sourceName]))
    if (sources.some(each => undivided.has(each))) {
      const only = preferred.debs.get(slot)
      if (only !== undefined) candidates.set(slot, asItIs(only))
    } else if (mine !== undefined && other !== undefined)
      candidates.set(slot, mergeBoth({ base: had, ours: mine, theirs: other }, merge))
    else {
      const [only] = [mine, other].filter(each => each !== undefined)
      if (only !== undefined) candidates.set(slot, mergeLone({ base: had, ours: mine, theirs: other }, only, merge))
    }
  }
  return candidates
}

function asItIs({ deb, holders, needs }: SideDeb): MergeCandidate {
  return { deb, holders, needs, startsIn: deb.root === undefined ? [] : holders }
}

function mergeBoth({ base, ours, theirs }: Three<SideDeb>, merge: DebMerge): MergeCandidate {
  const { prefer } = merge
  const three = <Value>(of: (each: SideDeb) => Value): Three<Value> => ({
    base: base === undefined ? undefined : of(base),
    ours: of(ours),
    theirs: of(theirs),
  })
  const bytes = three(bytesOf)
  const chosen = mergeValue({ base: bytes.base, ours: bytes.ours, theirs: bytes.theirs }, prefer)
  const winner = chosen === bytes.ours ? ours : theirs
  const areSame = bytes.ours === bytes.theirs
  const needs = three(each => each.needs)
  return {
    deb: { ...winner.deb, ...(areSame ? mergePlace(three(placeOf)) : {}), root: mergeRoot(base, ours, theirs, merge) },
    holders: sortedByBytes(new Set([...ours.holders, ...theirs.holders])),
    startsIn: mergeSets(three(startsOf)),
    // What other bytes need is theirs to say; only of the same bytes both branches speak of the same relations.
    needs: areSame ? mergeNeeds(needs, merge.sides) : mergeValue(needs, winner === ours ? 'ours' : 'theirs'),
  }
}

function mergeLone({ base, ours, theirs }: Three<SideDeb | undefined>, only: SideDeb, merge: DebMerge): MergeCandidate {
  const root = mergeRoot(base, ours, theirs, merge)
  return {
    deb: { ...only.deb, root },
    holders: only.holders,
    needs: only.needs,
    startsIn: root === undefined ? [] : only.holders,
  }
}

function bytesOf({ deb }: SideDeb): string {
  return JSON.stringify([deb.version, deb.sourceName, deb.sourceVersion, pinnedBy(deb), deb.sizeBytes])
}

function startsOf({ deb, holders }: SideDeb): readonly string[] {
  return deb.root === undefined ? [] : holders
}

type Place = Pick<LockedDeb, 'from' | 'at' | 'directory' | 'file'>

function placeOf({ deb: { from, at, directory, file } }: SideDeb): Place {
  return { from, at, directory, file }
}

/** Of the same bytes, locked on both branches: where they were locked first. */
function mergePlace(places: Three<Place>): Place {
  const rank = ({ at, from, directory, file }: Place): string => `${at} ${from} ${directory} ${file ?? ''}`
  return mergeValue(places, rank(places.ours) <= rank(places.theirs) ? 'ours' : 'theirs')
}

/**
 * Of the same bytes: as sets, but a need that one branch lost stays while the deb is locked on both: there another alternative meets the relation,
 * and making one change after the other keeps what is locked and meets a relation, too.
 */
function mergeNeeds(needs: Three<readonly string[]>, { ours, theirs }: Three<MergeSide>): readonly string[] {
  const had = new Set(needs.base)
  const kept = [...needs.ours, ...needs.theirs].filter(
    key => had.has(key) && ours.keys.has(key) && theirs.keys.has(key),
  )
  return sortedByBytes(new Set([...mergeSets(needs), ...kept]))
}

function mergeRoot(
  base: SideDeb | undefined,
  ours: SideDeb | undefined,
  theirs: SideDeb | undefined,
  { namesWanted }: DebMerge,
): LockedDeb['root'] {
  const [had, mine, other] = [base?.deb.root, ours?.deb.root, theirs?.deb.root]
  const marks = [mine, other]
  // One branch stopped wanting what it had met by this deb, and the other asks for the deb by its name.
  const name = (ours ?? theirs)?.deb.name ?? ''
  if (marks.includes('wanted') && namesWanted.has(name)) return 'wanted'
  if (mine === other || had === other) return mine
  if (had === mine) return other
  return marks.includes('wanted') ? 'wanted' : 'base'
}
