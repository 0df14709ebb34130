import { createHash } from 'node:crypto'
import {
  type BigIntStats,
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
} from 'node:fs'
import { displayByteString } from '../codec/index.ts'
import { Fault, nextTurn, type Session } from '../kernel/index.ts'
import type { ObjectSink } from '../store/index.ts'
import { type FileContent, pathProblem, type TreeEntry } from '../tree/index.ts'
import type { ContentPlace } from './pack-manifest.ts'
import type { Staging } from './staging.ts'

/** What is in these folders while scripts run is the sandbox's, not the image's. */
export const volatileFolders: readonly string[] = ['dev', 'proc', 'run', 'sys', 'tmp']

export interface CapturedTree {
  readonly tree: ReadonlyMap<string, TreeEntry>
  /** Where contents lie that no package has. */
  readonly places: ReadonlyMap<string, ContentPlace>
  /** Sockets, which no image can hold. */
  readonly left: readonly string[]
}

export interface CaptureRequest {
  readonly staging: Staging
  /** What is under way there is nobody's business: these folders are as the packages have them. */
  readonly volatile: ReadonlyMap<string, readonly [path: string, entry: TreeEntry][]>
  /** sha256 of contents that need not be kept again. */
  readonly isKnown: (sha256: string) => boolean
  /** Takes the contents that are not known, one after the other. */
  readonly sink: ObjectSink
  /** Extended attributes by path. */
  readonly extendedAttributes: ReadonlyMap<string, ReadonlyMap<string, Uint8Array>>
  readonly limits: CaptureLimits
}

/** What scripts may add. A hole costs a script nothing, but an image and its readers all of its length. */
export interface CaptureLimits {
  readonly addedBytes: number
  readonly paths: number
}

export const defaultCaptureLimits: CaptureLimits = { addedBytes: 64 * 1024 ** 3, paths: 4_000_000 }

/** No part of a path is longer than this when the whole is not. @see NAME_MAX of limits.h(0P) */
const surelyShortBytes = 255

/** Files that are smaller are read once. */
const passingBytes = 1024 * 1024

/**
 * Reads a root back from the disk: no link is followed, no device or pipe is opened, and a file that nobody touched is not read again.
 *
 * @throws {Fault} `SCRIPT_LIMIT` when there is more than the limits allow, or a path that is longer than Linux takes
 */
export async function captureTree(request: CaptureRequest, session: Session): Promise<CapturedTree> {
  const capture = new Capture(request)
  await capture.run(session)
  return { tree: capture.tree, places: capture.places, left: capture.left }
}

/** Nothing runs in the root any more: what was seen once is so. */
interface FoundPath {
  readonly path: string
  readonly host: Buffer
  readonly stats: BigIntStats
}

class Capture {
  readonly tree = new Map<string, TreeEntry>()
  readonly places = new Map<string, ContentPlace>()
  readonly left: string[] = []
  readonly #request: CaptureRequest
  readonly #inodes = new Map<bigint, number>()
  /** One for all files: what nobody has collected yet is memory too. */
  readonly #passing = Buffer.allocUnsafeSlow(passingBytes)
  #addedBytes = 0

  constructor(request: CaptureRequest) {
    this.#request = request
  }

  async run(session: Session): Promise<void> {
    const { staging } = this.#request
    const look = (path: string): FoundPath => {
      const host = staging.hostPath(path)
      return { path, host, stats: lstatSync(host, { bigint: true }) }
    }
    const above = Buffer.byteLength(staging.folder) + 1
    const pending = [look('')]
    let count = 0
    for (let found = pending.pop(); found !== undefined; found = pending.pop()) {
      await this.#take(found)
      const { path: folder } = found
      const kept = this.#request.volatile.get(folder)
      if (kept !== undefined) {
        for (const [path, entry] of kept) this.tree.set(path, entry)
        continue
      }
      const names = readdirSync(found.host, { encoding: 'latin1' }).sort()
      for (const name of names) {
        if (++count % 128 === 0) await nextTurn()
        session.signal.throwIfAborted()
        const path = folder === '' ? name : `${folder}/${name}`
        if (count > this.#request.limits.paths)
          throw tooMuch(path, `and more than ${this.#request.limits.paths} others`)
        // What the disk gives as a name is one: only its length can be wrong.
        const problem =
          above + path.length < surelyShortBytes ? undefined : pathProblem(`${staging.folder}/${path}`.slice(1))
        if (problem !== undefined) throw tooMuch(path, `a name that ${problem}`)
        const inside = look(path)
        if (inside.stats.isDirectory()) pending.push(inside)
        else await this.#take(inside)
      }
    }
  }

  async #take({ path, host, stats }: FoundPath): Promise<void> {
    const { staging, extendedAttributes } = this.#request
    const before = staging.unchanged(path, stats)
    const found = extendedAttributes.get(path)
    const attributes = {
      mode: Number(stats.mode) & 0o7777,
      userId: Number(stats.uid),
      groupId: Number(stats.gid),
      modifiedSeconds: Number(stats.mtimeMs < 0n ? 0n : stats.mtimeMs / 1000n),
      ...(found === undefined ? {} : { extendedAttributes: found }),
    }
    if (stats.isFile()) {
      const untouched = before?.kind === 'file' && this.#isKept(before.content.sha256) ? before.content : undefined
      const content = untouched ?? (await this.#keep(path, host))
      const inode = stats.nlink > 1n ? this.#inodeOf(stats.ino) : undefined
      this.tree.set(path, { kind: 'file', content, inode, ...attributes })
    } else if (stats.isDirectory()) this.tree.set(path, { kind: 'directory', ...attributes })
    else if (stats.isSymbolicLink())
      this.tree.set(path, {
        kind: 'symlink',
        target: readlinkSync(host, { encoding: 'latin1' }),
        ...attributes,
        mode: 0o777,
      })
    else if (stats.isFIFO()) this.tree.set(path, { kind: 'fifo', ...attributes })
    else if (stats.isCharacterDevice() || stats.isBlockDevice())
      this.tree.set(path, {
        kind: stats.isBlockDevice() ? 'block-device' : 'character-device',
        ...deviceNumbers(stats.rdev),
        ...attributes,
      })
    else this.left.push(path)
  }

  #admit(path: string, sizeBytes: number): void {
    const { addedBytes } = this.#request.limits
    this.#addedBytes += sizeBytes
    if (this.#addedBytes > addedBytes) throw tooMuch(path, `which brings what was added to over ${addedBytes} bytes`)
  }

  #inodeOf(inode: bigint): number {
    const known = this.#inodes.get(inode) ?? this.#inodes.size + 1
    this.#inodes.set(inode, known)
    return known
  }

  /** Packages or the sink have it already; what dpkg's database is made of lies in neither. */
  #isKept(sha256: string): boolean {
    return this.#request.isKnown(sha256) || this.places.has(sha256)
  }

  /** Reads a file once, hashes it, and writes it to the sink if nothing has its content yet. */
  async #keep(path: string, host: Buffer): Promise<FileContent> {
    this.#admit(path, lstatSync(host).size)
    const { sink } = this.#request
    const file = openSync(host, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      const buffer = this.#passing
      const hash = createHash('sha256')
      let sizeBytes = 0
      for (;;) {
        // A small file stays together in the buffer, however few bytes come at a time.
        const filled = sizeBytes < buffer.length ? sizeBytes : 0
        const count = readSync(file, buffer, filled, buffer.length - filled, sizeBytes)
        if (count === 0) break
        hash.update(buffer.subarray(filled, filled + count))
        sizeBytes += count
      }
      const sha256 = hash.digest('hex')
      if (this.#isKept(sha256)) return { sha256, sizeBytes }
      this.places.set(sha256, { offset: sink.position, sizeBytes })
      if (sizeBytes < buffer.length) await sink.write(buffer.subarray(0, sizeBytes))
      // Nothing runs in the root any more: the second reading gives the same bytes.
      else
        for (let at = 0; at < sizeBytes; ) {
          const count = readSync(file, buffer, 0, buffer.length, at)
          await sink.write(buffer.subarray(0, count))
          at += count
        }
      return { sha256, sizeBytes }
    } finally {
      closeSync(file)
    }
  }
}

function tooMuch(path: string, what: string): Fault {
  const shown = displayByteString(`/${path}`.slice(0, 200))
  return new Fault('SCRIPT_LIMIT', {
    message: `maintainer scripts left ${shown}, ${what}`,
    hint: 'Leave out the package whose script does this; `--log FILE` keeps what the scripts printed.',
    context: { path: shown },
  })
}

/** @see gnu_dev_major(3) */
function deviceNumbers(device: bigint): { readonly major: number; readonly minor: number } {
  return {
    major: Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn)),
    minor: Number((device & 0xffn) | ((device >> 12n) & ~0xffn)),
  }
}
