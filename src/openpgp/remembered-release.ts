import { createHash } from 'node:crypto'
import { decodeUtf8, encodeUtf8 } from '../kernel/index.ts'
import type { Signer, UncountedSignature, VerifiedRelease } from './verified-release.ts'

/** Raised when the rules of verification change: what older rules passed is then verified anew. */
const policyVersion = 1

/** What is verified: all of it decides the verdict, beside the date of judging. */
export interface VerificationInput {
  /** InRelease alone, or Release and Release.gpg. */
  readonly files: readonly Uint8Array[]
  readonly keyring: Uint8Array
}

interface Head {
  readonly from: string | undefined
  readonly until: string | undefined
  readonly signers: readonly (Omit<Signer, 'signedAt'> & { readonly signedAt: string })[]
  readonly uncounted: readonly UncountedSignature[]
}

/** The name under which a verdict is remembered: the digests of everything that was looked at, and the rules' version. */
export function rememberedReleaseKey({ files, keyring }: VerificationInput): string {
  return JSON.stringify([policyVersion, ...files.map(sha256Of), sha256Of(keyring)])
}

/** The verdict as bytes to keep. A refusal is not remembered. */
export function writeRememberedRelease(release: VerifiedRelease): Uint8Array {
  const { period, signers, uncounted, text } = release
  const head = { from: period.from?.toISOString(), until: period.until?.toISOString(), signers, uncounted }
  return encodeUtf8(`${JSON.stringify(head)}\n${text}`)
}

/**
 * What a verification of the same bytes by the same keys found, without loading the library: 45 ms to load it and 30 to
 * verify three Releases of Debian.
 *
 * @param record what `writeRememberedRelease` gave for `rememberedReleaseKey` of this input, from this user's own store: a
 *   record proves nothing by itself
 * @param at the date of judging
 * @returns undefined when the record does not speak of this date, or is none
 */
export function readRememberedRelease(record: Uint8Array, at: Date): VerifiedRelease | undefined {
  const lineEnd = record.indexOf(0x0a)
  const text = lineEnd === -1 ? undefined : decodeUtf8(record.subarray(lineEnd + 1))
  const head = headOf(record.subarray(0, Math.max(0, lineEnd)))
  if (text === undefined || head === undefined) return undefined
  const period = { from: dateOf(head.from), until: dateOf(head.until) }
  if (period.from !== undefined && at < period.from) return undefined
  if (period.until !== undefined && at > period.until) return undefined
  const signers = head.signers.map(each => ({ ...each, signedAt: new Date(each.signedAt) }))
  if (signers.length === 0) return undefined
  return { text, signers, uncounted: head.uncounted, period } as unknown as VerifiedRelease
}

function headOf(bytes: Uint8Array): Head | undefined {
  try {
    return JSON.parse(decodeUtf8(bytes) ?? '') as Head
  } catch {
    return undefined
  }
}

function dateOf(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : new Date(text)
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
