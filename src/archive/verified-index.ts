import type { BytesObserver } from '../codec/index.ts'
import type { ReleaseFacts } from '../debian/index.ts'
import type { Session } from '../kernel/index.ts'

/** Where an index comes from: everything a listing says of a package beside what its stanza says. */
export interface IndexOrigin {
  /** Archive id of the manifest. */
  readonly archive: string
  /** The suite as the manifest asks for it. */
  readonly suite: string
  /** Empty for a flat repository. */
  readonly component: string
  /**
   * The `binary-…` folder the index lies in: an architecture or `all`. Undefined for a flat repository, whose one index
   * has every architecture.
   */
  readonly architecture: string | undefined
  readonly release: ReleaseFacts
  /** True when the manifest marks the archive `security: true`. */
  readonly security: boolean
  /** For messages: `dists/bookworm/main/binary-amd64/Packages`. */
  readonly fileName: string
}

declare const verified: unique symbol

/**
 * The decompressed bytes of a Packages file whose digest a verified Release lists (or whose archive the manifest
 * trusts without a signature, and says why). Only such bytes become candidates.
 */
export interface VerifiedIndex {
  readonly origin: IndexOrigin
  /** The digest that the Release lists for the file these bytes came from; names the index in caches. */
  readonly sha256: string
  readonly bytes: Uint8Array
  readonly [verified]: 'signed release' | 'trusted by the manifest'
}

/** A Packages file that a verified Release lists, before its bytes are there: a saved index may make them needless. */
export interface ListedIndex {
  readonly origin: IndexOrigin
  /** As `VerifiedIndex.sha256`. */
  readonly sha256: string
  /** Of its bytes, where the Release lists it. */
  readonly sizeBytes?: number | undefined
  /**
   * Fetches, decompresses and verifies.
   *
   * @param observe sees the bytes as they arrive, before they are verified: for work that is thrown away unless they turn out to be those of the answer
   * @throws {Fault} `INDEX_INTEGRITY`, `NETWORK_*`, `COMPRESSION_*`
   */
  load(session: Session, observe?: BytesObserver): Promise<VerifiedIndex>
}

type IndexContent = Pick<VerifiedIndex, 'origin' | 'sha256' | 'bytes'>

/** Brands bytes. To be called only where they were compared with the digest in a `VerifiedRelease`. */
export function indexFromSignedRelease(content: IndexContent): VerifiedIndex {
  return content as VerifiedIndex
}

/** Brands bytes of an archive that the manifest trusts without a signature (`trusted: {reason: …}`). */
export function indexTrustedByManifest(content: IndexContent): VerifiedIndex {
  return content as VerifiedIndex
}
