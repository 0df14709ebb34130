import { unreachable } from '../kernel/index.ts'

/** The request as the lock records it: normalised, sorted by bytes, one line per item. */
export interface LockRequest {
  /** `amd64`, `amd64+i386`. */
  readonly architectures: readonly string[]
  /** `debian bookworm main`: archive id, suite, component (no component for a flat repository). */
  readonly archives: readonly string[]
  readonly base: string
  readonly recommends: boolean | readonly string[]
  readonly wanted: readonly string[]
  readonly exclude: readonly string[]
  /** Packages with one version in all roots; `true`: every package. */
  readonly sameVersion: boolean | readonly string[]
  /** `always` or `never`. */
  readonly phasedUpdates: string
  /** Each pin as one normalised line. */
  readonly pins: readonly string[]
  /** Each `debs:` item as one normalised line. */
  readonly debs: readonly string[]
}

/** One deb, pinned. `name:architecture` is unique in a root; `all` is written once for every architecture. */
export interface LockedDeb {
  readonly name: string
  /** `all` or a concrete architecture. */
  readonly architecture: string
  readonly version: string
  readonly sourceName: string
  readonly sourceVersion: string
  /** 64 lower-case hex digits; empty where the bytes are not locked: see `relations`. */
  readonly sha256: string
  /** 0 where the bytes are not locked. */
  readonly sizeBytes: number
  /**
   * The fingerprint of what an own deb declares, where the manifest has it locked by that instead of by its hash. What lies in the project when
   * the lock is installed is installed, as long as it declares the same.
   */
  readonly relations?: string
  /** `archive/suite/component` (`archive/suite` for a flat repository) it was first locked from. */
  readonly from: string
  /** Date of the signed Release in which these bytes were first locked, `YYYYMMDDTHHMMSSZ`. */
  readonly at: string
  /** Folder of the file below the archive's URI, no trailing slash; empty for the archive's own folder. */
  readonly directory: string
  /** File name, where it is not `NAME_VERSION-WITHOUT-EPOCH_ARCHITECTURE.deb`. */
  readonly file: string | undefined
  readonly root: 'wanted' | 'base' | undefined
  /**
   * Names that its Pre-Depends, Depends (and followed Recommends) resolved to, qualified (`libc6:i386`) where ambiguous;
   * sorted by bytes. Where they differ between roots for an `all` deb, the union.
   */
  readonly needs: readonly string[]
  /**
   * The roots it belongs to (`amd64`, `amd64+i386`), when not every root whose architectures can hold it does;
   * undefined: all of them.
   */
  readonly roots: readonly string[] | undefined
}

/** What a reader has to know to read a lock; only what a lock uses is named in it. */
export const lockFeatures = ['relations'] as const

/** The only `lock:` format that this version writes. */
export const lockFormat = 1

export interface Lockfile {
  readonly format: number
  readonly request: LockRequest
  /** Archive id → primary fingerprints (upper-case hex) that signed what is locked, sorted. */
  readonly keys: ReadonlyMap<string, readonly string[]>
  /** By name, then architecture (`compareDebs`), when read or built; the writer does not rely on it. */
  readonly debs: readonly LockedDeb[]
  /**
   * Plain keys this version does not know, kept when it rewrites the file: raw lines by the block that holds them
   * (`blockOf` names blocks).
   */
  readonly unknown: ReadonlyMap<string, readonly string[]>
}

/** The blocks that may hold keys this version does not know. */
export type LockBlock =
  | { readonly kind: 'file' }
  | { readonly kind: 'request' }
  | { readonly kind: 'source'; readonly sourceKey: string }
  | { readonly kind: 'deb'; readonly sourceKey: string; readonly debKey: string }

/** The key of a block in `Lockfile.unknown`. */
export function blockOf(block: LockBlock): string {
  switch (block.kind) {
    case 'file':
      return ''
    case 'request':
      return 'request'
    case 'source':
      return `sources\n${block.sourceKey}`
    case 'deb':
      return `sources\n${block.sourceKey}\n${block.debKey}`
    default:
      return unreachable(block)
  }
}
