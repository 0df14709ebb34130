import { createMessage, readCleartextMessage, readSignature, type Signature, verify } from 'openpgp'
import { compareBytes, decodeUtf8, Fault } from '../kernel/index.ts'
import { clearSignedBlock } from './clear-signed-frame.ts'
import {
  type JudgedSignature,
  judgeSignature,
  type VerificationResult,
  verificationConfig,
  verificationDate,
} from './judge.ts'
import { judgingPeriod } from './judging-period.ts'
import type { Keyring } from './keyring.ts'
import { malformed, reasonOf, refusal } from './refusal.ts'
import { isSoundArmor } from './sound-armor.ts'
import type { JudgingPeriod, Signer, VerifiedRelease } from './verified-release.ts'

export interface VerificationPlace {
  /** The date at which expiry of keys and signatures is judged. */
  readonly at: Date
  /** What the bytes are, for messages: a URL without credentials, a path. */
  readonly name: string
}

/** Debian signs with three keys; a thousand signatures are an attack on our time. */
const maximumSignatures = 32

/**
 * Verifies an InRelease file: one clear-signed text with at least one good signature by a key of the ring.
 *
 * A co-signer whose key is unknown, expired, revoked or weak changes nothing. A signature by a usable key of the ring
 * that does not match the bytes is refused even beside a good one, as apt does: the file was tampered with or damaged.
 *
 * @throws {Fault} `RELEASE_UNSIGNED`, `RELEASE_MALFORMED`, `RELEASE_SIGNATURE_BAD`, `RELEASE_KEY_UNKNOWN`,
 *   `RELEASE_KEY_WEAK`, `RELEASE_KEY_UNUSABLE`, `RELEASE_WEAK_HASH`, `RELEASE_EXPIRED`, `RELEASE_FUTURE`
 */
export async function verifyClearSigned(
  bytes: Uint8Array,
  keyring: Keyring,
  place: VerificationPlace,
): Promise<VerifiedRelease> {
  const block = clearSignedBlock(bytes, place.name)
  const message = await parsed(() => readCleartextMessage({ cleartextMessage: block }), place)
  checkCount(message.getSigningKeyIDs().length, place)
  const result = await parsed(() => verify({ message, ...verificationOf(keyring, place) }), place)
  const judged = await judgeAll(result.signatures, keyring, place.at)
  return releaseOf(result.data, judged, { keyring, place, period: await periodOf(result.signatures, keyring, place) })
}

/**
 * Verifies a Release file against its Release.gpg (armored or binary), under the same rules.
 *
 * @throws {Fault} as `verifyClearSigned`
 */
export async function verifyDetached(
  bytes: Uint8Array,
  signature: Uint8Array,
  keyring: Keyring,
  place: VerificationPlace,
): Promise<VerifiedRelease> {
  const packets = await parsed(() => readDetachedSignature(signature), place)
  checkCount(packets.getSigningKeyIDs().length, place)
  const message = await createMessage({ binary: bytes })
  const options = { message, signature: packets, format: 'binary' as const, ...verificationOf(keyring, place) }
  const result = await parsed(() => verify(options), place)
  const judged = await judgeAll(result.signatures, keyring, place.at)
  const text = decodeUtf8(result.data)
  if (text === undefined) throw malformed(place.name, 'the signed text is not UTF-8')
  return releaseOf(text, judged, { keyring, place, period: await periodOf(result.signatures, keyring, place) })
}

function verificationOf(keyring: Keyring, { at }: VerificationPlace) {
  return { verificationKeys: [...keyring.keys], date: verificationDate(at), config: verificationConfig }
}

async function readDetachedSignature(bytes: Uint8Array): Promise<Signature> {
  const isBinary = (bytes[0] ?? 0) >= 0x80
  if (isBinary) return readSignature({ binarySignature: bytes })
  const text = new TextDecoder('latin1').decode(bytes).trim()
  if (text.split('-----BEGIN PGP').length !== 2) throw new Error('there is not exactly one armored block')
  if (!isSoundArmor(text.split('\n').map(line => line.trimEnd()))) throw new Error('it is damaged')
  return readSignature({ armoredSignature: text })
}

async function judgeAll(
  results: readonly VerificationResult[],
  keyring: Keyring,
  at: Date,
): Promise<readonly JudgedSignature[]> {
  return Promise.all(results.map(each => judgeSignature(each, keyring, at)))
}

async function periodOf(
  results: readonly VerificationResult[],
  { keys }: Keyring,
  { at }: VerificationPlace,
): Promise<JudgingPeriod> {
  return judgingPeriod(await Promise.all(results.map(each => each.signature)), keys, at)
}

interface Judging {
  readonly keyring: Keyring
  readonly place: VerificationPlace
  readonly period: JudgingPeriod
}

function releaseOf(
  text: string,
  judged: readonly JudgedSignature[],
  { keyring, place, period }: Judging,
): VerifiedRelease {
  const signers = judged.flatMap(({ verdict }) => (verdict.kind === 'good' ? [verdict.signer] : []))
  const [first, ...others] = distinct(signers)
  const bad = judged.find(({ verdict }) => verdict.kind === 'bad')
  if (first === undefined || bad !== undefined) throw refusal(judged, keyring, place)
  // The brand is given here, and in `remembered-release.ts` to what was verified here before.
  return { text, signers: [first, ...others], uncounted: uncountedOf(judged), period } as unknown as VerifiedRelease
}

function distinct(signers: readonly Signer[]): readonly Signer[] {
  const byFingerprint = new Map(signers.map(each => [each.fingerprint, each]))
  return [...byFingerprint.values()].sort((a, b) => compareBytes(a.fingerprint, b.fingerprint))
}

function uncountedOf(judged: readonly JudgedSignature[]): VerifiedRelease['uncounted'] {
  return judged.flatMap(({ keyId, verdict }) => (verdict.kind === 'good' ? [] : [{ keyId, reason: reasonOf(verdict) }]))
}

function checkCount(count: number, { name }: VerificationPlace): void {
  if (count > maximumSignatures)
    throw malformed(name, `it has ${count} signatures, more than ${maximumSignatures} are not looked at`)
}

async function parsed<Result>(read: () => Promise<Result>, { name }: VerificationPlace): Promise<Result> {
  try {
    return await read()
  } catch (cause) {
    if (cause instanceof Fault) throw cause
    throw malformed(name, cause instanceof Error ? cause.message : String(cause), cause)
  }
}
