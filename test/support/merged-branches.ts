import assert from 'node:assert/strict'
import type { BinaryPackage, PackageUniverse } from '../../src/debian/index.ts'
import {
  buildLockfile,
  conflictOver,
  debsOfRoot,
  graphOf,
  type LockedDeb,
  type Lockfile,
  type LockMerge,
  mergeLocks,
  type ResolvedRoot,
  readLockfile,
  type Three,
  takeSides,
  writeLockfile,
} from '../../src/lockfile/index.ts'
import { resolvePackages, verifyResolution } from '../../src/resolver/index.ts'
import { type BranchEdit, randomBranchPair } from './branch-edits.ts'
import { requestWith } from './lock-values.ts'
import { quietSession } from './scratch.ts'
import { seededRandom } from './seeded-random.ts'
import { archive, request } from './universe.ts'
import { change } from './updates.ts'

/** A project at one commit. */
interface State {
  readonly wanted: readonly string[]
  readonly exclude: readonly string[]
  readonly lock: Lockfile
}

function lockOf(
  { wanted, exclude }: Omit<State, 'lock'>,
  packages: ResolvedRoot['packages'],
  previous: Lockfile | undefined,
): Lockfile {
  return buildLockfile({
    request: requestWith({ archives: ['debian stable main'], wanted, exclude }),
    keys: new Map([['debian', ['A'.repeat(40)]]]),
    roots: [{ architecture: 'amd64', packages }],
    previous,
  })
}

async function first(universe: PackageUniverse, wanted: readonly string[]): Promise<State | undefined> {
  const state = { wanted, exclude: [] }
  const found = await resolvePackages(request(universe, wanted), quietSession())
  return found.kind === 'solved' ? { ...state, lock: lockOf(state, found.packages, undefined) } : undefined
}

/** What `aptroot add`, `remove` and `lock update --keep` or `lock update NAME` do. */
async function edited(universe: PackageUniverse, before: State, edit: BranchEdit): Promise<State | undefined> {
  const wanted = [...new Set([...before.wanted.filter(each => !edit.remove.includes(each)), ...edit.add])]
  const state = { wanted, exclude: [...new Set([...before.exclude, ...edit.exclude])] }
  const previous = debsOfRoot(before.lock, 'amd64')
  const locked = new Set(previous.map(deb => deb.name))
  const moves = edit.update
    .filter(name => locked.has(name))
    .map(name => ({ name, architecture: 'amd64', target: 'candidate' }) as const)
  const found = await change(universe, wanted, { exclude: state.exclude, previous, moves })
  return found.kind === 'solved' ? { ...state, lock: lockOf(state, found.packages, before.lock) } : undefined
}

/** What the merge driver does with an archive whose indexes are in the store. */
function merge(universe: PackageUniverse, locks: Three<Lockfile>): LockMerge {
  const merged = mergeLocks(locks)
  const broken = merged.kind === 'merged' ? brokenRelations(universe, merged.lock) : []
  return broken.length === 0 ? merged : conflictOver(locks, broken)
}

/** What `lock verify` says about the relations. */
function brokenRelations(universe: PackageUniverse, lock: Lockfile): readonly string[] {
  const graph = graphOf(lock, 'amd64')
  const packageOf = (deb: LockedDeb): BinaryPackage => {
    const found = universe.packagesNamed(deb.name).find(each => each.sha256 === deb.sha256)
    assert.ok(found !== undefined, `${deb.name} ${deb.version} is in no index`)
    return found
  }
  const packages = graph.debs.map(deb => ({
    package: packageOf(deb),
    root: deb.root,
    needs: graph.needsOf(deb).map(packageOf),
  }))
  return verifyResolution(request(universe, lock.request.wanted, { exclude: lock.request.exclude }), packages)
}

interface Branches {
  readonly universe: PackageUniverse
  readonly states: Three<State> & { readonly base: State }
  readonly edits: { readonly ours: BranchEdit; readonly theirs: BranchEdit }
}

/** undefined where one of the requests has no solution, or one of the branches changes nothing. */
async function branchesOf(seed: number): Promise<Branches | undefined> {
  const pair = randomBranchPair(seededRandom(seed))
  const universe = archive(pair.now)
  const base = await first(archive(pair.before), pair.wanted)
  if (base === undefined) return undefined
  const locked = new Set(base.lock.debs.map(deb => deb.name))
  // A name that was not locked when the branch began was not there to be updated.
  const possible = (edit: BranchEdit) => ({ ...edit, update: edit.update.filter(name => locked.has(name)) })
  const ours = await edited(universe, base, possible(pair.ours))
  const theirs = await edited(universe, base, possible(pair.theirs))
  if (ours === undefined || theirs === undefined) return undefined
  const texts = new Set([base, ours, theirs].map(each => writeLockfile(each.lock)))
  if (texts.size < 3) return undefined
  const edits = { ours: visible(possible(pair.ours), ours), theirs: visible(possible(pair.theirs), theirs) }
  return { universe, states: { base, ours, theirs }, edits }
}

/** The branch's lock does not tell of an update of what the branch no longer has. */
function visible(edit: BranchEdit, { lock }: State): BranchEdit {
  return { ...edit, update: edit.update.filter(name => lock.debs.some(deb => deb.name === name)) }
}

/** What would be installed, and why it is there; which of several locked alternatives `needs` names is not part of it. */
function debsOf(lock: Lockfile): string {
  return lock.debs.map(debLine).join('\n')
}

function debLine({ name, version, sha256, root }: LockedDeb): string {
  return `${name} ${version} ${sha256} ${root}`
}

/**
 * A disagreement is true when both branches moved one package to different versions, when one excludes what the other began to need, or when making
 * one change after the other fails, or gives what neither branch has, or depends on the order.
 */
function isTrueConflict({ base, ours, theirs }: Three<State>, inSequence: readonly (State | undefined)[]): boolean {
  if (doesOrderMatter(inSequence)) return true
  const known = new Set([ours, theirs].flatMap(({ lock }) => lock.debs.map(deb => deb.sha256)))
  if (inSequence.some(each => each?.lock.debs.some(deb => !known.has(deb.sha256)))) return true
  const had = new Map(base?.lock.debs.map(deb => [deb.name, deb.sha256]))
  const isMoved = (deb: LockedDeb): boolean => had.get(deb.name) !== deb.sha256
  const movedByTheirs = new Map(theirs.lock.debs.filter(isMoved).map(deb => [deb.name, deb.sha256]))
  const areApart = ({ name, sha256 }: LockedDeb): boolean => (movedByTheirs.get(name) ?? sha256) !== sha256
  const doesExclude = (one: State, other: State): boolean => {
    const needed = new Set(other.lock.debs.filter(isMoved))
    for (const deb of needed) for (const each of other.lock.debs) if (deb.needs.includes(each.name)) needed.add(each)
    return [...needed].some(deb => one.exclude.includes(deb.name))
  }
  return ours.lock.debs.filter(isMoved).some(areApart) || doesExclude(ours, theirs) || doesExclude(theirs, ours)
}

/** Then there is no one result of both changes: one change after the other fails, or which comes first decides what is chosen. */
function doesOrderMatter(inSequence: readonly (State | undefined)[]): boolean {
  const [first, second] = inSequence.map(each => (each === undefined ? undefined : debsOf(each.lock)))
  return first === undefined || second === undefined || first !== second
}

const nothing: BranchEdit = { add: [], remove: [], exclude: [], update: [] }

export interface MergeCampaign {
  /** The text that one change made on top of the other gives. */
  sameText: number
  /** The same debs and marks; `needs` names another of several locked alternatives. */
  sameDebs: number
  /** What each branch chose, where the resolver's choice depends on which change is made first. */
  whereOrderMatters: number
  /** Without a deb that both branches have and nothing that is locked needs: one change on top of the other keeps it as a second alternative. */
  withoutSpare: number
  conflicts: number
}

/**
 * Merges pairs of branches that random edits made, as the merge driver does it, and compares with one change made on top of the other. Where both
 * orders lead to the same debs, so does the merge. Every merge is sound and stays as it is under `lock update --keep`; every conflict is a true one.
 */
export async function mergeRandomBranches(firstSeed: number, pairs: number): Promise<MergeCampaign> {
  const seen: MergeCampaign = { sameText: 0, sameDebs: 0, whereOrderMatters: 0, withoutSpare: 0, conflicts: 0 }
  for (let seed = firstSeed; Object.values(seen).reduce((sum, each) => sum + each, 0) < pairs; seed++) {
    const branches = await branchesOf(seed)
    if (branches !== undefined) seen[await judged(branches, seed)]++
  }
  return seen
}

async function judged({ universe, states, edits }: Branches, seed: number): Promise<keyof MergeCampaign> {
  const { base, ours, theirs } = states
  const result = merge(universe, { base: base.lock, ours: ours.lock, theirs: theirs.lock })
  const inSequence = [await edited(universe, ours, edits.theirs), await edited(universe, theirs, edits.ours)]
  if (result.kind === 'conflict') {
    assert.ok(isTrueConflict(states, inSequence), `seed ${seed}: ${result.conflicts.join('; ')}`)
    const sides = takeSides(result.text, 'aptroot.lock')
    assert.ok(sides !== undefined, `seed ${seed}: a conflict without markers`)
    for (const side of [sides.ours, sides.theirs])
      assert.equal(writeLockfile(await readLockfile(side, 'aptroot.lock')), side, `seed ${seed}: a side is no lockfile`)
    return 'conflicts'
  }
  const { lock } = result
  const kept = await edited(universe, { wanted: lock.request.wanted, exclude: lock.request.exclude, lock }, nothing)
  assert.ok(kept !== undefined, `seed ${seed}: the merged request has no solution`)
  assert.equal(debsOf(kept.lock), debsOf(lock), `seed ${seed}: \`lock update --keep\` changes the merge`)
  const locks = inSequence.flatMap(each => (each === undefined ? [] : [each.lock]))
  if (locks.some(each => writeLockfile(each) === result.text)) return 'sameText'
  if (locks.some(each => debsOf(each) === debsOf(lock))) return 'sameDebs'
  if (doesOrderMatter(inSequence)) return 'whereOrderMatters'
  const spare = (locks[0]?.debs ?? []).filter(deb => !debsOf(lock).includes(debLine(deb)))
  const isSpare = (deb: LockedDeb): boolean =>
    deb.root === undefined && [ours, theirs].every(each => each.lock.debs.some(({ sha256 }) => sha256 === deb.sha256))
  assert.ok(
    spare.every(isSpare) && lock.debs.length + spare.length === locks[0]?.debs.length,
    `seed ${seed}: one change on top of the other gives something else`,
  )
  return 'withoutSpare'
}
