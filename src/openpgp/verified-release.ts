declare const verified: unique symbol

export interface Signer {
  /** Of the primary key, upper-case hex, whichever of its subkeys signed. */
  readonly fingerprint: string
  /** The user id that the key calls its primary one, for people. */
  readonly userId: string
  readonly signedAt: Date
}

/** A signature that did not count beside one that did; a release of Debian is signed by old and new keys. */
export interface UncountedSignature {
  /** 16 hex digits, upper case. */
  readonly keyId: string
  readonly reason: string
}

/** Dates of judging, both included; undefined: without an end on that side. */
export interface JudgingPeriod {
  readonly from: Date | undefined
  readonly until: Date | undefined
}

/**
 * The text of a Release that a trusted key signed: exactly what was hashed, nothing around it.
 *
 * Only this room makes one: by verifying, or from what a verification left in this store.
 */
export interface VerifiedRelease {
  /** LF line ends; blanks at line ends are gone (a clear-signed text does not protect them). */
  readonly text: string
  /** At least one; by fingerprint. */
  readonly signers: readonly [Signer, ...Signer[]]
  readonly uncounted: readonly UncountedSignature[]
  /** Judged at any date in here, the same bytes and keys give the same verdict. */
  readonly period: JudgingPeriod
  readonly [verified]: 'OpenPGP'
}
