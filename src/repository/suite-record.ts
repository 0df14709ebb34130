import { canonicalJson, decodeUtf8, encodeUtf8, isJsonObject, sortedByBytes } from '../kernel/index.ts'
import { corrupt } from './deb-records.ts'
import type { DebKey, SourceKey, Suite } from './model.ts'
import type { RepositoryFolder } from './repository-folder.ts'

const suitesFolder = 'aptroot/suites'
const recordFormat = 1

/** Names of the suites, sorted. */
export async function listSuites(folder: RepositoryFolder): Promise<readonly string[]> {
  const names = await folder.list(suitesFolder)
  return sortedByBytes(names.flatMap(name => (/^[^.].*\.json$/.test(name) ? [name.slice(0, -'.json'.length)] : [])))
}

/** @throws {Fault} `REPOSITORY_CORRUPT` */
export async function readSuite(name: string, folder: RepositoryFolder): Promise<Suite | undefined> {
  const bytes = await folder.read(recordPath(name))
  if (bytes === undefined) return undefined
  try {
    return suiteOf(JSON.parse(decodeUtf8(bytes) ?? ''), name)
  } catch (cause) {
    throw corrupt(`the suite ${name}`, folder, cause instanceof Error ? cause.message : 'it does not parse', cause)
  }
}

/** For those who hold the lock of the repository. */
export async function writeSuite(suite: Suite, folder: RepositoryFolder): Promise<void> {
  const text = canonicalJson({
    format: recordFormat,
    name: suite.name,
    kind: suite.kind,
    origin: suite.origin,
    label: suite.label,
    validForSeconds: suite.validForSeconds,
    architectures: [...suite.architectures],
    components: listsOf(suite.components),
    sources: suite.sources.size === 0 ? undefined : listsOf(suite.sources),
    date: suite.date.toISOString(),
  })
  await folder.replace(recordPath(suite.name), [encodeUtf8(`${text}\n`)])
}

/** The same suite with some of its debs in a component. */
export function withDebs(suite: Suite, component: string, keys: Iterable<DebKey>): Suite {
  const all = sortedByBytes(new Set([...(suite.components.get(component) ?? []), ...keys]))
  return { ...suite, components: new Map([...suite.components, [component, all]]) }
}

/** The same suite with some sources in a component. */
export function withSources(suite: Suite, component: string, keys: readonly SourceKey[]): Suite {
  if (keys.length === 0) return suite
  const all = sortedByBytes(new Set([...(suite.sources.get(component) ?? []), ...keys]))
  return { ...suite, sources: new Map([...suite.sources, [component, all]]) }
}

/** The same suite with those of its sources that are wanted. */
export function onlySources(suite: Suite, wanted: ReadonlySet<SourceKey>): Suite {
  const left = [...suite.sources].map(([name, all]) => [name, all.filter(key => wanted.has(key))] as const)
  return { ...suite, sources: new Map(left) }
}

export function sourcesOfSuite(suite: Suite): readonly SourceKey[] {
  return sortedByBytes(new Set([...suite.sources.values()].flat()))
}

/** The same suite without some debs; a component stays when its last deb goes: machines have it in their sources. */
export function withoutDebs(suite: Suite, keys: ReadonlySet<DebKey>): Suite {
  const left = [...suite.components].map(([name, all]) => [name, all.filter(key => !keys.has(key))] as const)
  return { ...suite, components: new Map(left) }
}

export function keysOfSuite(suite: Suite): readonly DebKey[] {
  return sortedByBytes(new Set([...suite.components.values()].flat()))
}

function listsOf(map: ReadonlyMap<string, readonly string[]>): Record<string, string[]> {
  return Object.fromEntries([...map].map(([name, keys]) => [name, [...keys]]))
}

function recordPath(name: string): string {
  return `${suitesFolder}/${name}.json`
}

function suiteOf(record: unknown, name: string): Suite {
  if (!isJsonObject(record)) throw new Error('it is no object')
  if (record.format !== recordFormat) throw new Error(`its format is ${String(record.format)}, not ${recordFormat}`)
  if (record.name !== name) throw new Error(`it describes ${String(record.name)}`)
  const { kind, components, sources, architectures, date } = record
  if (kind !== 'moving' && kind !== 'release') throw new Error('its kind is unknown')
  const readDate = new Date(String(date))
  if (Number.isNaN(readDate.getTime())) throw new Error('its date is none')
  return {
    name,
    kind,
    origin: optionalText(record.origin),
    label: optionalText(record.label),
    validForSeconds: typeof record.validForSeconds === 'number' ? record.validForSeconds : undefined,
    architectures: texts(architectures),
    components: mapOf(components, 'components'),
    sources: sources === undefined ? new Map() : mapOf(sources, 'sources'),
    date: readDate,
  }
}

function mapOf(value: unknown, what: string): ReadonlyMap<string, readonly string[]> {
  if (!isJsonObject(value)) throw new Error(`its ${what} are no object`)
  return new Map(Object.entries(value).map(([component, keys]) => [component, texts(keys)]))
}

function optionalText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function texts(value: unknown): readonly string[] {
  if (Array.isArray(value) && value.every(each => typeof each === 'string')) return value
  throw new Error('a list of texts was expected')
}
