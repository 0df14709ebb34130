import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { decodeUtf8, sortedByBytes } from '../kernel/index.ts'
import { type AptProxies, parseAptConf, proxiesOf } from './apt-conf.ts'
import { type AptNote, type AptSource, type AptSources, sourcesFault } from './apt-source.ts'
import { parseSourcesList } from './sources-list.ts'
import { parseSourcesStanzas } from './sources-stanzas.ts'

/** A key ring of the host, as it lies there: armored or binary, not yet parsed. */
export interface HostKeyRing {
  /** As apt names it: absolute below the root folder. */
  readonly path: string
  readonly bytes: Uint8Array
  /** `all`: in trusted.gpg or trusted.gpg.d, trusted for archives without `Signed-By`. */
  readonly trustedFor: 'all' | 'those-that-name-it'
}

/** Where apt on a host gets debs from. */
export interface HostAptSources {
  /** `debian/bookworm`, from os-release; undefined when that does not say. */
  readonly distribution: string | undefined
  /** Enabled ones, those that differ in their suites only as one, in apt's order. */
  readonly archives: readonly AptSource[]
  readonly proxies: AptProxies
}

/** How apt is configured on a host. Preferences are not read: pins belong into the manifest, with a reason. */
export interface HostAptConfiguration extends HostAptSources {
  readonly keyRings: readonly HostKeyRing[]
  readonly notes: readonly AptNote[]
}

/** A ring of all of Debian's keys has 80 kB; a file that is a hundred times larger is no configuration. */
const maximumBytes = 8 * 1024 * 1024

/**
 * Reads sources.list, sources.list.d, apt.conf, apt.conf.d, the key rings and os-release.
 *
 * @param rootFolder `/`, or a folder that holds another system; its symbolic links are followed inside it
 * @throws {Fault} `APT_SOURCES_MALFORMED` with file and line
 */
export async function readHostAptConfiguration(rootFolder: string): Promise<HostAptConfiguration> {
  const { notes, ...sources } = readNotedSources(rootFolder)
  const rings = readKeyRings(rootFolder, sources.archives)
  return { ...sources, keyRings: rings.keyRings, notes: [...notes, ...rings.notes] }
}

/**
 * As `readHostAptConfiguration`, without the key rings. Every command that may use the network asks for it, so nothing here waits: some 60 small
 * files and 250 links are read in 2 ms, which a thread's turn for each made 20.
 */
export function readHostAptSources(rootFolder: string): HostAptSources {
  const { notes: _, ...sources } = readNotedSources(rootFolder)
  return sources
}

function readNotedSources(rootFolder: string): HostAptSources & { readonly notes: readonly AptNote[] } {
  const found = readAllSources(rootFolder)
  const conf = readAllOptions(rootFolder)
  return {
    distribution: readDistribution(rootFolder),
    archives: mergeSources(found.sources),
    proxies: conf.proxies,
    notes: [...found.notes, ...conf.notes],
  }
}

function readAllSources(rootFolder: string): AptSources {
  const sources: AptSource[] = []
  const notes: AptNote[] = []
  const parts = partsOf(rootFolder, '/etc/apt/sources.list.d', /^[\w.-]+\.(list|sources)$/)
  for (const path of ['/etc/apt/sources.list', ...parts]) {
    const text = readText(rootFolder, path)
    if (text === undefined) continue
    const read = path.endsWith('.sources') ? parseSourcesStanzas : parseSourcesList
    const found = read(text, path)
    sources.push(...found.sources)
    notes.push(...found.notes)
  }
  return { sources, notes }
}

/** apt.conf.d first, then apt.conf, so that the latter decides. */
function readAllOptions(rootFolder: string) {
  const parts = partsOf(rootFolder, '/etc/apt/apt.conf.d', /^[\w-]+$|^[\w.-]+\.conf$/)
  const options = []
  for (const path of [...parts, '/etc/apt/apt.conf']) {
    const text = readText(rootFolder, path)
    if (text !== undefined) options.push(...parseAptConf(text, path))
  }
  return proxiesOf(options)
}

/** sources.list has a line for each suite; a manifest has one archive with several suites. */
export function mergeSources(sources: readonly AptSource[]): AptSource[] {
  const merged = new Map<string, AptSource>()
  for (const source of sources) {
    const { uris, components, architectures, signedBy, trusted } = source
    const isFlat = source.suites.some(suite => suite.endsWith('/'))
    const key = JSON.stringify([uris, components, architectures ?? '', signedBy ?? '', trusted, isFlat])
    const before = merged.get(key)
    if (before === undefined) merged.set(key, source)
    else {
      const [first] = before.suites
      const others = [...before.suites, ...source.suites].filter(suite => suite !== first)
      merged.set(key, { ...before, suites: [first, ...new Set(others)] })
    }
  }
  return [...merged.values()]
}

function readKeyRings(rootFolder: string, archives: readonly AptSource[]) {
  const keyRings: HostKeyRing[] = []
  const notes: AptNote[] = []
  const trusted = partsOf(rootFolder, '/etc/apt/trusted.gpg.d', /^[\w.-]+\.(gpg|asc)$/)
  for (const path of ['/etc/apt/trusted.gpg', ...trusted]) {
    const bytes = readBytes(rootFolder, path)
    if (bytes !== undefined) keyRings.push({ path, bytes, trustedFor: 'all' })
  }
  for (const { place, signedBy } of archives) {
    if (signedBy?.kind !== 'key-rings') continue
    for (const path of signedBy.paths) {
      if (keyRings.some(ring => ring.path === path)) continue
      const bytes = readBytes(rootFolder, path)
      if (bytes === undefined) notes.push({ place, message: `the key ring ${path} is not there` })
      else keyRings.push({ path, bytes, trustedFor: 'those-that-name-it' })
    }
  }
  return { keyRings, notes }
}

/** @see os-release(5) */
function readDistribution(rootFolder: string): string | undefined {
  const text = readText(rootFolder, '/etc/os-release') ?? readText(rootFolder, '/usr/lib/os-release') ?? ''
  const value = (name: string) => new RegExp(`^${name}=["']?([a-z0-9._-]+)["']?$`, 'm').exec(text)?.[1]
  const id = value('ID')
  const codename = value('VERSION_CODENAME')
  return id === undefined || codename === undefined ? undefined : `${id}/${codename}`
}

/** Names that apt passes over (backups, `.disabled`) are passed over. */
function partsOf(rootFolder: string, folder: string, pattern: RegExp): string[] {
  const place = followed(rootFolder, folder)
  const names = place === undefined ? [] : (ifPossible(() => readdirSync(join(rootFolder, place))) ?? [])
  return sortedByBytes(names.filter(name => pattern.test(name) && !name.startsWith('.'))).map(
    name => `${folder}/${name}`,
  )
}

function readText(rootFolder: string, path: string): string | undefined {
  const bytes = readBytes(rootFolder, path)
  if (bytes === undefined) return undefined
  const text = decodeUtf8(bytes)
  if (text === undefined || text.includes('\0'))
    throw sourcesFault({ file: path, line: 1 }, 'the file is no UTF-8 text')
  return text
}

/** @returns undefined when there is no such file; one that only root may read counts as absent, as apt warns and goes on */
function readBytes(rootFolder: string, path: string): Uint8Array | undefined {
  const place = followed(rootFolder, path)
  if (place === undefined) return undefined
  // Without O_NONBLOCK opening a pipe waits for its writer.
  const descriptor = ifPossible(() => openSync(join(rootFolder, place), constants.O_RDONLY | constants.O_NONBLOCK))
  if (descriptor === undefined) return undefined
  try {
    const facts = fstatSync(descriptor)
    if (!facts.isFile()) return undefined
    if (facts.size > maximumBytes)
      throw sourcesFault({ file: path, line: 1 }, `the file has ${facts.size} bytes, more than ${maximumBytes}`)
    return readFileSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function ifPossible<Value>(look: () => Value): Value | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}

/**
 * Follows symbolic links as a process inside the root folder would: absolute ones begin at the folder, `..` ends there.
 *
 * @returns undefined when the links go in circles
 */
function followed(rootFolder: string, path: string): string | undefined {
  const left = path.split('/').filter(segment => segment !== '')
  let place: string[] = []
  let links = 0
  for (let segment = left.shift(); segment !== undefined; segment = left.shift()) {
    if (segment === '.') continue
    if (segment === '..') {
      place.pop()
      continue
    }
    const target = linkAt(join(rootFolder, ...place, segment))
    if (target === undefined) {
      place.push(segment)
      continue
    }
    if (++links > 40) return undefined
    if (target.startsWith('/')) place = []
    left.unshift(...target.split('/').filter(each => each !== ''))
  }
  return place.join('/')
}

/** Where a link leads; undefined for anything else. Asking each file for its target would make an error of nearly each. */
function linkAt(path: string): string | undefined {
  const isLink = ifPossible(() => lstatSync(path, { throwIfNoEntry: false }))?.isSymbolicLink() === true
  return isLink ? ifPossible(() => readlinkSync(path)) : undefined
}
