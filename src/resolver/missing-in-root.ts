import type { PackageUniverse } from '../debian/index.ts'
import { sortedByBytes } from '../kernel/index.ts'
import type { ResolutionRequest, WantedPackage } from './model.ts'
import { relationTargets } from './relation-targets.ts'
import { wantedTargets } from './roots.ts'

/**
 * Native architectures of the other roots that have what is missing in this one, in byte order. None when this architecture
 * is among them (`amd64` beside `amd64+i386`): a restriction could not tell the two roots apart.
 */
export function architecturesThatHave(
  wanted: Omit<WantedPackage, 'text'>,
  { universe, otherRoots = [] }: ResolutionRequest,
): readonly string[] {
  const having = new Set(otherRoots.filter(each => isIn(each, wanted)).map(each => each.nativeArchitecture))
  return having.has(universe.nativeArchitecture) ? [] : sortedByBytes(having)
}

function isIn(universe: PackageUniverse, wanted: Omit<WantedPackage, 'text'>): boolean {
  return wantedTargets(wanted, universe, relationTargets(universe)).some(debs => debs.length > 0)
}
