import { folderOf, type TreeEntry } from '../tree/index.ts'

/** What a path leads to when every symbolic link on it, the last one too, is followed inside the root. */
export type Lookup =
  | { readonly kind: 'directory'; readonly path: string }
  /** `path` is the first part that is not there; links that lead in a circle end here too. */
  | { readonly kind: 'missing'; readonly path: string }
  /** `path` is neither a directory nor a link, though more parts follow or a directory was wanted. */
  | { readonly kind: 'other'; readonly path: string }

/** As Linux: more links on one path are taken for a circle. */
const maximumLinks = 40

/**
 * A root file system that grows, with the kernel's rules: links are followed as in a chroot, and a folder into which
 * something is put gets a new modification time.
 */
export class RootTree {
  readonly #entries = new Map<string, TreeEntry>()
  readonly #directories = new Map<string, string>([['', '']])
  readonly #modifiedSeconds: number
  #changed = new Set<string>()

  /** @param modifiedSeconds the time that counts as now */
  constructor(modifiedSeconds: number) {
    this.#modifiedSeconds = modifiedSeconds
    this.#entries.set('', this.madeDirectory())
  }

  /** What lies at a path whose parents are no links. */
  at(path: string): TreeEntry | undefined {
    return this.#entries.get(path)
  }

  /** Where a path lies: its parents followed, its last part not. Undefined when its parent is no directory. */
  locate(path: string): string | undefined {
    if (path === '') return ''
    const slash = path.lastIndexOf('/')
    if (slash === -1) return path
    const parent = this.directory(path.slice(0, slash))
    if (parent === undefined) return undefined
    return parent === '' ? path.slice(slash + 1) : `${parent}${path.slice(slash)}`
  }

  /** Where the directory lies that a path leads to; undefined when it leads to none. */
  directory(path: string): string | undefined {
    const known = this.#directories.get(path)
    if (known !== undefined) return known
    const found = this.lookUp(path)
    if (found.kind !== 'directory') return undefined
    this.#directories.set(path, found.path)
    return found.path
  }

  lookUp(path: string): Lookup {
    const rest = path.split('/').reverse()
    let at = ''
    let links = 0
    for (;;) {
      const part = rest.pop()
      if (part === undefined) return { kind: 'directory', path: at }
      if (part === '' || part === '.') continue
      if (part === '..') {
        at = folderOf(at)
        continue
      }
      const next = at === '' ? part : `${at}/${part}`
      const entry = this.#entries.get(next)
      if (entry === undefined) return { kind: 'missing', path: next }
      if (entry.kind === 'directory') at = next
      else if (entry.kind !== 'symlink') return { kind: 'other', path: next }
      else {
        if (++links > maximumLinks) return { kind: 'missing', path: next }
        if (entry.target.startsWith('/')) at = ''
        for (const each of entry.target.split('/').reverse()) rest.push(each)
      }
    }
  }

  /** Puts an entry at a located path, over whatever lies there; who puts something over a directory asked before. */
  place(path: string, entry: TreeEntry): void {
    const before = this.#entries.get(path)
    // What was found through a link that is gone now may lead elsewhere.
    if (before?.kind === 'symlink') {
      this.#directories.clear()
      this.#directories.set('', '')
    }
    this.#entries.set(path, entry)
    this.#changed.add(path)
    if (path !== '') this.touch(folderOf(path))
  }

  /** Changes attributes only: nothing is put into the parent. */
  amend(path: string, entry: TreeEntry): void {
    this.#entries.set(path, entry)
    this.#changed.add(path)
  }

  /** What was put or amended since the last call, in byte order of paths: what a disk lacks that had everything then. */
  takeChanges(): ReadonlyMap<string, TreeEntry> {
    const changes = new Map<string, TreeEntry>()
    for (const path of [...this.#changed].sort()) {
      const entry = this.#entries.get(path)
      if (entry !== undefined) changes.set(path, entry)
    }
    this.#changed = new Set()
    return changes
  }

  /** Makes a directory and its parents where there are none. */
  makeDirectories(path: string): void {
    let at = ''
    for (const part of path.split('/')) {
      at = at === '' ? part : `${at}/${part}`
      if (this.directory(at) === undefined) this.place(this.locate(at) ?? at, this.madeDirectory())
    }
  }

  /** All entries in byte order of their paths; inode numbers count from 1 in this order, and only where two names share one. */
  finish(): ReadonlyMap<string, TreeEntry> {
    const names = new Map<number, number>()
    for (const entry of this.#entries.values())
      if (entry.kind === 'file' && entry.inode !== undefined) names.set(entry.inode, (names.get(entry.inode) ?? 0) + 1)
    const numbers = new Map<number, number>()
    const sorted = new Map<string, TreeEntry>()
    // Paths are byte strings, so the order of code units is the order of bytes.
    for (const path of [...this.#entries.keys()].sort()) {
      const entry = this.#entries.get(path)
      if (entry === undefined) continue
      if (entry.kind !== 'file' || entry.inode === undefined) {
        sorted.set(path, entry)
        continue
      }
      const shared = (names.get(entry.inode) ?? 0) > 1
      if (shared && !numbers.has(entry.inode)) numbers.set(entry.inode, numbers.size + 1)
      sorted.set(path, { ...entry, inode: numbers.get(entry.inode) })
    }
    return sorted
  }

  /** Of these folders and what is in them, as `finish`: ten thousand other paths need not be sorted. */
  below(folders: readonly string[]): ReadonlyMap<string, TreeEntry> {
    const found: [string, TreeEntry][] = []
    for (const [path, entry] of this.#entries) {
      if (
        !folders.some(
          folder => path.startsWith(folder) && (path.length === folder.length || path[folder.length] === '/'),
        )
      )
        continue
      // Its number is counted over all.
      if (entry.kind === 'file' && entry.inode !== undefined) return this.finish()
      found.push([path, entry])
    }
    return new Map(found.sort(([left], [right]) => (left < right ? -1 : 1)))
  }

  madeDirectory(): TreeEntry {
    return { kind: 'directory', mode: 0o755, userId: 0, groupId: 0, modifiedSeconds: this.#modifiedSeconds }
  }

  private touch(path: string): void {
    const entry = this.#entries.get(path)
    if (entry === undefined || entry.modifiedSeconds === this.#modifiedSeconds) return
    this.#entries.set(path, { ...entry, modifiedSeconds: this.#modifiedSeconds })
  }
}
