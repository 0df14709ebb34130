import type { FaultCode } from '../../../src/kernel/index.ts'
import { head, type RawAnswer, type RawExchange } from '../raw-mirror.ts'

export type Target = 'InRelease' | 'index' | 'deb'

/** `recovers`: the run succeeds all the same. Otherwise it ends in one of these. */
export type Expectation = 'recovers' | readonly ('recovers' | FaultCode)[]

export interface MirrorFault {
  /** What goes wrong, as a sentence about the mirror. */
  readonly name: string
  readonly answer: RawAnswer
  /** How a run ends when only the first answer for the file is like this, and when all are. */
  readonly once: Readonly<Record<Target, Expectation>>
  readonly always: Readonly<Record<Target, Expectation>>
}

export const recovers = { InRelease: 'recovers', index: 'recovers', deb: 'recovers' } as const
export const codes = (...each: readonly FaultCode[]) => ({ InRelease: each, index: each, deb: each })
export const truncated = codes('NETWORK_TRUNCATED')
export const timeout = codes('NETWORK_TIMEOUT')
export const unreachable = codes('NETWORK_UNREACHABLE')
export const status = codes('NETWORK_STATUS')
export const refused = codes('NETWORK_REDIRECT_REFUSED')
export const wrong = { InRelease: ['FETCH_INTEGRITY'], index: ['INDEX_INTEGRITY'], deb: ['FETCH_INTEGRITY'] } as const

/** Only the signature can tell that an InRelease is not whole; there is no asking again for what was whole HTTP. */
export const signature = ['RELEASE_UNSIGNED', 'RELEASE_SIGNATURE_BAD', 'RELEASE_MALFORMED'] as const
export const wrongBytes = { InRelease: signature, index: ['INDEX_INTEGRITY'], deb: ['FETCH_INTEGRITY'] } as const
export const wrongBytesOnce = { ...recovers, InRelease: signature }

export const length = (bytes: number) => `Content-Length: ${bytes}`
export const contentOf = ({ bytes = new Uint8Array() }: RawExchange) => bytes
export const sendAll = (
  status: string,
  lines: readonly string[],
  body: (each: RawExchange) => Uint8Array,
): RawAnswer => {
  return each => void each.socket.end(Buffer.concat([head(status, lines), body(each)]))
}
export const say =
  (text: string): RawAnswer =>
  each =>
    void each.socket.end(text)
export const redirect = (location: (each: RawExchange) => string, code = '302 Found'): RawAnswer => {
  return each => void each.socket.write(head(code, [`Location: ${location(each)}`, length(0)]))
}

export const etag = 'ETag: "1"'

/** The rest that was asked for, properly announced, and then only half of it. */
export function half(finish: (each: RawExchange) => void): RawAnswer {
  return each => {
    const bytes = contentOf(each)
    const start = each.rangeStart ?? 0
    const rest = bytes.subarray(start)
    const lines = [length(rest.length), etag]
    if (each.rangeStart !== undefined) lines.push(`Content-Range: bytes ${start}-${bytes.length - 1}/${bytes.length}`)
    const begin = head(each.rangeStart === undefined ? '200 OK' : '206 Partial Content', lines)
    each.socket.write(Buffer.concat([begin, rest.subarray(0, rest.length >> 1)]), () => finish(each))
  }
}

/** Half a file first, so that a range is asked for; then another answer to the range. */
export function toRange(answer: RawAnswer): RawAnswer {
  const first = half(({ socket }) => socket.end())
  return each => (each.rangeStart === undefined ? first(each) : answer(each))
}

export function whole(change: (bytes: Uint8Array) => Uint8Array, more: readonly string[] = []): RawAnswer {
  return each => {
    const body = change(contentOf(each))
    each.socket.end(Buffer.concat([head('200 OK', [length(body.length), ...more]), body]))
  }
}

export function repeated(begin: Buffer, piece: Uint8Array | string, everyMilliseconds: number): RawAnswer {
  return ({ socket }) => {
    socket.write(begin)
    const timer = setInterval(() => {
      if (socket.destroyed) clearInterval(timer)
      // What the other side does not take is not piled up here.
      else if (socket.writableLength < 1_000_000) socket.write(piece)
    }, everyMilliseconds)
  }
}

export const chunked = 'Transfer-Encoding: chunked'
export const page = Buffer.from(
  '<!DOCTYPE html><title>Welcome</title><p>Please accept the terms of this network.</p>\n',
)
export const flipped = (bytes: Uint8Array) =>
  Uint8Array.from(bytes, (byte, at) => (at === bytes.length >> 1 ? byte ^ 1 : byte))
export const junk = Buffer.from('Origin: Somebody Else\n\n')
export const chunkOf = (bytes: Uint8Array) =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])
