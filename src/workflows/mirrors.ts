// Not through the door, behind which lie all export formats: every command that may use the network comes by here.
import { distributionKeyringOf } from '../interchange/host-keys.ts'
import type { AptProxies, AptProxy, AptSource, HostAptConfiguration } from '../interchange/index.ts'
import { type ArchiveDefinition, type PresetArchive, presetOf } from '../manifest/index.ts'
import type { Mirrors, ProxySetting } from './setting-values.ts'

/** Who may say where archives are looked for. */
export interface MirrorPlaces {
  /** Of the settings. */
  readonly mirrors: Mirrors
  /** The manifest's short form, `debian/bookworm`; undefined when it spells its archives out. */
  readonly distribution: string | undefined
  /** undefined: this host's configuration is not asked. */
  readonly host: Pick<HostAptConfiguration, 'distribution' | 'archives'> | undefined
}

/**
 * Where an archive is looked for: the mirrors of the settings; else, for an archive that a preset brought in, the mirrors
 * that apt uses on this host for the same distribution; else the addresses of the archive itself. What a mirror serves is
 * believed for the archive's signature alone, so a wrong guess ends in a fault and never in other bytes.
 */
export function mirrorsFor(
  archive: Pick<ArchiveDefinition, 'id' | 'uris'>,
  { mirrors, distribution, host }: MirrorPlaces,
): readonly [string, ...string[]] {
  const chosen = mirrors.get(archive.id)
  if (chosen !== undefined) return chosen
  const preset = distribution === undefined ? undefined : presetArchiveOf(archive, distribution)
  if (preset === undefined || host?.distribution === undefined) return archive.uris
  // A mirror carries all releases: building trixie on bookworm takes the same one.
  if (familyOf(host.distribution) !== familyOf(distribution ?? '')) return archive.uris
  const uris = host.archives.filter(source => isMirrorOf(source, preset)).flatMap(source => source.uris)
  const [first, ...more] = new Set(uris)
  return first === undefined ? archive.uris : [first, ...more]
}

/** An archive with a preset's id but an address of its own was written by a person, who meant that address. */
function presetArchiveOf(archive: Pick<ArchiveDefinition, 'id' | 'uris'>, name: string): PresetArchive | undefined {
  const [uri, ...more] = archive.uris
  if (more.length > 0) return undefined
  return presetOf(name).archives.find(each => each.id === archive.id && each.uri === uri)
}

/**
 * Third parties name their suites and components like Debian's (`bookworm main`), so the key decides; where apt was
 * told none, the last part of the path does, which is the same on every mirror.
 */
function isMirrorOf(source: AptSource, preset: PresetArchive): boolean {
  if (source.trusted === 'yes' || !source.components.includes('main')) return false
  if (!source.suites.some(suite => isSecurity(suite) === preset.security)) return false
  const names = source.uris.map(lastPartOf)
  // ports.ubuntu.com has other architectures than archive.ubuntu.com under the same suites and key.
  if (names.includes('ubuntu-ports') !== (lastPartOf(preset.uri) === 'ubuntu-ports')) return false
  if (source.signedBy !== undefined) return distributionKeyringOf(source) === preset.keyring
  return names.every(name => name === lastPartOf(preset.uri))
}

/** `bookworm-security`; `buster/updates` until Debian 10. */
function isSecurity(suite: string): boolean {
  return suite.endsWith('-security') || suite.endsWith('/updates')
}

function lastPartOf(uri: string): string {
  return uri.slice(uri.lastIndexOf('/') + 1)
}

function familyOf(distribution: string): string {
  return distribution.split('/', 1)[0] ?? ''
}

/**
 * The proxy for a URL: what the settings say, else what apt.conf of this host says, else none.
 *
 * @returns undefined for a direct connection; the URL may hold credentials
 */
export function proxyFor(url: URL, setting: ProxySetting | undefined, host: AptProxies | undefined): URL | undefined {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined
  const text = setting === undefined ? aptProxyFor(url, host) : settingProxyFor(url, setting)
  return text === undefined ? undefined : new URL(text)
}

function settingProxyFor(url: URL, setting: ProxySetting): string | undefined {
  switch (setting.kind) {
    case 'direct':
      return undefined
    case 'proxy':
      if (setting.except.some(pattern => covers(pattern, hostOf(url)))) return undefined
      return url.protocol === 'https:' ? setting.https : setting.http
    default:
      return setting satisfies never
  }
}

/** apt looks for the host before the scheme, and for https in the settings of http last. */
function aptProxyFor(url: URL, proxies: AptProxies | undefined): string | undefined {
  if (proxies === undefined) return undefined
  const schemes = url.protocol === 'https:' ? (['https', 'http'] as const) : (['http'] as const)
  const ofHost = (scheme: 'http' | 'https') =>
    proxies.hosts.find(each => each.scheme === scheme && each.host === hostOf(url))?.proxy
  const candidates: readonly (AptProxy | undefined)[] = [
    ...schemes.map(ofHost),
    ...schemes.map(scheme => proxies[scheme]),
  ]
  const proxy = candidates.find(each => each !== undefined)
  return proxy?.kind === 'proxy' ? proxy.url : undefined
}

/** `example.org` and `.example.org` cover the domain with all below it, `*` everything; an IPv6 address may stand in brackets. */
function covers(pattern: string, host: string): boolean {
  const domain = pattern.replace(/^\*?\./, '').replace(/^\[(.*)\]$/, '$1')
  return pattern === '*' || host === domain || host.endsWith(`.${domain}`)
}

/** IPv6 addresses without the brackets that a URL needs. */
function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '')
}
