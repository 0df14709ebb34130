import type { DebChange, RequestChange } from '../lockfile/index.ts'
import type { SourceChangelog } from './changelogs.ts'
import type { VersionStep } from './version-step.ts'
import type { SecurityReview } from './vulnerabilities.ts'

/** What a change of trust is about; in the order in which a reviewer reads them. */
export const trustKinds = [
  'other-bytes',
  'key',
  'unsigned',
  'archive',
  'downgrade',
  'rollback',
  'unproven',
  'setuid',
  'capability',
  'hook',
  'overlay',
  'script',
  'origin',
  'pin',
  'own-deb',
  'image',
  'stale',
  'unknown',
] as const

export type TrustKind = (typeof trustKinds)[number]

/** Something that decides whom we believe, or what runs, changed. */
export interface TrustFinding {
  readonly kind: TrustKind
  readonly change: 'added' | 'removed' | 'changed'
  /** What it is about: an archive, a path, a deb. From outside: never shown as anything but text. */
  readonly subject: string
  /** The values, from outside as well. */
  readonly detail: string
}

/** Debs of one source and one change, told once for all architectures. */
export interface ReviewedDeb {
  readonly name: string
  readonly architectures: readonly string[]
  readonly change: DebChange['kind']
  readonly step: VersionStep | undefined
  readonly versionBefore: string | undefined
  readonly versionAfter: string | undefined
  readonly fromBefore: string | undefined
  readonly fromAfter: string | undefined
  readonly root: 'wanted' | 'base' | undefined
  /** For what was added: names from something wanted down to it. */
  readonly path: readonly string[]
  /** For what was removed, and for marks. */
  readonly reasons: readonly string[]
  /** Of all its architectures. */
  readonly downloadBytes: number
}

export type SourceSection = 'security' | 'changed' | 'added' | 'removed' | 'unchanged-bytes'

export interface ReviewedSource {
  readonly source: string
  readonly section: SourceSection
  readonly versionsBefore: readonly string[]
  readonly versionsAfter: readonly string[]
  /** The weightiest step of its debs. */
  readonly step: VersionStep | undefined
  readonly debs: readonly ReviewedDeb[]
  readonly downloadBytes: number
  /** undefined: the debs were not opened. */
  readonly installedBytes: number | undefined
}

/** Whether the manifests stood beside both locks. */
export type ManifestComparison =
  | { readonly kind: 'compared' }
  /** Neither side has one. */
  | { readonly kind: 'absent' }
  /** Only one side has one. */
  | { readonly kind: 'one-sided'; readonly missing: 'before' | 'after' }

export interface ScriptChange {
  /** `postinst`, `triggers`, … */
  readonly name: string
  readonly change: 'added' | 'removed' | 'changed'
  /** A unified difference. */
  readonly lines: readonly string[]
}

export interface PathSize {
  readonly path: string
  /** Growth; negative where it shrank. */
  readonly bytes: number
}

/** What changed inside a deb. Everything here is text from outside. */
export interface DebContents {
  /** `name:architecture`. */
  readonly deb: string
  readonly source: string
  readonly scripts: readonly ScriptChange[]
  /** Path and mode of files that have or change setuid or setgid bits. */
  readonly setuid: readonly string[]
  /** `postinst: setcap …`: new lines of maintainer scripts that give files rights; what such scripts call is not seen. */
  readonly capabilities: readonly string[]
  /** New units of systemd, timers among them. */
  readonly units: readonly string[]
  /** New files that create users and groups (sysusers.d(5)). */
  readonly users: readonly string[]
  /** `+ GPL-3+`, `- Expat`, or that the text changed. */
  readonly licences: readonly string[]
  readonly conffilesAdded: readonly string[]
  readonly conffilesRemoved: readonly string[]
  readonly filesAdded: number
  readonly filesRemoved: number
  /** The first of them. */
  readonly paths: readonly string[]
  readonly installedBytes: number
  readonly sizes: readonly PathSize[]
}

export interface DeepReview {
  readonly contents: readonly DebContents[]
  /** `name:architecture version` of changed and added debs that could not be had. */
  readonly unopened: readonly string[]
  /** The same of removed debs: of those only the size is missed. */
  readonly unopenedRemoved: readonly string[]
}

/** A lock change as a person reviews it. Plain data; `schema/lock-diff.schema.json` describes it. */
export interface Review {
  readonly review: 1
  readonly before: string
  readonly after: string
  readonly manifest: ManifestComparison
  /** Sorted by kind as `trustKinds`, then subject. */
  readonly trust: readonly TrustFinding[]
  readonly request: readonly RequestChange[]
  /** Security first, then changed, added, removed, unchanged bytes; by name within. */
  readonly sources: readonly ReviewedSource[]
  readonly downloadBytes: number
  /** Of each source package that moved, by name; undefined: not asked for. */
  readonly changelogs: readonly SourceChangelog[] | undefined
  /** Known vulnerabilities of what changed; undefined: no data was given. */
  readonly security: SecurityReview | undefined
  /** undefined: the debs were not opened. */
  readonly deep: DeepReview | undefined
  /** Growth of the installed system; undefined: not all debs were opened. */
  readonly installedBytes: number | undefined
}
