import { matchesArchitecture } from '../debian/index.ts'
import { compareBytes, quoted } from '../kernel/index.ts'
import { graphOf, type LockGraph } from './graph.ts'
import type { LockedDeb, Lockfile } from './model.ts'
import { isOfRequestedSuite } from './request.ts'
import { debKey } from './sources.ts'
import { writeLockfile } from './write.ts'

/** Something that the lockfile alone shows to be wrong. */
export interface LockProblem {
  readonly kind: 'form' | 'wanted' | 'needs' | 'unreachable' | 'duplicate' | 'architecture' | 'origin' | 'relations'
  /** One line, ready to print. */
  readonly message: string
}

/**
 * What the file alone can prove: the form is canonical, each root has a deb for everything wanted there, `needs` is
 * closed, every deb belongs to a root and to a suite of the request, and nothing is left over. Whether relations really
 * hold needs stanzas, and is `lock verify`'s work.
 *
 * @param text the file's bytes as text, for the canonical form
 * @param namesWanted the alternatives' package names of each wanted item, by its text
 */
export function checkLockfile(
  lock: Lockfile,
  text: string,
  namesWanted: ReadonlyMap<string, readonly string[]>,
): readonly LockProblem[] {
  const problems = checkLockContents(lock, namesWanted)
  if (writeLockfile(lock) === text.replaceAll('\r\n', '\n')) return problems
  return [{ kind: 'form', message: 'the file is not in canonical form; it was edited or reformatted' }, ...problems]
}

/** As `checkLockfile`, but for the form: for a lock that was just made, or whose form does not matter. */
export function checkLockContents(
  lock: Lockfile,
  namesWanted: ReadonlyMap<string, readonly string[]>,
): readonly LockProblem[] {
  const problems: LockProblem[] = []
  const graphs = lock.request.architectures.map(architecture => graphOf(lock, architecture))
  for (const graph of graphs) {
    const inRoot = graphs.length > 1 ? ` in the root ${graph.architecture}` : ''
    for (const problem of wantedProblems(graph, lock.request.wanted, namesWanted, inRoot)) problems.push(problem)
    for (const problem of rootProblems(graph, graphs, inRoot)) problems.push(problem)
  }
  for (const problem of placeProblems(lock, graphs)) problems.push(problem)
  return problems
}

function wantedProblems(
  graph: LockGraph,
  wanted: readonly string[],
  namesWanted: ReadonlyMap<string, readonly string[]>,
  inRoot: string,
): LockProblem[] {
  const native = graph.architecture.replace(/\+.*/, '')
  const marked = new Set(graph.debs.filter(deb => deb.root === 'wanted').map(deb => deb.name))
  const named = new Set([...namesWanted.values()].flat())
  // A virtual package is satisfied by a deb of another name, which only the relations can show.
  if ([...marked].some(name => !named.has(name))) return []
  return wanted
    .filter(item => isWantedOn(item, native))
    .filter(item => !(namesWanted.get(item) ?? []).some(name => marked.has(name)))
    .map(item => ({
      kind: 'wanted',
      message: `${quoted(item)} is wanted, but no deb is marked as wanted for it${inRoot}`,
    }))
}

/** Whether the `[arch]` restriction at the end of an item admits this architecture. */
function isWantedOn(item: string, architecture: string): boolean {
  const restriction = /\[([^\]]*)\]$/.exec(item)?.[1]
  return restriction === undefined || matchesArchitecture(restriction.split(' '), architecture)
}

function rootProblems(graph: LockGraph, graphs: readonly LockGraph[], inRoot: string): LockProblem[] {
  const problems: LockProblem[] = []
  // By number, as in `graphOf`.
  for (let at = 0; at < graph.debs.length; at++) {
    const deb = graph.debs[at] as LockedDeb
    // Sorted by their keys: what is locked twice stands side by side.
    if (isTwin(deb, graph.debs[at + 1]) && !isTwin(deb, graph.debs[at - 1]))
      problems.push({ kind: 'duplicate', message: `${debKey(deb)} is locked twice${inRoot}` })
    // An `all` deb of several roots has the union of their needs, so being held in one of them is enough.
    const isOfAllRoots = graphs.length > 1 && deb.architecture === 'all' && deb.roots === undefined
    for (let place = 0; place < deb.needs.length; place++) {
      const need = deb.needs[place] as string
      if (graph.named(need).length > 0) continue
      if (!isOfAllRoots || !graphs.some(each => each.named(need).length > 0))
        problems.push({ kind: 'needs', message: `${debKey(deb)} needs ${need}, which is not locked${inRoot}` })
    }
  }
  const pending = graph.debs.filter(deb => deb.root !== undefined)
  const reached = new Set(pending)
  for (let at = 0; at < pending.length; at++) {
    const needs = graph.needsOf(pending[at] as LockedDeb)
    for (let place = 0; place < needs.length; place++) {
      const need = needs[place] as LockedDeb
      if (reached.has(need)) continue
      reached.add(need)
      pending.push(need)
    }
  }
  for (const deb of graph.debs.filter(each => !reached.has(each)))
    problems.push({ kind: 'unreachable', message: `${debKey(deb)} is locked, but nothing wanted leads to it${inRoot}` })
  return problems.sort((left, right) => compareBytes(left.message, right.message))
}

function isTwin(deb: LockedDeb, neighbour: LockedDeb | undefined): boolean {
  return neighbour?.name === deb.name && neighbour.architecture === deb.architecture
}

/** Debs that no root or no suite of the request accounts for: such a deb would be installed nowhere, or be found nowhere. */
function placeProblems(lock: Lockfile, graphs: readonly LockGraph[]): LockProblem[] {
  const { architectures: roots } = lock.request
  const held = new Set<LockedDeb>(graphs.flatMap(graph => graph.debs))
  /** By origin: thousands of debs come from a few. */
  const requested = new Map<string, boolean>()
  const problems: LockProblem[] = []
  for (let at = 0; at < lock.debs.length; at++) {
    const deb = lock.debs[at] as LockedDeb
    const unknown = deb.roots?.find(root => !roots.includes(root))
    if (unknown !== undefined)
      problems.push({
        kind: 'architecture',
        message: `${debKey(deb)} is locked for the root ${unknown}, which the request does not have`,
      })
    else if (!held.has(deb))
      problems.push({ kind: 'architecture', message: `${debKey(deb)} is locked, but no root has that architecture` })
    const isRequested = requested.get(deb.from) ?? isOfRequestedSuite(deb.from, lock.request)
    requested.set(deb.from, isRequested)
    if (!isRequested)
      problems.push({
        kind: 'origin',
        message: `${debKey(deb)} is locked from ${quoted(deb.from)}, which is no suite of the request`,
      })
  }
  return problems
}
