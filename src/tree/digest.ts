import { createHash } from 'node:crypto'
import { unreachable } from '../kernel/index.ts'
import type { TreeEntry } from './entry.ts'
import { firstNames } from './hard-links.ts'
import { sortedPaths } from './paths.ts'

/**
 * The identity of a tree: sha256, as 64 lower-case hex digits, over the line `aptroot-tree 1\n` and one record for each path in byte
 * order. A record is a sequence of fields, each ended by NUL (which neither paths nor targets can contain), so that
 * no two trees have the same bytes:
 *
 *     TYPE PATH MODE UID GID MTIME DETAIL… COUNT (XATTR-NAME XATTR-HEX)…
 *     h PATH FIRST-NAME
 *
 * - TYPE: `d` directory, `f` file, `l` symlink, `c` character device, `b` block device, `p` fifo; `h` another name of the
 *   file FIRST-NAME, which is the name that sorts first.
 * - PATH: bytes as they are; the root is empty. MODE: four octal digits. UID, GID, MTIME, COUNT: decimal; a negative time has `-`.
 * - DETAIL: size (decimal) and sha256 (hex) of a file, target of a symlink, major and minor number of a device, nothing else.
 * - COUNT: the number of extended attributes that follow in byte order of their names; values in lower-case hex.
 *
 * It depends on nothing else: not on the order of insertion, nor on inode numbers.
 */
export function treeDigest(tree: ReadonlyMap<string, TreeEntry>): string {
  const hash = createHash('sha256').update('aptroot-tree 1\n')
  const links = firstNames(tree)
  for (const path of sortedPaths(tree)) {
    const entry = tree.get(path)
    if (entry === undefined) continue
    const first = links.get(path)
    const fields = first === undefined ? recordOf(path, entry) : ['h', path, first]
    hash.update(fields.map(field => `${field}\0`).join(''), 'latin1')
  }
  return hash.digest('hex')
}

function recordOf(path: string, entry: TreeEntry): readonly string[] {
  const attributes = [...(entry.extendedAttributes ?? [])].sort(([left], [right]) => (left < right ? -1 : 1))
  return [
    typeOf(entry),
    path,
    entry.mode.toString(8).padStart(4, '0'),
    `${entry.userId}`,
    `${entry.groupId}`,
    `${entry.modifiedSeconds}`,
    ...detailOf(entry),
    `${attributes.length}`,
    ...attributes.flatMap(([name, value]) => [name, Buffer.from(value).toString('hex')]),
  ]
}

function typeOf(entry: TreeEntry): string {
  switch (entry.kind) {
    case 'directory':
      return 'd'
    case 'file':
      return 'f'
    case 'symlink':
      return 'l'
    case 'character-device':
      return 'c'
    case 'block-device':
      return 'b'
    case 'fifo':
      return 'p'
    default:
      return unreachable(entry)
  }
}

function detailOf(entry: TreeEntry): readonly string[] {
  switch (entry.kind) {
    case 'file':
      return [`${entry.content.sizeBytes}`, entry.content.sha256]
    case 'symlink':
      return [entry.target]
    case 'character-device':
    case 'block-device':
      return [`${entry.major}`, `${entry.minor}`]
    case 'directory':
    case 'fifo':
      return []
    default:
      return unreachable(entry)
  }
}
