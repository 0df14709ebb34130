import { displayByteString, type TarEntry } from '../codec/index.ts'
import type { UnpackedEntry } from '../dpkg/index.ts'
import { Fault, unreachable } from '../kernel/index.ts'
import { type FileContent, folderOf, pathProblem } from '../tree/index.ts'

export function debMalformed(debName: string, problem: string): Fault {
  return new Fault('DEB_MALFORMED', {
    message: `${debName} is not a sound deb: ${problem}`,
    hint: 'Ask whoever publishes it; `dpkg-deb --contents` shows what it holds.',
    context: { deb: debName },
  })
}

function pathUnsafe(debName: string, path: string, problem: string): Fault {
  return new Fault('TREE_PATH_UNSAFE', {
    message: `${debName} holds the path ${displayByteString(path)}, which ${problem}`,
    hint: 'Do not trust this deb; tell its owner.',
    context: { deb: debName, path: Buffer.from(path, 'latin1').toString('utf8') },
  })
}

/**
 * The members of data.tar as entries of a tree, checked one by one and, by `finish`, against each other. What dpkg would do with a
 * strange member depends on what lies on the disk; here it must be harmless by itself:
 *
 * - Paths are relative (a leading `./` is taken off) and have no empty, `.` or `..` component.
 * - Nothing lies below something of the same deb that is no folder: dpkg would write through a symlink.
 * - A folder that comes again keeps its first attributes, as dpkg keeps an existing folder. Anything else that comes twice is refused;
 *   dpkg takes the last one, and other readers the first.
 * - A hard link names an earlier file of the same deb.
 * - No newline in a path: dpkg refuses it, since its `.list` files have a line for each.
 *
 * Owners are the numbers of the header. dpkg prefers the names, looked up in the target's /etc/passwd and /etc/group; while a new root
 * is unpacked those do not exist, so it falls back to the numbers, which Debian Policy 9.2 fixes for the ids that a deb may use.
 */
export class DebEntries {
  readonly #debName: string
  readonly #entries: UnpackedEntry[] = []
  readonly #byPath = new Map<string, UnpackedEntry['entry']>()

  constructor(debName: string) {
    this.#debName = debName
  }

  /** The path of a member as a tree has it. @throws {Fault} `TREE_PATH_UNSAFE`, `DEB_MALFORMED` */
  pathOf(stored: string): string {
    if (stored.includes('\n')) throw debMalformed(this.#debName, `newline in the path ${displayByteString(stored)}`)
    const path = stored === '.' ? '' : stored.replace(/^\.\//, '').replace(/\/$/, '')
    const problem = stored.startsWith('/') ? 'is absolute' : pathProblem(path)
    if (problem !== undefined) throw pathUnsafe(this.#debName, stored, problem)
    return path
  }

  addFile(member: TarEntry, content: FileContent): void {
    this.#add(this.pathOf(member.path), { kind: 'file', content, ...attributesOf(member) })
  }

  /** Anything but a regular file. */
  add(member: Exclude<TarEntry, { readonly kind: 'file' }>): void {
    const path = this.pathOf(member.path)
    if (member.kind !== 'directory') this.#add(path, this.#nodeOf(path, member))
    else if (this.#byPath.get(path)?.kind !== 'directory')
      this.#add(path, { kind: 'directory', ...attributesOf(member) })
  }

  /** @throws {Fault} `TREE_PATH_UNSAFE` when something lies below what is no folder, whichever of the two comes first */
  finish(): readonly UnpackedEntry[] {
    for (const path of this.#byPath.keys()) {
      for (let folder = path; folder !== ''; ) {
        folder = folderOf(folder)
        const kind = this.#byPath.get(folder)?.kind
        if (kind !== undefined && kind !== 'directory')
          throw pathUnsafe(
            this.#debName,
            path,
            `leads through the ${kind} ${displayByteString(folder)} of the same deb`,
          )
      }
    }
    return this.#entries
  }

  #add(path: string, entry: UnpackedEntry['entry']): void {
    if (path === '' && entry.kind !== 'directory') throw pathUnsafe(this.#debName, './', `is a ${entry.kind} there`)
    if (this.#byPath.has(path)) throw debMalformed(this.#debName, `it has ${displayByteString(path)} twice`)
    this.#byPath.set(path, entry)
    // The union is one of pairs that this very function keeps together.
    this.#entries.push({ path, entry } as UnpackedEntry)
  }

  #nodeOf(path: string, member: Exclude<TarEntry, { readonly kind: 'file' | 'directory' }>): UnpackedEntry['entry'] {
    const attributes = attributesOf(member)
    switch (member.kind) {
      case 'symlink':
        return { kind: 'symlink', target: member.target, ...attributes }
      case 'fifo':
        return { kind: 'fifo', ...attributes }
      case 'character-device':
      case 'block-device':
        return { kind: member.kind, major: member.major, minor: member.minor, ...attributes }
      case 'hard-link':
        return { kind: 'hard-link', target: this.#linkTarget(path, member.target) }
      default:
        return unreachable(member)
    }
  }

  /** The file itself, where the link names another link to it. */
  #linkTarget(path: string, stored: string): string {
    const target = this.pathOf(stored)
    const found = this.#byPath.get(target)
    if (found?.kind === 'file') return target
    if (found?.kind === 'hard-link') return found.target
    const problem = found === undefined ? 'no earlier member of the deb' : `the ${found.kind}`
    throw debMalformed(
      this.#debName,
      `the hard link ${displayByteString(path)} names ${problem} ${displayByteString(target)}`,
    )
  }
}

function attributesOf({ mode, userId, groupId, modifiedSeconds }: TarEntry) {
  return { mode, userId, groupId, modifiedSeconds }
}
