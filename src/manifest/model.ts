import type { OrGroup } from '../debian/index.ts'
import type { Customisation } from './customisation.ts'
import type { OutputDefinition } from './output.ts'
import type { UpdatePolicy } from './policy.ts'

/** Where a value stands in the manifest: 1-based, for faults. */
export interface SourcePosition {
  readonly line: number
  readonly column: number
}

export type BaseSet = 'none' | 'essential' | 'required' | 'important'

/** `amd64+i386` is one root of amd64 with i386 as a foreign architecture. */
export interface RootArchitecture {
  readonly native: string
  readonly foreign: readonly string[]
}

export type SignedBy =
  /** A path inside the project, relative to the manifest. */
  | { readonly kind: 'path'; readonly path: string }
  /** ASCII armor written into the manifest. */
  | { readonly kind: 'inline'; readonly armor: string }
  /** A key ring that ships with aptroot, such as `debian-archive`. */
  | { readonly kind: 'named'; readonly name: string }

export interface ArchiveDefinition {
  readonly id: string
  /** http, https or file, tried in order; a path of a flat repository or the folder that holds `dists/`. */
  readonly uris: readonly [string, ...string[]]
  readonly suites: readonly [string, ...string[]]
  /** Empty for a flat repository (its suites end in `/`). */
  readonly components: readonly string[]
  /** Restricts the archive to these architectures; undefined: all of the manifest. */
  readonly architectures: readonly string[] | undefined
  readonly trust:
    | { readonly kind: 'signed-by'; readonly signedBy: SignedBy }
    | { readonly kind: 'unsigned'; readonly reason: string }
  /** URI template with `{timestamp}`. */
  readonly snapshot: string | undefined
  readonly maxAgeSeconds: number | undefined
  readonly security: boolean
  readonly position: SourcePosition
}

export type WantedSelection =
  | { readonly kind: 'candidate' }
  /** `nginx=1.22.1-9` */
  | { readonly kind: 'version'; readonly version: string }
  /** `nginx/bookworm-backports` */
  | { readonly kind: 'suite'; readonly suite: string }

/** One item of `packages:`. */
export interface WantedItem {
  /** Normalised text; what the lock's `request.wanted` holds. */
  readonly text: string
  readonly alternatives: OrGroup
  readonly selection: WantedSelection
  /** Architectures and wildcards from `[…]`; undefined: every root. Negations are kept as `!name`. */
  readonly architectures: readonly string[] | undefined
  readonly position: SourcePosition
}

export type RecommendsPolicy =
  | { readonly kind: 'skip' }
  | { readonly kind: 'follow' }
  /** Only the Recommends of these packages. */
  | { readonly kind: 'follow-of'; readonly packages: readonly string[] }

/**
 * Which packages have one version in all roots that hold them. `Multi-Arch: same` asks for that within a root; between roots
 * nobody does, and an architecture whose build lags behind is locked at an older version.
 */
export type SameVersionPolicy =
  | { readonly kind: 'none' }
  | { readonly kind: 'all' }
  /** Only these packages. */
  | { readonly kind: 'all-of'; readonly packages: readonly string[] }

/** Whether versions that are still rolled out in phases (Phased-Update-Percentage below 100) are taken like any other. */
export type PhasedUpdatesPolicy = 'always' | 'never'

/** The letters of `Pin: release`; `name` is what stands there alone: an archive, a codename or a version. */
export type ReleaseFact = 'a' | 'n' | 'o' | 'l' | 'c' | 'v' | 'b' | 'name'

/** A preference as in apt_preferences(5). At least one of `package` and `source` is set. */
export interface Pin {
  /** Names of binary packages, patterns or regular expressions, as `pinSubjects` takes them apart. */
  readonly package: string | undefined
  /** The same of source packages. */
  readonly source: string | undefined
  /** Version, pattern or regular expression. */
  readonly version: string | undefined
  /** `Pin: release`, taken apart; each value may be a pattern or a regular expression. */
  readonly release: Readonly<Partial<Record<ReleaseFact, string>>> | undefined
  /** Host name, pattern or regular expression; empty for archives in the file system. */
  readonly origin: string | undefined
  /** Default 990 as for a target release; below 0 forbids. */
  readonly priority: number
  readonly reason: string
  /** ISO date; an expired pin still applies and is reported. */
  readonly until: string | undefined
  readonly position: SourcePosition
}

export interface OwnDebs {
  /** Path or glob inside the project. */
  readonly path: string
  readonly pin: 'hash' | 'relations'
  readonly position: SourcePosition
}

/** A user or group of the image. */
export type AccountReference =
  | { readonly kind: 'number'; readonly id: number }
  /** What `/etc/passwd` or `/etc/group` of the image gives a number to. */
  | { readonly kind: 'name'; readonly name: string }

export interface OverlayFiles {
  /** File or folder inside the project. */
  readonly source: string
  /** Absolute path in the image. */
  readonly target: string
  readonly owner: AccountReference
  readonly group: AccountReference
  /** Of files; folders can also be entered by whoever may read. undefined: 0644, or 0755 for what is executable, and for folders. */
  readonly mode: number | undefined
  /** `filled`: the files are templates. */
  readonly content: 'copied' | 'filled'
  readonly position: SourcePosition
}

export interface ImageSection {
  readonly configure: 'scripts' | 'none'
  /** dpkg's path-exclude patterns, absolute, with `*`, `?` and `[…]`. */
  readonly excludePaths: readonly string[]
  readonly mergedUsr: boolean | undefined
  readonly files: readonly OverlayFiles[]
  /** The manifest's own values for templates. */
  readonly variables: ReadonlyMap<string, string>
  /** undefined: newest `at` in the lock. */
  readonly sourceDateEpochSeconds: number | undefined
  readonly outputs: readonly OutputDefinition[]
  readonly customisation: Customisation
}

/** `aptroot.yaml`, read and checked; short forms are expanded, defaults filled in. */
export interface Manifest {
  /** The path it was read from, for messages. */
  readonly fileName: string
  /** `debian/bookworm` when the short form was used. */
  readonly distribution: string | undefined
  readonly architectures: readonly [RootArchitecture, ...RootArchitecture[]]
  readonly archives: readonly [ArchiveDefinition, ...ArchiveDefinition[]]
  readonly base: BaseSet
  readonly packages: readonly WantedItem[]
  readonly exclude: readonly string[]
  readonly recommends: RecommendsPolicy
  readonly sameVersion: SameVersionPolicy
  readonly phasedUpdates: PhasedUpdatesPolicy
  readonly pins: readonly Pin[]
  readonly debs: readonly OwnDebs[]
  readonly policy: UpdatePolicy
  readonly image: ImageSection
}
