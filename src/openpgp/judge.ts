import { enums, type PartialConfig, type PublicKey, type SignaturePacket, type Subkey, type verify } from 'openpgp'
import { clockToleranceSeconds } from './clock-tolerance.ts'
import { fingerprintOf, type Keyring } from './keyring.ts'
import type { Signer } from './verified-release.ts'

/** One signature as the library hands it out; its promises reject when it does not hold. */
export type VerificationResult = Awaited<ReturnType<typeof verify>>['signatures'][number]

/** What one signature is worth. Only `good` counts. */
export type Verdict =
  | { readonly kind: 'good'; readonly signer: Signer }
  /** By a trusted key, but not over these bytes. */
  | { readonly kind: 'bad' }
  | { readonly kind: 'unknown-key' }
  | { readonly kind: 'weak-hash'; readonly hash: string }
  | { readonly kind: 'weak-key'; readonly strength: string }
  | { readonly kind: 'unusable-key'; readonly reason: string }
  | { readonly kind: 'expired'; readonly expiredAt: Date }
  | { readonly kind: 'future'; readonly signedAt: Date }

export interface JudgedSignature {
  /** 16 hex digits, upper case. */
  readonly keyId: string
  readonly verdict: Verdict
}

const minimumRsaBits = 2048
const weakHashes: readonly number[] = [enums.hash.md5, enums.hash.sha1, enums.hash.ripemd]

/**
 * The library's own checks, set so that they do not contradict ours. Whether a key was valid is judged below, at the
 * date the caller wants; the library asks whether it was valid when it signed, and would refuse keys whose
 * self-signature was renewed since.
 */
export const verificationConfig: PartialConfig = {
  minRSABits: minimumRsaBits,
  rejectMessageHashAlgorithms: new Set(weakHashes),
  allowInsecureVerificationWithReformattedKeys: true,
}

/**
 * The date at which the library checks signatures: the latest that we accept. Expiry at `at` itself is judged below.
 */
export function verificationDate(at: Date): Date {
  return new Date(at.getTime() + clockToleranceSeconds * 1000)
}

/** Judges each signature by itself, keys and expiry at `at` and never only at the date the signature itself claims. */
export async function judgeSignature(result: VerificationResult, keyring: Keyring, at: Date): Promise<JudgedSignature> {
  const keyId = result.keyID.toHex().toUpperCase()
  const [packet] = (await result.signature).packets
  if (packet === undefined) return { keyId, verdict: { kind: 'bad' } }
  const objection = objectionToSignature(packet, at)
  const key = keyring.keys.find(each => each.getKeys(result.keyID).length > 0)
  if (key === undefined) return { keyId, verdict: { kind: 'unknown-key' } }
  const verdict = objection ?? (await objectionToKey(key, result, judgingDate(packet, at)))
  if (verdict !== undefined) return { keyId, verdict }
  try {
    await result.verified
  } catch {
    return { keyId, verdict: { kind: 'bad' } }
  }
  const { user } = await key.getPrimaryUser(judgingDate(packet, at), undefined, undefined)
  const userId = user.userID?.userID ?? ''
  const signedAt = packet.created ?? at
  return { keyId, verdict: { kind: 'good', signer: { fingerprint: fingerprintOf(key), userId, signedAt } } }
}

function objectionToSignature(packet: SignaturePacket, at: Date): Verdict | undefined {
  if (packet.hashAlgorithm === null || weakHashes.includes(packet.hashAlgorithm))
    return { kind: 'weak-hash', hash: hashName(packet.hashAlgorithm) }
  const signedAt = packet.created
  if (signedAt === null) return { kind: 'bad' }
  if (signedAt > verificationDate(at)) return { kind: 'future', signedAt }
  const expiredAt = packet.getExpirationTime()
  if (expiredAt instanceof Date && expiredAt <= at) return { kind: 'expired', expiredAt }
  return undefined
}

async function objectionToKey(key: PublicKey, result: VerificationResult, date: Date): Promise<Verdict | undefined> {
  for (const part of [key, ...key.getKeys(result.keyID)]) {
    const strength = weaknessOf(part)
    if (strength !== undefined) return { kind: 'weak-key', strength }
  }
  if (await key.isRevoked(undefined, undefined, date)) return { kind: 'unusable-key', reason: 'is revoked' }
  const expiry = await key.getExpirationTime()
  if (expiry instanceof Date && expiry <= date)
    return { kind: 'unusable-key', reason: `expired on ${expiry.toISOString()}` }
  try {
    await key.getSigningKey(result.keyID, date, undefined, undefined)
    return undefined
  } catch (error) {
    // Its subkey expired, is revoked, is newer than the date or was not made for signing: the library's words say which.
    const words = error instanceof Error ? error.message.replace(/^.*?: /, '').replace(/\s+/g, ' ') : String(error)
    return { kind: 'unusable-key', reason: `cannot sign on ${date.toISOString()} (${words})` }
  }
}

function judgingDate(packet: SignaturePacket, at: Date): Date {
  return packet.created !== null && packet.created > at ? packet.created : at
}

/** RSA under 2048 bits, and DSA and ElGamal, whose keys in the field have 1024. */
function weaknessOf(key: PublicKey | Subkey): string | undefined {
  const { algorithm, bits } = key.getAlgorithmInfo()
  if (algorithm === 'dsa' || algorithm === 'elgamal') return `${algorithm}${bits ?? ''}`
  return bits !== undefined && bits < minimumRsaBits ? `rsa${bits}` : undefined
}

function hashName(hash: number | null): string {
  const name = Object.entries(enums.hash).find(([, value]) => value === hash)?.[0]
  return name === undefined ? 'an unknown hash' : name.toUpperCase()
}
