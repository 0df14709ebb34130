import { constants } from 'node:fs'
import { type FileHandle, lstat, open, readdir, readlink } from 'node:fs/promises'
import { Fault, isFault, quoted, type Session } from '../kernel/index.ts'
import type { AccountReference } from '../manifest/index.ts'
import type { Store } from '../store/index.ts'
import { type FileContent, lastNameOf, pathProblem, resolvePath, type TreeEntry } from '../tree/index.ts'
import { type NamedOwner, plainId } from './file-owners.ts'
import type { MadeFile } from './image-files.ts'
import { fillTemplate, requireTemplateSize } from './template.ts'

/** A file or folder of the project that goes into the image; the caller has checked that it lies inside the project. */
export interface OverlaySource {
  /** Absolute, symlinks resolved. */
  readonly source: string
  /** Absolute in the image. A folder's contents go into it; a file gets this path, or this folder where it ends with a slash. */
  readonly target: string
  /** Of all that comes from here. */
  readonly owner: AccountReference
  readonly group: AccountReference
  /** Of files. Folders can also be entered by whoever may read. */
  readonly mode: number | undefined
  /** The values that the files are filled with, which are templates then. */
  readonly values: ReadonlyMap<string, string> | undefined
  /** The item of the manifest: `aptroot.yaml:12:7`. */
  readonly place: string
}

export interface OverlayRequest {
  readonly tree: ReadonlyMap<string, TreeEntry>
  /** Laid before the files, which may replace them. */
  readonly made: readonly MadeFile[]
  readonly files: readonly OverlaySource[]
  /** The time of all that the overlay brings. */
  readonly modifiedSeconds: number
  readonly store: Store
}

export interface OverlaidTree {
  readonly tree: ReadonlyMap<string, TreeEntry>
  /** Contents that were put into the store as blobs: what is emitted is what was read here, whatever happens to the file. */
  readonly blobs: ReadonlySet<string>
  /** Which entries have owners that are names: in the tree they belong to 0. */
  readonly named: ReadonlyMap<string, NamedOwner>
}

/**
 * Lays files of the project over the packages' tree, in the order of the manifest. Mode where the manifest says none: 0755 for folders
 * and for what is executable by its owner, else 0644: what a version control system keeps, and nothing that depends on this host's umask.
 *
 * Targets are resolved inside the image, so `/bin/x` lands in `/usr/bin` where /usr is merged. A folder over a folder keeps the
 * packages' attributes; a file or symlink replaces a file or symlink; missing folders are made. Symlinks of the project are copied, never
 * followed.
 *
 * @throws {Fault} `MANIFEST_INVALID` a target that is no path or clashes, a source that is a device, pipe or socket;
 *   `MANIFEST_FILE_MISSING` a source that cannot be read; `TEMPLATE_INVALID`
 */
export async function overlayFiles(request: OverlayRequest, session: Session): Promise<OverlaidTree> {
  const overlay = new Overlay(request, session)
  for (const each of request.made) await overlay.make(each)
  for (const file of request.files) await overlay.lay(file)
  return { tree: overlay.tree, blobs: overlay.blobs, named: overlay.named }
}

class Overlay {
  readonly tree: Map<string, TreeEntry>
  readonly blobs = new Set<string>()
  readonly named = new Map<string, NamedOwner>()
  readonly #request: OverlayRequest
  readonly #session: Session

  constructor(request: OverlayRequest, session: Session) {
    this.tree = new Map(request.tree)
    this.#request = request
    this.#session = session
  }

  async make(made: MadeFile): Promise<void> {
    if (made.kind === 'symlink') {
      this.#place(made.path, { kind: 'symlink', target: made.target, ...this.#attributes(0o777) }, undefined)
      return
    }
    const content = await this.#request.store.putBytes(made.bytes, this.#session)
    this.blobs.add(content.sha256)
    this.#place(made.path, { kind: 'file', content, inode: undefined, ...this.#attributes(0o644) }, undefined)
  }

  async lay(from: OverlaySource): Promise<void> {
    const { source, target } = from
    const host = Buffer.from(source)
    const wanted = Buffer.from(target).toString('latin1')
    const inFolder = wanted.endsWith('/')
    const path = wanted.replace(/^\/+/, '').replace(/\/+$/, '')
    const problem = wanted.startsWith('/') ? pathProblem(path) : 'is not absolute'
    if (problem !== undefined) throw invalid(path, `${quoted(target)} ${problem}`)
    const name = lastNameOf(host.toString('latin1'))
    const isFolder = (await readable(host, () => lstat(host))).isDirectory()
    await this.#layAny(host, inFolder && !isFolder ? `${path}/${name}` : path, from)
  }

  async #layAny(host: Buffer, path: string, from: OverlaySource): Promise<void> {
    this.#session.signal.throwIfAborted()
    const facts = await readable(host, () => lstat(host))
    if (facts.isDirectory()) {
      const folder = this.#makeFolders(path, from)
      const names = await readable(host, () => readdir(host, { encoding: 'buffer' }))
      for (const name of names.map(each => each.toString('latin1')).sort())
        await this.#layAny(
          Buffer.concat([host, Buffer.from(`/${name}`, 'latin1')]),
          folder === '' ? name : `${folder}/${name}`,
          from,
        )
    } else if (facts.isSymbolicLink()) {
      const target = await readable(host, () => readlink(host, { encoding: 'buffer' }))
      this.#place(path, { kind: 'symlink', target: target.toString('latin1'), ...this.#attributes(0o777, from) }, from)
    } else if (facts.isFile()) {
      const content = from.values === undefined ? await this.#keep(host) : await this.#fill(host, from.values)
      const mode = from.mode ?? ((facts.mode & 0o100) === 0 ? 0o644 : 0o755)
      this.#place(path, { kind: 'file', content, inode: undefined, ...this.#attributes(mode, from) }, from)
    } else {
      throw invalid(path, `${quoted(host.toString())} is neither a file nor a folder nor a symlink`)
    }
  }

  #place(path: string, entry: TreeEntry, from: OverlaySource | undefined): void {
    const slash = path.lastIndexOf('/')
    const folder = slash === -1 ? '' : this.#makeFolders(path.slice(0, slash))
    const name = path.slice(slash + 1)
    if (name === '') throw invalid(path, 'the root of the image is a folder and stays one')
    const place = folder === '' ? name : `${folder}/${name}`
    if (this.tree.get(place)?.kind === 'directory')
      throw invalid(place, `it is a ${entry.kind}, but a folder in the packages`)
    this.tree.set(place, entry)
    this.#name(place, from)
  }

  /** The last item that brings something decides to whom it belongs. */
  #name(place: string, from: OverlaySource | undefined): void {
    if (from === undefined || (from.owner.kind === 'number' && from.group.kind === 'number')) this.named.delete(place)
    else this.named.set(place, { owner: from.owner, group: from.group, place: from.place })
  }

  /**
   * @param from what brings the folder itself; those on the way to it belong to root
   * @returns where the folder really is
   */
  #makeFolders(path: string, from?: OverlaySource): string {
    const resolved = resolvePath(this.tree, path)
    if (resolved.kind === 'loop') throw invalid(path, 'its symlinks lead in a circle')
    const real = resolved.path
    const clash = resolved.kind === 'not-a-folder' ? 'file' : this.tree.get(real)?.kind
    if (clash !== undefined && clash !== 'directory')
      throw invalid(path, `it should be a folder, but ${quoted(`/${real}`)} is a ${clash} in the packages`)
    const names = real === '' ? [] : real.split('/')
    for (let depth = 0; depth <= names.length; depth++) {
      const folder = names.slice(0, depth).join('/')
      if (this.tree.has(folder)) continue
      const bringer = depth === names.length ? from : undefined
      this.tree.set(folder, { kind: 'directory', ...this.#attributes(folderMode(bringer?.mode), bringer) })
      this.#name(folder, bringer)
    }
    return real
  }

  #attributes(mode: number, from?: OverlaySource) {
    const [userId, groupId] = from === undefined ? [0, 0] : [plainId(from.owner), plainId(from.group)]
    return { mode, userId, groupId, modifiedSeconds: this.#request.modifiedSeconds }
  }

  async #fill(host: Buffer, values: ReadonlyMap<string, string>): Promise<FileContent> {
    const handle = await openFile(host)
    try {
      const name = lastNameOf(host.toString())
      requireTemplateSize((await handle.stat()).size, name)
      const filled = fillTemplate(await readable(host, () => handle.readFile()), values, name)
      const content = await this.#request.store.putBytes(filled, this.#session)
      this.blobs.add(content.sha256)
      return content
    } finally {
      await handle.close()
    }
  }

  /** Hashes the file and puts it into the store under that digest; a change in between is noticed by the store. */
  async #keep(host: Buffer): Promise<FileContent> {
    const handle = await openFile(host)
    try {
      const content = await readable(host, () => this.#request.store.putFile(handle, this.#session))
      if (content === 'changed') throw unreadable(host, 'it changed while it was read')
      this.blobs.add(content.sha256)
      return content
    } finally {
      await handle.close()
    }
  }
}

async function openFile(host: Buffer): Promise<FileHandle> {
  // O_NOFOLLOW: what was a file when it was looked at must not have become a link out of the project.
  return await readable(host, () => open(host, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK))
}

/** As `chmod a+X` would for a folder: who may read its files may also enter it. */
function folderMode(fileMode: number | undefined): number {
  return fileMode === undefined ? 0o755 : (fileMode & 0o777) | ((fileMode & 0o444) >> 2)
}

async function readable<Result>(host: Buffer, operation: () => Promise<Result>): Promise<Result> {
  try {
    return await operation()
  } catch (error) {
    if (isFault(error)) throw error
    throw unreadable(host, error instanceof Error && 'code' in error ? String(error.code) : String(error), error)
  }
}

function unreadable(host: Buffer, reason: string, cause?: unknown): Fault {
  const name = lastNameOf(host.toString())
  return new Fault('MANIFEST_FILE_MISSING', {
    message: `${quoted(name)} of \`files:\` cannot be read: ${reason}`,
    hint: 'Correct the path or the permissions; it is relative to the folder of the manifest.',
    context: { file: name, reason },
    cause,
  })
}

function invalid(path: string, problem: string): Fault {
  const shown = `/${Buffer.from(path, 'latin1').toString('utf8')}`
  return new Fault('MANIFEST_INVALID', {
    message: `\`files:\` cannot be laid over ${quoted(shown)}: ${problem}`,
    hint: 'Correct `source` or `target` under `image.files` in the manifest.',
    context: { target: shown },
  })
}
