import { compareBytes, groupBy } from '../kernel/index.ts'
import type { LockedDeb } from './model.ts'

/** One block below `sources:`; what most of its debs share stands once. */
export interface SourceBlock {
  /** The source's name, or `"name version"` where the lock holds two versions of it. */
  readonly key: string
  readonly version: string
  readonly from: string
  readonly at: string
  readonly directory: string
  /** Sorted by name, then architecture. */
  readonly debs: readonly LockedDeb[]
}

/**
 * Groups debs by source package. Where debs of one source disagree, the source has what its first locked debs have (of
 * the oldest `at`; the most common value of those, then the byte-smallest): adding a deb later never rewrites the others.
 */
export function sourceBlocks(debs: readonly LockedDeb[]): readonly SourceBlock[] {
  const byNameAndVersion = groupBy(debs, deb => `${deb.sourceName} ${deb.sourceVersion}`)
  const versionsByName = new Map<string, number>()
  for (const [{ sourceName }] of byNameAndVersion.values())
    versionsByName.set(sourceName, (versionsByName.get(sourceName) ?? 0) + 1)
  const blocks: SourceBlock[] = []
  for (const [nameAndVersion, members] of byNameAndVersion) {
    const first = members[0]
    const several = (versionsByName.get(first.sourceName) ?? 0) > 1
    const { from, at, directory } = sharedBy(members)
    blocks.push({
      key: several ? nameAndVersion : first.sourceName,
      version: first.sourceVersion,
      from,
      at,
      directory,
      debs: members.length === 1 ? members : members.toSorted(compareDebs),
    })
  }
  return blocks.sort((left, right) => compareBytes(left.key, right.key))
}

/** Of a source with one deb, which most have, what that one has. */
function sharedBy(members: readonly [LockedDeb, ...LockedDeb[]]): Pick<SourceBlock, 'from' | 'at' | 'directory'> {
  const first = members[0]
  if (members.length === 1) return first
  const at = members.reduce((oldest, deb) => (deb.at < oldest ? deb.at : oldest), first.at)
  const firstLocked = members.filter(deb => deb.at === at)
  return {
    from: mostCommon(firstLocked.map(deb => deb.from)),
    at,
    directory: mostCommon(firstLocked.map(deb => deb.directory)),
  }
}

/** `name:architecture`, the key of a deb below `debs:`. */
export function debKey(deb: Pick<LockedDeb, 'name' | 'architecture'>): string {
  return `${deb.name}:${deb.architecture}`
}

/** What pins a deb, in words: its bytes, or only what it declares. */
export function pinnedBy(deb: Pick<LockedDeb, 'sha256' | 'relations'>): string {
  return deb.relations === undefined ? `sha256 ${deb.sha256}` : `relations ${deb.relations}`
}

export function compareDebs(left: LockedDeb, right: LockedDeb): number {
  return (
    compareBytes(left.name, right.name) ||
    compareBytes(left.architecture, right.architecture) ||
    compareBytes(left.version, right.version) ||
    compareBytes(left.sha256, right.sha256)
  )
}

/** `NAME_VERSION_ARCHITECTURE.deb` without the epoch: how archives name files, so that the lock need not. */
export function derivedFileName(deb: Pick<LockedDeb, 'name' | 'version' | 'architecture'>): string {
  return `${deb.name}_${deb.version.replace(/^\d+:/, '')}_${deb.architecture}.deb`
}

function mostCommon(values: readonly string[]): string {
  const [first] = values
  if (first !== undefined && values.every(value => value === first)) return first
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  const ranked = [...counts].sort(([left, few], [right, many]) => many - few || compareBytes(left, right))
  return ranked[0]?.[0] ?? ''
}
