import { head } from '../raw-mirror.ts'
import {
  chunked,
  codes,
  contentOf,
  length,
  type MirrorFault,
  recovers,
  repeated,
  sendAll,
  status,
  truncated,
  unreachable,
} from './model.ts'

/** Answers with a status that is not 200. */
export const statusFaults: readonly MirrorFault[] = [
  {
    name: 'answers 206 to a plain request',
    answer: each =>
      sendAll(
        '206 Partial Content',
        [
          `Content-Range: bytes 0-${contentOf(each).length - 1}/${contentOf(each).length}`,
          length(contentOf(each).length),
        ],
        contentOf,
      )(each),
    once: recovers,
    always: truncated,
  },
  {
    name: 'answers 416 to a plain request',
    answer: sendAll('416 Range Not Satisfiable', [length(0)], () => new Uint8Array()),
    once: recovers,
    always: truncated,
  },
  {
    name: 'says 404',
    answer: sendAll('404 Not Found', [length(0)], () => new Uint8Array()),
    once: { InRelease: ['SUITE_ABSENT'], index: 'recovers', deb: ['FETCH_GONE'] },
    always: { InRelease: ['SUITE_ABSENT'], index: ['NETWORK_STATUS'], deb: ['FETCH_GONE'] },
  },
  {
    name: 'says 410',
    answer: sendAll('410 Gone', [length(0)], () => new Uint8Array()),
    once: { InRelease: ['SUITE_ABSENT'], index: 'recovers', deb: ['FETCH_GONE'] },
    always: { InRelease: ['SUITE_ABSENT'], index: ['NETWORK_STATUS'], deb: ['FETCH_GONE'] },
  },
  {
    name: 'says 404 and drips the page that says so',
    answer: repeated(head('404 Not Found', [chunked]), '1\r\nx\r\n', 100),
    once: { InRelease: ['SUITE_ABSENT'], index: 'recovers', deb: ['FETCH_GONE'] },
    always: { InRelease: ['SUITE_ABSENT'], index: ['NETWORK_STATUS'], deb: ['FETCH_GONE'] },
  },
  {
    name: 'says 403',
    answer: sendAll('403 Forbidden', [length(0)], () => new Uint8Array()),
    once: { ...status, index: 'recovers' },
    always: status,
  },
  {
    name: 'says 204',
    answer: sendAll('204 No Content', [], () => new Uint8Array()),
    once: { ...status, index: 'recovers' },
    always: status,
  },
  {
    name: 'says 304 although nothing was conditional',
    answer: sendAll('304 Not Modified', [], () => new Uint8Array()),
    once: { ...status, index: 'recovers' },
    always: status,
  },
  {
    name: 'says 429 and asks for a second',
    answer: sendAll('429 Too Many Requests', ['Retry-After: 1', length(0)], () => new Uint8Array()),
    once: recovers,
    always: status,
  },
  {
    name: 'says 429 and asks for an hour',
    answer: sendAll('429 Too Many Requests', ['Retry-After: 3600', length(0)], () => new Uint8Array()),
    once: { ...status, index: 'recovers' },
    always: status,
  },
  {
    name: 'says 503',
    answer: sendAll('503 Service Unavailable', [length(0)], () => new Uint8Array()),
    once: recovers,
    always: status,
  },
  {
    name: 'says 500',
    answer: sendAll('500 Internal Server Error', [length(0)], () => new Uint8Array()),
    once: recovers,
    always: status,
  },
  {
    name: 'says 999',
    answer: sendAll('999 Whatever', [length(0)], () => new Uint8Array()),
    once: { ...status, index: 'recovers' },
    always: codes('NETWORK_STATUS', 'NETWORK_UNREACHABLE'),
  },
  {
    name: 'switches protocols unasked',
    answer: sendAll('101 Switching Protocols', ['Upgrade: h2c', 'Connection: Upgrade'], contentOf),
    once: recovers,
    always: unreachable,
  },
  {
    name: 'says nothing but 100 for ever',
    answer: repeated(head('100 Continue', []), head('100 Continue', []), 50),
    once: recovers,
    always: codes('NETWORK_TIMEOUT', 'NETWORK_UNREACHABLE'),
  },
  {
    name: 'says nothing but 103 for ever',
    answer: repeated(head('103 Early Hints', []), head('103 Early Hints', ['Link: </a>']), 50),
    once: recovers,
    always: codes('NETWORK_TIMEOUT', 'NETWORK_UNREACHABLE'),
  },
]
