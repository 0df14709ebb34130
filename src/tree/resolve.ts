import type { TreeEntry } from './entry.ts'

/** Linux gives up after as many symlinks (path_resolution(7)). */
const maximumSymlinks = 40

export type ResolvedPath =
  /** No component of the path is a symlink; those from some depth on may not exist yet. */
  | { readonly kind: 'real'; readonly path: string }
  | { readonly kind: 'loop' }
  /** A component that should be a folder is something else. */
  | { readonly kind: 'not-a-folder'; readonly path: string }

/**
 * Where a path leads inside the tree, as a process whose root it is would see it: symlinks are followed, also the last one; absolute
 * targets start at the tree's root, and `..` does not leave it.
 */
export function resolvePath(tree: ReadonlyMap<string, TreeEntry>, path: string): ResolvedPath {
  const pending = path.split('/').reverse()
  let found = ''
  let followed = 0
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === '' || name === '.') continue
    if (name === '..') {
      found = found.includes('/') ? found.slice(0, found.lastIndexOf('/')) : ''
      continue
    }
    const next = found === '' ? name : `${found}/${name}`
    const entry = tree.get(next)
    if (entry?.kind === 'symlink') {
      if (++followed > maximumSymlinks) return { kind: 'loop' }
      if (entry.target.startsWith('/')) found = ''
      pending.push(...entry.target.split('/').reverse())
      continue
    }
    const goesOn = pending.some(each => each !== '' && each !== '.')
    if (goesOn && entry !== undefined && entry.kind !== 'directory') return { kind: 'not-a-folder', path: next }
    found = next
  }
  return { kind: 'real', path: found }
}
