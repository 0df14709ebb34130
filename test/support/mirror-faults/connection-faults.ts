import { head, properAnswer } from '../raw-mirror.ts'
import {
  chunked,
  contentOf,
  half,
  length,
  type MirrorFault,
  page,
  recovers,
  repeated,
  say,
  sendAll,
  signature,
  timeout,
  truncated,
  unreachable,
  wrongBytesOnce,
} from './model.ts'

/** How a connection can fail that carries a proper answer. */
export const connectionFaults: readonly MirrorFault[] = [
  { name: 'closes in the middle', answer: half(({ socket }) => socket.end()), once: recovers, always: truncated },
  {
    name: 'resets in the middle',
    answer: half(({ socket }) => socket.resetAndDestroy()),
    once: recovers,
    always: truncated,
  },
  { name: 'stalls in the middle', answer: half(() => undefined), once: recovers, always: timeout },
  {
    name: 'ends early without having announced a length',
    answer: sendAll('200 OK', ['Connection: close'], each => contentOf(each).subarray(0, contentOf(each).length >> 1)),
    once: wrongBytesOnce,
    always: { InRelease: signature, index: ['NETWORK_TRUNCATED'], deb: ['NETWORK_TRUNCATED'] },
  },
  { name: 'never answers', answer: () => undefined, once: recovers, always: timeout },
  {
    name: 'drips',
    answer: each => repeated(head('200 OK', [length(contentOf(each).length)]), 'x', 100)(each),
    once: recovers,
    always: timeout,
  },
  {
    name: 'drips its headers',
    answer: repeated(Buffer.from('HTTP/1.1 200 OK\r\nX-Slow: '), 'x', 100),
    once: recovers,
    always: timeout,
  },
  {
    name: 'drips without end, a chunk at a time',
    answer: repeated(head('200 OK', [chunked]), '1\r\nx\r\n', 100),
    once: { InRelease: 'recovers', index: 'recovers', deb: 'recovers' },
    always: timeout,
  },
  {
    name: 'closes before it says anything',
    answer: ({ socket }) => void socket.end(),
    once: recovers,
    always: unreachable,
  },
  {
    name: 'resets before it says anything',
    answer: ({ socket }) => void socket.resetAndDestroy(),
    once: recovers,
    always: unreachable,
  },
  {
    name: 'closes in the middle of its headers',
    answer: say('HTTP/1.1 200 OK\r\nContent-Le'),
    once: recovers,
    always: unreachable,
  },
  {
    name: 'closes an idle connection after each answer',
    answer: each => {
      properAnswer(each)
      each.socket.end()
    },
    once: recovers,
    always: recovers,
  },
  {
    name: 'adds a second answer that nobody asked for',
    answer: each => {
      properAnswer(each)
      each.socket.write(Buffer.concat([head('200 OK', [length(page.length)]), page]))
    },
    once: recovers,
    always: recovers,
  },
]
