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

/**
 * The text of a Release that a trusted key signed: exactly what was hashed, nothing around it.
 *
 * Only the verifying functions of this room make one.
 */
export interface VerifiedRelease {
  /** LF line ends; blanks at line ends are gone (a clear-signed text does not protect them). */
  readonly text: string
  /** At least one; by fingerprint. */
  readonly signers: readonly [Signer, ...Signer[]]
  readonly uncounted: readonly UncountedSignature[]
  readonly [verified]: 'OpenPGP'
}
