import type { BinaryPackage, OrGroup, PackageUniverse, Relation } from '../debian/index.ts'
import { nearestNames } from '../kernel/index.ts'
import { rootArchitectureOf } from './candidates.ts'
import type { ResolutionRequest } from './model.ts'
import { type RelationTargets, relationTargets } from './relation-targets.ts'
import { followsRecommends } from './requirements.ts'
import { basePriorities } from './roots.ts'

/** The part of a universe that can have a say in the answer to a request. */
export interface ReachablePackages {
  /** What may be chosen: wanted, or an alternative of something that may be chosen. */
  readonly choosable: ReadonlySet<BinaryPackage>
  /** The other versions of their names, which rank them, and what messages speak of where nothing satisfies a relation. */
  readonly mentioned: ReadonlySet<BinaryPackage>
  /** The or-groups of a choosable deb that the request lets count. */
  groupsOf(deb: BinaryPackage): readonly OrGroup[]
  readonly targets: RelationTargets
}

/**
 * Follows every alternative of every relation from what is wanted, whatever pins, exclusions and selections say: the same
 * part answers the request with any of them taken back.
 */
export function reachablePackages(request: ResolutionRequest): ReachablePackages {
  const { universe } = request
  const { nativeArchitecture } = universe
  const targets = relationTargets(universe)
  const followed = followsRecommends(request.recommends)
  const choosable = new Set<BinaryPackage>(baseNames(request).flatMap(name => universe.packagesNamed(name)))
  const mentioned = new Set<BinaryPackage>()
  for (const name of wantedNames(request)) {
    for (const deb of [...universe.packagesNamed(name), ...universe.providersOf(name)]) choosable.add(deb)
  }
  const groupsOf = (deb: BinaryPackage) => [...deb.preDepends, ...deb.depends, ...(followed(deb) ? deb.recommends : [])]
  const follow = (relation: Relation, architecture: string) => {
    const found = targets.satisfying(relation, architecture)
    for (const deb of found) choosable.add(deb)
    if (found.length > 0) return
    const { packageName } = relation
    for (const deb of [...universe.packagesNamed(packageName), ...universe.providersOf(packageName)]) mentioned.add(deb)
  }
  // The set grows while it is read.
  for (const deb of choosable) {
    const architecture = rootArchitectureOf(deb, nativeArchitecture)
    for (const relation of groupsOf(deb).flat()) follow(relation, architecture)
    for (const sibling of universe.packagesNamed(deb.name)) mentioned.add(sibling)
  }
  for (const deb of choosable) mentioned.delete(deb)
  return { choosable, mentioned, groupsOf, targets }
}

/** With the names that a misspelt one may have meant, since they are proposed. */
export function wantedNames({ wanted, universe }: ResolutionRequest): readonly string[] {
  return wanted.flatMap(({ alternatives }) =>
    alternatives.flatMap(({ packageName }) => [
      packageName,
      ...(isKnown(packageName, universe) ? [] : nearestNames(packageName, universe.names())),
    ]),
  )
}

function isKnown(name: string, universe: PackageUniverse): boolean {
  return universe.packagesNamed(name).length > 0 || universe.providersOf(name).length > 0
}

function baseNames({ base, universe }: ResolutionRequest): readonly string[] {
  const priorities = basePriorities(base)
  if (priorities === undefined) return []
  const debs = [...universe.essentialPackages(), ...priorities.flatMap(each => universe.packagesOfPriority(each))]
  return [...new Set(debs.map(deb => deb.name))]
}
