import { decodeUtf8, Fault, quoted } from '../kernel/index.ts'
import { isSoundArmor } from './sound-armor.ts'

const beginMessage = '-----BEGIN PGP SIGNED MESSAGE-----'
const beginSignature = '-----BEGIN PGP SIGNATURE-----'
const endSignature = '-----END PGP SIGNATURE-----'

/** What GnuPG takes away from the end of a line before it is hashed. */
const blanks = ' \t\r'

/** All but the tab. */
const controlCharacter = /[\x00-\x08\x0a-\x1f\x7f]/

type Part = 'before' | 'headers' | 'text' | 'signature' | 'after'

/**
 * Checks that the bytes are one clear-signed block with nothing but blank lines around it, and returns the block.
 *
 * Parsers that skip what surrounds a block have let unsigned lines pass for signed ones more than once, so there is
 * nothing here to skip.
 *
 * @throws {Fault} `RELEASE_UNSIGNED` without a block, `RELEASE_MALFORMED` on anything beside or twice
 * @see RFC 9580, 7
 */
export function clearSignedBlock(bytes: Uint8Array, name: string): string {
  const text = decodeUtf8(bytes)
  if (text === undefined) throw malformed(name, 'it is not UTF-8')
  const lines = text.split('\n')
  if (!lines.some(line => withoutTrailingBlanks(line) === beginMessage)) throw unsigned(name)

  const block: string[] = []
  let part: Part = 'before'
  for (const [index, line] of lines.entries()) {
    const content = withoutTrailingBlanks(line)
    // One library drops a carriage return within a line, another signs it: what is read must be what was signed.
    const next: Part | undefined = controlCharacter.test(content) ? undefined : partAfter(part, content)
    if (next === undefined) throw malformed(name, `line ${index + 1}, ${quoted(content)}, ${complaints[part]}`)
    if (part !== 'after' && next !== 'before') block.push(part === 'text' && next === 'text' ? line : content)
    part = next
  }
  if (part !== 'after') throw malformed(name, `it ends before "${endSignature}"`)
  // GnuPG takes the hash for MD5 then; OpenPGP of 2024 takes it from the signature. Nobody signs so.
  if (!block[1]?.startsWith('Hash: ')) throw malformed(name, 'it has no Hash header')
  if (!isSoundArmor(block.slice(block.lastIndexOf(beginSignature))))
    throw malformed(name, 'its signature block is damaged')
  return `${block.join('\n')}\n`
}

const complaints: Readonly<Record<Part, string>> = {
  before: 'stands before the signed block',
  headers: 'is no Hash header',
  text: 'has an unescaped hyphen at its start or a control character inside the signed text',
  signature: 'does not belong into a signature',
  after: 'stands after the signed block',
}

/** The part that the next line belongs to; undefined when the line is not allowed where it is. */
function partAfter(part: Part, line: string): Part | undefined {
  switch (part) {
    case 'before':
      if (line === beginMessage) return 'headers'
      return line === '' ? 'before' : undefined
    case 'headers':
      if (line === '') return 'text'
      return /^Hash: [\w, -]+$/.test(line) ? 'headers' : undefined
    case 'text':
      if (line === beginSignature) return 'signature'
      return line.startsWith('-') && !line.startsWith('- ') ? undefined : 'text'
    case 'signature':
      if (line === endSignature) return 'after'
      return line.startsWith('-') ? undefined : 'signature'
    case 'after':
      return line === '' ? 'after' : undefined
  }
}

/** Not by a pattern: one that looks for the end begins anew at each blank, and a line of a million blanks took longer than a minute. */
function withoutTrailingBlanks(line: string): string {
  let end = line.length
  while (end > 0 && blanks.includes(line.charAt(end - 1))) end--
  return line.slice(0, end)
}

function unsigned(name: string): Fault {
  return new Fault('RELEASE_UNSIGNED', {
    message: `${name} has no signature: there is no "${beginMessage}" in it`,
    hint: 'Is that the URI of an archive? One without signatures needs `trusted: {reason: …}` in the manifest.',
    context: { file: name },
  })
}

function malformed(name: string, reason: string): Fault {
  return new Fault('RELEASE_MALFORMED', {
    message: `${name} is not one clear-signed text: ${reason}`,
    hint: 'The mirror or a proxy damaged the file; try another mirror with `--mirror ID=URI`.',
    context: { file: name },
  })
}
