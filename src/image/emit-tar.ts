import { createHash, randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { compressGzip } from '../codec/index.ts'
import { type ProcessRunner, type Session, unreachable } from '../kernel/index.ts'
import { type OutputTarget, outputFault, outputUnwritable } from './output-fault.ts'
import { type SealedTree, tarBytes } from './tar-bytes.ts'
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

/**
 * Writes the tree as a tar archive, in one step: the file appears under its name when it is whole and on the disk, and replaces what
 * was there; until then, and after any fault or interruption, that is untouched.
 *
 * @throws {Fault} `OUTPUT_UNWRITABLE`, `DISK_FULL`; `PROGRAM_FAILED` when zstd is wanted and missing; `STORE_CORRUPT`
 */
export async function emitTar(
  request: { readonly root: SealedTree; readonly target: OutputTarget; readonly runner: ProcessRunner },
  session: Session,
): Promise<EmittedTar> {
  const { root, target, runner } = request
  const compression = compressionOfTarName(target)
  const zstdProgram = compression === 'zst' && nativeZstd === undefined ? await findZstd(runner) : undefined
  session.journal.emit({ kind: 'started', stage: 'emit', name: target.name })
  const temporary = join(dirname(target.path), `.${basename(target.path)}.${randomBytes(6).toString('hex')}`)
  const compressed = `${temporary}.zst`
  try {
    await mkdir(dirname(target.path), { recursive: true })
    const hash = createHash('sha256')
    let tarSizeBytes = 0
    const counted = async function* () {
      for await (const bytes of tarBytes(root, session)) {
        hash.update(bytes)
        tarSizeBytes += bytes.length
        yield bytes
      }
    }
    const stored = zstdProgram === undefined ? compression : 'none'
    let sizeBytes = await writeFile(temporary, compressedBytes(counted(), stored))
    if (zstdProgram !== undefined) {
      await compressWithProgram({ program: zstdProgram, input: temporary, output: compressed, runner }, session)
      sizeBytes = await syncFile(compressed)
    }
    session.signal.throwIfAborted()
    await rename(zstdProgram === undefined ? temporary : compressed, target.path)
    session.journal.emit({ kind: 'finished', stage: 'emit', name: target.name, detail: `${sizeBytes} bytes` })
    return { kind: 'tar', ...target, sizeBytes, tarSha256: hash.digest('hex'), tarSizeBytes }
  } catch (error) {
    throw outputFault(error, target)
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined)
    await rm(compressed, { force: true }).catch(() => undefined)
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

/** @returns the number of bytes */
async function writeFile(path: string, source: AsyncIterable<Uint8Array>): Promise<number> {
  const handle = await open(path, 'wx', 0o666)
  try {
    let written = 0
    for await (const bytes of source) written += await writeAll(handle, bytes)
    await handle.sync()
    return written
  } finally {
    await handle.close()
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<number> {
  for (let done = 0; done < bytes.length; ) done += (await handle.write(bytes, done)).bytesWritten
  return bytes.length
}

async function syncFile(path: string): Promise<number> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
    return (await handle.stat()).size
  } finally {
    await handle.close()
  }
}
