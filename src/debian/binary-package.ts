import type { OrGroup, ProvidedName, Relation } from './relation.ts'

export type MultiArch = 'no' | 'same' | 'foreign' | 'allowed'

export interface SourceReference {
  readonly name: string
  readonly version: string
}

/** What a signed Release says of itself; pins and the NotAutomatic rules read it. */
export interface ReleaseFacts {
  readonly origin: string | undefined
  readonly label: string | undefined
  readonly suite: string | undefined
  readonly codename: string | undefined
  readonly version: string | undefined
  readonly notAutomatic: boolean
  readonly butAutomaticUpgrades: boolean
  /** Host of the archive's URI, empty for `file:`; `Pin: origin` matches it. */
  readonly host: string
  /** Date of the Release as `YYYYMMDDTHHMMSSZ`; becomes `at` in the lock. */
  readonly at: string
}

/** One place where an index lists these bytes. */
export interface Listing {
  /** Archive id of the manifest. */
  readonly archive: string
  /** The suite as the manifest asks for it. */
  readonly suite: string
  /** Empty for a flat repository. */
  readonly component: string
  /** The Filename field, relative to the archive's URI; checked to be a safe relative path. */
  readonly fileName: string
  readonly release: ReleaseFacts
  /** True when the manifest marks the archive `security: true`. */
  readonly security: boolean
}

/**
 * One deb as an index describes it. Two stanzas with equal name, version, architecture and sha256 are one package
 * with several listings; with another sha256 they are two packages (SEMANTICS T10, T57).
 *
 * Implementations decode fields on first use. Objects are identical (`===`) whenever the same universe returns
 * the same deb.
 *
 * Field access throws {Fault} `INDEX_MALFORMED` with file and line when the stanza's field does not parse.
 */
export interface BinaryPackage {
  readonly name: string
  readonly version: string
  /** `all` or a concrete architecture. */
  readonly architecture: string
  readonly source: SourceReference
  readonly essential: boolean
  /** `Important: yes` or `Protected: yes`: must not be removed, is not installed by itself (SEMANTICS T47). */
  readonly important: boolean
  /** `required`, `important`, `standard`, `optional`, `extra` or whatever the index says; empty when absent. */
  readonly priority: string
  readonly section: string
  readonly multiArch: MultiArch
  readonly preDepends: readonly OrGroup[]
  readonly depends: readonly OrGroup[]
  readonly recommends: readonly OrGroup[]
  readonly conflicts: readonly Relation[]
  readonly breaks: readonly Relation[]
  readonly replaces: readonly Relation[]
  readonly provides: readonly ProvidedName[]
  /** 64 lower-case hex digits. */
  readonly sha256: string
  readonly sizeBytes: number
  readonly installedSizeKibibytes: number | undefined
  readonly phasedUpdatePercentage: number | undefined
  /** At least one, in byte order of archive, suite, component. */
  readonly listings: readonly [Listing, ...Listing[]]
}

/** `name:architecture=version`, as messages, expected sets and `lock show` name one deb. */
export function describePackage(deb: Pick<BinaryPackage, 'name' | 'version' | 'architecture'>): string {
  return `${deb.name}:${deb.architecture}=${deb.version}`
}
