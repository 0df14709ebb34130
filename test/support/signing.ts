import {
  armor,
  config,
  createCleartextMessage,
  createMessage,
  enums,
  generateKey,
  PacketList,
  type PartialConfig,
  type PrivateKey,
  readPrivateKey,
  Signature,
  SignaturePacket,
  sign,
  unarmor,
} from 'openpgp'
import { type Keyring, readKeyring } from '../../src/openpgp/index.ts'

/** Signatures of tests are made on this day unless a test says otherwise. */
export const signingDay = new Date('2026-01-15T12:00:00Z')

export interface TestKeyRequest {
  readonly name: string
  /** Default `ed25519`. */
  readonly algorithm?: 'ed25519' | 'rsa1024' | 'rsa2048'
  readonly createdAt?: Date
  /** Seconds from creation; default: never. */
  readonly expiresAfterSeconds?: number
  readonly withSigningSubkey?: 'yes'
}

/** A weak key or hash has to be made before it can be refused. */
const permissive: PartialConfig = {
  minRSABits: 1024,
  rejectMessageHashAlgorithms: new Set(),
  rejectHashAlgorithms: new Set(),
  nonDeterministicSignaturesViaNotation: false,
}

export async function makeTestKey(request: TestKeyRequest): Promise<PrivateKey> {
  const date = request.createdAt ?? new Date('2025-06-01T00:00:00Z')
  const expiry = request.expiresAfterSeconds === undefined ? {} : { keyExpirationTime: request.expiresAfterSeconds }
  const subkeys = request.withSigningSubkey === 'yes' ? [{ sign: true }] : []
  const shape =
    request.algorithm === undefined || request.algorithm === 'ed25519'
      ? ({ type: 'ecc', curve: 'ed25519Legacy' } as const)
      : ({ type: 'rsa', rsaBits: request.algorithm === 'rsa1024' ? 1024 : 2048 } as const)
  const { privateKey } = await generateKey({
    ...shape,
    ...expiry,
    userIDs: [{ name: request.name, email: `${request.name.toLowerCase()}@example.org` }],
    subkeys,
    date,
    format: 'armored',
    config: permissive,
  })
  return readPrivateKey({ armoredKey: privateKey, config: permissive })
}

export async function keyringOf(...keys: readonly { toPublic(): { armor(): string } }[]): Promise<Keyring> {
  const armor = keys.map(key => key.toPublic().armor()).join('\n')
  return readKeyring(new TextEncoder().encode(armor), 'keys/test.asc')
}

export interface SigningOptions {
  readonly date?: Date
  readonly hash?: 'md5' | 'sha1' | 'sha256' | 'sha512'
}

function configOf({ hash = 'sha256' }: SigningOptions, keys: readonly PrivateKey[]): PartialConfig {
  // The library takes the hash from what the key says it prefers, and no key says SHA1.
  for (const key of keys)
    for (const user of key.users)
      for (const certification of user.selfCertifications) certification.preferredHashAlgorithms = [enums.hash[hash]]
  return { ...permissive, preferredHashAlgorithm: enums.hash[hash] }
}

/** InRelease. */
export async function clearSign(
  text: string,
  keys: readonly PrivateKey[],
  options: SigningOptions = {},
): Promise<Uint8Array> {
  const signed = await sign({
    message: await createCleartextMessage({ text }),
    signingKeys: [...keys],
    date: options.date ?? signingDay,
    config: configOf(options, keys),
  })
  return new TextEncoder().encode(signed.replaceAll('\r\n', '\n'))
}

/** Release.gpg. */
export async function detachedSign(
  bytes: Uint8Array,
  keys: readonly PrivateKey[],
  options: SigningOptions & { readonly form?: 'armored' | 'binary' } = {},
): Promise<Uint8Array> {
  const shared = {
    message: await createMessage({ binary: bytes }),
    signingKeys: [...keys],
    detached: true as const,
    date: options.date ?? signingDay,
    config: configOf(options, keys),
  }
  if (options.form === 'binary') return sign({ ...shared, format: 'binary' })
  return new TextEncoder().encode(await sign({ ...shared, format: 'armored' }))
}

/** The first InRelease with the signatures of the second file appended to its own. */
export async function spliceSignatures(first: string, second: string): Promise<Uint8Array> {
  const read = async (file: string) => {
    const { data } = await unarmor(file)
    // Declared as a stream; a text gives bytes.
    return data as unknown as Uint8Array
  }
  const body = Buffer.concat([await read(first), await read(second)])
  const signature = armor(enums.armor.signature, body as unknown as object).replaceAll('\r\n', '\n')
  const hashesOf = (file: string) => /^Hash: (.*)$/m.exec(file)?.[1] ?? ''
  const hashes = new Set([hashesOf(first), hashesOf(second)])
  const head = first.slice(0, first.indexOf('-----BEGIN PGP SIGNATURE-----'))
  const frame = head.replace(/^Hash: .*$/m, `Hash: ${[...hashes].join(', ')}`)
  return new TextEncoder().encode(frame + signature)
}

/** Release.gpg with a signature that says when it ends. */
export async function detachedSignUntil(
  bytes: Uint8Array,
  key: PrivateKey,
  { date, seconds }: { readonly date: Date; readonly seconds: number },
): Promise<Uint8Array> {
  const message = await createMessage({ binary: bytes })
  const [literal] = message.packets
  const packet = new SignaturePacket()
  packet.signatureType = enums.signature.binary
  packet.publicKeyAlgorithm = key.keyPacket.algorithm
  packet.hashAlgorithm = enums.hash.sha256
  packet.signatureExpirationTime = seconds
  packet.signatureNeverExpires = false
  // The declared type lacks the last parameter that the function takes.
  const make = packet.sign.bind(packet) as (...given: unknown[]) => Promise<void>
  await make(key.keyPacket, literal, date, true, config)
  const packets = new PacketList<SignaturePacket>()
  packets.push(packet)
  return new TextEncoder().encode(new Signature(packets).armor())
}
