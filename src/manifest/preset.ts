import type { BaseSet } from './model.ts'

/** One archive of a distribution, as the short form `distribution: debian/bookworm` expands to it. */
export interface PresetArchive {
  readonly id: string
  readonly uri: string
  readonly suites: readonly [string, ...string[]]
  readonly components: readonly [string, ...string[]]
  /** The architectures that this server carries; undefined: whatever its Release lists. */
  readonly architectures: readonly string[] | undefined
  /** Name of a key ring that ships with aptroot; `keyringArmorOf` has it. */
  readonly keyring: KeyringName
  /** URI template with `{timestamp}`. */
  readonly snapshot: string | undefined
  /** What `--security-only` may take from. */
  readonly security: boolean
}

export type KeyringName = 'debian-archive' | 'ubuntu-archive'

/** What aptroot knows about a release of Debian or Ubuntu. Pure data: it never changes what a lock already pins. */
export interface DistributionPreset {
  /** `debian/bookworm`: what the manifest's `distribution:` says. */
  readonly name: string
  /** `Debian 12 (bookworm)`, for people. */
  readonly title: string
  /** In the order in which a manifest would list them. */
  readonly archives: readonly [PresetArchive, ...PresetArchive[]]
  /** Whether /bin, /sbin and /lib are links into /usr. */
  readonly mergedUsr: boolean
  /** What `init` proposes for `base:`. */
  readonly base: BaseSet
  /** What `init` proposes for `exclude:`. */
  readonly exclude: readonly string[]
}
