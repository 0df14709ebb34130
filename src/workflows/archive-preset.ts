import type { AptSource } from '../interchange/index.ts'
import { decodeUtf8, Fault, parsedJson, redacted, type Session } from '../kernel/index.ts'
import type { VendorPreset } from '../manifest/index.ts'
import { withoutMirrors } from '../transfer/index.ts'
import { openSite, type Site } from './site.ts'
import type { World } from './world.ts'

/** Brings a public key, whose bytes nobody has checked yet. */
export type KeyDownload = (url: string) => Promise<Uint8Array>

/** An archive's key has some kilobytes. */
const maximumKeyBytes = 256 * 1024

/** Downloads keys through the proxy and with the authorities of the site, which is read when a key is wanted. */
export function keyDownload(siteOf: () => Promise<Site>, session: Session, world: World): KeyDownload {
  return async url => {
    const site = await siteOf()
    if (site.mode === 'offline')
      throw new Fault('FETCH_OFFLINE', {
        message: `the key at ${redacted(url)} may not be fetched: the network is off limits`,
        hint: 'Name a file that has it with --key, or run the command without --offline.',
        context: { url: redacted(url) },
      })
    const { transfer } = await openSite(site, world)
    try {
      return await transfer.downloadBytes(url, { maximumBytes: maximumKeyBytes, caches: 'passed-by' }, session)
    } catch (error) {
      throw withoutMirrors(
        error,
        'Check the network and the proxy, try again later, or name a file that has the key with --key.',
      )
    }
  }
}

/**
 * What a preset means to apt.
 *
 * @param download undefined: the key comes from elsewhere
 * @throws {Fault} `KEYRING_MALFORMED` when what was downloaded is no text; as `download`
 */
export async function sourceOfPreset(preset: VendorPreset, download: KeyDownload | undefined): Promise<AptSource> {
  const armor = download === undefined ? undefined : armorIn(await download(preset.keyUrl), preset)
  return {
    place: { file: preset.id, line: 1 },
    uris: [preset.uri],
    suites: [preset.suite],
    components: [preset.component],
    architectures: undefined,
    signedBy: armor === undefined ? undefined : { kind: 'inline', armor },
    trusted: 'by-signature',
  }
}

/**
 * Whoever answers at the address of the key, the fingerprint decides.
 *
 * @throws {Fault} `FETCH_INTEGRITY`
 */
export function requireKeyOf({ id, fingerprint }: VendorPreset, found: readonly string[]): void {
  if (fingerprint === undefined || (found.length === 1 && found[0] === fingerprint)) return
  throw new Fault('FETCH_INTEGRITY', {
    message: `the key for ${id} has the fingerprint ${found.join(', ')}, and aptroot knows ${fingerprint}`,
    hint: 'Ask the vendor over another channel. A key that is right all the same is trusted with a `deb …` line and --key FILE.',
    context: { archive: id, wanted: fingerprint, found },
  })
}

function armorIn(bytes: Uint8Array, { keyForm, keyUrl }: VendorPreset): string {
  const text = decodeUtf8(bytes)
  const armor = text === undefined || keyForm === 'armor' ? text : textOfJson(text)
  if (armor !== undefined) return armor
  throw new Fault('KEYRING_MALFORMED', {
    message: `what ${redacted(keyUrl)} answers is no armored key`,
    hint: 'Try again later, or name a file with the key with --key.',
    context: { url: redacted(keyUrl) },
  })
}

function textOfJson(text: string): string | undefined {
  const value = parsedJson(text)
  return typeof value === 'string' ? value : undefined
}
