import { parseSourceReference, readSourcePackage, type SourcePackage, sourceKey } from '../debian/index.ts'
import { readSingleStanza } from '../debian-control-parser/index.ts'
import { Fault, isFault } from '../kernel/index.ts'
import { corrupt } from './deb-records.ts'
import type { PublishedDeb, SourceKey } from './model.ts'
import { placeInPool, requirePlace } from './place-in-pool.ts'
import type { RepositoryFolder } from './repository-folder.ts'

/** One file per source that was ever published: never changed, never removed. */
const recordsFolder = 'aptroot/sources'

/** A source package that somebody wants to publish, with the bytes of its files. */
export interface OfferedSource {
  readonly source: SourcePackage
  /** By the name of a file of the source; its bytes, as often as asked. */
  readonly content: (file: string) => AsyncIterable<Uint8Array>
}

/**
 * Binds name and version of a source to its files, and puts them in the pool. Where another file lies in the place of one nothing is bound.
 *
 * @throws {Fault} `REPOSITORY_REBINDING`, `SOURCE_MALFORMED` for a path where indexes and records are
 */
export async function placeSource(
  { source, content }: OfferedSource,
  place: { readonly folder: RepositoryFolder; readonly now: Date },
): Promise<void> {
  const key = sourceKey(source)
  const before = await checkSource(source, place.folder)
  if (before === 'new') {
    for (const { name, sha256 } of source.files)
      await requirePlace({ owner: key, path: pathOf(source, name), sha256 }, place.folder)
    await place.folder.create(recordPath(key), [source.stanza])
  }
  const bound = await requireSource(key, place.folder)
  requireSameFiles(source, bound, place.folder)
  for (const file of bound.files) {
    const path = pathOf(bound, file.name)
    await placeInPool({ ...file, owner: key, path, content: () => content(file.name) }, before, place)
  }
}

/** @throws {Fault} as `placeSource`; nothing is written */
export async function checkSource(source: SourcePackage, folder: RepositoryFolder): Promise<'new' | 'known'> {
  for (const { name } of source.files) checkPath(pathOf(source, name), source)
  const before = await readSource(sourceKey(source), folder)
  if (before === undefined) return 'new'
  requireSameFiles(source, before, folder)
  return 'known'
}

/** @throws {Fault} `REPOSITORY_CORRUPT` also where there is none */
export async function requireSource(key: SourceKey, folder: RepositoryFolder): Promise<SourcePackage> {
  const found = await readSource(key, folder)
  if (found === undefined) throw corrupt(key, folder, 'it is missing')
  return found
}

/** Where the files of a source lie below the repository's folder. */
export function pathsOfSource(source: SourcePackage): readonly string[] {
  return source.files.map(({ name }) => pathOf(source, name))
}

/** The sources that a deb was built from: its own, and those that its Built-Using names (Debian Policy 7.8). */
export function sourcesOfDeb({ name, version, stanza }: Pick<PublishedDeb, 'name' | 'version' | 'stanza'>): {
  readonly own: SourceKey
  readonly builtUsing: readonly SourceKey[]
} {
  const fields = readSingleStanza(stanza)
  const own = sourceKey(parseSourceReference(fields.field('Source'), { name, version }))
  const builtUsing = [...(fields.field('Built-Using') ?? '').matchAll(/([^\s,()_]+)\s*\(\s*=\s*([^\s()_]+)\s*\)/g)]
  return { own, builtUsing: builtUsing.map(([, its = '', of = '']) => sourceKey({ name: its, version: of })) }
}

async function readSource(key: SourceKey, folder: RepositoryFolder): Promise<SourcePackage | undefined> {
  const stanza = await folder.read(recordPath(key))
  if (stanza === undefined) return undefined
  try {
    const source = readSourcePackage(stanza, key)
    if (sourceKey(source) === key) return source
  } catch (cause) {
    if (isFault(cause, 'INDEX_MALFORMED')) throw corrupt(key, folder, cause.message, cause)
    throw cause
  }
  throw corrupt(key, folder, 'it describes another source')
}

function requireSameFiles(source: SourcePackage, bound: SourcePackage, folder: RepositoryFolder): void {
  const textOf = ({ files }: SourcePackage) => files.map(({ name, sha256 }) => `${sha256} ${name}`).sort()
  const [published, offered] = [textOf(bound), textOf(source)]
  if (published.join('\n') === offered.join('\n')) return
  const changed = offered.find(each => !published.includes(each)) ?? published.find(each => !offered.includes(each))
  throw new Fault('REPOSITORY_REBINDING', {
    message: `the source ${source.name} ${source.version} is published in ${folder.name} with other files; they differ in ${changed}`,
    hint: 'Two archives give one version other sources: mirror them into folders of their own.',
    context: { source: sourceKey(source), published, offered },
  })
}

function pathOf({ directory }: SourcePackage, name: string): string {
  return directory === '' ? name : `${directory}/${name}`
}

/** Never where indexes and records are, nor hidden. */
function checkPath(path: string, source: SourcePackage): void {
  if (!/^(dists|aptroot)(\/|$)|(^|\/)\.|\.deb$/.test(path) && path !== 'archive-key.asc') return
  throw new Fault('SOURCE_MALFORMED', {
    message: `the source ${sourceKey(source)} cannot be published: ${path} is no place for it`,
    hint: 'The archive published a broken index: report it to its maintainers.',
    context: { source: sourceKey(source), path },
  })
}

function recordPath(key: SourceKey): string {
  return `${recordsFolder}/${key}`
}
