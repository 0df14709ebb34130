import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'

/** One request that reached a {@link RawMirror}, with the wire in hand. */
export interface RawExchange {
  readonly path: string
  /** First byte of a `bytes=N-` range; undefined: the whole file. */
  readonly rangeStart: number | undefined
  readonly socket: Socket
  /** What the mirror has under that path. */
  readonly bytes: Uint8Array | undefined
  readonly mirror: RawMirror
}

/** Writes an answer, or half of one, or something that is none. */
export type RawAnswer = (exchange: RawExchange) => void | Promise<void>

export interface RawMirror {
  /** `http://127.0.0.1:PORT`, no slash at the end. */
  readonly url: string
  readonly files: ReadonlyMap<string, Uint8Array>
  /** Paths of all requests, in order. */
  readonly requested: readonly string[]
  close(): Promise<void>
}

/**
 * A mirror on 127.0.0.1 whose answers are bytes on a socket, so that it can say what no HTTP library would let it say.
 *
 * @param answerFor how a request is answered; undefined: properly
 */
export async function startRawMirror(
  files: ReadonlyMap<string, Uint8Array>,
  answerFor: (path: string, mirror: RawMirror) => RawAnswer | undefined,
): Promise<RawMirror> {
  const requested: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
    let received = ''
    socket.on('data', chunk => {
      received += chunk.toString('latin1')
      for (let end = received.indexOf('\r\n\r\n'); end !== -1; end = received.indexOf('\r\n\r\n')) {
        const head = received.slice(0, end)
        received = received.slice(end + 4)
        const path = decodeURIComponent(/^\S+ \/([^\s?]*)/.exec(head)?.[1] ?? '')
        const range = /^range: bytes=(\d+)-\r?$/im.exec(head)?.[1]
        requested.push(path)
        const answer = answerFor(path, mirror) ?? properAnswer
        const rangeStart = range === undefined ? undefined : Number(range)
        void answer({ path, rangeStart, socket, bytes: files.get(path), mirror })
      }
    })
  })
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo // a TCP server's address is never a string
  const mirror: RawMirror = {
    url: `http://127.0.0.1:${port}`,
    files,
    requested,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>(resolve => {
        server.close(() => resolve())
      })
    },
  }
  return mirror
}

/** What an honest server says. */
export function properAnswer({ socket, bytes, rangeStart }: RawExchange): void {
  if (bytes === undefined) return void socket.write(head('404 Not Found', ['Content-Length: 0']))
  if (rangeStart === undefined)
    return void socket.write(Buffer.concat([head('200 OK', [`Content-Length: ${bytes.length}`]), bytes]))
  const rest = bytes.subarray(rangeStart)
  const range = `Content-Range: bytes ${rangeStart}-${bytes.length - 1}/${bytes.length}`
  socket.write(Buffer.concat([head('206 Partial Content', [range, `Content-Length: ${rest.length}`]), rest]))
}

/** Status line and header lines as they are given, whatever they are. */
export function head(status: string, lines: readonly string[]): Buffer {
  return Buffer.from(`HTTP/1.1 ${status}\r\n${lines.map(line => `${line}\r\n`).join('')}\r\n`, 'latin1')
}
