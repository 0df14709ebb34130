import { readStanzas, type Stanza } from '../debian-control-parser/index.ts'
import { type ContentSource, folderOf, lastNameOf, resolvePath, type TreeEntry } from '../tree/index.ts'
import { readRedirections } from './redirections.ts'

/** A root file system with the bytes of its files. */
export interface TreeWithContent {
  readonly tree: ReadonlyMap<string, TreeEntry>
  readonly content: ContentSource
  /** Before the manifest removed paths, perhaps dpkg's database among them; undefined: none were. */
  readonly whole?: ReadonlyMap<string, TreeEntry> | undefined
}

export interface ListedPackage {
  /** Its stanza of the status file. */
  readonly status: Stanza
  /** What its list names and the tree has, under the names it has there; no folders. A path belongs to the first package that lists it. */
  readonly paths: readonly string[]
}

/**
 * Which paths belong to which binary package, as dpkg's database inside a tree says (status, info/*.list, diversions). Folders belong to
 * nobody, and neither does what no list names. A tree without the database has no packages, unless it had one when it was `whole`.
 *
 * @returns in the order of the status file
 */
export async function listedPackages({
  tree,
  content,
  whole = tree,
}: TreeWithContent): Promise<readonly ListedPackage[]> {
  const read = async (path: string): Promise<Uint8Array | undefined> => {
    const entry = whole.get(`var/lib/dpkg/${path}`)
    if (entry?.kind !== 'file') return undefined
    const pieces: Uint8Array[] = []
    for await (const bytes of content.read(entry.content)) pieces.push(bytes)
    return Buffer.concat(pieces)
  }
  const status = await read('status')
  const diversionText = Buffer.from((await read('diversions')) ?? []).toString('latin1')
  const { diversions } = readRedirections({
    diversions: diversionText,
    statOverride: undefined,
    passwd: undefined,
    group: undefined,
  })
  const taken = new Set<string>()
  const packages: ListedPackage[] = []
  for (const stanza of status === undefined ? [] : readStanzas(status)) {
    const name = stanza.field('Package') ?? ''
    const list =
      (await read(`info/${name}.list`)) ?? (await read(`info/${name}:${stanza.field('Architecture') ?? ''}.list`))
    const divertedFor = (path: string): string => {
      const diversion = diversions.get(path)
      return diversion === undefined || diversion.byPackage === name ? path : diversion.to
    }
    const paths =
      list === undefined ? [] : pathsOfList(list, whole, divertedFor).filter(path => tree.has(path) && !taken.has(path))
    for (const path of paths) taken.add(path)
    packages.push({ status: stanza, paths })
  }
  return packages
}

/** What a list names, under the names it has in the tree: `/bin/ls` is `usr/bin/ls` where /usr is merged. */
function pathsOfList(
  list: Uint8Array,
  tree: ReadonlyMap<string, TreeEntry>,
  divertedFor: (path: string) => string,
): readonly string[] {
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
    const path = divertedFor(line.replace(/^\//, ''))
    const folder = realFolder(folderOf(path))
    if (folder === undefined) return []
    const name = folder === '' ? lastNameOf(path) : `${folder}/${lastNameOf(path)}`
    const kind = tree.get(name)?.kind
    return kind === undefined || kind === 'directory' ? [] : [name]
  })
  return [...new Set(paths)]
}
