import type { KeyringName } from '../manifest/index.ts'
import type { AptSource } from './apt-source.ts'
import type { HostAptConfiguration, HostKeyRing } from './host-configuration.ts'

/**
 * The keys that apt on this host would accept for an archive, as ASCII armor (one block for each ring or key) for the
 * manifest's `signed-by`.
 *
 * @returns undefined when the host has no such key
 * @throws {Fault} `KEYRING_MALFORMED` when a ring has to be searched for fingerprints and cannot be read
 */
export async function hostKeysOf(
  source: Pick<AptSource, 'signedBy'>,
  host: Pick<HostAptConfiguration, 'keyRings'>,
): Promise<string | undefined> {
  const { signedBy } = source
  const trusted = host.keyRings.filter(ring => ring.trustedFor === 'all')
  if (signedBy === undefined) return joined(trusted.map(armorOf))
  switch (signedBy.kind) {
    case 'inline':
      return signedBy.armor
    case 'key-rings': {
      const named = host.keyRings.filter(ring => signedBy.paths.includes(ring.path))
      const chosen = await keysOfFingerprints(signedBy.fingerprints, trusted)
      return joined([...named.map(armorOf), ...chosen])
    }
    default:
      return signedBy satisfies never
  }
}

/** The key ring that ships with aptroot and is the one that `Signed-By` names by Debian's or Ubuntu's own path. */
export function distributionKeyringOf({ signedBy }: Pick<AptSource, 'signedBy'>): KeyringName | undefined {
  if (signedBy?.kind !== 'key-rings' || signedBy.fingerprints.length > 0 || signedBy.paths.length === 0)
    return undefined
  for (const name of ['debian-archive', 'ubuntu-archive'] as const)
    if (signedBy.paths.every(path => new RegExp(`^/usr/share/keyrings/${name}-[a-z0-9-]+\\.(gpg|pgp|asc)$`).test(path)))
      return name
  return undefined
}

async function keysOfFingerprints(fingerprints: readonly string[], rings: readonly HostKeyRing[]): Promise<string[]> {
  if (fingerprints.length === 0) return []
  const { readKeyring } = await import('../openpgp/index.ts')
  const chosen = new Map<string, string>()
  for (const ring of rings) {
    const { keys } = await readKeyring(ring.bytes, ring.path)
    for (const key of keys) {
      const own = key.getKeys().map(each => each.getFingerprint().toUpperCase())
      if (own.some(each => fingerprints.includes(each))) chosen.set(own[0] ?? '', lines(key.armor()))
    }
  }
  return [...chosen.values()]
}

function joined(blocks: readonly string[]): string | undefined {
  return blocks.length === 0 ? undefined : blocks.join('')
}

/** @see RFC 9580, 6.2 (the checksum is optional there, and none is better than one that nobody reads) */
function armorOf({ bytes }: HostKeyRing): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  // The first bit of every binary packet is set, of ASCII never.
  if ((buffer[0] ?? 0) < 0x80) return lines(buffer.toString('latin1'))
  const base64 = buffer.toString('base64').replace(/.{64}(?=.)/g, '$&\n')
  return `-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n${base64}\n-----END PGP PUBLIC KEY BLOCK-----\n`
}

function lines(text: string): string {
  return `${text.replaceAll('\r\n', '\n').trim()}\n`
}
