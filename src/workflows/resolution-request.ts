import { matchesArchitecture, type PackageUniverse } from '../debian/index.ts'
import type { Manifest, RootArchitecture } from '../manifest/index.ts'
import type { ResolutionRequest } from '../resolver/index.ts'

/**
 * What the manifest asks for one of its roots.
 *
 * @param asOf the day on which expired pins are judged
 */
export function resolutionRequestOf(
  manifest: Manifest,
  root: RootArchitecture,
  universe: PackageUniverse,
  asOf: Date,
): ResolutionRequest {
  const { packages, base, recommends, exclude, pins, phasedUpdates, architectures } = manifest
  return {
    universe,
    wanted: packages.filter(
      item => item.architectures === undefined || matchesArchitecture(item.architectures, root.native),
    ),
    base,
    recommends,
    exclude,
    pins,
    phasedUpdates,
    asOf: asOf.toISOString().slice(0, 10),
    otherArchitectures: architectures.flatMap(({ native }) => (native === root.native ? [] : [native])),
  }
}
