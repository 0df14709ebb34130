import { readFile, stat } from 'node:fs/promises'
import type { HostAptConfiguration } from '../interchange/index.ts'
import { Fault, isFault, type Session } from '../kernel/index.ts'
import type { Settings } from './merge-settings.ts'
import { proxyFor } from './mirrors.ts'
import type { Site } from './site.ts'

const maximumBytes = 1024 * 1024

/**
 * What the settings come to: credentials read, proxies chosen.
 *
 * @param host undefined: apt's configuration is not asked for mirrors and proxies
 * @throws {Fault} `SETTINGS_INVALID` when the credentials cannot be read
 */
export async function siteOfSettings(settings: Settings, host: HostAptConfiguration | undefined): Promise<Site> {
  const { storeFolder, mirrors, vendorFolders, mode, parallelism, proxy, snapshots, launchpad, fallbackUris } = settings
  return {
    storeFolder,
    mirrors,
    snapshots,
    launchpad,
    fallbackUris,
    host,
    vendorFolders,
    mode,
    parallelism,
    proxyOf: url => proxyFor(url, proxy, host?.proxies),
    credentialText: settings.credentialsFile === undefined ? '' : await readCredentials(settings.credentialsFile),
  }
}

/**
 * The apt configuration of this host as far as it helps: a broken one is warned about, since the mirrors of the manifest
 * work without it. `init --from-host` wants `readHostAptConfiguration`, which refuses it.
 *
 * @param rootFolder `/`
 */
export async function readUsableHost(rootFolder: string, session: Session): Promise<HostAptConfiguration | undefined> {
  const { readHostAptConfiguration } = await import('../interchange/index.ts')
  try {
    return await readHostAptConfiguration(rootFolder)
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

/** The path came from the user, never from the project. */
async function readCredentials(path: string): Promise<string> {
  try {
    const facts = await stat(path)
    if (facts.isFile() && facts.size <= maximumBytes) return await readFile(path, 'utf8')
    throw unreadable(path, facts.isFile() ? `it has ${facts.size} bytes, more than ${maximumBytes}` : 'it is no file')
  } catch (error) {
    if (error instanceof Fault) throw error
    throw unreadable(path, error instanceof Error && 'code' in error ? String(error.code) : String(error), error)
  }
}

function unreadable(path: string, why: string, cause?: unknown): Fault {
  return new Fault('SETTINGS_INVALID', {
    message: `the credentials in ${path} cannot be read: ${why}`,
    hint: 'Correct --credentials, APTROOT_CREDENTIALS or `credentials` in the settings file, or take it away.',
    context: { setting: 'credentials' },
    cause,
  })
}
