import { createHash } from 'node:crypto'
import { bytesOfByteString, compressGzipBytes } from '../codec/index.ts'
import { compareVersions, type SourcePackage } from '../debian/index.ts'
import { type FieldText, formatStanza } from '../debian-control-parser/index.ts'
import { compareBytes, concatBytes, encodeUtf8, sortedByBytes } from '../kernel/index.ts'
import { comparePublished, type PublishedDeb, type Suite } from './model.ts'

/** A file below `dists/SUITE`, with what a Release says of it. */
export interface SuiteFile {
  readonly path: string
  readonly bytes: Uint8Array
  readonly sha256: string
}

/** A deb in a suite, and what it installs. */
export interface ListedDeb {
  readonly deb: PublishedDeb
  readonly component: string
  /** Byte strings without a slash at the beginning: `usr/bin/hello`. */
  readonly contents: readonly string[]
}

/** A source in a suite. */
export interface ListedSource {
  readonly source: SourcePackage
  readonly component: string
}

/** Compresses as xz does; absent where nothing can. */
export type XzCompressor = (bytes: Uint8Array) => Promise<Uint8Array>

/**
 * The indexes of a suite: Packages and Contents for each component and architecture, where debs of `all` are in each, and Sources for each component that
 * ever had sources, sorted by path. The same debs and sources give the same bytes.
 *
 * @see the wiki page DebianRepository/Format
 */
export async function suiteIndexes(
  suite: Suite,
  { debs, sources }: { readonly debs: readonly ListedDeb[]; readonly sources: readonly ListedSource[] },
  compressXz: XzCompressor | undefined,
): Promise<readonly SuiteFile[]> {
  const files: SuiteFile[] = []
  for (const component of sortedByBytes(suite.components.keys()))
    for (const architecture of suite.architectures) {
      const here = debs.filter(
        ({ deb, component: its }) => its === component && [architecture, 'all'].includes(deb.architecture),
      )
      const path = `${component}/binary-${architecture}/Packages`
      files.push(
        ...(await formsOf(path, packagesText(here), compressXz)),
        fileOf(`${component}/Contents-${architecture}.gz`, compressGzipBytes(contentsText(here))),
      )
    }
  for (const component of suite.sources.keys()) {
    const here = sources.filter(each => each.component === component)
    files.push(...(await formsOf(`${component}/source/Sources`, sourcesText(here), compressXz)))
  }
  return files.sort((left, right) => compareBytes(left.path, right.path))
}

async function formsOf(path: string, bytes: Uint8Array, compressXz: XzCompressor | undefined): Promise<SuiteFile[]> {
  return [
    fileOf(path, bytes),
    fileOf(`${path}.gz`, compressGzipBytes(bytes)),
    ...(compressXz === undefined ? [] : [fileOf(`${path}.xz`, await compressXz(bytes))]),
  ]
}

/** The Release that lists the indexes. */
export function releaseText(suite: Suite, files: readonly SuiteFile[]): string {
  const { validForSeconds, date } = suite
  const validUntil = validForSeconds === undefined ? undefined : new Date(date.getTime() + validForSeconds * 1000)
  const fields: readonly (readonly [string, string | undefined])[] = [
    ['Origin', suite.origin],
    ['Label', suite.label],
    ['Suite', suite.name],
    ['Codename', suite.name],
    ['Date', releaseDate(date)],
    ['Valid-Until', validUntil === undefined ? undefined : releaseDate(validUntil)],
    ['Acquire-By-Hash', 'yes'],
    ['No-Support-for-Architecture-all', 'Packages'],
    ['Architectures', ['all', ...suite.architectures].join(' ')],
    ['Components', sortedByBytes(suite.components.keys()).join(' ')],
  ]
  const head = formatStanza(
    fields.flatMap(([name, value]): FieldText[] => (value === undefined ? [] : [[name, value]])),
  )
  const width = Math.max(0, ...files.map(({ bytes }) => String(bytes.length).length))
  const lines = files.map(({ path, bytes, sha256 }) => ` ${sha256} ${String(bytes.length).padStart(width)} ${path}\n`)
  return `${head}SHA256:\n${lines.join('')}`
}

/** Where a file lies whatever is published after it. */
export function byHashPath({ path, sha256 }: Pick<SuiteFile, 'path' | 'sha256'>): string {
  return `${path.slice(0, path.lastIndexOf('/') + 1)}by-hash/SHA256/${sha256}`
}

function packagesText(debs: readonly ListedDeb[]): Uint8Array {
  const sorted = debs.map(({ deb }) => deb).sort(comparePublished)
  return concatBytes(sorted.flatMap(({ stanza }) => [stanza, encodeUtf8('\n')]))
}

function sourcesText(sources: readonly ListedSource[]): Uint8Array {
  const sorted = sources
    .map(({ source }) => source)
    .sort((left, right) => compareBytes(left.name, right.name) || compareVersions(left.version, right.version))
  return concatBytes(sorted.flatMap(({ stanza }) => [stanza, encodeUtf8('\n')]))
}

/** A line for each path: `usr/bin/hello hello,hello-tiny`. */
function contentsText(debs: readonly ListedDeb[]): Uint8Array {
  const owners = new Map<string, Set<string>>()
  for (const { deb, contents } of debs)
    for (const path of contents) {
      const known = owners.get(path)
      if (known === undefined) owners.set(path, new Set([deb.name]))
      else known.add(deb.name)
    }
  const paths = sortedByBytes(owners.keys())
  return bytesOfByteString(paths.map(path => `${path} ${sortedByBytes(owners.get(path) ?? []).join(',')}\n`).join(''))
}

/** As RFC 2822 has it, but with UTC for the zone, which apt demands. */
function releaseDate(date: Date): string {
  return date.toUTCString().replace('GMT', 'UTC')
}

function fileOf(path: string, bytes: Uint8Array): SuiteFile {
  return { path, bytes, sha256: createHash('sha256').update(bytes).digest('hex') }
}
