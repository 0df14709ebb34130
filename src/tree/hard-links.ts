import type { TreeEntry } from './entry.ts'
import { sortedPaths } from './paths.ts'

/** Path → the first name of the same file, for every name but the first. */
export type HardLinkNames = ReadonlyMap<string, string>

/**
 * The first name in byte order is the file, the others are links to it, whatever order they were made in.
 *
 * @param paths another order, of all paths
 */
export function firstNames(tree: ReadonlyMap<string, TreeEntry>, paths = sortedPaths(tree)): HardLinkNames {
  const firstByInode = new Map<number, string>()
  const links = new Map<string, string>()
  for (const path of paths) {
    const entry = tree.get(path)
    if (entry?.kind !== 'file' || entry.inode === undefined) continue
    const first = firstByInode.get(entry.inode)
    if (first === undefined) firstByInode.set(entry.inode, path)
    else links.set(path, first)
  }
  return links
}
