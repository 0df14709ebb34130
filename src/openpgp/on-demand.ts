import type { ReleaseSigner } from '../kernel/index.ts'
import type { Keyring } from './keyring.ts'
import type { SigningKeySource } from './signing-key.ts'
import type { VerifiedRelease } from './verified-release.ts'
import type { VerificationPlace } from './verify.ts'

// The library takes 45 ms to load: the first call of one of these does it, not the import of the room.

/** As `readKeyring` of keyring.ts. */
export async function readKeyring(bytes: Uint8Array, name: string): Promise<Keyring> {
  const keyring = await import('./keyring.ts')
  return keyring.readKeyring(bytes, name)
}

/** As `verifyClearSigned` of verify.ts. */
export async function verifyClearSigned(
  bytes: Uint8Array,
  keyring: Keyring,
  place: VerificationPlace,
): Promise<VerifiedRelease> {
  const library = await import('./verify.ts')
  return library.verifyClearSigned(bytes, keyring, place)
}

/** As `verifyDetached` of verify.ts. */
export async function verifyDetached(
  bytes: Uint8Array,
  signature: Uint8Array,
  keyring: Keyring,
  place: VerificationPlace,
): Promise<VerifiedRelease> {
  const library = await import('./verify.ts')
  return library.verifyDetached(bytes, signature, keyring, place)
}

/** As `readSigningKey` of signing-key.ts. */
export async function readSigningKey(bytes: Uint8Array, source: SigningKeySource): Promise<ReleaseSigner> {
  const library = await import('./signing-key.ts')
  return library.readSigningKey(bytes, source)
}
