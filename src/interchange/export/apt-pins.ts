import { type FieldText, formatStanza } from '../../debian-control-parser/index.ts'
import { groupBy, sortedByBytes } from '../../kernel/index.ts'
import type { LockedDeb } from '../../lockfile/index.ts'

/** Above 1000, so that apt goes back to the locked version where a newer one is installed (apt_preferences(5)). */
const pinPriority = 1001

/**
 * A file for `/etc/apt/preferences.d`: apt then prefers the locked version of each locked package
 * to any other, and goes back to it. Names of packages that the
 * lock has in one version only stand alone; others are qualified (`libc6:i386`). Nothing is said of packages that are not locked; where the
 * locked version is not to be had apt takes another; and apt compares versions, not hashes.
 *
 * @see apt_preferences(5)
 */
export function formatAptPins(debs: readonly LockedDeb[]): string {
  const byName = groupBy(debs, deb => deb.name)
  const stanzas = sortedByBytes(byName.keys()).flatMap(name => pinsOf(name, byName.get(name) ?? []))
  return stanzas.map(formatStanza).join('\n')
}

function pinsOf(name: string, debs: readonly LockedDeb[]): readonly (readonly FieldText[])[] {
  const versions = sortedByBytes(new Set(debs.map(deb => deb.version)))
  if (versions.length === 1) return versions.map(version => pin(name, version))
  const byArchitecture = groupBy(debs, deb => deb.architecture)
  return sortedByBytes(byArchitecture.keys()).flatMap(architecture =>
    // Of several versions for one architecture, in different roots, apt takes the first pin that it has a candidate for.
    sortedByBytes(new Set((byArchitecture.get(architecture) ?? []).map(deb => deb.version))).map(version =>
      pin(`${name}:${architecture === 'all' ? 'any' : architecture}`, version),
    ),
  )
}

function pin(packageName: string, version: string): readonly FieldText[] {
  return [
    ['Package', packageName],
    ['Pin', `version ${version}`],
    ['Pin-Priority', `${pinPriority}`],
  ]
}
