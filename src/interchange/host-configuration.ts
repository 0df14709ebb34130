import { constants } from 'node:fs'
import { open, readdir, readlink } from 'node:fs/promises'
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

/** How apt is configured on a host. Preferences are not read: pins belong into the manifest, with a reason. */
export interface HostAptConfiguration {
  /** `debian/bookworm`, from os-release; undefined when that does not say. */
  readonly distribution: string | undefined
  /** Enabled ones, those that differ in their suites only as one, in apt's order. */
  readonly archives: readonly AptSource[]
  readonly proxies: AptProxies
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
  const found = await readAllSources(rootFolder)
  const conf = await readAllOptions(rootFolder)
  const archives = mergeSources(found.sources)
  const rings = await readKeyRings(rootFolder, archives)
  return {
    distribution: await readDistribution(rootFolder),
    archives,
    proxies: conf.proxies,
    keyRings: rings.keyRings,
    notes: [...found.notes, ...conf.notes, ...rings.notes],
  }
}

async function readAllSources(rootFolder: string): Promise<AptSources> {
  const sources: AptSource[] = []
  const notes: AptNote[] = []
  const parts = await partsOf(rootFolder, '/etc/apt/sources.list.d', /^[\w.-]+\.(list|sources)$/)
  for (const path of ['/etc/apt/sources.list', ...parts]) {
    const text = await readText(rootFolder, path)
    if (text === undefined) continue
    const read = path.endsWith('.sources') ? parseSourcesStanzas : parseSourcesList
    const found = read(text, path)
    sources.push(...found.sources)
    notes.push(...found.notes)
  }
  return { sources, notes }
}

/** apt.conf.d first, then apt.conf, so that the latter decides. */
async function readAllOptions(rootFolder: string) {
  const parts = await partsOf(rootFolder, '/etc/apt/apt.conf.d', /^[\w-]+$|^[\w.-]+\.conf$/)
  const options = []
  for (const path of [...parts, '/etc/apt/apt.conf']) {
    const text = await readText(rootFolder, path)
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

async function readKeyRings(rootFolder: string, archives: readonly AptSource[]) {
  const keyRings: HostKeyRing[] = []
  const notes: AptNote[] = []
  const trusted = await partsOf(rootFolder, '/etc/apt/trusted.gpg.d', /^[\w.-]+\.(gpg|asc)$/)
  for (const path of ['/etc/apt/trusted.gpg', ...trusted]) {
    const bytes = await readBytes(rootFolder, path)
    if (bytes !== undefined) keyRings.push({ path, bytes, trustedFor: 'all' })
  }
  for (const { place, signedBy } of archives) {
    if (signedBy?.kind !== 'key-rings') continue
    for (const path of signedBy.paths) {
      if (keyRings.some(ring => ring.path === path)) continue
      const bytes = await readBytes(rootFolder, path)
      if (bytes === undefined) notes.push({ place, message: `the key ring ${path} is not there` })
      else keyRings.push({ path, bytes, trustedFor: 'those-that-name-it' })
    }
  }
  return { keyRings, notes }
}

/** @see os-release(5) */
async function readDistribution(rootFolder: string): Promise<string | undefined> {
  const text =
    (await readText(rootFolder, '/etc/os-release')) ?? (await readText(rootFolder, '/usr/lib/os-release')) ?? ''
  const value = (name: string) => new RegExp(`^${name}=["']?([a-z0-9._-]+)["']?$`, 'm').exec(text)?.[1]
  const id = value('ID')
  const codename = value('VERSION_CODENAME')
  return id === undefined || codename === undefined ? undefined : `${id}/${codename}`
}

/** Names that apt passes over (backups, `.disabled`) are passed over. */
async function partsOf(rootFolder: string, folder: string, pattern: RegExp): Promise<string[]> {
  const place = await followed(rootFolder, folder)
  const names = place === undefined ? [] : await readdir(join(rootFolder, place)).catch(() => [])
  return sortedByBytes(names.filter(name => pattern.test(name) && !name.startsWith('.'))).map(
    name => `${folder}/${name}`,
  )
}

async function readText(rootFolder: string, path: string): Promise<string | undefined> {
  const bytes = await readBytes(rootFolder, path)
  if (bytes === undefined) return undefined
  const text = decodeUtf8(bytes)
  if (text === undefined || text.includes('\0'))
    throw sourcesFault({ file: path, line: 1 }, 'the file is no UTF-8 text')
  return text
}

/** @returns undefined when there is no such file; one that only root may read counts as absent, as apt warns and goes on */
async function readBytes(rootFolder: string, path: string): Promise<Uint8Array | undefined> {
  const place = await followed(rootFolder, path)
  if (place === undefined) return undefined
  // Without O_NONBLOCK opening a pipe waits for its writer.
  const handle = await open(join(rootFolder, place), constants.O_RDONLY | constants.O_NONBLOCK).catch(() => undefined)
  if (handle === undefined) return undefined
  try {
    const facts = await handle.stat()
    if (!facts.isFile()) return undefined
    if (facts.size > maximumBytes)
      throw sourcesFault({ file: path, line: 1 }, `the file has ${facts.size} bytes, more than ${maximumBytes}`)
    return await handle.readFile()
  } finally {
    await handle.close()
  }
}

/**
 * Follows symbolic links as a process inside the root folder would: absolute ones begin at the folder, `..` ends there.
 *
 * @returns undefined when the links go in circles
 */
async function followed(rootFolder: string, path: string): Promise<string | undefined> {
  const left = path.split('/').filter(segment => segment !== '')
  let place: string[] = []
  let links = 0
  for (let segment = left.shift(); segment !== undefined; segment = left.shift()) {
    if (segment === '.') continue
    if (segment === '..') {
      place.pop()
      continue
    }
    const target = await readlink(join(rootFolder, ...place, segment)).catch(() => undefined)
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
