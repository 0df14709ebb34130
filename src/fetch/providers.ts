import { join } from 'node:path'
import { Fault, quoted } from '../kernel/index.ts'
import type { LockedDeb } from '../lockfile/index.ts'
import { isPlainRelativePath, urlBelow } from '../transfer/index.ts'

/** Where an archive's files are looked for; place, not identity, so it may come from the manifest or from site settings. */
export interface ArchiveAddresses {
  /** In the order in which they are asked. */
  readonly uris: readonly string[]
  /** Where old files stay: a URI with `{timestamp}` in it. */
  readonly snapshot: string | undefined
}

/** One place that may have a deb. What it has is believed for its digest alone. */
export type Provider =
  | { readonly kind: 'vendor'; readonly path: string }
  | { readonly kind: 'mirror'; readonly url: string; readonly origin: string }
  | { readonly kind: 'snapshot'; readonly url: string; readonly origin: string }

export interface ProviderSettings {
  /** Archive id → addresses. */
  readonly archives: ReadonlyMap<string, ArchiveAddresses>
  readonly vendorFolders: readonly string[]
}

/**
 * The places of a deb after the store, in the order in which they are asked: vendor folders, the archive's URIs, its
 * snapshot.
 *
 * @throws {Fault} `LOCK_MALFORMED` when directory or file name are no plain path: a lockfile is hostile input too
 */
export function providersOf(deb: LockedDeb, settings: ProviderSettings): Provider[] {
  const file = checkedFileName(deb)
  const path = deb.directory === '' ? file : `${deb.directory}/${file}`
  if (!isPlainRelativePath(path)) throw pathFault(deb, path)
  const archive = archiveOf(deb)
  const vendor = settings.vendorFolders.flatMap(folder =>
    vendorPaths(archive, path, file).map((each): Provider => ({ kind: 'vendor', path: join(folder, each) })),
  )
  const addresses = settings.archives.get(archive)
  if (addresses === undefined) return vendor
  const mirrors = addresses.uris.map((uri): Provider => remote('mirror', uri, path))
  const snapshots = snapshotUris(addresses.snapshot, deb.at).map((uri): Provider => remote('snapshot', uri, path))
  return [...vendor, ...mirrors, ...snapshots]
}

/** The archive id that `from` begins with. */
export function archiveOf(deb: Pick<LockedDeb, 'from'>): string {
  return deb.from.split('/', 1)[0] ?? ''
}

/** `NAME_VERSION_ARCHITECTURE.deb` without the epoch, as archives name their files, unless the lock says otherwise. */
export function debFileName(deb: Pick<LockedDeb, 'name' | 'version' | 'architecture' | 'file'>): string {
  return deb.file ?? `${deb.name}_${deb.version.replace(/^\d+:/, '')}_${deb.architecture}.deb`
}

/** A folder of debs, a copy of one archive, or several archives side by side. */
function vendorPaths(archive: string, path: string, file: string): string[] {
  const archived = isPlainRelativePath(archive) ? [`${archive}/${path}`] : []
  return [...new Set([file, path, ...archived])]
}

/**
 * A Release's Date lies before the first snapshot that holds it, and a snapshot server answers with the last state at or before
 * the time it is asked for. Imports run every six hours, so somewhat later states are asked too.
 */
function snapshotUris(template: string | undefined, at: string): string[] {
  const match = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(at)
  if (template === undefined || match === null) return []
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number)
  const date = Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second)
  const hours = [0, 6, 24]
  return [...new Set(hours.map(later => template.replaceAll('{timestamp}', timestamp(date + later * 3_600_000))))]
}

function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/[-:]|\.\d+/g, '')
}

function remote(kind: 'mirror' | 'snapshot', uri: string, path: string): Provider {
  const url = urlBelow(uri, path)
  if (url === undefined) throw new Fault('INTERNAL', { message: `${quoted(path)} is no plain path` })
  return { kind, url, origin: new URL(url).host }
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
