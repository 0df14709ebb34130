import { Fault, type FaultCode, quoted, unreachable } from '../kernel/index.ts'
import type { JudgedSignature, Verdict } from './judge.ts'
import type { Keyring } from './keyring.ts'

/** Where several signatures fail in different ways, the first of these is told: the later ones follow from it or say less. */
const gravestFirst: readonly Verdict['kind'][] = [
  'bad',
  'weak-hash',
  'weak-key',
  'unusable-key',
  'expired',
  'future',
  'unknown-key',
]

const codeOfVerdict: Readonly<Record<Verdict['kind'], FaultCode>> = {
  good: 'INTERNAL',
  bad: 'RELEASE_SIGNATURE_BAD',
  'weak-hash': 'RELEASE_WEAK_HASH',
  'weak-key': 'RELEASE_KEY_WEAK',
  'unusable-key': 'RELEASE_KEY_UNUSABLE',
  expired: 'RELEASE_EXPIRED',
  future: 'RELEASE_FUTURE',
  'unknown-key': 'RELEASE_KEY_UNKNOWN',
}

/** Why none of these signatures makes the file trusted. */
export function refusal(
  judged: readonly JudgedSignature[],
  keyring: Keyring,
  { name, at }: { readonly name: string; readonly at: Date },
): Fault {
  const kind = gravestFirst.find(each => judged.some(({ verdict }) => verdict.kind === each))
  if (kind === undefined)
    return new Fault('RELEASE_UNSIGNED', {
      message: `${name} has no signature in its signature block`,
      hint: 'Try another mirror with `--mirror ID=URI`; an archive without signatures needs `trusted: {reason: …}`.',
      context: { file: name },
    })
  const told = judged.filter(({ verdict }) => verdict.kind === kind)
  const keyIds = told.map(({ keyId }) => keyId)
  const reasons = [...new Set(told.map(({ verdict }) => reasonOf(verdict)))]
  return new Fault(codeOfVerdict[kind], {
    message: messageOf(kind, { name, keyIds, reason: reasons.join('; '), keyring }),
    hint: hintOf(kind, keyring),
    context: {
      file: name,
      keyIds,
      reasons,
      keyring: keyring.name,
      trusted: keyring.fingerprints,
      at: at.toISOString(),
    },
  })
}

interface Told {
  readonly name: string
  readonly keyIds: readonly string[]
  readonly reason: string
  readonly keyring: Keyring
}

function messageOf(kind: Verdict['kind'], { name, keyIds, reason, keyring }: Told): string {
  const keys = `${keyIds.length === 1 ? 'key' : 'keys'} ${keyIds.join(', ')}`
  if (kind === 'unknown-key')
    return `${name} is signed by ${keys}, but ${keyring.name} trusts only ${keyring.fingerprints.join(', ')}`
  return `the signature of ${name} by ${keys} does not count: ${reason}`
}

/** One signature's fate, for people. */
export function reasonOf(verdict: Verdict): string {
  switch (verdict.kind) {
    case 'good':
      return 'it is good'
    case 'bad':
      return 'it does not match the signed text'
    case 'unknown-key':
      return 'the key is not in the key ring'
    case 'weak-hash':
      return `it is over ${verdict.hash}, which can be forged`
    case 'weak-key':
      return `the key is ${verdict.strength}, at least rsa2048 is wanted`
    case 'unusable-key':
      return `the key ${verdict.reason}`
    case 'expired':
      return `it expired on ${verdict.expiredAt.toISOString()}`
    case 'future':
      return `it was made on ${verdict.signedAt.toISOString()}, which is yet to come`
    default:
      return unreachable(verdict)
  }
}

function hintOf(kind: Verdict['kind'], keyring: Keyring): string {
  switch (kind) {
    case 'good':
    case 'bad':
      return 'The file was tampered with or damaged on the way; try another mirror with `--mirror ID=URI`.'
    case 'weak-hash':
    case 'weak-key':
      return 'Ask the archive for a signature with a current key and SHA256 or better.'
    case 'unusable-key':
      return `Get the archive's current keys for ${keyring.name}; a past state is judged with \`--as-of TIME\`.`
    case 'expired':
      return 'The mirror stands still, or a past state is wanted: judge that with `--as-of TIME`.'
    case 'future':
      return "Set this machine's clock, or give a later `--as-of TIME`."
    case 'unknown-key':
      return "If you trust that key, add it to the archive's `signed-by`; else the mirror serves somebody else's archive."
    default:
      return unreachable(kind)
  }
}

export function malformed(name: string, reason: string, cause?: unknown): Fault {
  return new Fault('RELEASE_MALFORMED', {
    message: `the signature of ${name} cannot be read: ${quoted(reason)}`,
    hint: 'The mirror or a proxy damaged the file; try another mirror with `--mirror ID=URI`.',
    context: { file: name },
    cause,
  })
}
