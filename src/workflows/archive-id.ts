import type { AptSource } from '../interchange/index.ts'

/** Whose the archive is: a distribution's on some mirror, or a vendor's. The key decides, since vendors copy Debian's layout. */
export type ArchiveOwner = 'distribution' | 'vendor'

/**
 * A short name for an archive that apt knows by its address only: the last part of the path for a distribution (`debian`,
 * `debian-security`), the host without its generic labels for a vendor (`packages.example.org` is `example`). Numbered
 * where it is taken.
 */
export function archiveIdFor(
  source: Pick<AptSource, 'uris' | 'suites'>,
  owner: ArchiveOwner,
  taken: readonly string[],
): string {
  const plain = (owner === 'distribution' ? nameOfDistribution(source) : undefined) ?? nameOfHost(source)
  if (!taken.includes(plain)) return plain
  for (let number = 2; ; number++) if (!taken.includes(`${plain}-${number}`)) return `${plain}-${number}`
}

/** Security updates may lie in the same folder as the rest, under suites of their own. */
function nameOfDistribution({ uris, suites }: Pick<AptSource, 'uris' | 'suites'>): string | undefined {
  const last = new URL(uris[0]).pathname.split('/').findLast(part => part !== '') ?? ''
  if (!/^(debian|ubuntu)(-[a-z]+)*$/.test(last)) return undefined
  const isSecurity = suites.every(suite => suite.endsWith('-security'))
  return isSecurity && !last.endsWith('-security') ? `${last}-security` : last
}

function nameOfHost({ uris }: Pick<AptSource, 'uris'>): string {
  const labels = new URL(uris[0]).hostname.split('.').filter(label => !genericLabels.has(label))
  const host = (labels.length > 1 ? labels.slice(0, -1) : labels).join('-')
  return (
    host
      .toLowerCase()
      .replace(/[^a-z0-9-]+/g, '-')
      .replace(/^-+|-+$/g, '') || 'archive'
  )
}

const genericLabels = new Set(['www', 'apt', 'deb', 'download', 'downloads', 'packages', 'pkgs', 'repo', 'archive'])
