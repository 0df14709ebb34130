import { parse } from 'yaml'
import { checkArchitecture, isPackageName } from '../../debian/index.ts'
import { isFault, quoted, sortedByBytes } from '../../kernel/index.ts'
import { judgeSource } from '../apt-source.ts'
import {
  architecturesOf,
  type ForeignArchive,
  type ForeignDeb,
  type ForeignProject,
  type ForeignRecord,
  importFault,
  isRecord,
  missingForLock,
  newestSnapshot,
  nothingForeign,
  pinnedItems,
  textOf,
} from './foreign-project.ts'

/**
 * Reads a lock of rules_distroless: every package at the version it has there. Format 1 has a list of packages; format 2 a map from name to architecture
 * to package, and of newer releases one from `/SUITE/NAME:ARCHITECTURE=VERSION` to package, with the sources that they are from.
 *
 * @throws {Fault} `IMPORT_MALFORMED`, `APT_SOURCES_MALFORMED`
 * @see apt/private/lockfile.bzl of GoogleContainerTools/rules_distroless, and of bazel-contrib/rules_distroless, where it lives now
 */
export function readDistrolessLock(text: string, fileName: string): ForeignProject {
  const lock = parsed(() => JSON.parse(text) as unknown, fileName)
  if (!isRecord(lock)) throw importFault(fileName, 'it is no lock of rules_distroless')
  const entries = entriesOf(lock.version, lock.packages, fileName)
  const debs = entries.map((entry): ForeignDeb => {
    if (!isRecord(entry)) throw importFault(fileName, 'an entry of `packages` is no record')
    const architecture = textOf(entry, 'arch' in entry ? 'arch' : 'architecture', fileName)
    if (architecture !== 'all') requireArchitecture(architecture, fileName)
    return { name: textOf(entry, 'name', fileName), version: textOf(entry, 'version', fileName), architecture }
  })
  const notes: string[] = []
  const archives = archivesBySuite(lock.sources, { fileName, notes })
  const hasSizes = entries.length > 0 && entries.every(entry => isRecord(entry) && typeof entry.size === 'number')
  const addresses = entries.map(entry => (isRecord(entry) && typeof entry.url === 'string' ? entry.url : ''))
  return {
    ...nothingForeign,
    format: `lock of rules_distroless, format ${String(lock.version)}`,
    packages: pinnedItems(debs, fileName),
    architectures: architecturesOf(debs),
    archives,
    base: 'none',
    snapshot: newestSnapshot([...addresses, ...archives.flatMap(each => each.source.uris)]),
    notes: [
      ...notes,
      hasSizes
        ? missingForLock(debs.length, 'sha256 and size', [
            'version of the source package',
            'signing key',
            'date of the Release',
          ])
        : missingForLock(debs.length, 'sha256', ['size', 'source package', 'suite', 'signing key']),
      rootsNote(lock.dependency_sets),
    ],
  }
}

/** Names of it that a note has. */
const rootsTold = 20

/** `dependency_sets` of newer locks: set → `sets` → architecture → `/SUITE/NAME:ARCHITECTURE` → version. */
function rootsNote(dependencySets: unknown): string {
  const below = (value: unknown): readonly unknown[] => (isRecord(value) ? Object.values(value) : [])
  const roots = below(dependencySets)
    .flatMap(each => (isRecord(each) ? below(each.sets) : []))
    .flatMap(each => (isRecord(each) ? Object.keys(each) : []))
    .flatMap(key => /^\/[^/]+\/([^/:]+):/.exec(key)?.[1] ?? [])
  const names = sortedByBytes(new Set(roots.filter(isPackageName)))
  if (names.length === 0)
    return 'each package is pinned by =VERSION; import the manifest (apt.yaml) instead to have only what was asked for'
  const more = names.length > rootsTold ? ` and ${names.length - rootsTold} more` : ''
  return `each package is pinned by =VERSION; asked for were ${names.slice(0, rootsTold).join(', ')}${more}`
}

function entriesOf(version: unknown, packages: unknown, fileName: string): readonly unknown[] {
  if (version === 1 && Array.isArray(packages)) return packages
  if (version === 2 && isRecord(packages))
    return Object.entries(packages).flatMap(([key, each]) => {
      // A name never begins with a slash.
      if (key.startsWith('/')) return [each]
      if (!isRecord(each)) throw importFault(fileName, 'a package has no map of architectures')
      return Object.values(each)
    })
  throw importFault(fileName, 'it is no lock of rules_distroless of format 1 or 2')
}

interface ImportPlace {
  readonly fileName: string
  readonly notes: string[]
}

/** `sources` of newer locks: suite → `uris`, `components`. */
function archivesBySuite(sources: unknown, { fileName, notes }: ImportPlace): readonly ForeignArchive[] {
  if (sources === undefined) return []
  if (!isRecord(sources)) throw importFault(fileName, '"sources" is no map')
  return Object.entries(sources).flatMap(([suite, source], at) => {
    if (!isRecord(source)) throw importFault(fileName, 'an entry of `sources` is no record')
    const uris = textsOf(source, 'uris', fileName)
    const components = textsOf(source, 'components', fileName)
    return foreignArchives({ uris, suite, components, at, label: quoted(suite) }, { fileName, notes })
  })
}

function foreignArchives(
  asked: {
    readonly uris: readonly string[]
    readonly suite: string
    readonly components: readonly string[]
    readonly at: number
    readonly label: string
  },
  { fileName, notes }: ImportPlace,
): readonly ForeignArchive[] {
  const { uris, suite, components, at, label } = asked
  const place = { file: fileName, line: at + 1 }
  const judged = judgeSource({ place, types: ['deb'], uris, suites: [suite], components, options: new Map() })
  notes.push(...judged.notes.map(({ message }) => `source ${label}: ${message}`))
  return judged.sources.map(each => ({ source: each, keys: undefined }))
}

function textsOf(record: ForeignRecord, key: string, fileName: string): readonly string[] {
  const list = record[key] ?? []
  if (!Array.isArray(list) || !list.every(each => typeof each === 'string'))
    throw importFault(fileName, `${quoted(key)} is no list of texts`)
  return list
}

const manifestKeys = ['version', 'sources', 'archs', 'packages']

/**
 * Reads a manifest of rules_distroless: `sources` with `channel` and `url` (or `urls`), `archs`, `packages`.
 *
 * @throws {Fault} `IMPORT_MALFORMED`
 * @see GoogleContainerTools/rules_distroless, examples/debian_snapshot/bullseye.yaml
 */
export function readDistrolessManifest(text: string, fileName: string): ForeignProject {
  const manifest = parsed(() => parse(text, { maxAliasCount: 0, schema: 'failsafe' }) as unknown, fileName)
  if (!isRecord(manifest)) throw importFault(fileName, 'it is no manifest of rules_distroless')
  const texts = (key: string) => textsOf(manifest, key, fileName)
  const architectures = texts('archs')
  for (const each of architectures) requireArchitecture(each, fileName)
  const notes = Object.keys(manifest)
    .filter(key => !manifestKeys.includes(key))
    .map(key => `${quoted(key)} is not known and was left out`)
  const sources = manifest.sources ?? []
  if (!Array.isArray(sources)) throw importFault(fileName, '"sources" is no list')
  const archives = sources.flatMap((source, at) => archivesOf(source, at, { fileName, notes }))
  return {
    ...nothingForeign,
    format: 'manifest of rules_distroless',
    packages: texts('packages'),
    architectures,
    archives,
    base: 'none',
    snapshot: newestSnapshot(archives.flatMap(each => each.source.uris)),
    notes,
  }
}

function archivesOf(source: unknown, at: number, { fileName, notes }: ImportPlace): readonly ForeignArchive[] {
  if (!isRecord(source)) throw importFault(fileName, 'an entry of `sources` is no record')
  const [suite = '', ...components] = textOf(source, 'channel', fileName).split(/\s+/)
  const urls = Array.isArray(source.urls) ? source.urls : [source.url]
  if (!urls.every(each => typeof each === 'string'))
    throw importFault(fileName, '"url" of a source is missing or no text')
  return foreignArchives({ uris: urls, suite, components, at, label: String(at + 1) }, { fileName, notes })
}

function parsed(parse: () => unknown, fileName: string): unknown {
  try {
    return parse()
  } catch (error) {
    // A syntax error's text may quote the file; its first line is enough.
    const [words = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
    throw importFault(fileName, quoted(words.slice(0, 200)))
  }
}

function requireArchitecture(name: string, fileName: string): void {
  try {
    checkArchitecture(name)
  } catch (error) {
    if (isFault(error)) throw importFault(fileName, error.message)
    throw error
  }
}
