import { compareVersions, type PackageUniverse } from '../debian/index.ts'
import { didYouMean, Fault } from '../kernel/index.ts'
import type { LockedDeb, Lockfile } from '../lockfile/index.ts'
import type { Manifest } from '../manifest/index.ts'
import type { AskedMove, WantedPackage } from '../resolver/index.ts'
import { absentFault } from './explain-package.ts'
import type { Project } from './project.ts'

export interface PreciseVersion {
  /** `nginx`, or `libc6:i386` for one architecture. */
  readonly name: string
  readonly version: string
}

/** What an update may move. Only `afresh` does without a previous lock. */
export type UpdateMode =
  | { readonly kind: 'afresh' }
  /** Nothing but what the manifest or the archives force. */
  | { readonly kind: 'keep' }
  /** What a security archive has newer versions of, to those. */
  | { readonly kind: 'security-only' }
  | {
      readonly kind: 'named'
      /** Binary packages: `nginx`, or `libc6:i386` for one architecture. */
      readonly names: readonly string[]
      readonly sources: readonly string[]
      readonly precise: readonly PreciseVersion[]
    }

/** One root of the previous lock, and what it may become. */
export interface RootBefore {
  readonly universe: PackageUniverse
  readonly debs: readonly LockedDeb[]
  readonly wanted: readonly WantedPackage[]
}

/**
 * Checks the names of a mode against the lock and the manifest, before anything is downloaded.
 *
 * @throws {Fault} `LOCK_PACKAGE_ABSENT` for a name that is neither locked nor wanted; `USAGE_INVALID` when only security
 *   updates are asked for and no archive is one
 */
export function requireKnownNames(
  mode: UpdateMode,
  before: { readonly lock: Lockfile; readonly manifest: Manifest; readonly project: Project },
): void {
  const { lock, manifest, project } = before
  if (mode.kind === 'security-only' && !manifest.archives.some(archive => archive.security))
    throw new Fault('USAGE_INVALID', {
      message: `no archive of ${project.manifestName} is marked as a security archive`,
      hint: 'Write `security: true` to the archive that security updates come from.',
    })
  if (mode.kind !== 'named') return
  const wanted = new Set(manifest.packages.flatMap(item => item.alternatives.map(each => each.packageName)))
  const architectures = manifest.architectures.flatMap(root => [root.native, ...root.foreign])
  const mayBeWanted = (name: string) => {
    const bare = bareName(name)
    return wanted.has(bare) && (name === bare || architectures.includes(name.slice(bare.length + 1)))
  }
  for (const name of [...mode.names, ...mode.precise.map(each => each.name)]) {
    if (mayBeWanted(name) || lock.debs.some(deb => isNamed(deb, name))) continue
    throw absentFault(name, lock, project)
  }
  const sources = new Set(lock.debs.map(deb => deb.sourceName))
  for (const source of mode.sources) {
    if (sources.has(source)) continue
    const binary = lock.debs.find(deb => deb.name === source)
    const meant =
      binary === undefined
        ? didYouMean(source, sources)
        : `The binary package ${source} is built from the source package ${binary.sourceName}.`
    throw new Fault('LOCK_PACKAGE_ABSENT', {
      message: `no deb of ${project.lockName} is built from a source package ${source}`,
      hint: `${meant === undefined ? '' : `${meant} `}\`aptroot lock show\` lists every locked deb.`,
      context: { source, file: project.lockName },
    })
  }
}

/**
 * The moves that a mode asks of one root.
 *
 * @throws {Fault} `RESOLVE_VERSION_ABSENT` when no archive has a version that was asked for
 */
export function movesOf(mode: UpdateMode, root: RootBefore): readonly AskedMove[] {
  switch (mode.kind) {
    case 'afresh':
    case 'keep':
      return []
    case 'security-only':
      return root.debs.map(deb => ({ ...placeOf(deb, root), target: 'security' }))
    case 'named': {
      const precise = mode.precise.flatMap(({ name, version }) =>
        placesOf(name, root).map((place): AskedMove => ({ ...preciseMove(place, version, root), target: { version } })),
      )
      const named = [
        ...mode.names.flatMap(name => providersOf(name, root) ?? placesOf(name, root)),
        ...root.debs.filter(deb => mode.sources.includes(deb.sourceName)).map(deb => placeOf(deb, root)),
      ].map((place): AskedMove => ({ ...place, target: 'candidate' }))
      // Later entries of a map win: a version that was asked for counts more than the name alone.
      return [...new Map([...named, ...precise].map(move => [`${move.name}:${move.architecture}`, move])).values()]
    }
    default:
      return mode satisfies never
  }
}

type Place = Pick<AskedMove, 'name' | 'architecture'>

function preciseMove(place: Place, version: string, { universe }: RootBefore): Place {
  const there = universe
    .packagesNamed(place.name)
    .filter(deb => placeOf(deb, { universe }).architecture === place.architecture)
    .map(deb => deb.version)
  if (there.some(each => compareVersions(each, version) === 0)) return place
  const title = `${place.name}:${place.architecture}`
  throw new Fault('RESOLVE_VERSION_ABSENT', {
    message: `no archive has version ${version} of ${title}`,
    hint:
      there.length === 0
        ? 'No archive has any version of it. Add a suite that has it.'
        : `There are ${[...new Set(there)].join(', ')}. An older one may be had with --snapshot.`,
    context: { package: title, version, versions: [...new Set(there)] },
  })
}

/** Where a name stands in a root: as it is locked, else as it is wanted. */
function placesOf(name: string, root: RootBefore): readonly Place[] {
  const { universe, debs, wanted } = root
  const locked = debs.filter(deb => isNamed(deb, name)).map(deb => placeOf(deb, root))
  if (locked.length > 0) return locked
  const bare = bareName(name)
  if (!wanted.some(item => item.alternatives.some(each => each.packageName === bare))) return []
  const there = new Set(universe.packagesNamed(bare).map(deb => placeOf(deb, root).architecture))
  const architecture =
    name === bare
      ? [universe.nativeArchitecture, ...universe.foreignArchitectures].find(each => there.has(each))
      : name.slice(bare.length + 1)
  return [{ name: bare, architecture: architecture ?? universe.nativeArchitecture }]
}

/** Where those stand that are locked for a wanted name that no package has; undefined for the name of a package. */
function providersOf(name: string, { universe, debs, wanted }: RootBefore): readonly Place[] | undefined {
  if (universe.packagesNamed(bareName(name)).length > 0 || debs.some(deb => isNamed(deb, name))) return undefined
  if (!wanted.some(item => item.alternatives.some(each => each.packageName === name))) return undefined
  const providers = new Set(universe.providersOf(name).map(deb => deb.name))
  return debs.filter(deb => providers.has(deb.name)).map(deb => placeOf(deb, { universe }))
}

function placeOf(
  { name, architecture }: Pick<LockedDeb, 'name' | 'architecture'>,
  { universe }: Pick<RootBefore, 'universe'>,
): Place {
  return { name, architecture: architecture === 'all' ? universe.nativeArchitecture : architecture }
}

function isNamed(deb: LockedDeb, name: string): boolean {
  return deb.name === name || `${deb.name}:${deb.architecture}` === name
}

function bareName(name: string): string {
  const colon = name.indexOf(':')
  return colon < 0 ? name : name.slice(0, colon)
}
