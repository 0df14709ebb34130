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
  const { requirements, optional } = encoding.expansionOf(variable)
  return optional.length === 0 ? requirements : requirements.concat(optional)
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
  // By variable, in lists of numbers: kde-full with Recommends asks 16,000 times.
  const isChosen = new Uint8Array(encoding.variableCount + 1)
  for (const variable of chosen) isChosen[variable] = 1
  const chosenOf = ({ alternatives }: Requirement) => alternatives.filter(each => isChosen[each] === 1)
  const preferred = ({ alternatives }: Requirement): number | undefined => {
    for (let at = 0; at < alternatives.length; at++) {
      const variable = alternatives[at] as number
      if (isChosen[variable] === 1) return variable
    }
    return undefined
  }
  /** By variable: who asked for it last, so that nobody needs a deb twice. */
  const askedBy = new Uint32Array(encoding.variableCount + 1)
  const rootOf = new Map<number, 'wanted' | 'base'>()
  const needsOf = new Map<number, number[]>()
  for (const requirement of [...encoding.roots.requirements].reverse()) {
    const root = preferred(requirement)
    if (root !== undefined) rootOf.set(root, markOf(requirement))
  }
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
      const requirements = requirementsOf(encoding, variable)
      const needs: number[] = []
      for (let at = 0; at < requirements.length; at++) {
        const need = preferred(requirements[at] as Requirement)
        if (need === undefined || askedBy[need] === variable) continue
        askedBy[need] = variable
        needs.push(need)
        pending.push(need)
      }
      needsOf.set(variable, needs)
    }
  }

  const debs = [...needsOf.keys()].map(encoding.debOf).sort(comparePackages)
  // What is needed is among the debs that were just sorted: places compare faster than names (kde-full has 8,900 needs).
  const placeOf = new Uint32Array(encoding.variableCount + 1)
  for (let place = 0; place < debs.length; place++) placeOf[encoding.variableOf(debs[place] as BinaryPackage)] = place
  return debs.map(deb => {
    const variable = encoding.variableOf(deb)
    const needs = needsOf.get(variable) ?? []
    const places = new Uint32Array(needs.length)
    for (let at = 0; at < needs.length; at++) places[at] = placeOf[needs[at] as number] as number
    places.sort()
    const needed: BinaryPackage[] = []
    for (let at = 0; at < places.length; at++) needed.push(debs[places[at] as number] as BinaryPackage)
    return { package: deb, root: rootOf.get(variable), needs: needed }
  })
}

function markOf({ field }: Requirement): 'wanted' | 'base' {
  return field === 'base' ? 'base' : 'wanted'
}

function comparePackages(left: BinaryPackage, right: BinaryPackage): number {
  return compareBytes(left.name, right.name) || compareBytes(left.architecture, right.architecture)
}
