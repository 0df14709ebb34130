import { type BinaryPackage, compareVersions, describePackage, type PackageUniverse } from '../debian/index.ts'
import { Fault, groupBy, sortedByBytes } from '../kernel/index.ts'
import type { SameVersionPolicy } from '../manifest/index.ts'
import { adviceOf, type ManifestChange } from './manifest-change.ts'
import type { Explanation, Resolution } from './model.ts'

/** One root of the manifest. */
export interface RootToResolve {
  /** `amd64`, `amd64+i386`. */
  readonly architecture: string
  readonly universe: PackageUniverse
  /** The priority that pins give a deb. */
  priorityOf(deb: BinaryPackage): number
  /** Resolves this root with only these versions of these names. */
  resolve(lockstep: ReadonlyMap<string, string>): Promise<Resolution>
}

type Solved = Extract<Resolution, { readonly kind: 'solved' }>

export type RootsResolution =
  /** In the order of the roots. */
  | { readonly kind: 'solved'; readonly resolutions: readonly Solved[] }
  | {
      readonly kind: 'unsolvable'
      /** The root without a solution; those that cannot agree are joined by ` and `. */
      readonly architecture: string
      readonly explanation: Explanation
    }

/** At most this many rounds over all roots: each name in a skew takes one, and one for each version that fails. */
const mostRounds = 400

/**
 * Resolves every root, and again until each package that the policy names has one version in all roots that hold it.
 *
 * Roots are resolved by themselves first. Then every name whose versions differ is held to the highest version that all
 * holders have (of those with the best pin priority, so that no archive is used that would not be used by itself); where
 * that has no solution, each name by itself with the next lower version, and so on: a version is given up only after it
 * was tried. A pure function of the roots; their order does not matter.
 *
 * @throws {Fault} `RESOLVE_TOO_HARD` after 400 rounds, and whatever resolving a root throws
 */
export async function agreeOnVersions(
  roots: readonly RootToResolve[],
  policy: SameVersionPolicy,
): Promise<RootsResolution> {
  let rounds = 0

  async function resolveAll(lockstep: ReadonlyMap<string, string>): Promise<RootsResolution> {
    if (++rounds > mostRounds) throw tooManyRounds()
    const resolutions: Solved[] = []
    for (const root of roots) {
      const resolution = await root.resolve(lockstep)
      if (resolution.kind === 'unsolvable')
        return { kind: 'unsolvable', architecture: root.architecture, explanation: resolution.explanation }
      resolutions.push(resolution)
    }
    return { kind: 'solved', resolutions }
  }

  /** What `found` becomes when its skews are settled one after the other; undefined when that cannot be. */
  async function settle(found: RootsResolution, lockstep: ReadonlyMap<string, string>): Promise<RootsResolution> {
    if (found.kind === 'unsolvable') return found
    const skews = skewsOf(roots, found.resolutions, policy)
    const [any] = skews
    if (any === undefined) return found
    // What has no common version may be there only because of another package, at the version that one root has.
    const apart = skews.find(skew => skew.common.length === 0)
    const shared = skews.filter(skew => skew.common.length > 0)
    if (shared.length > 1) {
      const together = new Map([...lockstep, ...shared.map(({ name, common }) => [name, common[0] ?? ''] as const)])
      const settled = await settle(await resolveAll(together), together)
      if (settled.kind === 'solved') return settled
    }
    const [first] = shared
    for (const version of first?.common ?? []) {
      const narrower = new Map([...lockstep, [first?.name ?? '', version]])
      const settled = await settle(await resolveAll(narrower), narrower)
      if (settled.kind === 'solved') return settled
    }
    return disagreement(apart ?? any, roots, policy)
  }

  const none: ReadonlyMap<string, string> = new Map()
  return settle(await resolveAll(none), none)
}

/** What to change so that there is a solution; each root has one by itself, or the question would not have come up. */
async function wayOut(
  name: string,
  roots: readonly RootToResolve[],
  policy: SameVersionPolicy,
): Promise<ManifestChange> {
  const packages = policy.kind === 'all-of' ? policy.packages.filter(each => each !== name) : []
  const without = await agreeOnVersions(roots, { kind: 'all-of', packages })
  return { kind: 'same-version', packages: without.kind === 'solved' ? packages : [] }
}

/** A name that the roots hold at different versions. */
interface Skew {
  readonly name: string
  readonly holders: readonly RootToResolve[]
  /** Versions that all holders have, the one to try first in front. */
  readonly common: readonly string[]
}

function skewsOf(
  roots: readonly RootToResolve[],
  resolutions: readonly Solved[],
  policy: SameVersionPolicy,
): readonly Skew[] {
  if (policy.kind === 'none' || roots.length < 2) return []
  const held = resolutions.flatMap(({ packages }, at) =>
    packages.map(each => ({ root: roots[at] as RootToResolve, deb: each.package })),
  )
  const byName = groupBy(held, ({ deb }) => deb.name)
  const names = policy.kind === 'all' ? [...byName.keys()] : policy.packages
  return sortedByBytes(new Set(names)).flatMap(name => {
    const found = byName.get(name) ?? []
    const [first] = found
    if (first === undefined || found.every(({ deb }) => isVersionOf(deb, first.deb.version))) return []
    const holders = roots.filter(root => found.some(each => each.root === root))
    return [{ name, holders, common: commonVersions(name, holders) }]
  })
}

/** Best priority first (that of the root where it is lowest), then the highest version. */
function commonVersions(name: string, holders: readonly RootToResolve[]): readonly string[] {
  const [first, ...others] = holders
  const versions = first?.universe.packagesNamed(name).map(deb => deb.version) ?? []
  const common = [...new Set(versions)].filter(version =>
    others.every(({ universe }) => universe.packagesNamed(name).some(deb => isVersionOf(deb, version))),
  )
  const priorityOf = (version: string) =>
    Math.min(
      ...holders.map(({ universe, priorityOf: ofDeb }) => {
        const debs = universe.packagesNamed(name).filter(deb => isVersionOf(deb, version))
        return Math.max(...debs.map(ofDeb))
      }),
    )
  return common
    .map(version => ({ version, priority: priorityOf(version) }))
    .sort((left, right) => right.priority - left.priority || compareVersions(right.version, left.version))
    .map(({ version }) => version)
}

function isVersionOf(deb: BinaryPackage, version: string): boolean {
  return compareVersions(deb.version, version) === 0
}

const listedVersions = 3

async function disagreement(
  { name, holders, common }: Skew,
  roots: readonly RootToResolve[],
  policy: SameVersionPolicy,
): Promise<RootsResolution> {
  const change = await wayOut(name, roots, policy)
  const asked = policy.kind === 'all' ? 'every package' : name
  const sentences = [
    `the manifest asks for one version of ${asked} in all roots (same-version)`,
    ...holders.map(
      root => `the root ${root.architecture} needs ${name}, and its archives have ${versionsIn(root, name)}`,
    ),
    common.length === 0
      ? `no version of ${name} is in all of them`
      : `of the versions that all of them have (${common.slice(0, listedVersions).join(', ')}), none goes with the rest`,
  ]
  return {
    kind: 'unsolvable',
    architecture: roots
      .filter(root => holders.includes(root))
      .map(root => root.architecture)
      .join(' and '),
    explanation: {
      lines: sentences.map((sentence, at) => `${at + 1}. ${sentence}`),
      hint: `${adviceOf(change)} (checked: then there is a solution)`,
      changes: [change],
      core: holders.flatMap(({ universe }) =>
        universe.packagesNamed(name).map(deb => ({ kind: 'out-of-step', package: describePackage(deb) })),
      ),
    },
  }
}

function versionsIn({ universe }: RootToResolve, name: string): string {
  const debs = universe.packagesNamed(name)
  const shown = debs.slice(0, listedVersions).map(({ version, listings: [{ archive, suite }] }) => {
    return `${version} (${archive}/${suite})`
  })
  return debs.length > listedVersions
    ? `${shown.join(', ')} and ${debs.length - listedVersions} more`
    : shown.join(', ')
}

function tooManyRounds(): Fault {
  return new Fault('RESOLVE_TOO_HARD', {
    message: `the roots still disagree after ${mostRounds} rounds of looking for common versions`,
    hint: 'Name the packages that matter in `same-version` instead of all of them.',
    context: { rounds: mostRounds },
  })
}
