import { displayByteString } from '../codec/index.ts'
import { folderOf, type TreeEntry } from '../tree/index.ts'
import type { Clash, ClashReason } from './clash.ts'
import { type ConffileLine, readConffiles } from './conffiles.ts'
import { decideByReplaces, isOtherInstance, isSameObject } from './file-conflicts.ts'
import type { UnpackedEntry } from './model.ts'
import { debMalformed, type PackageFacts } from './package-facts.ts'
import { noRedirections, overridden, placedPathOf, type Redirections } from './redirections.ts'
import type { RootTree } from './root-tree.ts'

/** A package with what dpkg remembers of it: its file list and what became of its conffiles. */
export interface InstalledPackage {
  readonly facts: PackageFacts
  /** Raw paths in the order of the deb: the lines of its `.list`. Paths that another package takes over leave it. */
  readonly files: Set<string>
  /** Content of the regular files that were unpacked, by raw path, in the order of unpacking; dpkg's `newhash`. */
  readonly sha256ByPath: Map<string, string>
  readonly conffiles: readonly ConffileLine[]
  readonly obsoleteConffiles: Set<string>
}

/** One file under two names, of which dpkg knows nothing: what `/bin/x` and `/usr/bin/x` are after the /usr merge. */
export interface AliasedFile {
  readonly firstPath: string
  readonly first: PackageFacts
  readonly secondPath: string
  readonly second: PackageFacts
}

/** The state of the run: what dpkg holds in memory while it unpacks one archive after the other. */
export interface Unpacking {
  readonly tree: RootTree
  readonly isExcluded: (path: string) => boolean
  /** By raw path: who has it in its list. */
  readonly owners: Map<string, InstalledPackage[]>
  /** By place in the tree: who put it there, under which name. */
  readonly placedBy: Map<string, { readonly owner: InstalledPackage; readonly path: string }>
  readonly clashes: Clash[]
  readonly aliases: AliasedFile[]
  /** Set before the packages are unpacked that they are for. */
  redirections: Redirections
  nextInode: number
}

export function startUnpacking(tree: RootTree, isExcluded: (path: string) => boolean): Unpacking {
  return {
    tree,
    isExcluded,
    owners: new Map(),
    placedBy: new Map(),
    clashes: [],
    aliases: [],
    redirections: noRedirections,
    nextInode: 1,
  }
}

/** What one deb has done so far. */
interface Archive {
  readonly self: InstalledPackage
  /** Own regular files by raw path, for hard links to what a filter left out. */
  readonly ownFiles: Map<string, TreeEntry>
  /** Own folders that a filter left out. */
  readonly excludedDirectories: Map<string, TreeEntry>
  /** Raw paths that were put in place: others lose them from their lists (dpkg's FNNF_ELIDE_OTHER_LISTS). */
  readonly placed: string[]
  /** By other package: whose files give way, decided at the first path they share. */
  readonly replacing: Map<InstalledPackage, 'ours-stay' | 'theirs-stay'>
  readonly placement: ConffilePlacement
}

/**
 * Where a conffile goes: `in-place` when nothing is configured afterwards; `new` beside its place under dpkg's suffix, from where
 * `dpkg --configure` takes it; `both` for packages whose conffiles scripts read before they are configured.
 */
export type ConffilePlacement = 'in-place' | 'new' | 'both'

/**
 * Unpacks one deb over what is there, as dpkg's `tarobject` does for each member of data.tar. Clashes are collected, so
 * that a fault can name them all.
 *
 * @throws {Fault} `DEB_MALFORMED`
 */
export function unpackDeb(
  state: Unpacking,
  facts: PackageFacts,
  placement: ConffilePlacement = 'in-place',
): InstalledPackage {
  const conffiles = readConffiles(facts)
  const self: InstalledPackage = {
    facts,
    files: new Set(),
    sha256ByPath: new Map(),
    conffiles,
    obsoleteConffiles: new Set(),
  }
  const archive: Archive = {
    self,
    ownFiles: new Map(),
    excludedDirectories: new Map(),
    placed: [],
    replacing: new Map(),
    placement,
  }
  const removed = new Set(conffiles.filter(each => each.kind === 'remove-on-upgrade').map(each => each.path))
  for (const member of inOrderOfUnpacking(facts.deb.entries)) {
    if (removed.has(member.path) || member.path.includes('\n'))
      throw debMalformed(facts.deb, `it cannot bring ${displayByteString(`/${member.path}`)}`)
    unpackMember(state, archive, member)
  }
  for (const path of self.files) listIn(state.owners, path).push(self)
  takeFromOthers(state, archive)
  return self
}

/** dpkg keeps links back until everything else is unpacked; dpkg-deb writes them at the end anyway. */
function inOrderOfUnpacking(entries: readonly UnpackedEntry[]): readonly UnpackedEntry[] {
  const isLink = ({ entry }: UnpackedEntry) => entry.kind === 'symlink'
  return [...entries.filter(each => !isLink(each)), ...entries.filter(isLink)]
}

function unpackMember(state: Unpacking, archive: Archive, member: UnpackedEntry): void {
  const { self } = archive
  const { path } = member
  const entry = overridden(state.redirections, path, treeEntryOf(archive, member))
  const excluded = state.isExcluded(path)
  const placedPath = placedPathOf(state.redirections, self.facts.name, path)
  const place = excluded ? (state.tree.locate(placedPath) ?? placedPath) : locate(state, archive, placedPath)
  if (place === undefined) return
  const before = state.tree.at(place)
  const staysDirectory = keepsDirectory(state, path, place, before, entry)
  const verdict = staysDirectory ? 'place' : judgeOwners(state, archive, path, before, entry)

  if (verdict === 'theirs-stay') {
    if (self.conffiles.some(each => each.path === path)) self.obsoleteConffiles.add(path)
    return
  }
  self.files.add(path)
  if (excluded) {
    if (entry.kind === 'directory') archive.excludedDirectories.set(path, entry)
    return
  }
  if (staysDirectory) return
  if (entry.kind === 'file') self.sha256ByPath.set(path, entry.content.sha256)
  if (verdict === 'shared') {
    if (before !== undefined && !isSameObject(before, entry))
      clash(state, archive, path, state.placedBy.get(place)?.owner, 'instances-differ')
    // A conffile is not in its place yet, so dpkg writes its `.dpkg-new` again; the bytes are the same.
    if (!self.conffiles.some(each => each.path === path)) return
  }
  put(state, archive, { path, place, before, entry, member })
}

interface Putting {
  readonly path: string
  readonly place: string
  readonly before: TreeEntry | undefined
  readonly entry: TreeEntry
  readonly member: UnpackedEntry
}

function put(state: Unpacking, archive: Archive, { path, place, before, entry, member }: Putting): void {
  const { tree, placedBy } = state
  const earlier = placedBy.get(place)
  if (before?.kind === 'directory' && entry.kind !== 'directory') {
    clash(state, archive, path, earlier?.owner, 'over-directory')
    return
  }
  if (earlier?.owner === archive.self && earlier.path !== path) {
    clash(state, archive, path, archive.self, 'one-file')
    return
  }
  if (earlier !== undefined && earlier.path !== path && before?.kind !== 'directory')
    state.aliases.push({
      firstPath: earlier.path,
      first: earlier.owner.facts,
      secondPath: path,
      second: archive.self.facts,
    })
  placedBy.set(place, { owner: archive.self, path })
  archive.placed.push(path)
  const { placement, self } = archive
  if (placement === 'in-place' || !self.conffiles.some(each => each.path === path)) {
    tree.place(place, linked(state, archive, member, entry))
    return
  }
  tree.place(`${place}.dpkg-new`, entry)
  if (placement === 'both') tree.place(place, entry)
}

/** The entry with its hard link made: the target gets an inode number when the first further name is put in place. */
function linked(state: Unpacking, archive: Archive, member: UnpackedEntry, entry: TreeEntry): TreeEntry {
  if (member.entry.kind !== 'hard-link') return entry
  const place = state.tree.locate(member.entry.target)
  const target = place === undefined ? undefined : state.tree.at(place)
  if (place === undefined || target?.kind !== 'file') return entry
  if (state.placedBy.get(place)?.owner !== archive.self) return entry
  const inode = target.inode ?? state.nextInode++
  if (target.inode === undefined) state.tree.amend(place, { ...target, inode })
  return { ...target, inode }
}

/** A hard link has the attributes of its file: dpkg takes those of the link's header, where every archiver repeats them. */
function treeEntryOf(archive: Archive, { path, entry }: UnpackedEntry): TreeEntry {
  const { ownFiles, self } = archive
  switch (entry.kind) {
    case 'file': {
      const file: TreeEntry = { ...entry, inode: undefined }
      ownFiles.set(path, file)
      return file
    }
    case 'hard-link': {
      const target = ownFiles.get(entry.target)
      if (target === undefined) {
        const link = `${displayByteString(`/${path}`)} to ${displayByteString(`/${entry.target}`)}`
        throw debMalformed(self.facts.deb, `it has a hard link from ${link}, which is no earlier file of it`)
      }
      ownFiles.set(path, target)
      return target
    }
    default:
      return entry
  }
}

/** Where the member goes; undefined after a clash. A folder that a filter left out comes back when something lies in it. */
function locate(state: Unpacking, archive: Archive, path: string): string | undefined {
  const { tree } = state
  const place = tree.locate(path)
  if (place !== undefined) return place
  const parent = folderOf(path)
  // Something is there, but a file, or a link that leads nowhere.
  const wrong = wrongParent(tree, parent)
  if (wrong !== undefined) {
    clash(state, archive, parent, state.placedBy.get(wrong)?.owner, 'no-directory')
    return undefined
  }
  const excluded = archive.excludedDirectories.get(parent)
  if (excluded === undefined)
    throw debMalformed(
      archive.self.facts.deb,
      `it brings ${displayByteString(`/${path}`)} without the directory it lies in`,
    )
  const parentPlace = locate(state, archive, parent)
  if (parentPlace === undefined) return undefined
  tree.place(parentPlace, excluded)
  return tree.locate(path)
}

/** Which of the things on a path is there and yet no directory. */
function wrongParent(tree: RootTree, path: string): string | undefined {
  for (let at = path; at !== ''; at = folderOf(at)) {
    const place = tree.locate(at)
    if (place === undefined) continue
    const entry = tree.at(place)
    return entry === undefined || entry.kind === 'directory' ? undefined : place
  }
  return undefined
}

/**
 * A directory that is there stays as it is under a directory or a link of the deb, and so does a link that leads to the
 * same directory as the new one.
 */
function keepsDirectory(
  { tree }: Unpacking,
  path: string,
  place: string,
  before: TreeEntry | undefined,
  entry: TreeEntry,
): boolean {
  if (before === undefined) return false
  if (entry.kind === 'directory') return tree.directory(path) !== undefined
  if (entry.kind !== 'symlink') return false
  if (before.kind === 'directory') return true
  if (before.kind !== 'symlink') return false
  const now = tree.directory(place)
  const target = entry.target.startsWith('/') ? entry.target : `${folderOf(place)}/${entry.target}`
  return now !== undefined && tree.lookUp(target).path === now && tree.lookUp(target).kind === 'directory'
}

type Verdict = 'place' | 'shared' | 'theirs-stay'

function judgeOwners(
  state: Unpacking,
  archive: Archive,
  path: string,
  before: TreeEntry | undefined,
  entry: TreeEntry,
): Verdict {
  const { self, replacing } = archive
  let verdict: Verdict = 'place'
  for (const other of state.owners.get(path) ?? []) {
    if (isOtherInstance(self.facts, other.facts)) {
      if (before !== undefined && verdict === 'place') verdict = 'shared'
      continue
    }
    if (before === undefined && entry.kind === 'directory') continue
    const diverter = state.redirections.diversions.get(path)?.byPackage
    if (diverter !== undefined && (diverter === self.facts.name || diverter === other.facts.name)) continue
    const decided = replacing.get(other) ?? decideByReplaces(self.facts, other.facts)
    if (decided === undefined) {
      clash(state, archive, path, other, 'two-files')
      continue
    }
    replacing.set(other, decided)
    if (decided === 'theirs-stay') verdict = 'theirs-stay'
  }
  return verdict
}

function takeFromOthers(state: Unpacking, { self, placed }: Archive): void {
  for (const path of placed) {
    const owners = state.owners.get(path) ?? []
    const losing = owners.filter(other => other !== self && other.facts.name !== self.facts.name)
    if (losing.length === 0) continue
    for (const other of losing) {
      other.files.delete(path)
      if (other.conffiles.some(each => each.path === path) && self.conffiles.some(each => each.path === path))
        other.obsoleteConffiles.add(path)
    }
    state.owners.set(
      path,
      owners.filter(each => !losing.includes(each)),
    )
  }
}

function clash(
  state: Unpacking,
  archive: Archive,
  path: string,
  first: InstalledPackage | undefined,
  reason: ClashReason,
) {
  state.clashes.push({ path, first: first?.facts, second: archive.self.facts, reason })
}

function listIn<Value>(map: Map<string, Value[]>, key: string): Value[] {
  const list = map.get(key) ?? []
  map.set(key, list)
  return list
}
