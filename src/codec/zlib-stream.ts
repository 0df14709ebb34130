import type { Gunzip, Gzip } from 'node:zlib'
import { corrupt, cutOff } from './byte-decoder.ts'

/** What the streams of `node:zlib` have in common. */
type ZlibStream = Gunzip | Gzip

/**
 * Runs a source through a stream of `node:zlib`, whose work happens on Node's thread pool, with back pressure on both
 * sides. Errors of the source come out unchanged; those of the stream as `CompressionProblem`.
 */
export async function* throughZlib(source: AsyncIterable<Uint8Array>, stream: ZlibStream): AsyncGenerator<Uint8Array> {
  let fed = 0
  let sourceError: unknown
  // The loop below sees every error that matters; one that comes after it must not end the process.
  stream.on('error', () => undefined)
  // Resolves always: a rejection that nobody awaits yet would end the process.
  const feeding = feed(source, stream, bytes => {
    fed += bytes
  }).catch((error: unknown) => {
    sourceError = error
    stream.destroy()
  })
  try {
    for await (const piece of stream) yield piece as Uint8Array
  } catch (error) {
    if (sourceError !== undefined) throw sourceError
    throw corrupt(describeZlibError(error))
  } finally {
    stream.destroy()
    await feeding
  }
  if (sourceError !== undefined) throw sourceError
  if (stream.bytesWritten < fed) throw corrupt('something follows its end')
}

async function feed(
  source: AsyncIterable<Uint8Array>,
  stream: ZlibStream,
  count: (bytes: number) => void,
): Promise<void> {
  for await (const chunk of source) {
    // It failed or was abandoned; whoever reads it knows.
    if (stream.destroyed) return
    count(chunk.length)
    if (!stream.write(chunk)) await drained(stream)
  }
  stream.end()
}

/** Also resolves when the stream is closed: one that failed never drains. */
function drained(stream: ZlibStream): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      stream.off('drain', done)
      stream.off('close', done)
      resolve()
    }
    stream.on('drain', done)
    stream.on('close', done)
    if (stream.closed) done()
  })
}

function describeZlibError(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'Z_BUF_ERROR' || code === 'ERR_STREAM_PREMATURE_CLOSE') return cutOff
  return error instanceof Error ? error.message : String(error)
}
