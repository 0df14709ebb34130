import { readStanzas } from '../../debian-control-parser/index.ts'
import { groupBy } from '../../kernel/index.ts'
import { folderOf, lastNameOf, resolvePath, type TreeEntry } from '../../tree/index.ts'
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
 * Which paths belong to which source package, as dpkg's database inside the tree says (status and info/*.list). Folders belong to
 * nobody, and neither does what no list names. A tree without the database has no groups.
 *
 * @returns sorted by rank, then by source package
 */
export async function groupsOfPackages({ tree, content }: SealedTree): Promise<readonly PackageGroup[]> {
  const read = async (path: string): Promise<Uint8Array | undefined> => {
    const entry = tree.get(path)
    if (entry?.kind !== 'file') return undefined
    const pieces: Uint8Array[] = []
    for await (const bytes of content.read(entry.content)) pieces.push(bytes)
    return Buffer.concat(pieces)
  }
  const status = await read('var/lib/dpkg/status')
  const taken = new Set<string>()
  const groups: PackageGroup[] = []
  for (const stanza of status === undefined ? [] : readStanzas(status)) {
    const name = stanza.field('Package') ?? ''
    const lists = [`${name}.list`, `${name}:${stanza.field('Architecture') ?? ''}.list`]
    const list = (await read(`var/lib/dpkg/info/${lists[0]}`)) ?? (await read(`var/lib/dpkg/info/${lists[1]}`))
    const paths = list === undefined ? [] : pathsOfList(list, tree).filter(path => !taken.has(path))
    for (const path of paths) taken.add(path)
    // `Source: glibc (2.36-9)` where the versions differ.
    const source = (stanza.field('Source') ?? name).replace(/ .*$/s, '')
    const priority = priorities.indexOf(stanza.field('Priority') ?? '')
    const rank = stanza.field('Essential') === 'yes' ? 0 : priority === -1 ? priorities.length : priority
    groups.push({ source, rank, paths })
  }
  return [...groupBy(groups, each => each.source)]
    .map(([source, members]) => ({
      source,
      rank: Math.min(...members.map(each => each.rank)),
      paths: members.flatMap(each => each.paths),
    }))
    .sort((left, right) => left.rank - right.rank || (left.source < right.source ? -1 : 1))
}

/** What a list names, under the names it has in the tree: `/bin/ls` is `usr/bin/ls` where /usr is merged. */
function pathsOfList(list: Uint8Array, tree: ReadonlyMap<string, TreeEntry>): readonly string[] {
  const realFolders = new Map<string, string | undefined>()
  const realFolder = (folder: string): string | undefined => {
    if (!realFolders.has(folder)) {
      const real = resolvePath(tree, folder)
      realFolders.set(folder, real.kind === 'real' ? real.path : undefined)
    }
    return realFolders.get(folder)
  }
  const lines = Buffer.from(list).toString('latin1').split('\n')
  // What holds something is a folder for this package, even where the tree has a symlink (/bin): aptroot made that, at a time that moves.
  const holders = new Set(lines.map(line => folderOf(line)))
  const paths = lines.flatMap(line => {
    if (holders.has(line)) return []
    const path = line.replace(/^\//, '')
    const folder = realFolder(folderOf(path))
    if (folder === undefined) return []
    const name = folder === '' ? lastNameOf(path) : `${folder}/${lastNameOf(path)}`
    const kind = tree.get(name)?.kind
    return kind === undefined || kind === 'directory' ? [] : [name]
  })
  return [...new Set(paths)]
}
