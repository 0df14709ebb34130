import type { BinaryPackage, OrGroup, PackageUniverse } from '../debian/index.ts'
import type { BaseSet, PhasedUpdatesPolicy, Pin, RecommendsPolicy, WantedSelection } from '../manifest/index.ts'
import type { ManifestChange } from './manifest-change.ts'

/** One wanted item that applies to this root (its `[arch]` restriction was already judged). */
export interface WantedPackage {
  /** As in the manifest, for messages. */
  readonly text: string
  readonly alternatives: OrGroup
  readonly selection: WantedSelection
}

/** Everything that decides a resolution of one root: the answer is a pure function of this value. */
export interface ResolutionRequest {
  readonly universe: PackageUniverse
  readonly wanted: readonly WantedPackage[]
  readonly base: BaseSet
  readonly recommends: RecommendsPolicy
  /** Package names that may never be chosen. */
  readonly exclude: readonly string[]
  readonly pins: readonly Pin[]
  /** Default `always`, as apt takes them for what is not installed yet; never decided by the machine. */
  readonly phasedUpdates?: PhasedUpdatesPolicy
  /** The only version that these names may have, so that they have it in every root. */
  readonly lockstep?: ReadonlyMap<string, string>
  /** What the other roots of the manifest choose from: where a wanted package is missing here, they may have it. */
  readonly otherRoots?: readonly PackageUniverse[]
  /** The day (`YYYY-MM-DD`) on which expired pins are judged; undefined: none is reported. It never moves a choice. */
  readonly asOf?: string | undefined
  /** Native architectures of the manifest's other roots: advice may move an item there. It never moves a choice. */
  readonly otherArchitectures?: readonly string[] | undefined
}

export interface ResolvedPackage {
  readonly package: BinaryPackage
  readonly root: 'wanted' | 'base' | undefined
  /** Chosen packages that satisfy its Pre-Depends, Depends and followed Recommends; sorted by name, architecture. */
  readonly needs: readonly BinaryPackage[]
}

/** Something worth telling that is not a failure: a Recommends that could not be met, an expired pin, two debs of one version. */
export interface ResolutionNote {
  readonly kind: 'recommends-skipped' | 'pin-expired' | 'same-version-other-bytes'
  readonly message: string
}

/** Why there is no solution: a minimised core as a chain that names fields, versions and suites. */
export interface Explanation {
  /** At most a dozen lines, numbered, ready to print. */
  readonly lines: readonly string[]
  /** Something to type or change. */
  readonly hint: string
  /** The same as data: changes of the manifest that were tried, after which there is a solution. */
  readonly changes: readonly ManifestChange[]
  /** The same as data, for `--json`. */
  readonly core: readonly {
    readonly kind: string
    readonly package?: string
    readonly relation?: string
    readonly field?: string
  }[]
}

export type Resolution =
  | {
      readonly kind: 'solved'
      /** Sorted by name, then architecture, in byte order. */
      readonly packages: readonly ResolvedPackage[]
      readonly notes: readonly ResolutionNote[]
    }
  | { readonly kind: 'unsolvable'; readonly explanation: Explanation }
