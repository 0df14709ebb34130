import type { IndexOrigin, VerifiedIndex } from '../verified-index.ts'
import { PackagesScan, type PackagesTable } from './packages-table.ts'

/** The bytes of a Packages file, of which only what is asked for need be in memory. */
export interface PackagesText {
  /** @throws {Fault} `STORE_CORRUPT` when a saved part is not what was saved */
  read(start: number, end: number): Uint8Array
  /** Counted from 1. Reads everything before `offset`, so it is for faults only. */
  lineAt(offset: number): number
}

/** A verified Packages file, ready for look-ups; made by `indexPackages` and `openSavedIndex` only. */
export interface PackagesIndex {
  readonly origin: IndexOrigin
  /** As `VerifiedIndex.sha256`. */
  readonly sha256: string
  readonly table: PackagesTable
  readonly text: PackagesText
}

/**
 * Scans a Packages file once; nothing is parsed before it is asked for.
 *
 * @param begun while the bytes arrived; one of other bytes than the verified ones counts for nothing
 * @throws {Fault} `INDEX_MALFORMED` for a stanza without a package name
 */
export function indexPackages({ origin, sha256, bytes }: VerifiedIndex, begun?: PackagesScan): PackagesIndex {
  const scan = begun?.bytes === bytes ? begun : new PackagesScan(bytes)
  return { origin, sha256, table: scan.finish(origin), text: textInMemory(bytes) }
}

function textInMemory(bytes: Uint8Array): PackagesText {
  return {
    read: (start, end) => bytes.subarray(start, end),
    lineAt: offset => 1 + countNewlines(bytes.subarray(0, offset)),
  }
}

export function countNewlines(bytes: Uint8Array): number {
  let count = 0
  for (const byte of bytes) if (byte === 0x0a) count++
  return count
}
