import { byteStringOf } from '../codec/index.ts'
import { encodeUtf8 } from '../kernel/index.ts'
import { folderOf, lastNameOf, resolvePath, type TreeEntry } from '../tree/index.ts'

export interface ThinnedTree {
  readonly tree: ReadonlyMap<string, TreeEntry>
  /** What was to be removed and is not there. */
  readonly absent: readonly string[]
}

/** The tree without some paths and all below them. The folder of a path is found as a process would find it, a link at its end is not followed. */
export function removePaths(tree: ReadonlyMap<string, TreeEntry>, paths: readonly string[]): ThinnedTree {
  if (paths.length === 0) return { tree, absent: [] }
  const left = new Map(tree)
  const absent: string[] = []
  for (const written of paths) {
    const path = byteStringOf(encodeUtf8(written)).replace(/^\/+/, '')
    const folder = resolvePath(left, folderOf(path))
    const place = folder.kind !== 'real' ? undefined : joined(folder.path, lastNameOf(path))
    if (place === undefined || !left.has(place)) {
      absent.push(written)
      continue
    }
    left.delete(place)
    for (const each of left.keys()) if (each.startsWith(`${place}/`)) left.delete(each)
  }
  return { tree: left, absent }
}

function joined(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`
}
