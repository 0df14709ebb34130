import { Fault, quoted } from '../../kernel/index.ts'

/**
 * The fingerprint of an OpenPGP key (version 4: 40 hex digits, 6: 64), in upper case. Spaces, as gpg prints them, are passed over. A key
 * id is refused: two keys may share one.
 *
 * @throws {Fault} `USAGE_INVALID`
 * @see RFC 9580, 5.5.4
 */
export function parseFingerprint(flag: string, text: string): string {
  const digits = text.replaceAll(' ', '').toUpperCase()
  if (/^(?:[0-9A-F]{40}|[0-9A-F]{64})$/.test(digits)) return digits
  throw new Fault('USAGE_INVALID', {
    message: `${flag} is ${quoted(text)}, which is no fingerprint`,
    hint: 'Give all 40 (or 64) hex digits of the primary key, as the fault RELEASE_SIGNERS_NEW names them.',
    context: { flag, value: text },
  })
}
