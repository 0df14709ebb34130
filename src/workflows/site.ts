import { join } from 'node:path'
import type { HostAptConfiguration } from '../interchange/index.ts'
import type { Routes } from '../kernel/index.ts'
import { Store } from '../store/index.ts'
import type { Transfer } from '../transfer/index.ts'
import type { PackageCaches } from './package-caches.ts'
import type { OptionalService, Snapshots, TokenPlace } from './setting-values.ts'
import type { World } from './world.ts'

/** Who numbers builds. */
export interface RevisionPlace {
  /** Its address; undefined: nobody named one. */
  readonly service: string | undefined
  /** Of a writer. */
  readonly token: TokenPlace | undefined
}

/** Where things are looked for and kept: changes speed and place, never bytes. */
export interface Site {
  /** Absolute. */
  readonly storeFolder: string
  /** Absolute; looked into after it, never written to. */
  readonly storeLayers: readonly string[]
  /** Archive id → URIs that are asked instead of the manifest's, in order. */
  readonly mirrors: ReadonlyMap<string, readonly [string, ...string[]]>
  /** Archive id → states of the archive, instead of the manifest's. */
  readonly snapshots: Snapshots
  readonly launchpad: OptionalService
  readonly fallbackUris: readonly string[]
  /** apt on this host: its mirrors stand in for a preset's where the settings name none (see `mirrorsFor`). */
  readonly host?: Pick<HostAptConfiguration, 'distribution' | 'archives'> | undefined
  /** Absolute folders of debs. */
  readonly vendorFolders: readonly string[]
  readonly mode: 'online' | 'offline'
  /** Downloads at a time. */
  readonly parallelism: number
  /** How long a server may be silent; default: what the transport thinks right. */
  readonly timeoutSeconds?: number
  /** The proxy for a URL, undefined for a direct connection. */
  readonly proxyOf: Routes['proxyOf']
  /** Certificates for a URL, already read; default: Node's own authorities, no client certificate. */
  readonly tlsOf?: Routes['tlsOf']
  /** netrc or apt's auth.conf, already read. */
  readonly credentialText: string
  /** Absolute path or URL of data about vulnerabilities. */
  readonly securityData?: string | undefined
  /** Builds of own packages that others made. */
  readonly packageCaches?: PackageCaches
  /** The service that numbers builds of own packages. */
  readonly revisions?: RevisionPlace | undefined
}

export interface OpenSite {
  readonly store: Store
  readonly transfer: Transfer
  /** As in `ArchivesRequest`. */
  readonly decompressionScript: string
}

/** Opens store and network. HTTP is loaded here and nowhere else, and not at all when offline. */
export async function openSite(site: Site, world: World): Promise<OpenSite> {
  const { createTransfer, credentialsFor, parseCredentialFile } = await import('../transfer/index.ts')
  const entries = parseCredentialFile(site.credentialText)
  const transport = await world.openTransport({ proxyOf: site.proxyOf, tlsOf: site.tlsOf }, site.timeoutSeconds)
  const transfer = createTransfer({
    transport,
    clock: world.clock,
    random: world.random,
    credentialsOf: url => credentialsFor(entries, url, 'https'),
    parallelism: site.parallelism,
    ...(site.timeoutSeconds === undefined ? {} : { rateWindowMilliseconds: site.timeoutSeconds * 2000 }),
  })
  const decompressionScript = join(world.packageFolder, 'dist/workers/decompress.js')
  return { store: openStore(site, world), transfer, decompressionScript }
}

/** The store alone: no HTTP is loaded. */
export function openStore({ storeFolder, storeLayers }: Site, { clock }: World): Store {
  return new Store({ folder: storeFolder, layers: storeLayers, clock })
}
