import type { ArchiveDefinition } from './model.ts'

/** A user, a group or both whose number must not follow from the order of scripts. At least one of the two is set. */
export interface FixedId {
  readonly name: string
  readonly userId: number | undefined
  readonly groupId: number | undefined
}

/** A user that no package makes. */
export interface CreatedUser {
  readonly name: string
  readonly userId: number
  /** undefined: a group of the user's own name and number. */
  readonly groupId: number | undefined
  /** Absolute; made with mode 0700 where it is missing. */
  readonly home: string
  readonly shell: string
  /** Further groups, by name. */
  readonly groups: readonly string[]
  /** The comment field of passwd(5). */
  readonly gecos: string
}

export interface CreatedGroup {
  readonly name: string
  readonly groupId: number
}

/** What the finished system updates from. */
export type AptSourcesPolicy =
  | { readonly kind: 'none' }
  /** The archives of the manifest, with the addresses written there. */
  | { readonly kind: 'manifest' }
  | { readonly kind: 'entries'; readonly archives: readonly ArchiveDefinition[] }

/** systemd units by name. */
export interface UnitChanges {
  readonly enable: readonly string[]
  readonly disable: readonly string[]
  readonly mask: readonly string[]
}

/** What the manifest wants of the finished system beside its packages and files. All names and texts are of one line. */
export interface Customisation {
  readonly ids: readonly FixedId[]
  /** Lines as debconf-set-selections(1) reads them. */
  readonly debconf: readonly string[]
  readonly aptSources: AptSourcesPolicy
  readonly users: readonly CreatedUser[]
  readonly groups: readonly CreatedGroup[]
  readonly hostname: string | undefined
  /** A name of the time zone database: `Europe/Berlin`. */
  readonly timezone: string | undefined
  /** The first is the system's language. */
  readonly locales: readonly string[]
  readonly units: UnitChanges
  /** Names of sysctl.d(5) to values. */
  readonly sysctl: readonly (readonly [name: string, value: string])[]
  readonly removedPaths: readonly string[]
  readonly removedPackages: readonly string[]
  /** Scripts of the project, relative to the manifest. */
  readonly run: readonly string[]
}

export const noCustomisation: Customisation = {
  ids: [],
  debconf: [],
  aptSources: { kind: 'none' },
  users: [],
  groups: [],
  hostname: undefined,
  timezone: undefined,
  locales: [],
  units: { enable: [], disable: [], mask: [] },
  sysctl: [],
  removedPaths: [],
  removedPackages: [],
  run: [],
}
