import type { BinaryPackage, PackageUniverse } from '../debian/index.ts'
import { compareBytes } from '../kernel/index.ts'
import { type Candidates, rootArchitectureOf } from './candidates.ts'

const priorityOrder = ['required', 'important', 'standard', 'optional', 'extra']

/** Sorts debs that satisfy one relation: what apt would try first comes first. */
export type Preference = (targets: readonly BinaryPackage[], relationName: string) => readonly BinaryPackage[]

/**
 * apt's order among the packages that satisfy one relation (SEMANTICS "What is optimised" 4, T18, T19, T43): a real
 * package before a provider, then Essential, Important, native architecture, Priority, name in byte order. The versions
 * of one package stay together, ranked by pin and version.
 */
export function preferenceOrder(universe: PackageUniverse, candidates: Candidates): Preference {
  const architectures = [universe.nativeArchitecture, ...universe.foreignArchitectures]
  const slotOf = (deb: BinaryPackage) => rootArchitectureOf(deb, universe.nativeArchitecture)

  function compareSlots(left: BinaryPackage, right: BinaryPackage, relationName: string): number {
    return (
      rankOf(left.name !== relationName) - rankOf(right.name !== relationName) ||
      rankOf(!left.essential) - rankOf(!right.essential) ||
      rankOf(!left.important) - rankOf(!right.important) ||
      architectures.indexOf(slotOf(left)) - architectures.indexOf(slotOf(right)) ||
      priorityRank(left) - priorityRank(right) ||
      compareBytes(left.name, right.name)
    )
  }

  return (targets, relationName) => {
    if (targets.length < 2) return targets
    const bySlot = new Map<string, BinaryPackage[]>()
    for (const deb of targets) {
      const slot = `${deb.name}:${slotOf(deb)}`
      const group = bySlot.get(slot)
      if (group === undefined) bySlot.set(slot, [deb])
      else group.push(deb)
    }
    const groups = [...bySlot.values()].map(group => rankWithin(group, candidates, slotOf))
    return groups.sort(([left], [right]) => compareSlots(left, right, relationName)).flat()
  }
}

function rankWithin(
  group: readonly BinaryPackage[],
  candidates: Candidates,
  slotOf: (deb: BinaryPackage) => string,
): [BinaryPackage, ...BinaryPackage[]] {
  const [first, ...rest] = group as readonly [BinaryPackage, ...BinaryPackage[]]
  if (rest.length === 0) return [first]
  const ranked = candidates.ranked(first.name, slotOf(first)).filter(deb => group.includes(deb))
  return ranked as [BinaryPackage, ...BinaryPackage[]]
}

function rankOf(isWorse: boolean): number {
  return isWorse ? 1 : 0
}

/** An unknown or absent Priority comes last. */
export function priorityRank(deb: BinaryPackage): number {
  const rank = priorityOrder.indexOf(deb.priority)
  return rank < 0 ? priorityOrder.length : rank
}
