/** The operators of Debian Policy 7.1; the obsolete `<` and `>` are read as `<=` and `>=`. */
export type VersionOperator = '<<' | '<=' | '=' | '>=' | '>>'

export interface VersionConstraint {
  readonly operator: VersionOperator
  readonly version: string
}

/** One alternative of a relation field: `libc6:any (>= 2.36)`. */
export interface Relation {
  readonly packageName: string
  /** `any`, `native` or an architecture name, as written after the colon. */
  readonly architectureQualifier: string | undefined
  readonly constraint: VersionConstraint | undefined
}

/** Alternatives separated by `|`; the order is a preference the maintainer wrote down. */
export type OrGroup = readonly [Relation, ...Relation[]]

/** `Provides: mail-transport-agent`, `Provides: libfoo-abi (= 3)`. */
export interface ProvidedName {
  readonly name: string
  /** Only `=` is allowed in Provides (Debian Policy 7.5); undefined satisfies unversioned relations only. */
  readonly version: string | undefined
  readonly architectureQualifier: string | undefined
}

/**
 * One alternative as source packages and manifests may write it: `grub-efi-amd64-bin [amd64]`, `debhelper <!nocheck>`.
 */
export interface RestrictedRelation extends Relation {
  /** Architectures and wildcards of `[…]`, either all or none negated as `!name`; undefined: every architecture. */
  readonly architectures: readonly [string, ...string[]] | undefined
  /** Build profiles: each inner list is one `<…>`, whose terms hold together; one list of them must hold. */
  readonly profiles: readonly (readonly [string, ...string[]])[]
}

export type RestrictedOrGroup = readonly [RestrictedRelation, ...RestrictedRelation[]]
