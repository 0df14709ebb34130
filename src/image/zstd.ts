import { dirname } from 'node:path'
import { Readable, type Transform } from 'node:stream'
import * as zlib from 'node:zlib'
import { Fault, type ProcessRunner, type Session } from '../kernel/index.ts'
import { type OutputTarget, outputFaultOfProgram } from './output-fault.ts'

/** `ZSTD_c_compressionLevel` and `ZSTD_c_checksumFlag` of zstd.h; the types of Node 20 know no zstd. */
const ZSTD_c_compressionLevel = 100
const ZSTD_c_checksumFlag = 201

/** The default of zstd(1); on a root file system twice as fast as gzip and a quarter smaller. */
const level = 3

/** Only Node 22.15 and later have it. */
const createNative = (zlib as { readonly createZstdCompress?: (options: object) => Transform }).createZstdCompress

/** zstd by `node:zlib`, level 3, one thread, with a checksum; undefined on a Node without it. */
export const nativeZstd =
  createNative === undefined
    ? undefined
    : async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
        const params = { [ZSTD_c_compressionLevel]: level, [ZSTD_c_checksumFlag]: 1 }
        const stream = Readable.from(source, { objectMode: false }).compose(createNative({ params }))
        for await (const piece of stream) yield piece as Uint8Array
      }

/** The zstd program of this host. @throws {Fault} `PROGRAM_FAILED` that names what to install */
export async function findZstd(runner: ProcessRunner): Promise<string> {
  const program = await runner.find('zstd')
  if (program !== undefined) return program
  throw new Fault('PROGRAM_FAILED', {
    message: 'a .tar.zst needs zstd, and neither this Node nor PATH has it',
    hint: 'Install zstd (`apt install zstd`), use Node 22.15 or later, or name the output .tar.gz or .tar.',
    context: { program: 'zstd' },
  })
}

/**
 * Compresses a file with the zstd program: level 3, one thread, checksum, whatever ZSTD_CLEVEL and ZSTD_NBTHREADS say.
 *
 * @throws {Fault} `PROGRAM_FAILED`, `OUTPUT_UNWRITABLE`, `DISK_FULL`
 */
export async function compressWithProgram(
  work: {
    readonly program: string
    readonly input: string
    readonly output: string
    readonly target: OutputTarget
    readonly runner: ProcessRunner
  },
  session: Session,
): Promise<void> {
  const result = await work.runner.run({
    program: work.program,
    arguments: ['-q', '-f', `-${level}`, '--single-thread', '--check', '-o', work.output, '--', work.input],
    environment: { LC_ALL: 'C' },
    workingFolder: dirname(work.output),
    signal: session.signal,
  })
  if (result.exitStatus === 0) return
  const refused = outputFaultOfProgram('zstd', result.errorOutput, work.target)
  if (refused !== undefined) throw refused
  const words = Buffer.from(result.errorOutput).toString('utf8').trim().split('\n').at(-1) ?? ''
  throw new Fault('PROGRAM_FAILED', {
    message: `zstd ended with status ${result.exitStatus}: ${words.slice(0, 200)}`,
    hint: 'Name the output .tar.gz or .tar.',
    context: { program: 'zstd', exitStatus: result.exitStatus },
  })
}
