import { type BinaryPackage, compareVersions } from '../debian/index.ts'
import { compareBytes } from '../kernel/index.ts'
import type { Pin } from '../manifest/index.ts'
import { type PreviousDeb, type ResolutionRequest, rankCandidates } from '../resolver/index.ts'

/** Something newer than what is chosen, and why it is not. */
export interface NewerVersion {
  readonly name: string
  readonly architecture: string
  readonly source: string
  readonly chosen: string
  readonly newer: string
  /** Place that lists it: `archive/suite`. */
  readonly from: string
  readonly because:
    | { readonly kind: 'pin'; readonly pin: Pin }
    /** Its suite asks to be left alone (NotAutomatic), or it is still rolled out in phases. */
    | { readonly kind: 'priority'; readonly priority: number }
    /** Other roots follow no further, the manifest names a version, or a relation does not allow it. */
    | { readonly kind: 'relations' }
}

/**
 * The newest versions that the archives of a root list beyond the chosen debs, by name in byte order.
 *
 * @param chosen what an update would lock for this root
 */
export function newerVersions(request: ResolutionRequest, chosen: readonly PreviousDeb[]): readonly NewerVersion[] {
  const { universe, pins } = request
  const { nativeArchitecture } = universe
  const candidates = rankCandidates(request)
  return chosen
    .flatMap((deb): NewerVersion[] => {
      const slot = slotOf(deb.architecture)
      const others = universe.packagesNamed(deb.name).filter(each => slotOf(each.architecture) === slot)
      const own = others.find(each => each.sha256 === deb.sha256)
      // Sorted by version, the newest first.
      const newest = others.find(each => compareVersions(each.version, deb.version) > 0)
      if (newest === undefined) return []
      const [{ archive, suite }] = newest.listings
      return [
        {
          name: deb.name,
          architecture: deb.architecture,
          source: newest.source.name,
          chosen: deb.version,
          newer: newest.version,
          from: `${archive}/${suite}`,
          because: becauseOf(newest, own),
        },
      ]
    })
    .sort((left, right) => compareBytes(left.name, right.name) || compareBytes(left.architecture, right.architecture))

  /** What `all` counts as: native (SEMANTICS T36). */
  function slotOf(architecture: string): string {
    return architecture === 'all' ? nativeArchitecture : architecture
  }

  function becauseOf(newest: BinaryPackage, own: BinaryPackage | undefined): NewerVersion['because'] {
    const priority = candidates.priorityOf(newest)
    const isBehind = candidates.isForbidden(newest) || (own !== undefined && priority < candidates.priorityOf(own))
    if (!isBehind) return { kind: 'relations' }
    const pin = decidingPin(newest) ?? (own && decidingPin(own))
    return pin === undefined ? { kind: 'priority', priority } : { kind: 'pin', pin }
  }

  /** The first pin that means the deb and has the priority that it came to. */
  function decidingPin(deb: BinaryPackage): Pin | undefined {
    const priority = candidates.priorityOf(deb)
    return pins.find(pin => pin.priority === priority && means(pin, deb))
  }

  /** Told by a priority that nothing else gives. */
  function means(pin: Pin, deb: BinaryPackage): boolean {
    const unlikely = 31_999
    return rankCandidates({ universe, pins: [{ ...pin, priority: unlikely }] }).priorityOf(deb) === unlikely
  }
}
