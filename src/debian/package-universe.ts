import type { BinaryPackage } from './binary-package.ts'

/**
 * All packages that one root file system may choose from: the indexes of its native architecture, of its foreign
 * architectures, and own debs. Lazy: asking for a name instantiates only the packages of that name.
 *
 * Every list is sorted: version descending (dpkg's order), then architecture (native, then foreign in manifest order;
 * `all` counts as native), then sha256 in byte order. So nothing depends on the order of files or stanzas.
 */
export interface PackageUniverse {
  readonly nativeArchitecture: string
  readonly foreignArchitectures: readonly string[]
  /** Every real package of this name, all versions and architectures. Empty when there is none. */
  packagesNamed(name: string): readonly BinaryPackage[]
  /** Every package whose Provides names `name`, whatever its own name, ordered by own name, then as above. */
  providersOf(name: string): readonly BinaryPackage[]
  /** Packages with `Essential: yes` in any version, by name in byte order, then as above. */
  essentialPackages(): readonly BinaryPackage[]
  /** Packages of this exact Priority in any version, by name in byte order, then as above. */
  packagesOfPriority(priority: string): readonly BinaryPackage[]
  /** All real package names in byte order; for suggestions on a misspelt name and for sweeps. */
  names(): readonly string[]
}
