import { constants } from 'node:fs'
import { type FileHandle, open, realpath } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Fault } from '../kernel/index.ts'

export interface FolderServerSettings {
  /** Absolute. */
  readonly folder: string
  /** First parts of paths that are served; everything else is not there. */
  readonly isServed: (path: string) => boolean
  readonly address: string
  /** 0: any that is free. */
  readonly port: number
  readonly onAnswer: (answer: { readonly method: string; readonly path: string; readonly status: number }) => void
}

export interface FolderServer {
  /** `http://127.0.0.1:8080` */
  readonly url: string
  close(): Promise<void>
}

/** A request that sends its header by the byte must not keep a connection for ever. */
const requestTimeoutMilliseconds = 30_000

/**
 * Serves the files of a folder over HTTP: GET and HEAD, byte ranges, conditions on the time of a change. No link is followed, no name that
 * begins with a dot is served, and nothing can be written.
 *
 * @throws {Fault} `USAGE_INVALID` when the address cannot be used
 */
export async function startFolderServer(settings: FolderServerSettings): Promise<FolderServer> {
  const folder = await realpath(settings.folder)
  const server = createServer((request, response) => {
    answer(request, response, { ...settings, folder })
      .catch(() => endWith(response, 500))
      .finally(() =>
        settings.onAnswer({
          method: request.method ?? '',
          path: (request.url ?? '').split('?', 1)[0] ?? '',
          status: response.statusCode,
        }),
      )
  })
  server.requestTimeout = requestTimeoutMilliseconds
  server.headersTimeout = requestTimeoutMilliseconds
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(settings.port, settings.address, () => resolve())
  }).catch((cause: unknown) => {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    throw new Fault('USAGE_INVALID', {
      message: `cannot listen on ${settings.address} port ${settings.port}: ${reason}`,
      hint: 'Choose another with `--port` or `--address`; port 0 takes any that is free.',
      context: { address: settings.address, port: settings.port, reason },
      cause,
    })
  })
  const bound = server.address()
  const port = typeof bound === 'object' && bound !== null ? bound.port : settings.port
  const host = settings.address.includes(':') ? `[${settings.address}]` : settings.address
  return {
    url: `http://${host}:${port}`,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { folder, isServed }: FolderServerSettings,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD')
    return endWith(response, 405)
  }
  const path = plainPath(request.url ?? '/')
  if (path === undefined || !isServed(path)) return endWith(response, 404)
  // Opened once: length, time and bytes are of one file, whatever is renamed over it meanwhile.
  const handle = await openBelow(folder, path)
  if (handle === undefined) return endWith(response, 404)
  try {
    await answerWith(handle, path, request, response)
  } finally {
    await handle.close().catch(() => undefined)
  }
}

async function answerWith(
  handle: FileHandle,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { size: sizeBytes, mtimeMs } = await handle.stat()
  const modified = new Date(Math.floor(mtimeMs / 1000) * 1000)
  response.setHeader('last-modified', modified.toUTCString())
  response.setHeader('accept-ranges', 'bytes')
  response.setHeader('content-type', 'application/octet-stream')
  // Whoever asks for an index by its hash, or for a deb, gets the same for ever; names of indexes do not.
  response.setHeader('cache-control', /^pool\/|\/by-hash\//.test(path) ? 'public, immutable' : 'no-cache')
  // Only the very same time: a file that was put back may be older than what the reader has.
  if (Date.parse(request.headers['if-modified-since'] ?? '') === modified.getTime()) return endWith(response, 304)
  const range = rangeOf(request, { sizeBytes, modified })
  if (range === 'unsatisfiable') {
    response.setHeader('content-range', `bytes */${sizeBytes}`)
    return endWith(response, 416)
  }
  const { start, end } = range ?? { start: 0, end: sizeBytes - 1 }
  if (range !== undefined) response.setHeader('content-range', `bytes ${start}-${end}/${sizeBytes}`)
  response.setHeader('content-length', end - start + 1)
  response.writeHead(range === undefined ? 200 : 206)
  if (request.method === 'HEAD' || end < start) {
    response.end()
    return
  }
  await pipeline(handle.createReadStream({ start, end, autoClose: false }), response).catch(() => response.destroy())
}

/** @returns undefined for what names no file below the folder: `..` in any spelling, hidden names, NUL, malformed escapes */
function plainPath(url: string): string | undefined {
  let path: string
  try {
    path = decodeURIComponent(url.split('?', 1)[0] ?? '')
  } catch {
    return undefined
  }
  const parts = path.replace(/^\/+/, '').split('/')
  const isPlain = parts.every(part => part !== '' && !part.startsWith('.') && !/[\0\\]/.test(part))
  return isPlain ? parts.join('/') : undefined
}

async function openBelow(folder: string, path: string): Promise<FileHandle | undefined> {
  try {
    const whole = join(folder, path)
    // A link anywhere on the way would lead out; opening a pipe would wait for its writer.
    if ((await realpath(whole)) !== whole) return undefined
    const handle = await open(whole, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    if ((await handle.stat()).isFile()) return handle
    await handle.close()
  } catch {
    // Whatever cannot be opened is not there for those who ask.
  }
  return undefined
}

interface Extent {
  readonly start: number
  readonly end: number
}

/** One range, as apt and curl ask for; several are answered with the whole file (RFC 9110, 14.2). */
function rangeOf(
  request: IncomingMessage,
  { sizeBytes, modified }: { readonly sizeBytes: number; readonly modified: Date },
): Extent | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(request.headers.range ?? '')
  if (match === null || (match[1] === '' && match[2] === '')) return undefined
  const condition = request.headers['if-range']
  if (condition !== undefined && Date.parse(String(condition)) !== modified.getTime()) return undefined
  const start = match[1] === '' ? Math.max(0, sizeBytes - Number(match[2])) : Number(match[1])
  const end = match[1] === '' || match[2] === '' ? sizeBytes - 1 : Math.min(Number(match[2]), sizeBytes - 1)
  return start > end || start >= sizeBytes ? 'unsatisfiable' : { start, end }
}

function endWith(response: ServerResponse, status: number): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  response.writeHead(status, { 'content-length': 0 })
  response.end()
}
