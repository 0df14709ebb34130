import { sortedByBytes } from '../../kernel/index.ts'
import type { LockedDeb } from '../../lockfile/index.ts'
import { packageUrlOf } from './package-url.ts'
import { vendoredPath } from './vendored-path.ts'

/**
 * What `sha256sum --check` reads in a folder that `lock vendor` wrote: the debs under their pool file names, below the archive's id. Own
 * debs that are locked by their relations have no line: their bytes are not locked.
 */
export function formatSha256Sums(debs: readonly LockedDeb[]): string {
  const hashed = debs.filter(deb => deb.sha256 !== '')
  return linesOf(hashed.map(deb => `${vendoredPath(deb)}\0${deb.sha256}`)).replace(/^(.*)\0(.*)$/gm, '$2  $1')
}

/** One package URL a line. */
export function formatPackageUrls(debs: readonly LockedDeb[]): string {
  return linesOf(debs.map(packageUrlOf))
}

function linesOf(lines: readonly string[]): string {
  return sortedByBytes(new Set(lines))
    .map(line => `${line}\n`)
    .join('')
}
