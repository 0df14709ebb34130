import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { compressGzip } from '../codec/index.ts'
import { type ProcessRunner, type Session, unreachable } from '../kernel/index.ts'
import type { FileThread } from '../store/index.ts'
import { type OutputTarget, outputUnwritable } from './output-fault.ts'
import { type SealedTree, tarBytes } from './tar-bytes.ts'
import { replaceFileBy, writeSyncedFile } from './whole-file.ts'
import { compressWithProgram, findZstd, nativeZstd } from './zstd.ts'

export type TarCompression = 'none' | 'gz' | 'zst'

export interface EmittedTar {
  readonly kind: 'tar'
  readonly name: string
  readonly path: string
  /** Of the file as it lies there. */
  readonly sizeBytes: number
  /** Of the uncompressed archive: what is promised. Compressed bytes hold per version of their encoder. */
  readonly tarSha256: string
  readonly tarSizeBytes: number
}

/** From the name: `.tar.gz`, `.tgz`, `.tar.zst`, `.tzst`; any other one but those of other compressions is plain tar. */
export function compressionOfTarName(target: OutputTarget): TarCompression {
  if (/\.t(ar\.)?gz$/.test(target.name)) return 'gz'
  if (/\.t(ar\.)?zst$/.test(target.name)) return 'zst'
  if (/\.(xz|txz|bz2|tbz2|lzma|lz|lz4)$/.test(target.name))
    throw outputUnwritable(target, 'that compression is not offered', 'Name it .tar, .tar.gz or .tar.zst.')
  return 'none'
}

export interface TarRequest {
  readonly root: SealedTree
  readonly target: OutputTarget
  readonly runner: ProcessRunner
  /** Hashes it meanwhile where it is not compressed; default: this thread does. */
  readonly fileThread?: FileThread | undefined
}

/**
 * Writes the tree as a tar archive, in one step: the file appears under its name when it is whole and on the disk, and replaces what
 * was there; until then, and after any fault or interruption, that is untouched.
 *
 * @throws {Fault} `OUTPUT_UNWRITABLE`, `DISK_FULL`; `PROGRAM_FAILED` when zstd is wanted and missing; `STORE_CORRUPT`
 */
export async function emitTar(request: TarRequest, session: Session): Promise<EmittedTar> {
  const { root, target, runner } = request
  const compression = compressionOfTarName(target)
  const zstdProgram = compression === 'zst' && nativeZstd === undefined ? await findZstd(runner) : undefined
  session.journal.emit({ kind: 'started', stage: 'emit', name: target.name })
  const thread = compression === 'none' && request.fileThread?.isReady === true ? request.fileThread : undefined
  const hash = thread === undefined ? createHash('sha256') : undefined
  let hashedBeside = ''
  let tarSizeBytes = 0
  const isPlain = compression === 'none' || zstdProgram !== undefined
  const counted = async function* () {
    // A file takes them one after the other; an encoder keeps them for a while.
    for await (const bytes of tarBytes(root, session, isPlain ? 'passing' : 'kept')) {
      hash?.update(bytes)
      tarSizeBytes += bytes.length
      yield bytes
    }
  }
  const make = async (temporary: string) => {
    if (thread !== undefined) hashedBeside = await writeHashed({ path: temporary, target }, counted(), thread)
    else if (zstdProgram === undefined) await writeSyncedFile(temporary, compressedBytes(counted(), compression))
    else await compressPlain(temporary, counted(), zstdProgram)
  }
  const compressPlain = async (output: string, source: AsyncIterable<Uint8Array>, program: string) => {
    const input = `${output}.tar`
    try {
      await writeSyncedFile(input, source)
      await compressWithProgram({ program, input, output, target, runner }, session)
    } finally {
      await rm(input, { force: true }).catch(() => undefined)
    }
  }
  const sizeBytes = await replaceFileBy(target, make, session)
  session.journal.emit({ kind: 'finished', stage: 'emit', name: target.name, detail: `${sizeBytes} bytes` })
  return { kind: 'tar', ...target, sizeBytes, tarSha256: hash?.digest('hex') ?? hashedBeside, tarSizeBytes }
}

/** @returns the sha256 of all that was written */
async function writeHashed(
  { path, target }: { readonly path: string; readonly target: OutputTarget },
  source: AsyncIterable<Uint8Array>,
  thread: FileThread,
): Promise<string> {
  const hashing = thread.hashGrowing(path)
  try {
    const sizeBytes = await writeSyncedFile(path, source, written => hashing.grown(written))
    const sha256 = await hashing.finish(sizeBytes)
    if (sha256 !== undefined) return sha256
    throw outputUnwritable(target, 'something else cut it short meanwhile', 'Let nothing else write into that folder.')
  } finally {
    hashing.close()
  }
}

function compressedBytes(source: AsyncIterable<Uint8Array>, compression: TarCompression): AsyncIterable<Uint8Array> {
  switch (compression) {
    case 'none':
      return source
    case 'gz':
      return compressGzip(source)
    case 'zst':
      return nativeZstd === undefined ? source : nativeZstd(source)
    default:
      return unreachable(compression)
  }
}
