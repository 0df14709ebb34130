import { formatTarEnd, formatTarHeader, formatTarPadding, type TarEntry } from '../codec/index.ts'
import { Fault, quoted, type Session, unreachable } from '../kernel/index.ts'
import { type ContentSource, type FileContent, firstNames, nestedPaths, type TreeEntry } from '../tree/index.ts'

/** A sealed tree: what every emitter writes. */
export interface SealedTree {
  /** In byte order of paths. */
  readonly tree: ReadonlyMap<string, TreeEntry>
  readonly content: ContentSource
  /** As the tree was before the manifest removed paths: what is left is still its packages'. undefined: none were. */
  readonly whole?: ReadonlyMap<string, TreeEntry> | undefined
}

/** Headers and small files are gathered to pieces of at most this size. */
const pieceBytes = 1024 * 1024

export type TarPieces = 'kept' | 'passing'

/**
 * The tar archive of a tree. These bytes are promised: the same tree gives the same ones everywhere.
 *
 * - Each folder is followed by all that lies in it, its members in byte order: GNU tar sets the time of a folder as soon as a member comes
 *   that is not in it, and whatever it makes there afterwards would change it.
 * - Names begin with `./`, as those of debs and of mmdebstrap; the root is `./`, folders end with a slash.
 * - Owners as numbers only: names would be looked up on the host that unpacks.
 * - Of several names of one file the first is the file, the others are hard links to it.
 * - Headers as `formatTarHeader` writes them (ustar, pax where that is not enough), two blocks of zeros at the end.
 *
 * @param pieces `kept`: each is a buffer of its own. `passing`: it may change once the second one after it is asked for, which spares
 *   the memory of what nobody collected yet
 */
export async function* tarBytes(
  { tree, content }: SealedTree,
  session: Session,
  pieces: TarPieces = 'kept',
): AsyncGenerator<Uint8Array> {
  const paths = nestedPaths(tree)
  const links = firstNames(tree, paths)
  const piece = new Piece(pieces)
  for (const path of paths) {
    const entry = tree.get(path)
    if (entry === undefined) continue
    session.signal.throwIfAborted()
    const first = links.get(path)
    const header = formatTarHeader(memberOf(path, entry, first))
    const of = entry.kind === 'file' && first === undefined ? entry.content : undefined
    // Together, so that a small content is read to where it stays.
    if (!piece.hasRoom(header.length + (of?.sizeBytes ?? 0))) yield* piece.take()
    yield* piece.add(header)
    if (of === undefined) continue
    if (!piece.read(content, of)) {
      let written = 0
      for await (const bytes of content.read(of)) {
        written += bytes.length
        yield* piece.add(bytes)
      }
      if (written !== of.sizeBytes)
        throw new Fault('INTERNAL', { message: `${quoted(path)} gave ${written} bytes of ${of.sizeBytes}` })
    }
    yield* piece.add(formatTarPadding(of.sizeBytes))
  }
  yield* piece.add(formatTarEnd())
  yield* piece.take()
}

/** What is gathered until it is worth a call. */
class Piece {
  readonly #pieces: TarPieces
  /** The one that is written into now comes last. */
  readonly #memory = [Buffer.allocUnsafeSlow(pieceBytes)]
  #used = 0

  constructor(pieces: TarPieces) {
    this.#pieces = pieces
  }

  get #bytes(): Buffer {
    return this.#memory.at(-1) ?? Buffer.alloc(0)
  }

  hasRoom(sizeBytes: number): boolean {
    return this.#used + sizeBytes <= pieceBytes
  }

  /** @returns the pieces that are full */
  *add(bytes: Uint8Array): Generator<Uint8Array> {
    for (let done = 0; done < bytes.length; ) {
      if (this.#used === pieceBytes) yield* this.take()
      const part = bytes.subarray(done, done + pieceBytes - this.#used)
      this.#bytes.set(part, this.#used)
      this.#used += part.length
      done += part.length
    }
  }

  /** @returns false when there is no room, or the source cannot give it at once: nothing is added then */
  read(source: ContentSource, content: FileContent): boolean {
    if (!this.hasRoom(content.sizeBytes)) return false
    const end = this.#used + content.sizeBytes
    if (source.readNow?.(content, this.#bytes.subarray(this.#used, end)) !== 'read') return false
    this.#used = end
    return true
  }

  /** The last piece and the one before it are still with the reader. */
  #free(): Buffer<ArrayBuffer> | undefined {
    if (this.#pieces === 'passing') return this.#memory.length > 2 ? this.#memory.shift() : undefined
    this.#memory.shift()
    return undefined
  }

  *take(): Generator<Uint8Array> {
    if (this.#used === 0) return
    const full = this.#bytes.subarray(0, this.#used)
    yield full
    this.#used = 0
    this.#memory.push(this.#free() ?? Buffer.allocUnsafeSlow(pieceBytes))
  }
}

const noAttributes: ReadonlyMap<string, Uint8Array> = new Map()

function memberOf(path: string, entry: TreeEntry, first: string | undefined): TarEntry {
  const name = `./${path}`
  const attributes = {
    path: name,
    mode: entry.mode,
    userId: entry.userId,
    groupId: entry.groupId,
    userName: '',
    groupName: '',
    modifiedSeconds: entry.modifiedSeconds,
    // Those of a hard link are its file's: a reader would set them twice.
    extendedAttributes: first === undefined ? (entry.extendedAttributes ?? noAttributes) : noAttributes,
  }
  if (first !== undefined) return { kind: 'hard-link', target: `./${first}`, ...attributes }
  switch (entry.kind) {
    case 'file':
      return { kind: 'file', sizeBytes: entry.content.sizeBytes, ...attributes }
    case 'directory':
      return { kind: 'directory', ...attributes, path: path === '' ? './' : `${name}/` }
    case 'symlink':
      return { kind: 'symlink', target: entry.target, ...attributes }
    case 'character-device':
    case 'block-device':
      return { kind: entry.kind, major: entry.major, minor: entry.minor, ...attributes }
    case 'fifo':
      return { kind: 'fifo', ...attributes }
    default:
      return unreachable(entry)
  }
}
