import type { BinaryPackage, Listing } from '../debian/index.ts'
import { compareBytes, groupBy, sortedByBytes } from '../kernel/index.ts'
import { blockOf, type LockedDeb, type Lockfile, type LockRequest, lockFormat } from './model.ts'
import { isOfRequestedSuite } from './request.ts'
import { compareDebs, debKey, derivedFileName, sourceBlocks } from './sources.ts'

/** What was resolved for one root. */
export interface ResolvedRoot {
  /** As in the request: `amd64`, `amd64+i386`. */
  readonly architecture: string
  readonly packages: readonly ResolvedDeb[]
}

export interface ResolvedDeb {
  readonly package: BinaryPackage
  readonly root: 'wanted' | 'base' | undefined
  readonly needs: readonly BinaryPackage[]
}

export interface LockParts {
  readonly request: LockRequest
  /** Archive id → primary fingerprints of the signers of what is locked. */
  readonly keys: ReadonlyMap<string, readonly string[]>
  readonly roots: readonly ResolvedRoot[]
  /** sha256 of an own deb → fingerprint of its relations, where it is locked by them. Default: all are locked by hash. */
  readonly relations?: ReadonlyMap<string, string>
  /** Only says where bytes that stay were first locked, and which unknown keys to keep. */
  readonly previous: Lockfile | undefined
}

/**
 * Puts the resolutions of all roots into one lockfile.
 *
 * While the sha256 of a deb stays, its `from`, `directory`, `file` and `at` stay as first locked, unless the request no
 * longer has that suite. New bytes are locked from their byte-smallest archive/suite/component.
 */
export function buildLockfile(parts: LockParts): Lockfile {
  const { request, roots, previous } = parts
  const firstLocked = new Map(
    (previous?.debs ?? []).filter(deb => isOfRequestedSuite(deb.from, request)).map(deb => [identityOf(deb), deb]),
  )
  const uses = roots.flatMap(root => {
    const ambiguous = ambiguousNames(root)
    return root.packages.map((resolved): Use => ({ root, resolved, needs: needsOf(resolved, ambiguous) }))
  })
  // A root holds nothing twice.
  const groups: readonly Uses[] =
    roots.length === 1
      ? uses.map((use): Uses => [use])
      : [...groupBy(uses, ({ resolved }) => identityOf(resolved.package)).values()]
  const possibleRoots = new Map<string, readonly string[]>()
  const debs = groups.map(group => {
    // By number, here and below: a pattern that takes a list apart is an interpreted loop, and there are 2,000 debs in kde-full.
    const { resolved, needs } = group[0]
    const deb = resolved.package
    const earlier = firstLocked.size === 0 ? undefined : firstLocked.get(identityOf(deb))
    const holders = group.map(({ root }) => root.architecture)
    const possible =
      possibleRoots.get(deb.architecture) ?? request.architectures.filter(root => canHold(root, deb.architecture))
    possibleRoots.set(deb.architecture, possible)
    const { source } = deb
    const pin = pinOf(deb, parts.relations?.get(deb.sha256))
    const place = earlier === undefined ? placeOf(deb) : placeOfLocked(earlier)
    const locked: LockedDeb = {
      name: deb.name,
      architecture: deb.architecture,
      version: deb.version,
      sourceName: source.name,
      sourceVersion: source.version,
      sha256: pin.sha256,
      sizeBytes: pin.sizeBytes,
      from: place.from,
      at: place.at,
      directory: place.directory,
      file: place.file,
      root: rootOf(group.map(({ resolved: each }) => each.root)),
      needs:
        group.length === 1 && isAscending(needs) ? needs : sortedByBytes(new Set(group.flatMap(each => each.needs))),
      roots: possible.every(root => holders.includes(root)) ? undefined : sortedByBytes(holders),
    }
    return pin.relations === undefined ? locked : { ...locked, relations: pin.relations }
  })
  const usedArchives = new Set(debs.map(deb => deb.from.split('/', 1)[0]))
  return {
    format: lockFormat,
    request,
    keys: new Map([...parts.keys].filter(([archive]) => usedArchives.has(archive))),
    debs: debs.sort(compareDebs),
    unknown: keptUnknown(previous, debs),
  }
}

/** A deb in one root. */
interface Use {
  readonly root: ResolvedRoot
  readonly resolved: ResolvedDeb
  readonly needs: readonly string[]
}

type Uses = readonly [Use, ...Use[]]

/** By bytes, and nothing twice. */
function isAscending(names: readonly string[]): boolean {
  for (let at = 1; at < names.length; at++)
    if (compareBytes(names[at - 1] as string, names[at] as string) >= 0) return false
  return true
}

function pinOf(
  deb: BinaryPackage,
  relations: string | undefined,
): Pick<LockedDeb, 'sha256' | 'sizeBytes' | 'relations'> {
  return relations === undefined
    ? { sha256: deb.sha256, sizeBytes: deb.sizeBytes }
    : { sha256: '', sizeBytes: 0, relations }
}

type Place = Pick<LockedDeb, 'from' | 'at' | 'directory' | 'file'>

function placeOf(deb: BinaryPackage): Place {
  const { listings } = deb
  const listing = listings.length === 1 ? listings[0] : (listings.toSorted(compareListings)[0] as Listing)
  const { fileName } = listing
  const slash = fileName.lastIndexOf('/')
  const file = fileName.slice(slash + 1)
  return {
    from: originOf(listing),
    at: listing.release.at,
    directory: fileName.slice(0, Math.max(slash, 0)),
    file: file === derivedFileName(deb) ? undefined : file,
  }
}

/** Archive before suite before component: `debian` is smaller than `debian-security`, though `/` sorts after `-`. */
function compareListings(left: Listing, right: Listing): number {
  return (
    compareBytes(left.archive, right.archive) ||
    compareBytes(left.suite, right.suite) ||
    compareBytes(left.component, right.component)
  )
}

function placeOfLocked({ from, at, directory, file }: LockedDeb): Place {
  return { from, at, directory, file }
}

/** `debian/bookworm/main`; `local/./` for a flat repository whose suite is `./`. */
function originOf(listing: Listing): string {
  const suite = `${listing.archive}/${listing.suite}`
  return listing.component === '' ? suite : `${suite}/${listing.component}`
}

function identityOf(deb: Pick<LockedDeb, 'name' | 'architecture' | 'version' | 'sha256'>): string {
  return `${debKey(deb)}=${deb.version} ${deb.sha256}`
}

function rootOf(marks: readonly LockedDeb['root'][]): LockedDeb['root'] {
  return marks.includes('wanted') ? 'wanted' : marks.find(mark => mark !== undefined)
}

function canHold(root: string, architecture: string): boolean {
  return architecture === 'all' || root.split('+').includes(architecture)
}

/** Names that stand for two debs of one root: `needs` must say which. */
function ambiguousNames(root: ResolvedRoot): ReadonlySet<string> {
  const names = new Set<string>()
  const ambiguous = new Set<string>()
  for (let at = 0; at < root.packages.length; at++) {
    const { name } = (root.packages[at] as ResolvedDeb).package
    if (names.has(name)) ambiguous.add(name)
    else names.add(name)
  }
  return ambiguous
}

function needsOf(resolved: ResolvedDeb, ambiguous: ReadonlySet<string>): readonly string[] {
  if (ambiguous.size === 0) return resolved.needs.map(need => need.name)
  return resolved.needs.map(need => (ambiguous.has(need.name) ? debKey(need) : need.name))
}

/** Unknown keys stay with the file, the request, a source that is still there, and a deb whose bytes stayed. */
function keptUnknown(previous: Lockfile | undefined, debs: readonly LockedDeb[]): Lockfile['unknown'] {
  if (previous === undefined || previous.unknown.size === 0) return new Map()
  const blocks = new Set([blockOf({ kind: 'file' }), blockOf({ kind: 'request' })])
  const stayed = new Set(previous.debs.map(identityOf))
  for (const { key, debs: members } of sourceBlocks(debs)) {
    blocks.add(blockOf({ kind: 'source', sourceKey: key }))
    for (const deb of members) {
      if (stayed.has(identityOf(deb))) blocks.add(blockOf({ kind: 'deb', sourceKey: key, debKey: debKey(deb) }))
    }
  }
  return new Map([...previous.unknown].filter(([block]) => blocks.has(block)))
}
