import { createHash } from 'node:crypto'

const magic = 0xfeedfeed
const trustedCertificate = 2
/** Of ca-certificates-java; it protects nothing, certificates are public. */
const password = 'changeit'

/**
 * A Java keystore of certificates with the given time in place of the one at which each was added, and a checksum that fits.
 *
 * Layout: magic, version, count; for each certificate a tag, its alias, the time in milliseconds, its type and its bytes; at the end SHA-1 over
 * the password in UTF-16, the words "Mighty Aphrodite" and all that comes before.
 *
 * @returns undefined when the bytes are no such keystore, hold a private key or have another password: then they are not ours to change
 * @see sun.security.provider.JavaKeyStore of OpenJDK
 */
export function keystoreAt(bytes: Uint8Array, seconds: number): Uint8Array | undefined {
  const store = Buffer.from(bytes)
  const end = store.length - 20
  if (end < 12 || store.readUInt32BE(0) !== magic || !checksumOf(store.subarray(0, end)).equals(store.subarray(end)))
    return undefined
  const version = store.readUInt32BE(4)
  const count = store.readUInt32BE(8)
  let at = 12
  const skip = (lengthBytes: 2 | 4) => {
    at += lengthBytes + store.readUIntBE(at, lengthBytes)
  }
  try {
    for (let done = 0; done < count; done++) {
      if (store.readUInt32BE(at) !== trustedCertificate) return undefined
      at += 4
      skip(2)
      store.writeBigUInt64BE(BigInt(seconds) * 1000n, at)
      at += 8
      if (version === 2) skip(2)
      skip(4)
    }
  } catch {
    // A length leads behind the end.
    return undefined
  }
  if (at !== end) return undefined
  checksumOf(store.subarray(0, end)).copy(store, end)
  return store
}

function checksumOf(content: Uint8Array): Buffer {
  const secret = Buffer.from(password, 'utf16le').swap16()
  return createHash('sha1').update(secret).update('Mighty Aphrodite', 'latin1').update(content).digest()
}
