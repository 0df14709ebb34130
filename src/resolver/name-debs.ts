import type { BinaryPackage } from '../debian/index.ts'

/** Longer lists are cut, in an explanation of at most a dozen lines. */
const listedVersions = 3

/** `nginx 1.22.1-9 (debian/bookworm)`, or `nginx 1.22.1-9 … 1.22.1-9+deb12u2 (7 versions)`. */
export function versionsOf(debs: readonly BinaryPackage[]): string {
  const distinct = [...new Set(debs)]
  const [first] = distinct
  const last = distinct.at(-1)
  if (first === undefined || last === undefined) return ''
  if (distinct.length === 1) return describe(first)
  if (distinct.length <= listedVersions) return `${nameOf(first)} ${distinct.map(deb => deb.version).join(', ')}`
  return `${nameOf(first)} ${last.version} … ${first.version} (${distinct.length} versions)`
}

/** Names with their versions, joined by `or`; many are counted. */
export function listed(debs: readonly BinaryPackage[]): string {
  const names = [...new Set(debs.map(nameOf))]
  const shown = names.slice(0, listedVersions).map(name => versionsOf(debs.filter(deb => nameOf(deb) === name)))
  const hidden = names.length - shown.length
  return `${shown.join(' or ')}${hidden > 0 ? ` or ${hidden} others` : ''}`
}

/** One deb with its place: `nginx 1.22.1-9 (debian/bookworm)`. */
export function describe(deb: BinaryPackage): string {
  const [{ archive, suite }] = deb.listings
  return `${nameOf(deb)} ${deb.version} (${archive}/${suite})`
}

/** With the architecture unless it is `all`; nothing for the manifest itself. */
export function nameOf(deb: BinaryPackage | undefined): string {
  if (deb === undefined) return ''
  return deb.architecture === 'all' ? deb.name : `${deb.name}:${deb.architecture}`
}
