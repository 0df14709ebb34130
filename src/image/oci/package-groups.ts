import { listedPackages } from '../../dpkg/index.ts'
import { groupBy } from '../../kernel/index.ts'
import type { SealedTree } from '../tar-bytes.ts'

/** Files of the binary packages of one source package: a new version replaces them together. */
export interface PackageGroup {
  readonly source: string
  /** What an image has of it, rarely changing first: 0 for essential and required packages, 3 for optional ones. */
  readonly rank: number
  readonly paths: readonly string[]
}

const priorities = ['required', 'important', 'standard']

/**
 * Which paths belong to which source package, as `listedPackages` says of binary ones.
 *
 * @returns sorted by rank, then by source package
 */
export async function groupsOfPackages(root: SealedTree): Promise<readonly PackageGroup[]> {
  const groups = (await listedPackages(root)).map(({ status, paths }): PackageGroup => {
    // `Source: glibc (2.36-9)` where the versions differ.
    const source = (status.field('Source') ?? status.field('Package') ?? '').replace(/ .*$/s, '')
    const priority = priorities.indexOf(status.field('Priority') ?? '')
    const rank = status.field('Essential') === 'yes' ? 0 : priority === -1 ? priorities.length : priority
    return { source, rank, paths }
  })
  return [...groupBy(groups, each => each.source)]
    .map(([source, members]) => ({
      source,
      rank: Math.min(...members.map(each => each.rank)),
      paths: members.flatMap(each => each.paths),
    }))
    .sort((left, right) => left.rank - right.rank || (left.source < right.source ? -1 : 1))
}
