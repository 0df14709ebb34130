import { createGzip, gzipSync } from 'node:zlib'
import { throughZlib } from './zlib-stream.ts'

/** 0 (stored) to 9 (smallest). */
export type GzipLevel = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9

export interface GzipSettings {
  /** Default 6, as gzip(1). */
  readonly level?: GzipLevel
}

/** Where the operating system stands in the header: 3 is Unix, what zlib writes depends on where it was compiled. */
const systemOffset = 9
const systemUnix = 3

/**
 * Gzip without a name or a time: the same input and level give the same bytes in one version of zlib. Node 20 and 24 agree;
 * gzip(1) writes others.
 */
export async function* compressGzip(
  source: AsyncIterable<Uint8Array>,
  settings: GzipSettings = {},
): AsyncGenerator<Uint8Array> {
  let isFirst = true
  for await (const piece of throughZlib(source, createGzip(zlibSettings(settings)))) {
    if (isFirst && piece.length > systemOffset) piece[systemOffset] = systemUnix
    isFirst = false
    yield piece
  }
}

/** A whole buffer; the same bytes as `compressGzip`. */
export function compressGzipBytes(bytes: Uint8Array, settings: GzipSettings = {}): Uint8Array {
  const compressed = gzipSync(bytes, zlibSettings(settings))
  compressed[systemOffset] = systemUnix
  return compressed
}

function zlibSettings({ level = 6 }: GzipSettings) {
  return { level, memLevel: 8, windowBits: 15, strategy: 0, chunkSize: 65536 }
}
