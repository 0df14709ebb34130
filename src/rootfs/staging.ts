import {
  type BigIntStats,
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readlinkSync,
  readSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
} from 'node:fs'
import { bytesOfByteString } from '../codec/index.ts'
import { nextTurn, type Session } from '../kernel/index.ts'
import { ContentWriter, type FileStamp, type FileThread, giveAttributes, writeWhole } from '../store/index.ts'
import { type ContentSource, folderOf, type TreeEntry } from '../tree/index.ts'
import { clash, tooLong } from './clash.ts'
import { isRefusedBecausePresent, ListedFiles, type PlacedContents } from './listed-files.ts'

/** As Linux: more links on one path are taken for a circle. */
const maximumLinks = 40

/**
 * A root file system on the disk while scripts work on it. Scripts run between the calls, never during one, and may have put anything
 * anywhere: no call follows a link out of the root, because each folder on the way is looked at first.
 *
 * Paths are byte strings as in a tree. The process is root, of the machine or of its user namespace.
 */
export class Staging {
  /** Absolute: what becomes `/`. */
  readonly folder: string
  readonly #stamps = new Map<string, { readonly entry: TreeEntry; readonly stamp: FileStamp }>()
  readonly #contents = new ContentWriter()
  readonly #thread: FileThread | undefined
  /** By path: where that folder lies. Forgotten before each call, since scripts ran. */
  #folders = new Map<string, string>()

  /**
   * @param folder exists, is empty, and lies in a folder that nobody else can enter
   * @param thread writes half of the files
   */
  constructor(folder: string, thread?: FileThread) {
    this.folder = folder
    this.#thread = thread
    chmodSync(folder, 0o755)
  }

  /** The path as this process opens it. Its parents were found by `#folder`. */
  hostPath(path: string): Buffer {
    return Buffer.concat([Buffer.from(`${this.folder}/`), bytesOfByteString(path)])
  }

  /**
   * Writes entries, parents first. As dpkg: a folder that is there keeps its attributes, a link never replaces a folder, anything else is
   * replaced.
   *
   * @throws {Fault} `ROOTFS_CLASH` when scripts put something else where a folder has to be
   */
  async write(entries: ReadonlyMap<string, TreeEntry>, content: PlacedContents, session: Session): Promise<void> {
    await this.writeWhile(entries, content, { session, meanwhile: async () => undefined })
  }

  /** As `write`. @param beside.meanwhile is done here while another thread writes files, if there is one */
  async writeWhile(
    entries: ReadonlyMap<string, TreeEntry>,
    content: PlacedContents,
    { session, meanwhile }: { readonly session: Session; readonly meanwhile: () => Promise<void> },
  ): Promise<void> {
    this.#folders = new Map()
    const inodes = new Map<number, string>()
    const made: [string, TreeEntry][] = []
    const linked: [string, TreeEntry][] = []
    const listed = new ListedFiles(this.#thread)
    const writeListed = async (work: () => Promise<void>) => {
      for (const { place, entry, stamp } of await listed.write(work, session.signal))
        if (stamp !== undefined) this.#stamps.set(place, { entry, stamp })
        else await this.#writeOver(place, entry, () => this.#writeEntry(place, entry, content))
    }
    let count = 0
    for (const [path, entry] of entries) {
      if (++count % 128 === 0) await nextTurn()
      session.signal.throwIfAborted()
      if (path === '') {
        made.push(['', entry])
        continue
      }
      const place = this.#place(path)
      // By another name, through a link of a script's: the later one stays.
      if (listed.has(place)) await writeListed(async () => undefined)
      if (entry.kind === 'directory') {
        const present = this.#kindAt(place)
        if (present === 'directory' || (present === 'symlink' && this.#isFolder(place))) continue
        if (present !== undefined) unlinkSync(this.hostPath(place))
        mkdirSync(this.hostPath(place), 0o700)
        made.push([place, entry])
        continue
      }
      if (entry.kind === 'file' && listed.add({ place, entry }, this.hostPath(place), content) === 'listed') continue
      await this.#writeOver(place, entry, async () => {
        if (entry.kind !== 'file' || entry.inode === undefined) return await this.#writeEntry(place, entry, content)
        const first = inodes.get(entry.inode)
        if (first === undefined) await this.#writeEntry(place, entry, content)
        else linkSync(this.hostPath(first), this.hostPath(place))
        inodes.set(entry.inode, place)
        linked.push([place, entry])
      })
    }
    await writeListed(meanwhile)
    for (const [place, entry] of made.reverse()) {
      const host = this.hostPath(place)
      lchownSync(host, entry.userId, entry.groupId)
      chmodSync(host, entry.mode)
      utimesSync(host, entry.modifiedSeconds, entry.modifiedSeconds)
    }
    // Each further name was a change.
    for (const [place, entry] of linked) this.#note(place, entry, lstatSync(this.hostPath(place), { bigint: true }))
  }

  /** Nearly always nothing is there, and whoever asks first asks ten thousand times. */
  async #writeOver(
    place: string,
    entry: Exclude<TreeEntry, { kind: 'directory' }>,
    write: () => Promise<void>,
  ): Promise<void> {
    if (!(await isRefusedBecausePresent(write))) return
    const present = this.#kindAt(place)
    if (present === 'directory' && entry.kind === 'symlink') return
    if (present === 'directory') throw clash(place, `is a folder that a script made, but a ${entry.kind} in a package`)
    unlinkSync(this.hostPath(place))
    await write()
  }

  async #writeEntry(place: string, entry: Exclude<TreeEntry, { kind: 'directory' }>, content: ContentSource) {
    const host = this.hostPath(place)
    switch (entry.kind) {
      case 'symlink': {
        symlinkSync(bytesOfByteString(entry.target) as Buffer, host)
        lutimesSync(host, entry.modifiedSeconds, entry.modifiedSeconds)
        let stats = lstatSync(host, { bigint: true })
        if (!isOwned(stats, entry)) {
          lchownSync(host, entry.userId, entry.groupId)
          stats = lstatSync(host, { bigint: true })
        }
        this.#note(place, entry, stats)
        return
      }
      case 'file': {
        // Nearly all have the owner and the mode at once then; nobody else can enter the folder above.
        const file = openSync(host, 'wx', entry.mode & 0o777)
        try {
          await this.#contents.write(file, entry.content, content)
          this.#note(place, entry, giveAttributes(file, entry))
        } finally {
          closeSync(file)
        }
        return
      }
      default:
        throw clash(place, `is a ${entry.kind}, which cannot be made while scripts run`)
    }
  }

  /** Writes a file that is ours alone, over whatever is there. */
  writeFile(path: string, bytes: Uint8Array, mode: number): void {
    this.#folders = new Map()
    this.makeFolders(folderOf(path))
    const place = this.#place(path)
    this.remove(place)
    const file = openSync(this.hostPath(place), 'wx', 0o600)
    try {
      writeWhole(file, bytes)
      fchmodSync(file, mode)
    } finally {
      closeSync(file)
    }
  }

  /** Other bytes for a file that scripts made, which keeps its owner and mode; 0:0 and 0644 where there is none. */
  rewriteFile(path: string, bytes: Uint8Array): void {
    const place = this.locate(path)
    const present = place !== undefined && this.#kindAt(place) === 'file' ? lstatSync(this.hostPath(place)) : undefined
    this.writeFile(path, bytes, 0o644)
    if (present === undefined || place === undefined) return
    lchownSync(this.hostPath(place), present.uid, present.gid)
    chmodSync(this.hostPath(place), present.mode & 0o7777)
  }

  makeFolders(path: string): void {
    if (path === '' || this.#isFolder(path)) return
    this.makeFolders(folderOf(path))
    const place = this.#place(path)
    const present = this.#kindAt(place)
    if (present !== undefined) throw clash(path, `has to be a folder, but a script made it a ${present}`)
    mkdirSync(this.hostPath(place), 0o755)
    // Whatever umask the caller has.
    chmodSync(this.hostPath(place), 0o755)
    this.#folders = new Map()
  }

  /** A folder of somebody's own, made where there is nothing. */
  makeOwnedFolder(path: string, owner: Pick<TreeEntry, 'userId' | 'groupId' | 'mode'>): void {
    this.#folders = new Map()
    this.makeFolders(path)
    this.giveAway(path, { kind: 'directory', ...owner })
  }

  /** Gives what was written there to the owner of the entry; what scripts made something else of stays theirs. */
  giveAway(
    path: string,
    { kind, userId, groupId, mode }: Pick<TreeEntry, 'kind' | 'userId' | 'groupId' | 'mode'>,
  ): void {
    const place = this.locate(path)
    if (place === undefined || this.#kindAt(place) !== kind) return
    lchownSync(this.hostPath(place), userId, groupId)
    // chown clears setuid and setgid.
    if (kind !== 'symlink') chmodSync(this.hostPath(place), mode)
  }

  /** Removes whatever is there, with all below it. */
  remove(path: string): void {
    const place = this.#placeIfAny(path)
    if (place !== undefined) rmSync(this.hostPath(place) as unknown as string, { recursive: true, force: true })
  }

  /** A small regular file as a byte string; undefined when there is none, or something else. */
  readText(path: string): string | undefined {
    this.#folders = new Map()
    const place = this.#placeIfAny(path)
    if (place === undefined || this.#kindAt(place) !== 'file') return undefined
    const file = openSync(this.hostPath(place), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      const { size } = fstatSync(file)
      if (size > maximumTextBytes) throw tooLong(path, { size, maximum: maximumTextBytes })
      const bytes = Buffer.alloc(size)
      let done = 0
      for (let read = 1; read > 0 && done < bytes.length; done += read)
        read = readSync(file, bytes, done, bytes.length - done, done)
      return bytes.toString('latin1', 0, done)
    } finally {
      closeSync(file)
    }
  }

  /** What a path leads to when links are followed as from inside; undefined when there is nothing. */
  kindOf(path: string): 'directory' | 'file' | 'other' | undefined {
    this.#folders = new Map()
    let at = path
    for (let links = 0; links <= maximumLinks; links++) {
      // Also what ends in `..`, which is no name to look at.
      if (this.#isFolder(at)) return 'directory'
      const place = this.#placeIfAny(at)
      const kind = place === undefined ? undefined : this.#kindAt(place)
      if (place === undefined || kind === undefined) return undefined
      if (kind !== 'symlink') return kind
      const target = readlinkSync(this.hostPath(place), { encoding: 'latin1' })
      at = target.startsWith('/') ? target : `${folderOf(place)}/${target}`
    }
    return undefined
  }

  /** Where a path lies, its parents followed inside the root; undefined when a parent is missing. */
  locate(path: string): string | undefined {
    this.#folders = new Map()
    return this.#placeIfAny(path)
  }

  /** The entry that was written to a place of the disk, if it is still the same file with the same attributes. */
  unchanged(place: string, stats: { readonly ino: bigint; readonly ctimeNs: bigint }): TreeEntry | undefined {
    const known = this.#stamps.get(place)
    if (known === undefined) return undefined
    const { inode, changedNanoseconds } = known.stamp
    return inode === stats.ino && changedNanoseconds === stats.ctimeNs ? known.entry : undefined
  }

  #note(place: string, entry: TreeEntry, { ino, ctimeNs }: Pick<BigIntStats, 'ino' | 'ctimeNs'>): void {
    this.#stamps.set(place, { entry, stamp: { inode: ino, changedNanoseconds: ctimeNs } })
  }

  #place(path: string): string {
    const place = this.#placeIfAny(path)
    if (place === undefined) throw clash(folderOf(path), 'is no folder any more: a script replaced it')
    return place
  }

  #placeIfAny(path: string): string | undefined {
    const parent = this.#folder(folderOf(path))
    if (parent === undefined) return undefined
    const name = path.slice(path.lastIndexOf('/') + 1)
    return parent === '' ? name : `${parent}/${name}`
  }

  #isFolder(path: string): boolean {
    return this.#folder(path) !== undefined
  }

  /** Where the folder lies that a path leads to from inside the root; undefined when it leads to none. */
  #folder(path: string): string | undefined {
    if (path === '') return ''
    const known = this.#folders.get(path)
    if (known !== undefined) return known
    const rest = path.split('/').reverse()
    let at = ''
    let links = 0
    for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
      if (part === '' || part === '.') continue
      if (part === '..') {
        at = folderOf(at)
        continue
      }
      const next = at === '' ? part : `${at}/${part}`
      const kind = this.#folders.get(next) === next ? 'directory' : this.#kindAt(next)
      if (kind === 'directory') {
        this.#folders.set(next, next)
        at = next
      } else if (kind === 'symlink') {
        if (++links > maximumLinks) return undefined
        const target = readlinkSync(this.hostPath(next), { encoding: 'latin1' })
        if (target.startsWith('/')) at = ''
        rest.push(...target.split('/').reverse())
      } else return undefined
    }
    this.#folders.set(path, at)
    return at
  }

  #kindAt(place: string): 'directory' | 'symlink' | 'file' | 'other' | undefined {
    const stats = lstatSync(this.hostPath(place), { throwIfNoEntry: false })
    if (stats === undefined) return undefined
    if (stats.isDirectory()) return 'directory'
    if (stats.isSymbolicLink()) return 'symlink'
    return stats.isFile() ? 'file' : 'other'
  }
}

function isOwned(stats: Pick<BigIntStats, 'uid' | 'gid'>, { userId, groupId }: TreeEntry): boolean {
  return Number(stats.uid) === userId && Number(stats.gid) === groupId
}

/** dpkg's status file of ten thousand packages has 15 MB. */
const maximumTextBytes = 64 * 1024 * 1024
