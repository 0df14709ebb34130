import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { createDeflateRaw } from 'node:zlib'
import { quoted, type Session } from '../../kernel/index.ts'
import type { OstreeOptions } from '../../manifest/index.ts'
import type { ContentSource } from '../../tree/index.ts'
import type { ImageFacts } from '../image-facts.ts'
import { type Inode, inodesOf } from '../inode-table.ts'
import { type OutputTarget, outputFault, outputUnwritable } from '../output-fault.ts'
import type { SealedTree } from '../tar-bytes.ts'
import { deploymentLayout } from './deployment-layout.ts'
import {
  archiveHeader,
  commitObject,
  fileHeader,
  folderContents,
  folderMetadata,
  type StoredFile,
  type StoredFolder,
} from './objects.ts'
import { addObject, type ObjectKind, one, openRepository, setReference } from './repository.ts'

export interface EmittedOstree {
  readonly kind: 'ostree'
  readonly name: string
  readonly path: string
  readonly reference: string
  /** Checksum of the commit: a function of tree, branch, subject and SOURCE_DATE_EPOCH. */
  readonly commit: string
}

export interface OstreeRequest {
  readonly root: SealedTree
  readonly facts: ImageFacts
  readonly options: OstreeOptions
  readonly target: OutputTarget
}

/**
 * Commits the tree to an ostree repository of mode archive, without ostree and whoever runs it: owners are in the commit. The branch
 * moves in one step, when everything it needs is there. ostree keeps no times, device nodes and FIFOs; a warning names the latter.
 *
 * @throws {Fault} `OUTPUT_UNWRITABLE`, `DISK_FULL`, `STORE_CORRUPT`
 */
export async function emitOstree(request: OstreeRequest, session: Session): Promise<EmittedOstree> {
  const { root, facts, options, target } = request
  const { sourceDateEpochSeconds: seconds, digest: treeDigest } = facts
  session.journal.emit({ kind: 'started', stage: 'emit', name: target.name })
  try {
    const tree = options.layout === 'plain' ? root.tree : deploymentLayout(root.tree, seconds, target)
    refuseOtherEncodings(tree, target)
    const inodes = inodesOf(tree)
    await openRepository(target, session)
    warnOfLeft(inodes, target, session)
    const writer = new CommitWriter(root.content, target, session)
    const top = await writer.writeFolder(inodes[0])
    const { reference, subject } = options
    const commit = await writer.write('commit', commitObject({ reference, subject, treeDigest, seconds, ...top }))
    await setReference(target, { reference, commit: hex(commit) }, session)
    session.journal.emit({ kind: 'finished', stage: 'emit', name: target.name, detail: `commit ${hex(commit)}` })
    return { kind: 'ostree', ...target, reference, commit: hex(commit) }
  } catch (error) {
    throw outputFault(error, target)
  }
}

interface WrittenFolder {
  readonly contents: Uint8Array
  readonly metadata: Uint8Array
}

class CommitWriter {
  readonly #content: ContentSource
  readonly #target: OutputTarget
  readonly #session: Session
  /** Hard links become one object. */
  readonly #checksums = new Map<Inode, Uint8Array>()

  constructor(content: ContentSource, target: OutputTarget, session: Session) {
    this.#content = content
    this.#target = target
    this.#session = session
  }

  /** The folder and all below it. Recursion is as deep as paths are, which have at most 4095 bytes. */
  async writeFolder(folder: Inode): Promise<WrittenFolder> {
    this.#session.signal.throwIfAborted()
    const files: { readonly name: string; readonly checksum: Uint8Array }[] = []
    const folders: ({ readonly name: string } & WrittenFolder)[] = []
    for (const { name, inode } of folder.members) {
      const { entry } = inode
      if (entry.kind === 'directory') folders.push({ name, ...(await this.writeFolder(inode)) })
      else if (entry.kind === 'file' || entry.kind === 'symlink')
        files.push({ name, checksum: await this.#writeFile(inode, entry) })
    }
    const contents = await this.write('dirtree', folderContents({ files, folders }))
    return { contents, metadata: await this.write('dirmeta', folderMetadata(folder.entry as StoredFolder)) }
  }

  async write(kind: ObjectKind, bytes: Uint8Array): Promise<Uint8Array> {
    const checksum = createHash('sha256').update(bytes).digest()
    await addObject(this.#target, { checksum: hex(checksum), kind }, one(bytes))
    return checksum
  }

  /** The checksum is that of the content as it is, so it is read twice: a name must be known before its object is written. */
  async #writeFile(inode: Inode, entry: StoredFile): Promise<Uint8Array> {
    this.#session.signal.throwIfAborted()
    const known = this.#checksums.get(inode)
    if (known !== undefined) return known
    const hash = createHash('sha256').update(fileHeader(entry))
    if (entry.kind === 'file') for await (const bytes of this.#content.read(entry.content)) hash.update(bytes)
    const checksum = hash.digest()
    this.#checksums.set(inode, checksum)
    await addObject(this.#target, { checksum: hex(checksum), kind: 'filez' }, this.#archived(entry))
    return checksum
  }

  async *#archived(entry: StoredFile): AsyncGenerator<Uint8Array> {
    yield archiveHeader(entry)
    if (entry.kind === 'symlink') return
    const deflated = Readable.from(this.#content.read(entry.content), { objectMode: false }).compose(
      createDeflateRaw({ level: 6 }),
    )
    for await (const bytes of deflated) yield bytes as Uint8Array
  }
}

/** Names and targets are GVariant's text, which is UTF-8. */
function refuseOtherEncodings(tree: SealedTree['tree'], target: OutputTarget): void {
  for (const [path, entry] of tree) {
    const texts = [path, entry.kind === 'symlink' ? entry.target : '']
    if (texts.every(text => isUtf8(Buffer.from(text, 'latin1')))) continue
    throw outputUnwritable(
      target,
      `${quoted(`/${Buffer.from(path, 'latin1').toString('utf8')}`)} is not UTF-8, and ostree holds nothing else`,
      'Leave it out with `image: {exclude-paths: […]}`, or write another format.',
    )
  }
}

function warnOfLeft(inodes: readonly Inode[], target: OutputTarget, session: Session): void {
  const left = inodes.filter(({ entry }) => !['file', 'symlink', 'directory'].includes(entry.kind))
  const [first] = left
  if (first === undefined) return
  const more = left.length > 1 ? ` and ${left.length - 1} more` : ''
  const shown = quoted(`/${Buffer.from(first.path, 'latin1').toString('utf8')}`)
  session.journal.emit({
    kind: 'warned',
    stage: 'emit',
    message: `${target.name} lacks ${first.entry.kind} ${shown}${more}, which ostree cannot hold`,
    hint: 'A booted system makes its device nodes itself; emit another format for those that must be in the image.',
  })
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
