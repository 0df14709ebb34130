import { sortedPaths, type TreeEntry } from '../tree/index.ts'

/**
 * The same tree without what differs from build to build: times after SOURCE_DATE_EPOCH become that; paths are in byte order; hard
 * links are numbered by their first names. A time before 1970, which ustar cannot hold and no package means, becomes 0.
 */
export function sealTree(tree: ReadonlyMap<string, TreeEntry>, epochSeconds: number): ReadonlyMap<string, TreeEntry> {
  const sealed = new Map<string, TreeEntry>()
  const inodes = new Map<number, number>()
  const namesByInode = countNames(tree)
  for (const path of sortedPaths(tree)) {
    const entry = tree.get(path)
    if (entry === undefined) continue
    const modifiedSeconds = Math.max(0, Math.min(entry.modifiedSeconds, epochSeconds))
    if (entry.kind !== 'file' || entry.inode === undefined) {
      sealed.set(path, { ...entry, modifiedSeconds })
      continue
    }
    const inode = inodes.get(entry.inode) ?? inodes.size + 1
    inodes.set(entry.inode, inode)
    sealed.set(path, { ...entry, modifiedSeconds, inode: (namesByInode.get(entry.inode) ?? 1) > 1 ? inode : undefined })
  }
  return sealed
}

function countNames(tree: ReadonlyMap<string, TreeEntry>): ReadonlyMap<number, number> {
  const counts = new Map<number, number>()
  for (const entry of tree.values())
    if (entry.kind === 'file' && entry.inode !== undefined) counts.set(entry.inode, (counts.get(entry.inode) ?? 0) + 1)
  return counts
}
