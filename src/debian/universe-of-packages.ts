import { compareBytes, groupBy } from '../kernel/index.ts'
import type { BinaryPackage } from './binary-package.ts'
import type { PackageUniverse } from './package-universe.ts'
import { compareVersions } from './version.ts'

export interface RootArchitectures {
  readonly native: string
  /** In the manifest's order, which is their rank. */
  readonly foreign: readonly string[]
}

/** A universe of exactly these packages, in whatever order they come; those of other architectures are left out. */
export function universeOfPackages(
  packages: readonly BinaryPackage[],
  { native, foreign }: RootArchitectures,
): PackageUniverse {
  const architectures = [native, ...foreign]
  const rank = (deb: BinaryPackage) => Math.max(0, architectures.indexOf(deb.architecture))
  const byVersion = (left: BinaryPackage, right: BinaryPackage) =>
    compareVersions(right.version, left.version) || rank(left) - rank(right) || compareBytes(left.sha256, right.sha256)
  const present = packages
    .filter(deb => deb.architecture === 'all' || architectures.includes(deb.architecture))
    .sort((left, right) => compareBytes(left.name, right.name) || byVersion(left, right))
  const byName = groupBy(present, deb => deb.name)
  const providers = new Map<string, BinaryPackage[]>()
  for (const deb of present) {
    for (const name of new Set(deb.provides.map(each => each.name))) {
      const known = providers.get(name)
      if (known === undefined) providers.set(name, [deb])
      else known.push(deb)
    }
  }
  return {
    nativeArchitecture: native,
    foreignArchitectures: foreign,
    packagesNamed: name => byName.get(name) ?? [],
    providersOf: name => providers.get(name) ?? [],
    essentialPackages: () => present.filter(deb => deb.essential),
    packagesOfPriority: priority => present.filter(deb => deb.priority === priority),
    names: () => [...byName.keys()],
  }
}
