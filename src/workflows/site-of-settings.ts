import type { HostAptSources } from '../interchange/index.ts'
import { isFault, type Session } from '../kernel/index.ts'
import { readCredentials } from './credential-files.ts'
import type { Settings } from './merge-settings.ts'
import { proxyFor } from './mirrors.ts'
import type { Site } from './site.ts'
import { readTlsMaterial } from './tls-settings.ts'

/**
 * What the settings come to: credentials and certificates read, proxies chosen.
 *
 * @param host undefined: apt's configuration is not asked for mirrors and proxies
 * @param hostCredentials text of apt's auth.conf, used where the settings name no credentials
 * @throws {Fault} `SETTINGS_INVALID` when credentials or certificates cannot be read
 */
export async function siteOfSettings(
  settings: Settings,
  host: HostAptSources | undefined,
  hostCredentials = '',
): Promise<Site> {
  const {
    storeFolder,
    storeLayers,
    mirrors,
    vendorFolders,
    mode,
    parallelism,
    timeoutSeconds,
    proxy,
    snapshots,
    launchpad,
    fallbackUris,
  } = settings
  return {
    storeFolder,
    storeLayers,
    mirrors,
    snapshots,
    launchpad,
    fallbackUris,
    host,
    vendorFolders,
    mode,
    parallelism,
    timeoutSeconds,
    proxyOf: url => proxyFor(url, proxy, host?.proxies),
    securityData: settings.securityData,
    packageCaches: { places: settings.packageCaches, keyFiles: settings.packageCacheKeys },
    revisions: { service: settings.revisionService, token: settings.revisionToken },
    tlsOf: await readTlsMaterial(settings.tls),
    credentialText:
      settings.credentialsFile === undefined ? hostCredentials : await readCredentials(settings.credentialsFile),
  }
}

/**
 * The apt configuration of this host as far as it helps: a broken one is warned about, since the mirrors of the manifest
 * work without it. `init --from-host` wants `readHostAptConfiguration`, which refuses it.
 *
 * @param rootFolder `/`
 */
export async function readUsableHost(rootFolder: string, session: Session): Promise<HostAptSources | undefined> {
  const { readHostAptSources } = await import('../interchange/host-configuration.ts')
  try {
    return readHostAptSources(rootFolder)
  } catch (error) {
    if (!isFault(error, 'APT_SOURCES_MALFORMED')) throw error
    session.journal.emit({
      kind: 'warned',
      stage: 'archive',
      message: `the apt configuration of this host is passed over: ${error.message}`,
      hint: 'Mirrors and proxies can be set as settings instead.',
    })
    return undefined
  }
}
