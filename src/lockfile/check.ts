import { compareBytes } from '../kernel/index.ts'
import { graphOf, type LockGraph } from './graph.ts'
import type { LockedDeb, Lockfile } from './model.ts'
import { debKey, groupBy } from './sources.ts'
import { writeLockfile } from './write.ts'

/** Something that the lockfile alone shows to be wrong. */
export interface LockProblem {
  readonly kind: 'form' | 'wanted' | 'needs' | 'unreachable' | 'duplicate' | 'architecture'
  /** One line, ready to print. */
  readonly message: string
}

/**
 * What the file alone can prove: the form is canonical, everything wanted has a deb, `needs` is closed, nothing is left
 * over. Whether relations really hold needs stanzas, and is `lock verify`'s work.
 *
 * @param text the file's bytes as text, for the canonical form
 * @param namesWanted the alternatives' package names of each wanted item, by its text
 */
export function checkLockfile(
  lock: Lockfile,
  text: string,
  namesWanted: ReadonlyMap<string, readonly string[]>,
): readonly LockProblem[] {
  const problems: LockProblem[] = []
  if (writeLockfile(lock) !== text.replaceAll('\r\n', '\n'))
    problems.push({ kind: 'form', message: 'the file is not in canonical form; it was edited or reformatted' })
  for (const item of lock.request.wanted) {
    const names = namesWanted.get(item) ?? []
    const [only] = names
    // A virtual package is satisfied by a deb of another name, which only the relations can show.
    const met = lock.debs.some(deb => deb.root === 'wanted' && names.includes(deb.name))
    const provided = lock.debs.some(deb => deb.root === 'wanted' && !isNamedByItem(deb, namesWanted))
    if (!met && !provided)
      problems.push({ kind: 'wanted', message: `${only ?? item} is wanted, but no deb is marked as wanted for it` })
  }
  const graphs = lock.request.architectures.map(architecture => graphOf(lock, architecture))
  for (const graph of graphs) for (const problem of rootProblems(graph, graphs)) problems.push(problem)
  const held = new Set(lock.request.architectures.flatMap(root => ['all', ...root.split('+')]))
  for (const deb of lock.debs.filter(each => !held.has(each.architecture)))
    problems.push({ kind: 'architecture', message: `${debKey(deb)} is locked, but no root has that architecture` })
  return problems
}

function rootProblems(graph: LockGraph, graphs: readonly LockGraph[]): LockProblem[] {
  const problems: LockProblem[] = []
  const inRoot = graphs.length > 1 ? ` in the root ${graph.architecture}` : ''
  for (const [key, { length }] of groupBy(graph.debs, debKey)) {
    if (length > 1) problems.push({ kind: 'duplicate', message: `${key} is locked twice${inRoot}` })
  }
  for (const deb of graph.debs) {
    // An `all` deb of several roots has the union of their needs, so being held in one of them is enough.
    const holders = deb.architecture === 'all' && deb.roots === undefined ? graphs : [graph]
    for (const need of deb.needs) {
      if (!holders.some(each => each.named(need).length > 0))
        problems.push({ kind: 'needs', message: `${debKey(deb)} needs ${need}, which is not locked${inRoot}` })
    }
  }
  const reached = new Set(graph.debs.filter(deb => deb.root !== undefined))
  for (const deb of reached) for (const need of graph.needsOf(deb)) reached.add(need)
  for (const deb of graph.debs.filter(each => !reached.has(each)))
    problems.push({ kind: 'unreachable', message: `${debKey(deb)} is locked, but nothing wanted leads to it${inRoot}` })
  return problems.sort((left, right) => compareBytes(left.message, right.message))
}

function isNamedByItem(deb: LockedDeb, namesWanted: ReadonlyMap<string, readonly string[]>): boolean {
  return [...namesWanted.values()].some(names => names.includes(deb.name))
}
