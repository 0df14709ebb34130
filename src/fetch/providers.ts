import { join } from 'node:path'
import { Fault, quoted } from '../kernel/index.ts'
import { derivedFileName, type LockedDeb, ownDebsOrigin } from '../lockfile/index.ts'
import { isPlainRelativePath, urlBelow } from '../transfer/index.ts'
import { launchpadUrls } from './launchpad.ts'
import { type SnapshotService, safeTimestamps, snapshotServiceOf } from './snapshot-service.ts'

/** Where an archive's files are looked for; place, not identity, so it may come from the manifest or from site settings. */
export interface ArchiveAddresses {
  /** Mirrors, in the order in which they are asked. */
  readonly uris: readonly string[]
  /** The archive's own addresses, asked after the mirrors: what a mirror lost the archive may still have. */
  readonly poolUris: readonly string[]
  /** Where old files stay: a URI with `{timestamp}` in it. */
  readonly snapshot: string | undefined
}

/** What a remote address is to the archive; said in reports, and decides what its silence means. */
export type RemoteRole = 'mirror' | 'pool' | 'snapshot' | 'launchpad' | 'fallback'

/** One place that may have a deb. What it has is believed for its digest alone. */
export type Provider =
  | { readonly kind: 'vendor'; readonly path: string }
  | { readonly kind: 'remote'; readonly role: RemoteRole; readonly url: string; readonly origin: string }
  /** The first state that the service imported at or after `at`; which one that is, the service says. */
  | {
      readonly kind: 'snapshot-state'
      readonly service: SnapshotService
      readonly at: string
      readonly path: string
      readonly origin: string
    }
  /** By name and version, wherever the service saw the file. */
  | { readonly kind: 'snapshot-lookup'; readonly service: SnapshotService; readonly origin: string }

export interface ProviderSettings {
  /** Archive id → addresses. */
  readonly archives: ReadonlyMap<string, ArchiveAddresses>
  readonly vendorFolders: readonly string[]
  /** Absolute: where the project's own debs lie, at the paths of the lock. */
  readonly projectFolder: string
  /** Base of Launchpad, which keeps every file of Ubuntu and of PPAs; undefined: not asked. */
  readonly launchpadUri: string | undefined
  /** Folders of debs or copies of archives that are asked last. */
  readonly fallbackUris: readonly string[]
}

/**
 * The places of a deb after the store, in the order in which they are asked: vendor folders, mirrors, the archive's own
 * pool, its snapshot (by time, then by name and version), Launchpad, fallback pools. To be walked once; each place is worked out when it
 * is reached, since nearly always the first one has the deb (354 debs have 3,000 places).
 *
 * @throws {Fault} `LOCK_MALFORMED` when directory or file name are no plain path: a lockfile is hostile input too
 */
export function providersOf(deb: LockedDeb, settings: ProviderSettings): Iterable<Provider> {
  const file = checkedFileName(deb)
  const path = deb.directory === '' ? file : `${deb.directory}/${file}`
  if (!isPlainRelativePath(path)) throw pathFault(deb, path)
  return places(deb, { file, path }, settings)
}

interface DebPath {
  readonly file: string
  /** With its folder. */
  readonly path: string
}

function* places(deb: LockedDeb, { file, path }: DebPath, settings: ProviderSettings): Generator<Provider> {
  const archive = archiveOf(deb)
  const isOwn = deb.from === ownDebsOrigin
  if (isOwn) yield { kind: 'vendor', path: join(settings.projectFolder, path) }
  for (const folder of settings.vendorFolders)
    for (const each of foreignPaths(archive, path, file)) yield { kind: 'vendor', path: join(folder, each) }
  const addresses = isOwn ? undefined : settings.archives.get(archive)
  if (addresses !== undefined) {
    for (const uri of addresses.uris) yield remote('mirror', uri, path)
    for (const uri of addresses.poolUris) if (!addresses.uris.includes(uri)) yield remote('pool', uri, path)
    yield* snapshots(addresses.snapshot, deb, path)
    for (const url of launchpadUrls(settings.launchpadUri, addresses.poolUris, file)) yield remoteAt('launchpad', url)
  }
  for (const uri of settings.fallbackUris)
    for (const each of foreignPaths(archive, path, file)) yield remote('fallback', uri, each)
}

/** The archive id that `from` begins with. */
export function archiveOf(deb: Pick<LockedDeb, 'from'>): string {
  return deb.from.split('/', 1)[0] ?? ''
}

/** As archives name their files, unless the lock says otherwise. */
export function debFileName(deb: Pick<LockedDeb, 'name' | 'version' | 'architecture' | 'file'>): string {
  return deb.file ?? derivedFileName(deb)
}

/** In a folder of debs, a copy of one archive, or several archives side by side. */
function foreignPaths(archive: string, path: string, file: string): string[] {
  const archived = isPlainRelativePath(archive) ? [`${archive}/${path}`] : []
  return [...new Set([file, path, ...archived])]
}

function snapshots(template: string | undefined, deb: LockedDeb, path: string): Provider[] {
  if (template === undefined) return []
  const byTime = safeTimestamps(deb.at).map(time => remote('snapshot', template.replaceAll('{timestamp}', time), path))
  const service = snapshotServiceOf(template)
  if (service === undefined) return byTime
  const origin = originOf(service.base)
  return [
    { kind: 'snapshot-state', service, at: deb.at, path, origin },
    ...byTime,
    { kind: 'snapshot-lookup', service, origin },
  ]
}

function remote(role: RemoteRole, uri: string, path: string): Provider {
  const url = urlBelow(uri, path)
  if (url === undefined) throw new Fault('INTERNAL', { message: `${quoted(path)} is no plain path` })
  return remoteAt(role, url)
}

function remoteAt(role: RemoteRole, url: string): Provider {
  return { kind: 'remote', role, url, origin: originOf(url) }
}

/** Scheme too: a host may be dead on one port and alive on another. Files have none, and are never given up. */
function originOf(url: string): string {
  const { protocol, host } = new URL(url)
  return `${protocol}//${host}`
}

function checkedFileName(deb: LockedDeb): string {
  const file = debFileName(deb)
  if (file.includes('/') || !isPlainRelativePath(file)) throw pathFault(deb, file)
  return file
}

function pathFault(deb: LockedDeb, path: string): Fault {
  return new Fault('LOCK_MALFORMED', {
    message: `the lockfile places ${quoted(deb.name)} at ${quoted(path)}, which is no plain relative path`,
    hint: 'Somebody edited the lockfile: restore it, or run `aptroot lock update`.',
    context: { name: deb.name, path },
  })
}
