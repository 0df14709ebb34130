import { head } from '../raw-mirror.ts'
import {
  chunked,
  chunkOf,
  codes,
  contentOf,
  length,
  type MirrorFault,
  page,
  recovers,
  repeated,
  say,
  sendAll,
  toRange,
  truncated,
  unreachable,
  whole,
  wrong,
  wrongBytes,
  wrongBytesOnce,
} from './model.ts'

/** Answers that are no proper HTTP, or whose parts contradict each other. */
export const framingFaults: readonly MirrorFault[] = [
  {
    name: 'announces more than it has',
    answer: each => sendAll('200 OK', [length(contentOf(each).length + 100)], contentOf)(each),
    once: recovers,
    always: { InRelease: ['NETWORK_TRUNCATED'], index: ['INDEX_INTEGRITY'], deb: ['FETCH_INTEGRITY'] },
  },
  {
    name: 'announces and sends less than there is',
    answer: whole(bytes => bytes.subarray(100)),
    once: wrongBytesOnce,
    always: wrongBytes,
  },
  {
    name: 'sends more than it announced',
    answer: each =>
      sendAll('200 OK', [length(contentOf(each).length)], each => Buffer.concat([contentOf(each), page]))(each),
    once: recovers,
    always: recovers,
  },
  {
    name: 'announces a length without end',
    answer: sendAll('200 OK', [length(9e14)], contentOf),
    once: { ...recovers, InRelease: ['FETCH_INTEGRITY'] },
    always: wrong,
  },
  {
    name: 'announces a length beyond all numbers',
    answer: sendAll('200 OK', ['Content-Length: 99999999999999999999999'], contentOf),
    once: recovers,
    always: unreachable,
  },
  {
    name: 'announces a negative length',
    answer: sendAll('200 OK', ['Content-Length: -5'], contentOf),
    once: recovers,
    always: unreachable,
  },
  {
    name: 'announces two lengths',
    answer: each => sendAll('200 OK', [length(5), length(contentOf(each).length)], contentOf)(each),
    once: recovers,
    always: unreachable,
  },
  {
    name: 'announces a length and chunks',
    answer: each =>
      sendAll('200 OK', [length(5), chunked], each =>
        Buffer.concat([chunkOf(contentOf(each)), Buffer.from('0\r\n\r\n')]),
      )(each),
    once: recovers,
    always: unreachable,
  },
  {
    name: 'lies in Content-Range',
    answer: toRange(
      sendAll('206 Partial Content', ['Content-Range: bytes 0-9/10', length(10)], () => Buffer.alloc(10, 'x')),
    ),
    once: recovers,
    always: truncated,
  },
  {
    name: 'answers a range with a shifted one',
    answer: toRange(each => {
      const rest = contentOf(each).subarray((each.rangeStart ?? 0) + 7)
      each.socket.end(
        Buffer.concat([
          head('206 Partial Content', [
            `Content-Range: bytes ${(each.rangeStart ?? 0) + 7}-${contentOf(each).length - 1}/${contentOf(each).length}`,
            length(rest.length),
          ]),
          rest,
        ]),
      )
    }),
    once: recovers,
    always: truncated,
  },
  { name: 'ignores ranges', answer: toRange(whole(bytes => bytes)), once: recovers, always: recovers },
  {
    name: 'has no range after all',
    answer: toRange(sendAll('416 Range Not Satisfiable', [length(0)], () => new Uint8Array())),
    once: recovers,
    always: truncated,
  },
  {
    // All bytes of the deb came, and its digest says so to whoever asks next.
    name: 'forgets the last chunk',
    answer: each => sendAll('200 OK', [chunked], each => chunkOf(contentOf(each)))(each),
    once: recovers,
    always: { InRelease: ['NETWORK_TRUNCATED'], index: ['NETWORK_TRUNCATED'], deb: ['recovers', 'NETWORK_TRUNCATED'] },
  },
  {
    name: 'has a chunk whose size is no number',
    answer: sendAll('200 OK', [chunked], () => Buffer.from('zz\r\nxx\r\n0\r\n\r\n')),
    once: recovers,
    always: codes('NETWORK_TRUNCATED', 'NETWORK_UNREACHABLE'),
  },
  {
    name: 'has a chunk of an impossible size',
    answer: sendAll('200 OK', [chunked], () => Buffer.from('ffffffffffffffffff\r\nxx\r\n')),
    once: recovers,
    always: codes('NETWORK_TRUNCATED', 'NETWORK_UNREACHABLE'),
  },
  {
    name: 'adds trailers to its chunks',
    answer: each =>
      sendAll('200 OK', [chunked, 'Trailer: X-Sum'], each =>
        Buffer.concat([chunkOf(contentOf(each)), Buffer.from('0\r\nX-Sum: 1\r\n\r\n')]),
      )(each),
    once: recovers,
    always: recovers,
  },
  {
    name: 'has headers without end',
    answer: repeated(Buffer.from('HTTP/1.1 200 OK\r\n'), `X-More: ${'x'.repeat(10_000)}\r\n`, 1),
    once: recovers,
    always: unreachable,
  },
  {
    name: 'has a header of a megabyte',
    answer: sendAll('200 OK', [`X-Large: ${'x'.repeat(1_000_000)}`], contentOf),
    once: recovers,
    always: unreachable,
  },
  {
    name: 'speaks HTTP/0.9',
    answer: each => say(Buffer.from(contentOf(each)).toString('latin1'))(each),
    once: recovers,
    always: unreachable,
  },
  {
    name: 'speaks HTTP/2',
    answer: say('\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0d\0\x04\0\x10\0\0\0\x06\0\0@\0'),
    once: recovers,
    always: unreachable,
  },
  {
    name: 'speaks TLS on the plain port',
    answer: ({ socket }) => void socket.end(Buffer.from('15030100020228', 'hex')),
    once: recovers,
    always: unreachable,
  },
  { name: 'speaks SSH', answer: say('SSH-2.0-OpenSSH_9.2p1\r\n'), once: recovers, always: unreachable },
  {
    name: 'puts control characters into its headers',
    answer: sendAll('200 \x1b[31mOK', ['X-Evil: \x1b]0;owned\x07', length(5)], contentOf),
    once: recovers,
    always: codes('NETWORK_UNREACHABLE', 'FETCH_INTEGRITY'),
  },
  {
    name: 'injects headers by a lone carriage return',
    answer: sendAll('200 OK', ['X-A: 1\rContent-Length: 3'], contentOf),
    once: recovers,
    always: unreachable,
  },
]
