import { type BinaryPackage, compareVersions } from '../debian/index.ts'
import { compareBytes } from '../kernel/index.ts'
import type { ResolutionRequest } from './model.ts'
import { phasedPriority } from './phased-updates.ts'
import { lowestAllowedPriority, priorityOf } from './pins.ts'

/** Which version of a package is preferred, and by how much. */
export interface Candidates {
  /** All debs of one name for one architecture of the root, the preferred one first. */
  ranked(name: string, architecture: string): readonly BinaryPackage[]
  /** The deb that is taken unless a relation forces another; undefined when all are forbidden or there is none. */
  candidateOf(name: string, architecture: string): BinaryPackage | undefined
  isCandidate(deb: BinaryPackage): boolean
  isForbidden(deb: BinaryPackage): boolean
  /** Whether another version was settled on for all roots. */
  isOutOfStep(deb: BinaryPackage): boolean
  /** As apt-cache policy shows it; what it says under `phased-updates: never` as well. */
  priorityOf(deb: BinaryPackage): number
}

/** The architecture whose slot a deb takes: `all` counts as native (SEMANTICS T36). */
export function rootArchitectureOf(deb: BinaryPackage, nativeArchitecture: string): string {
  return deb.architecture === 'all' ? nativeArchitecture : deb.architecture
}

/**
 * Ranks versions by pin priority, then version, as apt's policy does on an empty root; what is still equal is decided
 * by the byte-smallest archive, suite and component, never by the order of a file.
 */
export function rankCandidates(
  request: Pick<ResolutionRequest, 'universe' | 'pins' | 'phasedUpdates' | 'lockstep'>,
): Candidates {
  const { universe, pins, phasedUpdates = 'always', lockstep } = request
  const architectures = [universe.nativeArchitecture, ...universe.foreignArchitectures]
  /** By architecture, then by name. */
  const rankedBySlot = new Map<string, Map<string, readonly BinaryPackage[]>>()
  const priorities = new Map<BinaryPackage, number>()

  function priority(deb: BinaryPackage): number {
    const known = priorities.get(deb)
    if (known !== undefined) return known
    const computed = phasedPriority(deb, priorityOf(deb, pins, architectures), phasedUpdates)
    priorities.set(deb, computed)
    return computed
  }

  function ranked(name: string, architecture: string): readonly BinaryPackage[] {
    let byName = rankedBySlot.get(architecture)
    if (byName === undefined) {
      byName = new Map()
      rankedBySlot.set(architecture, byName)
    }
    const known = byName.get(name)
    if (known !== undefined) return known
    const named = universe.packagesNamed(name)
    const isOfSlot = (deb: BinaryPackage) => rootArchitectureOf(deb, universe.nativeArchitecture) === architecture
    // Nearly all names have one deb or none: no new list for them.
    const debs = named.every(isOfSlot) ? named : named.filter(isOfSlot)
    const sorted = debs.length < 2 ? debs : [...debs].sort(preferred)
    byName.set(name, sorted)
    return sorted
  }

  function preferred(left: BinaryPackage, right: BinaryPackage): number {
    return (
      Number(isOutOfStep(left)) - Number(isOutOfStep(right)) ||
      priority(right) - priority(left) ||
      compareVersions(right.version, left.version) ||
      compareListings(left, right) ||
      compareBytes(left.architecture, right.architecture) ||
      compareBytes(left.sha256, right.sha256)
    )
  }

  function isForbidden(deb: BinaryPackage): boolean {
    return priority(deb) < lowestAllowedPriority
  }

  function isOutOfStep(deb: BinaryPackage): boolean {
    const version = lockstep?.get(deb.name)
    return version !== undefined && compareVersions(version, deb.version) !== 0
  }

  function candidateOf(name: string, architecture: string): BinaryPackage | undefined {
    const best = ranked(name, architecture)[0]
    return best === undefined || isForbidden(best) ? undefined : best
  }

  return {
    ranked,
    candidateOf,
    isForbidden,
    isOutOfStep,
    priorityOf: priority,
    isCandidate: deb => candidateOf(deb.name, rootArchitectureOf(deb, universe.nativeArchitecture)) === deb,
  }
}

function compareListings(left: BinaryPackage, right: BinaryPackage): number {
  const [a] = left.listings
  const [b] = right.listings
  return compareBytes(a.archive, b.archive) || compareBytes(a.suite, b.suite) || compareBytes(a.component, b.component)
}
