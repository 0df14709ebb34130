import type { SourcePosition } from './model.ts'

/**
 * What a change of a source package may be, in the words of `policy:`. One change can be several at once: a security upload of a new
 * upstream release is `security`, `new-upstream` and, say, `patch`.
 */
export const changeKinds = [
  'security',
  'stable-update',
  'ubuntu-update',
  'backport',
  'rebuild',
  'revision',
  'new-upstream',
  'major',
  'minor',
  'patch',
  'epoch',
  'downgrade',
] as const

export type ChangeKind = (typeof changeKinds)[number]

/** One branch and one request for all that it takes. What is undefined asks nothing. */
export interface PolicyGroup {
  readonly name: string
  /** Names of source packages, patterns or regular expressions as in a pin. */
  readonly sources: readonly string[] | undefined
  readonly kinds: readonly ChangeKind[] | undefined
  /** Ids of the archives that the new debs come from. */
  readonly archives: readonly string[] | undefined
}

/** `>= 6.2`, an operator of Debian Policy 7.1 and a version. */
export interface VersionBound {
  readonly operator: '<<' | '<=' | '=' | '>=' | '>>'
  readonly version: string
}

/** Which changes a rule speaks of, why, and how long. */
export interface PolicyRule {
  /** Name of source packages, pattern or regular expression. */
  readonly source: string
  /** All of them hold for the new version; undefined: every version. */
  readonly versions: readonly VersionBound[] | undefined
  /** One of them is the change's; undefined: every change. */
  readonly kinds: readonly ChangeKind[] | undefined
  readonly reason: string
  /** ISO date: the last day on which the rule holds. */
  readonly until: string
  readonly position: SourcePosition
}

/**
 * What moves a lock by itself: read by `lock outdated`, `lock update --policy` and the bot. It steers no resolution, so it is not part of
 * the request that a lock answers.
 */
export interface UpdatePolicy {
  /** In order: a change belongs to the first group that takes it. */
  readonly groups: readonly PolicyGroup[]
  readonly ignore: readonly PolicyRule[]
  /** Exceptions: what one of them speaks of moves although it is ignored or too young. */
  readonly allow: readonly PolicyRule[]
  /** How long new bytes have to have stood in an archive; `any` for kinds that are not named. Security fixes never wait. */
  readonly minimumAgeSeconds: Readonly<Partial<Record<Exclude<ChangeKind, 'security'> | 'any', number>>>
  /** Open requests at a time. */
  readonly limit: number
  /** What the bot's requests are labelled with. */
  readonly labels: readonly string[]
}

/** What holds without `policy:`: fixes in one request, all else in another. */
export const defaultPolicy: UpdatePolicy = {
  groups: [
    { name: 'security', sources: undefined, kinds: ['security'], archives: undefined },
    { name: 'updates', sources: undefined, kinds: undefined, archives: undefined },
  ],
  ignore: [],
  allow: [],
  minimumAgeSeconds: {},
  limit: 10,
  labels: [],
}
