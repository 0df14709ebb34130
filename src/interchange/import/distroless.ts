import { parse } from 'yaml'
import { checkArchitecture } from '../../debian/index.ts'
import { isFault, quoted } from '../../kernel/index.ts'
import { judgeSource } from '../apt-source.ts'
import {
  architecturesOf,
  type ForeignArchive,
  type ForeignDeb,
  type ForeignProject,
  importFault,
  isRecord,
  missingForLock,
  newestSnapshot,
  nothingForeign,
  pinnedItems,
  textOf,
} from './foreign-project.ts'

/**
 * Reads a lock of rules_distroless: every package at the version it has there. Format 1 has a list of packages, format 2 a map from name to architecture
 * to package.
 *
 * @throws {Fault} `IMPORT_MALFORMED`
 * @see GoogleContainerTools/rules_distroless, apt/private/lockfile.bzl
 */
export function readDistrolessLock(text: string, fileName: string): ForeignProject {
  const lock = parsed(() => JSON.parse(text) as unknown, fileName)
  if (!isRecord(lock)) throw importFault(fileName, 'it is no lock of rules_distroless')
  const entries = entriesOf(lock.version, lock.packages, fileName)
  const debs = entries.map((entry): ForeignDeb => {
    if (!isRecord(entry)) throw importFault(fileName, 'an entry of `packages` is no record')
    const architecture = textOf(entry, 'arch', fileName)
    requireArchitecture(architecture, fileName)
    return { name: textOf(entry, 'name', fileName), version: textOf(entry, 'version', fileName), architecture }
  })
  const addresses = entries.map(entry => (isRecord(entry) && typeof entry.url === 'string' ? entry.url : ''))
  return {
    ...nothingForeign,
    format: `lock of rules_distroless, format ${String(lock.version)}`,
    packages: pinnedItems(debs, fileName),
    architectures: architecturesOf(debs),
    base: 'none',
    snapshot: newestSnapshot(addresses),
    notes: [
      missingForLock(debs.length, ['size', 'source package', 'suite', 'signing key']),
      'each package is pinned by =VERSION; import the manifest (apt.yaml) instead to have only what was asked for',
    ],
  }
}

function entriesOf(version: unknown, packages: unknown, fileName: string): readonly unknown[] {
  if (version === 1 && Array.isArray(packages)) return packages
  if (version === 2 && isRecord(packages))
    return Object.values(packages).flatMap(each => {
      if (!isRecord(each)) throw importFault(fileName, 'a package has no map of architectures')
      return Object.values(each)
    })
  throw importFault(fileName, 'it is no lock of rules_distroless of format 1 or 2')
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
  const texts = (key: string): readonly string[] => {
    const list = manifest[key] ?? []
    if (!Array.isArray(list) || !list.every(each => typeof each === 'string'))
      throw importFault(fileName, `${quoted(key)} is no list of texts`)
    return list
  }
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

function archivesOf(
  source: unknown,
  at: number,
  { fileName, notes }: { readonly fileName: string; readonly notes: string[] },
): readonly ForeignArchive[] {
  if (!isRecord(source)) throw importFault(fileName, 'an entry of `sources` is no record')
  const [suite = '', ...components] = textOf(source, 'channel', fileName).split(/\s+/)
  const urls = Array.isArray(source.urls) ? source.urls : [source.url]
  if (!urls.every(each => typeof each === 'string'))
    throw importFault(fileName, '"url" of a source is missing or no text')
  const place = { file: fileName, line: at + 1 }
  const judged = judgeSource({ place, types: ['deb'], uris: urls, suites: [suite], components, options: new Map() })
  notes.push(...judged.notes.map(({ message }) => `source ${at + 1}: ${message}`))
  return judged.sources.map(each => ({ source: each, keys: undefined }))
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
