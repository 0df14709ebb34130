import {
  createCleartextMessage,
  createMessage,
  decryptKey,
  enums,
  config as libraryConfig,
  type PrivateKey,
  readPrivateKeys,
  sign,
} from 'openpgp'
import { encodeUtf8, Fault, quoted, type ReleaseSigner } from '../kernel/index.ts'
import { fingerprintOf } from './keyring.ts'

export interface SigningKeySource {
  /** For messages: the path. */
  readonly name: string
  /** Of a key that is locked. */
  readonly passphrase: string | undefined
  /** When it has to be usable. */
  readonly at: Date
}

/** Verifiers refuse less, ours and gpgv among them. */
const signingConfig = {
  ...libraryConfig,
  minRSABits: 2048,
  preferredHashAlgorithm: enums.hash.sha512,
  // Random bytes in every signature would make the same Release another file each time.
  nonDeterministicSignaturesViaNotation: false,
}

/**
 * Reads a secret key with which Releases are signed, armored or binary. The same text at the same time gives the same signature.
 *
 * @throws {Fault} `SIGNING_KEY_UNUSABLE`: no secret key, several of them, locked with another passphrase, expired, weak
 */
export async function readSigningKey(bytes: Uint8Array, source: SigningKeySource): Promise<ReleaseSigner> {
  const key = await unlocked(await onlyKey(bytes, source), source)
  try {
    await key.getSigningKey(undefined, source.at, undefined, signingConfig)
  } catch (cause) {
    throw unusable(source.name, reasonOf(cause), cause)
  }
  return {
    fingerprint: fingerprintOf(key),
    publicKey: key.toPublic().armor().replaceAll('\r\n', '\n'),
    clearSign: async (text, at) => {
      const message = await createCleartextMessage({ text })
      const signed = await sign({ message, signingKeys: key, date: at, config: signingConfig })
      return encodeUtf8(signed.replaceAll('\r\n', '\n'))
    },
    signDetached: async (text, at) => {
      const message = await createMessage({ binary: encodeUtf8(text) })
      const request = { message, signingKeys: key, detached: true as const, date: at, config: signingConfig }
      return encodeUtf8((await sign({ ...request, format: 'armored' })).replaceAll('\r\n', '\n'))
    },
  }
}

async function onlyKey(bytes: Uint8Array, { name }: SigningKeySource): Promise<PrivateKey> {
  let keys: PrivateKey[]
  try {
    const isArmored = (bytes[0] ?? 0) < 0x80
    keys = isArmored
      ? await readPrivateKeys({ armoredKeys: new TextDecoder('latin1').decode(bytes) })
      : await readPrivateKeys({ binaryKeys: bytes })
  } catch (cause) {
    throw unusable(name, reasonOf(cause), cause)
  }
  const [key, ...others] = keys
  if (key === undefined) throw unusable(name, 'there is no secret key in it')
  if (others.length > 0) throw unusable(name, `it holds ${keys.length} secret keys, and one is expected`)
  return key
}

async function unlocked(privateKey: PrivateKey, { name, passphrase }: SigningKeySource): Promise<PrivateKey> {
  if (privateKey.isDecrypted()) return privateKey
  if (passphrase === undefined) throw unusable(name, 'it is locked with a passphrase, and none was given')
  try {
    return await decryptKey({ privateKey, passphrase })
  } catch (cause) {
    throw unusable(name, 'the passphrase does not unlock it', cause)
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? quoted(cause.message.split('\n', 1)[0] ?? '') : 'it does not parse'
}

function unusable(name: string, reason: string, cause?: unknown): Fault {
  return new Fault('SIGNING_KEY_UNUSABLE', {
    message: `${name} cannot sign: ${reason}`,
    hint: 'Give one secret key, as `gpg --armor --export-secret-keys FINGERPRINT` writes it, and its passphrase in APTROOT_SIGNING_PASSPHRASE.',
    context: { key: name },
    cause,
  })
}
