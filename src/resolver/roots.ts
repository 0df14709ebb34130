import type { BinaryPackage, PackageUniverse, Relation } from '../debian/index.ts'
import { compareVersions } from '../debian/index.ts'
import { sortedByBytes } from '../kernel/index.ts'
import type { BaseSet, WantedSelection } from '../manifest/index.ts'
import type { Candidates } from './candidates.ts'
import type { WantedPackage } from './model.ts'
import type { RelationTargets } from './relation-targets.ts'

/** For each alternative of a wanted item, the debs that fulfil it. */
export function wantedTargets(
  { alternatives, selection }: Omit<WantedPackage, 'text'>,
  universe: PackageUniverse,
  targets: RelationTargets,
): readonly (readonly BinaryPackage[])[] {
  return alternatives.map(relation => {
    const found = targetsForRoot(relation, universe, targets)
    return found
      .filter(deb => deb.name === relation.packageName || selection.kind === 'candidate')
      .filter(deb => isSelected(deb, selection))
  })
}

/** A wanted name that exists for a foreign architecture only is taken from there, as `apt install wine32` does. */
function targetsForRoot(relation: Relation, universe: PackageUniverse, targets: RelationTargets) {
  const native = targets.satisfying(relation, universe.nativeArchitecture)
  if (native.length > 0 || relation.architectureQualifier !== undefined) return native
  for (const architecture of universe.foreignArchitectures) {
    const foreign = targets.satisfying(relation, architecture)
    if (foreign.length > 0) return foreign
  }
  return native
}

function isSelected(deb: BinaryPackage, selection: WantedSelection): boolean {
  switch (selection.kind) {
    case 'candidate':
      return true
    case 'version':
      return compareVersions(deb.version, selection.version) === 0
    case 'suite':
      return deb.listings.some(({ suite, release }) =>
        [suite, release.suite, release.codename].includes(selection.suite),
      )
  }
}

/**
 * The packages of a base set, each as its versions with the candidate first, in byte order of their names.
 *
 * `essential`: the candidate says `Essential: yes`; `required` and `important` add those Priorities, as debootstrap's
 * variants do. Only native packages. An excluded name leaves the set; if something needs it, there is no solution.
 */
export function baseRequirements(
  base: BaseSet,
  universe: PackageUniverse,
  candidates: Candidates,
  excluded: ReadonlySet<string>,
): readonly (readonly [BinaryPackage, ...BinaryPackage[]])[] {
  const priorities = basePriorities(base)
  if (priorities === undefined) return []
  const named = [...universe.essentialPackages(), ...priorities.flatMap(each => universe.packagesOfPriority(each))]
  return sortedByBytes(new Set(named.map(deb => deb.name))).flatMap(name => {
    const candidate = candidates.candidateOf(name, universe.nativeArchitecture)
    if (candidate === undefined || excluded.has(name)) return []
    if (!candidate.essential && !priorities.includes(candidate.priority)) return []
    const [first, ...rest] = candidates.ranked(name, universe.nativeArchitecture)
    return first === undefined ? [] : [[first, ...rest]]
  })
}

/** The Priorities that a base set adds to the essential packages; undefined: it is empty. */
export function basePriorities(base: BaseSet): readonly string[] | undefined {
  switch (base) {
    case 'none':
      return undefined
    case 'essential':
      return []
    case 'required':
      return ['required']
    case 'important':
      return ['required', 'important']
  }
}
