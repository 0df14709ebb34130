import { firstNames, folderOf, lastNameOf, type TreeEntry } from '../tree/index.ts'

export interface FolderMember {
  /** Byte string. */
  readonly name: string
  readonly inode: Inode
}

/** One file of a file system, however many names it has. */
export interface Inode {
  /** From 0, which is the root, in byte order of first names. */
  readonly index: number
  /** The name that sorts first. */
  readonly path: string
  readonly entry: TreeEntry
  /** As stat(2) counts: names of a file; of a folder itself, its name, and `..` of each folder in it. */
  readonly linkCount: number
  /** Itself for the root. */
  readonly parent: Inode
  /** Of a folder, in byte order of names, without `.` and `..`. */
  readonly members: readonly FolderMember[]
}

/** A tree as file systems store it: inodes, and folders that name them. */
export function inodesOf(tree: ReadonlyMap<string, TreeEntry>): readonly [Inode, ...Inode[]] {
  type Growing = Inode & { linkCount: number; members: FolderMember[] }
  const links = firstNames(tree)
  const byPath = new Map<string, Growing>()
  const inodes: Growing[] = []
  for (const [path, entry] of tree) {
    const first = byPath.get(links.get(path) ?? '')
    const holder = byPath.get(folderOf(path))
    let inode = links.has(path) ? first : undefined
    if (inode === undefined) {
      const made = { index: inodes.length, path, entry, linkCount: 0, members: [] } as Omit<Growing, 'parent'>
      inode = Object.assign(made, { parent: holder ?? (made as Growing) })
      inodes.push(inode)
      if (entry.kind === 'directory') inode.linkCount = path === '' ? 2 : 1
    }
    byPath.set(path, inode)
    if (path === '' || holder === undefined) continue
    inode.linkCount++
    if (entry.kind === 'directory') holder.linkCount++
    holder.members.push({ name: lastNameOf(path), inode })
  }
  for (const { members } of inodes) members.sort((left, right) => (left.name < right.name ? -1 : 1))
  return inodes as readonly Inode[] as readonly [Inode, ...Inode[]]
}

/** The type bits of st_mode (inode(7)). */
export function modeWithType({ kind, mode }: TreeEntry): number {
  return typeBits[kind] | mode
}

const typeBits: Readonly<Record<TreeEntry['kind'], number>> = {
  fifo: 0o010000,
  'character-device': 0o020000,
  directory: 0o040000,
  'block-device': 0o060000,
  file: 0o100000,
  symlink: 0o120000,
}

/** What folders of ext4 and erofs say of their members (the values of ext4's `EXT4_FT_…`). */
export function folderTypeOf({ kind }: TreeEntry): number {
  return folderTypes[kind]
}

const folderTypes: Readonly<Record<TreeEntry['kind'], number>> = {
  file: 1,
  directory: 2,
  'character-device': 3,
  'block-device': 4,
  fifo: 5,
  symlink: 7,
}

/** The kernel's 32-bit encoding of a device number with 12 bits of major and 20 of minor. */
export function encodedDevice({ major, minor }: { readonly major: number; readonly minor: number }): number {
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0
}
