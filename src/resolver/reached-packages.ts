import type { BinaryPackage } from '../debian/index.ts'
import { compareBytes } from '../kernel/index.ts'
import type { Encoding } from './encoding.ts'
import type { ResolvedPackage } from './model.ts'
import type { Requirement } from './requirements.ts'

/**
 * Which chosen alternatives of an or-group count as needed: the most preferred one, or also those that nothing else
 * would keep (as apt's autoremove sees it).
 */
export type Usefulness = 'preferred' | 'usable'

/** Hard and followed requirements of a deb, in the order of its fields. */
export function requirementsOf(encoding: Encoding, variable: number): readonly Requirement[] {
  const { clauses, optional } = encoding.expansionOf(variable)
  const hard = clauses.flatMap(({ origin }) => (origin.kind === 'requirement' ? [origin.requirement] : []))
  return [...hard, ...optional]
}

/**
 * What is reachable from the roots when every or-group is followed to its most preferred chosen alternative: a package
 * that no preferred alternative leads to any more is left out, unless it counts as `usable`.
 */
export function reachedPackages(
  encoding: Encoding,
  chosen: Iterable<number>,
  usefulness: Usefulness,
): readonly ResolvedPackage[] {
  const isChosen = new Set(chosen)
  const chosenOf = ({ alternatives }: Requirement) => alternatives.filter(each => isChosen.has(each))
  const preferred = ({ alternatives }: Requirement) => {
    const first = alternatives.find(each => isChosen.has(each))
    return first === undefined ? [] : [first]
  }
  const rootOf = new Map<number, 'wanted' | 'base'>()
  const needsOf = new Map<number, number[]>()
  for (const requirement of [...encoding.roots.requirements].reverse())
    for (const root of preferred(requirement)) rootOf.set(root, markOf(requirement))
  follow([...rootOf.keys()])
  if (usefulness === 'usable') {
    for (const requirement of encoding.roots.requirements)
      for (const root of chosenOf(requirement).filter(each => !needsOf.has(each))) {
        rootOf.set(root, markOf(requirement))
        follow([root])
      }
    // The map grows while it is read: what is usable may have uses of its own.
    for (const [variable, needs] of needsOf)
      for (const usable of requirementsOf(encoding, variable).flatMap(chosenOf)) {
        if (needsOf.has(usable)) continue
        needs.push(usable)
        follow([usable])
      }
  }

  function follow(pending: number[]): void {
    for (let variable = pending.pop(); variable !== undefined; variable = pending.pop()) {
      if (needsOf.has(variable)) continue
      const needs = new Set(requirementsOf(encoding, variable).flatMap(preferred))
      needsOf.set(variable, [...needs])
      pending.push(...needs)
    }
  }

  const debs = [...needsOf.keys()].map(encoding.debOf).sort(comparePackages)
  // What is needed is among the debs that were just sorted: places compare faster than names (kde-full has 8,900 needs).
  const placeOf = new Map(debs.map((deb, place) => [encoding.variableOf(deb), place]))
  return debs.map(deb => {
    const variable = encoding.variableOf(deb)
    const places = Uint32Array.from(needsOf.get(variable) ?? [], need => placeOf.get(need) ?? 0).sort()
    return {
      package: deb,
      root: rootOf.get(variable),
      needs: Array.from(places, place => debs[place] as BinaryPackage),
    }
  })
}

function markOf({ field }: Requirement): 'wanted' | 'base' {
  return field === 'base' ? 'base' : 'wanted'
}

function comparePackages(left: BinaryPackage, right: BinaryPackage): number {
  return compareBytes(left.name, right.name) || compareBytes(left.architecture, right.architecture)
}
