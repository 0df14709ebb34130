import type { TreeEntry } from './entry.ts'

/** Whether two entries are one in everything, the number of the inode included. */
export function sameEntry(left: TreeEntry, right: TreeEntry): boolean {
  return (
    left.kind === right.kind &&
    left.mode === right.mode &&
    left.userId === right.userId &&
    left.groupId === right.groupId &&
    left.modifiedSeconds === right.modifiedSeconds &&
    sameDetail(left, right) &&
    sameAttributes(left.extendedAttributes, right.extendedAttributes)
  )
}

function sameDetail(left: TreeEntry, right: TreeEntry): boolean {
  if (left.kind === 'file' && right.kind === 'file')
    return left.content.sha256 === right.content.sha256 && left.inode === right.inode
  if (left.kind === 'symlink' && right.kind === 'symlink') return left.target === right.target
  if ('major' in left && 'major' in right) return left.major === right.major && left.minor === right.minor
  return true
}

function sameAttributes(left: TreeEntry['extendedAttributes'], right: TreeEntry['extendedAttributes']): boolean {
  if (left === undefined || right === undefined) return (left?.size ?? 0) === (right?.size ?? 0)
  return (
    left.size === right.size &&
    [...left].every(([name, value]) => Buffer.compare(right.get(name) ?? empty, value) === 0)
  )
}

const empty = new Uint8Array()
