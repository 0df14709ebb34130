import { formatTarEnd, formatTarHeader, formatTarPadding, type TarEntry } from '../codec/index.ts'
import { Fault, quoted, type Session, unreachable } from '../kernel/index.ts'
import { type ContentSource, firstNames, type TreeEntry } from '../tree/index.ts'

/** A sealed tree: what every emitter writes. */
export interface SealedTree {
  /** In byte order of paths. */
  readonly tree: ReadonlyMap<string, TreeEntry>
  readonly content: ContentSource
}

/** Headers and small files are gathered to pieces of this size. */
const pieceBytes = 1024 * 1024

/**
 * The tar archive of a tree. These bytes are promised: the same tree gives the same ones everywhere.
 *
 * - Members in byte order of their paths, so a folder comes before what lies in it.
 * - Names begin with `./`, as those of debs and of mmdebstrap; the root is `./`, folders end with a slash.
 * - Owners as numbers only: names would be looked up on the host that unpacks.
 * - Of several names of one file the first is the file, the others are hard links to it.
 * - Headers as `formatTarHeader` writes them (ustar, pax where that is not enough), two blocks of zeros at the end.
 */
export async function* tarBytes({ tree, content }: SealedTree, session: Session): AsyncGenerator<Uint8Array> {
  const links = firstNames(tree)
  let pending: Uint8Array[] = []
  let pendingBytes = 0
  const gather = (bytes: Uint8Array) => {
    pending.push(bytes)
    pendingBytes += bytes.length
  }
  for (const [path, entry] of tree) {
    session.signal.throwIfAborted()
    const first = links.get(path)
    gather(formatTarHeader(memberOf(path, entry, first)))
    if (entry.kind === 'file' && first === undefined) {
      let written = 0
      for await (const bytes of content.read(entry.content)) {
        written += bytes.length
        gather(bytes)
        if (pendingBytes >= pieceBytes) {
          yield Buffer.concat(pending)
          pending = []
          pendingBytes = 0
        }
      }
      if (written !== entry.content.sizeBytes)
        throw new Fault('INTERNAL', { message: `${quoted(path)} gave ${written} bytes of ${entry.content.sizeBytes}` })
      gather(formatTarPadding(written))
    }
  }
  gather(formatTarEnd())
  yield Buffer.concat(pending)
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
