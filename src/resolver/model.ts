import type { BinaryPackage, OrGroup, PackageUniverse } from '../debian/index.ts'
import type { BaseSet, PhasedUpdatesPolicy, Pin, RecommendsPolicy, WantedSelection } from '../manifest/index.ts'
import type { ManifestChange } from './manifest-change.ts'

/** One wanted item that applies to this root (its `[arch]` restriction was already judged). */
export interface WantedPackage {
  /** As in the manifest, for messages. */
  readonly text: string
  readonly alternatives: OrGroup
  readonly selection: WantedSelection
  /** Its `[arch]` restriction, which advice about the item repeats. */
  readonly architectures?: readonly string[] | undefined
  /** Where the update asks for it and not the manifest. */
  readonly askedBy?: 'update'
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
  /** By the name of an architecture that this root lacks and a wanted item names: the root with it. It never moves a choice, only advice. */
  readonly wider?: ReadonlyMap<string, PackageUniverse>
  /** The day (`YYYY-MM-DD`) on which expired pins are judged; undefined: none is reported. It never moves a choice. */
  readonly asOf?: string | undefined
  /** Native architectures of the manifest's other roots: advice may move an item there. It never moves a choice. */
  readonly otherArchitectures?: readonly string[] | undefined
}

/** One deb of the previous lock. */
export interface PreviousDeb {
  readonly name: string
  /** `all` or a concrete architecture. */
  readonly architecture: string
  readonly version: string
  readonly sha256: string
}

/**
 * A package that is to move. `candidate` and `security` are wishes: where no selection has that version, the package is
 * held back and the answer says so. `version` is a demand: without it there is no solution.
 */
export interface AskedMove {
  readonly name: string
  /** The architecture of the root that it belongs to; a package of `all` belongs to the native one. */
  readonly architecture: string
  /** `security`: the preferred one of the newer versions that a security archive lists; nothing is asked where there is none. */
  readonly target: 'candidate' | 'security' | { readonly version: string }
}

/** A resolution that departs from a previous lock as little as it can. */
export interface ChangeRequest extends ResolutionRequest {
  readonly previous: readonly PreviousDeb[]
  readonly moves: readonly AskedMove[]
}

/** A difference to the previous lock that nobody asked for by name. */
export interface ForcedChange {
  readonly kind: 'changed' | 'removed' | 'added'
  readonly name: string
  readonly architecture: string
  /** undefined when added. */
  readonly before: string | undefined
  /** undefined when removed. */
  readonly after: string | undefined
  /** `nginx 2 needs nginx-common (= 2)` */
  readonly reason: string
}

/** A package that was to move and could not. */
export interface HeldBack {
  readonly name: string
  readonly architecture: string
  /** What it was to become. */
  readonly wish: string
  /** What is chosen; undefined when it is not in the selection at all. */
  readonly chosen: string | undefined
  /** `a 2`, `b 2`: what moves instead and does not go with it; empty where nothing that satisfies the manifest has the wish. */
  readonly notWith: readonly string[]
}

export type ChangeResolution =
  | {
      readonly kind: 'solved'
      /** Sorted by name, then architecture, in byte order. */
      readonly packages: readonly ResolvedPackage[]
      readonly notes: readonly ResolutionNote[]
      /** Sorted by name, then architecture, in byte order. */
      readonly forced: readonly ForcedChange[]
      readonly heldBack: readonly HeldBack[]
    }
  | { readonly kind: 'unsolvable'; readonly explanation: Explanation }

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
      /** As in `ChangeResolution`, where a previous lock was departed from. */
      readonly forced?: readonly ForcedChange[]
      readonly heldBack?: readonly HeldBack[]
    }
  | { readonly kind: 'unsolvable'; readonly explanation: Explanation }
