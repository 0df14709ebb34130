import { gzipSync } from 'node:zlib'
import { head } from '../raw-mirror.ts'
import {
  chunked,
  chunkOf,
  contentOf,
  flipped,
  junk,
  length,
  type MirrorFault,
  page,
  recovers,
  repeated,
  whole,
  wrong,
  wrongBytes,
  wrongBytesOnce,
} from './model.ts'

/** Proper answers with another content than the file. */
export const contentFaults: readonly MirrorFault[] = [
  { name: 'has one bit wrong', answer: whole(flipped), once: wrongBytesOnce, always: wrongBytes },
  {
    name: 'has zeros instead of the file',
    answer: whole(bytes => new Uint8Array(bytes.length)),
    once: wrongBytesOnce,
    always: wrongBytes,
  },
  { name: 'has nothing in the file', answer: whole(() => new Uint8Array()), once: wrongBytesOnce, always: wrongBytes },
  {
    name: 'has junk before the file',
    answer: whole(bytes => Buffer.concat([junk, bytes])),
    once: wrongBytesOnce,
    always: wrongBytes,
  },
  {
    name: 'has junk after the file',
    answer: whole(bytes => Buffer.concat([bytes, junk])),
    once: wrongBytesOnce,
    always: wrongBytes,
  },
  {
    name: 'has the file twice',
    answer: whole(bytes => Buffer.concat([bytes, bytes])),
    once: wrongBytesOnce,
    always: wrongBytes,
  },
  {
    name: 'shows the page of a captive portal',
    answer: whole(() => page, ['Content-Type: text/html']),
    once: wrongBytesOnce,
    always: wrongBytes,
  },
  {
    name: 'shows an error as a success',
    answer: whole(() => Buffer.from('{"error": "internal"}'), ['Content-Type: application/json']),
    once: wrongBytesOnce,
    always: wrongBytes,
  },
  {
    name: 'sends gzip that nobody asked for',
    answer: each => {
      const body = gzipSync(contentOf(each))
      each.socket.end(Buffer.concat([head('200 OK', ['Content-Encoding: gzip', length(body.length)]), body]))
    },
    once: { ...recovers, InRelease: ['FETCH_INTEGRITY'] },
    always: wrong,
  },
  {
    name: 'never stops',
    answer: repeated(head('200 OK', ['Connection: close']), Buffer.alloc(1_000_000, 'x'), 1),
    once: { ...recovers, InRelease: ['FETCH_INTEGRITY'] },
    always: wrong,
  },
  {
    name: 'never stops, in chunks',
    answer: repeated(head('200 OK', [chunked]), chunkOf(Buffer.alloc(1_000_000, 'x')), 1),
    once: { ...recovers, InRelease: ['FETCH_INTEGRITY'] },
    always: wrong,
  },
  {
    name: 'calls the file text',
    answer: whole(bytes => bytes, ['Content-Type: text/html; charset=utf-16']),
    once: recovers,
    always: recovers,
  },
  {
    name: 'still has the state before',
    answer: each => whole(bytes => each.mirror.files.get(`old/${each.path}`) ?? bytes)(each),
    // The old index is not there by its hash any more. An index by hash is never the old one.
    once: { InRelease: ['recovers', 'INDEX_INTEGRITY'], index: 'recovers', deb: 'recovers' },
    always: { InRelease: ['INDEX_INTEGRITY'], index: 'recovers', deb: ['FETCH_INTEGRITY'] },
  },
  {
    name: 'has another suite under this name',
    answer: each => whole(bytes => each.mirror.files.get(`other/${each.path}`) ?? bytes)(each),
    once: { InRelease: ['RELEASE_MISMATCH'], index: 'recovers', deb: 'recovers' },
    always: { InRelease: ['RELEASE_MISMATCH'], index: 'recovers', deb: 'recovers' },
  },
]
