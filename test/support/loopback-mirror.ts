import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { join, normalize } from 'node:path'
import { gzipSync } from 'node:zlib'
import { onTestFinished } from 'vitest'

/** One way to misbehave, for one answer. */
export type MirrorFault =
  /** Announces the whole file, sends this much, and closes. */
  | { readonly kind: 'truncate'; readonly afterBytes: number }
  /** Sends this much without announcing a length, and closes properly. */
  | { readonly kind: 'end-early'; readonly afterBytes: number }
  /** Sends this much and then nothing, for ever. */
  | { readonly kind: 'stall'; readonly afterBytes: number }
  /** Accepts the request and never answers. */
  | { readonly kind: 'silent' }
  /** One byte at a time. */
  | { readonly kind: 'drip'; readonly everyMilliseconds: number }
  /** Sends this much and resets the connection. */
  | { readonly kind: 'reset'; readonly afterBytes: number }
  /** A Content-Length that is not the file's. */
  | { readonly kind: 'wrong-length'; readonly announcedBytes: number }
  /** A Content-Range that does not describe what is sent. */
  | { readonly kind: 'lying-range'; readonly contentRange: string }
  /** Sends the right range under the right header, but other bytes than that. */
  | { readonly kind: 'shifted-range'; readonly byBytes: number }
  | { readonly kind: 'ignore-range' }
  | { readonly kind: 'wrong-bytes' }
  | { readonly kind: 'other-bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: 'redirect'; readonly location: string; readonly status?: number }
  | { readonly kind: 'gzip-encoded' }
  | { readonly kind: 'endless' }
  /** Bytes on the wire that are no HTTP. */
  | { readonly kind: 'garbage'; readonly text: string }
  /** As if nothing was wrong: fills a place in a script. */
  | { readonly kind: 'none' }

export interface LoggedRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  /** The client's port: two requests of one port shared a connection. */
  readonly port: number
}

export interface LoopbackMirror {
  /** `http://127.0.0.1:PORT`, no slash at the end. */
  readonly url: string
  readonly requests: readonly LoggedRequest[]
  /** Path without a leading slash → contents; may be changed while it runs. */
  readonly files: Map<string, Uint8Array>
  /** The next answers for a path, one fault each; after the last the mirror behaves. */
  next(path: string, ...faults: readonly MirrorFault[]): void
  /** Every answer for a path. */
  always(path: string, fault: MirrorFault): void
  /** Required user and password for every path. */
  demand(user: string, password: string): void
  close(): Promise<void>
}

export interface MirrorContents {
  readonly files?: Readonly<Record<string, Uint8Array | string>>
  /** A folder that is served below the files. */
  readonly folder?: string
}

/**
 * A mirror on 127.0.0.1, on a free port, that can be told to misbehave. Inside a test it closes itself when the
 * test ends; elsewhere (`beforeAll`) the caller closes it.
 */
export async function startMirror(contents: MirrorContents = {}): Promise<LoopbackMirror> {
  const files = new Map(
    Object.entries(contents.files ?? {}).map(([path, bytes]) => [
      path,
      typeof bytes === 'string' ? Buffer.from(bytes) : bytes,
    ]),
  )
  const requests: LoggedRequest[] = []
  const scripts = new Map<string, MirrorFault[]>()
  const permanent = new Map<string, MirrorFault>()
  let authorization: string | undefined

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    // Not through URL: a test may ask for `..` on purpose.
    const path = decodeURIComponent((request.url ?? '/').replace(/^\//, '').replace(/\?.*$/s, ''))
    requests.push({
      method: request.method ?? '',
      path,
      headers: request.headers,
      port: request.socket.remotePort ?? 0,
    })
    if (authorization !== undefined && request.headers.authorization !== authorization) {
      response.writeHead(401, { 'www-authenticate': 'Basic' }).end()
      return
    }
    const fault = scripts.get(path)?.shift() ?? permanent.get(path) ?? { kind: 'none' }
    const bytes = files.get(path) ?? (await fromFolder(contents.folder, path))
    await respond({ request, response, bytes, fault })
  }

  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    answer(request, response).catch(error => response.destroy(error instanceof Error ? error : undefined))
  })
  server.keepAliveTimeout = 60_000
  server.on('connection', socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
  })
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo // a TCP server's address is never a string
  const close = async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise<void>(resolve => {
      server.close(() => resolve())
    })
  }
  try {
    onTestFinished(close)
  } catch {
    // Started outside a test.
  }
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    files,
    next: (path, ...faults) => scripts.set(path, [...(scripts.get(path) ?? []), ...faults]),
    always: (path, fault) => permanent.set(path, fault),
    demand: (user, password) => {
      authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
    },
    close,
  }
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly bytes: Uint8Array | undefined
  readonly fault: MirrorFault
}

async function respond({ request, response, bytes, fault }: Exchange): Promise<void> {
  switch (fault.kind) {
    case 'silent':
      return
    case 'status':
      response.writeHead(fault.status, fault.headers).end(`status ${fault.status}\n`)
      return
    case 'redirect':
      response.writeHead(fault.status ?? 302, { location: fault.location }).end()
      return
    case 'garbage':
      request.socket.end(fault.text)
      return
    case 'endless':
      response.writeHead(200)
      return pourForever(response)
    case 'other-bytes':
      response.writeHead(200, { 'content-length': fault.bytes.length }).end(fault.bytes)
      return
    default:
  }
  if (bytes === undefined) {
    response.writeHead(404).end('not found\n')
    return
  }
  if (request.method === 'HEAD') {
    response.writeHead(200, { 'content-length': bytes.length }).end()
    return
  }
  const etag = `"${bytes.length}-${bytes[0] ?? 0}"`
  const range = fault.kind === 'ignore-range' ? undefined : wantedRange(request, bytes.length, etag)
  if (range === 'unsatisfiable') {
    response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end()
    return
  }
  const start = range ?? 0
  const part = partFor(bytes, start, fault)
  const headers: Record<string, string | number> = { etag, 'accept-ranges': 'bytes', 'content-length': part.length }
  if (range !== undefined)
    headers['content-range'] =
      fault.kind === 'lying-range' ? fault.contentRange : `bytes ${start}-${bytes.length - 1}/${bytes.length}`
  switch (fault.kind) {
    case 'wrong-length':
      headers['content-length'] = fault.announcedBytes
      break
    case 'end-early':
      delete headers['content-length']
      break
    case 'gzip-encoded':
      headers['content-encoding'] = 'gzip'
      break
    default:
  }
  // Node checks what is written against the length only when it is asked to: a lie is allowed here.
  response.writeHead(range === undefined ? 200 : 206, headers)
  await sendBody(response, part, fault)
}

function partFor(bytes: Uint8Array, start: number, fault: MirrorFault): Uint8Array {
  switch (fault.kind) {
    case 'wrong-bytes':
      // Never a fixed byte: a deb begins with 0x21.
      return Uint8Array.from(bytes.subarray(start)).fill((bytes[start] ?? 0) ^ 1, 0, 1)
    case 'shifted-range':
      return start === 0 ? bytes : Buffer.concat([bytes.slice(start + fault.byBytes), new Uint8Array(fault.byBytes)])
    case 'gzip-encoded':
      return gzipSync(bytes)
    default:
      return bytes.slice(start)
  }
}

async function sendBody(response: ServerResponse, part: Uint8Array, fault: MirrorFault): Promise<void> {
  switch (fault.kind) {
    case 'truncate':
      await written(response, part.subarray(0, fault.afterBytes))
      response.socket?.end()
      return
    case 'end-early':
      response.end(part.subarray(0, fault.afterBytes))
      return
    case 'stall':
      await written(response, part.subarray(0, fault.afterBytes))
      return
    case 'reset':
      await written(response, part.subarray(0, fault.afterBytes))
      response.socket?.resetAndDestroy()
      return
    case 'wrong-length':
      response.write(part)
      response.socket?.end()
      return
    case 'drip':
      drip(response, part, fault.everyMilliseconds)
      return
    default:
      response.end(part)
  }
}

/** Resolves when the kernel has the bytes; before that a reset would take them back. */
function written(response: ServerResponse, bytes: Uint8Array): Promise<void> {
  return new Promise(resolve => {
    if (bytes.length === 0) response.flushHeaders()
    response.write(bytes.length === 0 ? '' : bytes, () => resolve())
    if (bytes.length === 0) resolve()
  })
}

function drip(response: ServerResponse, bytes: Uint8Array, everyMilliseconds: number): void {
  let sent = 0
  const timer = setInterval(() => {
    if (sent === bytes.length || response.destroyed) {
      clearInterval(timer)
      response.end()
      return
    }
    response.write(bytes.subarray(sent, ++sent))
  }, everyMilliseconds)
  response.on('close', () => clearInterval(timer))
}

function pourForever(response: ServerResponse): void {
  const chunk = Buffer.alloc(64 * 1024, 'x')
  const pour = () => {
    while (!response.destroyed && response.write(chunk));
  }
  response.on('drain', pour)
  pour()
}

/** First byte of a `bytes=N-` request that If-Range allows; undefined for the whole file. */
function wantedRange(request: IncomingMessage, length: number, etag: string): number | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')
  if (match === null) return undefined
  const condition = request.headers['if-range']
  if (condition !== undefined && condition !== etag) return undefined
  const start = Number(match[1])
  return start < length ? start : 'unsatisfiable'
}

async function fromFolder(folder: string | undefined, path: string): Promise<Uint8Array | undefined> {
  if (folder === undefined || normalize(path).startsWith('..')) return undefined
  return readFile(join(folder, path)).catch(() => undefined)
}
