import { createHash } from 'node:crypto'
import { type Session, unreachable } from '../kernel/index.ts'
import type { OutputOptions } from '../manifest/index.ts'
import { erofsBytes } from './erofs/erofs-bytes.ts'
import { ext4Bytes } from './ext4/ext4-bytes.ts'
import type { ImageFacts } from './image-facts.ts'
import type { OutputTarget } from './output-fault.ts'
import type { SealedTree } from './tar-bytes.ts'
import { type Hole, replaceFileBy, writeSyncedSparseFile } from './whole-file.ts'

export interface EmittedFileSystem {
  readonly kind: 'erofs' | 'ext4' | 'squashfs'
  readonly name: string
  readonly path: string
  readonly sizeBytes: number
  readonly sha256: string
}

export interface FileSystemRequest {
  readonly root: SealedTree
  readonly facts: ImageFacts
  readonly options: Extract<OutputOptions, { readonly format: 'erofs' | 'ext4' }>
  readonly target: OutputTarget
}

/**
 * Writes the tree as an image of a disk, in one step, without any program of this host, whoever runs it.
 *
 * @throws {Fault} `OUTPUT_UNWRITABLE` also for what the format cannot hold; `DISK_FULL`, `STORE_CORRUPT`
 */
export async function emitFileSystem(request: FileSystemRequest, session: Session): Promise<EmittedFileSystem> {
  const { target, options } = request
  session.journal.emit({ kind: 'started', stage: 'emit', name: target.name })
  const hash = createHash('sha256')
  const hashed = async function* () {
    for await (const piece of gathered(bytesOf(request, session))) {
      hashPiece(hash, piece)
      yield piece
    }
  }
  const make = async (temporary: string) => void (await writeSyncedSparseFile(temporary, hashed()))
  const sizeBytes = await replaceFileBy(target, make, session)
  session.journal.emit({ kind: 'finished', stage: 'emit', name: target.name, detail: `${sizeBytes} bytes` })
  return { kind: options.format, ...target, sizeBytes, sha256: hash.digest('hex') }
}

function bytesOf(request: FileSystemRequest, session: Session): AsyncIterable<Uint8Array | Hole> {
  const { root, options } = request
  switch (options.format) {
    case 'erofs':
      return erofsBytes(root, request, session)
    case 'ext4':
      return ext4Bytes(root, { ...request, options }, session)
    default:
      return unreachable(options)
  }
}

const zeros = new Uint8Array(1024 * 1024)

function hashPiece(hash: { update(bytes: Uint8Array): unknown }, piece: Uint8Array | Hole): void {
  if (piece instanceof Uint8Array) hash.update(piece)
  else
    for (let left = piece.holeBytes; left > 0; left -= zeros.length)
      hash.update(zeros.subarray(0, Math.min(left, zeros.length)))
}

/** Headers and small files are gathered to pieces of about this size: a call for each would cost more than the bytes. */
const pieceBytes = 1024 * 1024

async function* gathered(source: AsyncIterable<Uint8Array | Hole>): AsyncGenerator<Uint8Array | Hole> {
  let pending: Uint8Array[] = []
  let pendingBytes = 0
  for await (const piece of source) {
    if (piece instanceof Uint8Array) {
      pending.push(piece)
      pendingBytes += piece.length
      if (pendingBytes < pieceBytes) continue
    }
    yield Buffer.concat(pending)
    pending = []
    pendingBytes = 0
    if (!(piece instanceof Uint8Array)) yield piece
  }
  yield Buffer.concat(pending)
}
