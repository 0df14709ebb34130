import { type PublicKey, readKeys } from 'openpgp'
import { Fault, quoted } from '../kernel/index.ts'

/** Public keys that the user trusts for an archive: every key in it is trusted alike, as with apt's `Signed-By`. */
export interface Keyring {
  /** Where it came from, for messages. */
  readonly name: string
  /** Fingerprints of the primary keys, upper-case hex, in the order of the file. */
  readonly fingerprints: readonly string[]
  readonly keys: readonly PublicKey[]
}

/** A ring of all of Debian's keys has 80 kB; what is a thousand times larger is no key ring. */
const maximumBytes = 8 * 1024 * 1024

const armoredBlock = /-----BEGIN PGP PUBLIC KEY BLOCK-----[\s\S]*?-----END PGP PUBLIC KEY BLOCK-----/g

/**
 * Reads OpenPGP public keys, ASCII armor (several blocks, with text between them) or binary.
 *
 * @param name for messages: a path, or the name of a key ring that ships with aptroot
 * @throws {Fault} `KEYRING_MALFORMED`
 */
export async function readKeyring(bytes: Uint8Array, name: string): Promise<Keyring> {
  if (bytes.length > maximumBytes) throw malformed(name, `it has ${bytes.length} bytes, the limit is ${maximumBytes}`)
  if (bytes.length === 0) throw malformed(name, 'it is empty')
  const keys = isArmored(bytes) ? await readArmored(bytes, name) : await readBinary(bytes, name)
  if (keys.length === 0) throw malformed(name, 'there is no key in it')
  if (keys.some(key => key.isPrivate()))
    throw malformed(name, 'it holds a private key, which only the signer of the archive should have')
  return { name, keys, fingerprints: keys.map(fingerprintOf) }
}

/** Upper-case hex, as gpg prints it without spaces. */
export function fingerprintOf(key: { getFingerprint(): string }): string {
  return key.getFingerprint().toUpperCase()
}

function isArmored(bytes: Uint8Array): boolean {
  // The first bit of every binary packet is set (RFC 9580, 4.2), of ASCII never.
  return bytes[0] !== undefined && bytes[0] < 0x80
}

async function readArmored(bytes: Uint8Array, name: string): Promise<PublicKey[]> {
  const text = new TextDecoder('latin1').decode(bytes)
  if (text.includes('-----BEGIN PGP PRIVATE KEY BLOCK-----'))
    throw malformed(name, 'it holds a private key, which only the signer of the archive should have')
  if (text.slice(8, 12) === 'KBXf') throw malformed(name, 'it is a keybox, which only GnuPG reads')
  const blocks = text.match(armoredBlock) ?? []
  if (blocks.length === 0) throw malformed(name, 'it has no "-----BEGIN PGP PUBLIC KEY BLOCK-----"')
  const keys: PublicKey[] = []
  for (const armoredKeys of blocks) keys.push(...(await parsed(() => readKeys({ armoredKeys }), name)))
  return keys
}

async function readBinary(bytes: Uint8Array, name: string): Promise<PublicKey[]> {
  return parsed(() => readKeys({ binaryKeys: bytes }), name)
}

async function parsed(read: () => Promise<PublicKey[]>, name: string): Promise<PublicKey[]> {
  try {
    return await read()
  } catch (cause) {
    throw malformed(name, cause instanceof Error ? firstLine(cause.message) : 'it does not parse', cause)
  }
}

function firstLine(text: string): string {
  return quoted(text.split('\n', 1)[0] ?? '')
}

function malformed(name: string, reason: string, cause?: unknown): Fault {
  return new Fault('KEYRING_MALFORMED', {
    message: `${name} is no OpenPGP key ring: ${reason}`,
    hint: 'Export the public keys with `gpg --armor --export FINGERPRINT > keys/archive.asc`.',
    context: { keyring: name },
    cause,
  })
}
