import type { TreeEntry } from './entry.ts'

/** Linux allows no longer name (NAME_MAX) and no longer path (PATH_MAX, with its NUL). */
const maximumNameBytes = 255
const maximumPathBytes = 4095

/**
 * Paths of a tree in byte order, which is plain string order for byte strings. A folder comes before what lies in it; `a-b`
 * comes between `a` and `a/b`.
 */
export function sortedPaths(tree: ReadonlyMap<string, TreeEntry>): string[] {
  return [...tree.keys()].sort()
}

/** Paths of a tree so that each folder is followed by all that is in it, its members in byte order: `a/b` comes before `a-b`. */
export function nestedPaths(tree: ReadonlyMap<string, TreeEntry>): string[] {
  // No name has a byte that sorts before NUL, and none has NUL.
  const keys = [...tree.keys()].map(path => path.replaceAll('/', '\0'))
  return keys.sort().map(key => key.replaceAll('\0', '/'))
}

/** The folder that holds a path; '' for what lies in the root. The root itself has none: do not ask. */
export function folderOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash === -1 ? '' : path.slice(0, slash)
}

/** `bash` of `usr/bin/bash`. */
export function lastNameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** Why a byte string is no path of a tree (relative, no empty, `.` or `..` component, no NUL); undefined when it is one. */
export function pathProblem(path: string): string | undefined {
  if (path === '') return undefined
  if (path.startsWith('/')) return 'is absolute'
  if (path.includes('\0')) return 'contains NUL'
  if (path.length > maximumPathBytes) return `has ${path.length} bytes, more than ${maximumPathBytes}`
  for (const name of path.split('/')) {
    if (name === '') return 'has an empty component'
    if (name === '.' || name === '..') return `has the component ${name}`
    if (name.length > maximumNameBytes) return `has a component of ${name.length} bytes, more than ${maximumNameBytes}`
  }
  return undefined
}
