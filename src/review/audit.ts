import { compareVersions } from '../debian/index.ts'
import { compareBytes, groupBy, sortedByBytes } from '../kernel/index.ts'
import { debKey, type Lockfile } from '../lockfile/index.ts'
import type { IgnoredVulnerability } from '../manifest/index.ts'
import type { SecurityData, Urgency } from './security-data.ts'
import { type PlaceOf, type SecurityOrigin, standingOf } from './vulnerabilities.ts'

/** A vulnerability that the data knows of in a locked source package. */
export interface AuditedVulnerability {
  readonly id: string
  readonly source: string
  /** The locked versions of the source package. */
  readonly versions: readonly string[]
  /** `name:architecture` of its locked debs. */
  readonly debs: readonly string[]
  readonly urgency: Urgency
  /** The first version that is not affected; undefined: there is none yet. */
  readonly fixedVersion: string | undefined
  /** Where that version, or a later one, can be had; empty: not known. */
  readonly fixedIn: readonly FixPlace[]
  /** Why the database's people let it be; empty for most. */
  readonly note: string
  /** undefined: it counts. */
  readonly ignored: IgnoredVulnerability | undefined
}

export interface FixPlace {
  /** A suite of the database, or `archive/suite` of the manifest. */
  readonly suite: string
  readonly version: string
  readonly by: 'data' | 'index'
}

/** Known vulnerabilities of one lock. Plain data; `schema/lock-audit.schema.json` describes it. */
export interface Audit {
  readonly audit: 1
  readonly lock: string
  readonly data: SecurityOrigin
  /** By source package, then id. */
  readonly vulnerabilities: readonly AuditedVulnerability[]
  /** Source packages that the data says nothing about. */
  readonly unjudged: readonly { readonly source: string; readonly reason: string }[]
  /** Entries of the ignore file that apply no longer. */
  readonly expired: readonly IgnoredVulnerability[]
  /** Entries that nothing in the lock needs. */
  readonly unused: readonly IgnoredVulnerability[]
}

export interface AuditRequest {
  readonly lockName: string
  readonly lock: Lockfile
  readonly data: SecurityData
  readonly origin: SecurityOrigin
  readonly placeOf: PlaceOf
  readonly ignored: readonly IgnoredVulnerability[]
  /** ISO date of today. */
  readonly today: string
  /** Versions of a source package in the indexes at hand, with their suites. */
  readonly listed: (source: string) => readonly { readonly suite: string; readonly version: string }[]
}

/** Versions are those of source packages, so that a rebuild (`+bN`) counts as what it was built from. */
export function auditLock(request: AuditRequest): Audit {
  const { lock, data, placeOf, ignored, today } = request
  const current = ignored.filter(each => each.until >= today)
  const bySource = groupBy(lock.debs, deb => deb.sourceName)
  const vulnerabilities: AuditedVulnerability[] = []
  const unjudged: { source: string; reason: string }[] = []
  for (const source of sortedByBytes(bySource.keys())) {
    const debs = bySource.get(source) ?? []
    const { open, unknown } = standingOf(source, debs, { data, placeOf })
    if (unknown !== undefined) unjudged.push({ source, reason: unknown })
    const versions = [...new Set(debs.map(deb => deb.sourceVersion))].sort(compareVersions)
    for (const { id, urgency, fixedVersion, note, suites } of [...open.values()].sort((left, right) =>
      compareBytes(left.id, right.id),
    ))
      vulnerabilities.push({
        id,
        source,
        versions,
        debs: sortedByBytes(debs.map(debKey)),
        urgency,
        fixedVersion,
        fixedIn: fixPlaces(fixedVersion, [
          ...[...suites].map(([suite, version]) => ({ suite, version, by: 'data' as const })),
          ...(fixedVersion === undefined ? [] : request.listed(source)).map(each => ({
            ...each,
            by: 'index' as const,
          })),
        ]),
        note,
        ignored: current.find(each => matches(each, { id, source })),
      })
  }
  return {
    audit: 1,
    lock: request.lockName,
    data: request.origin,
    vulnerabilities,
    unjudged,
    expired: ignored.filter(each => each.until < today),
    unused: current.filter(each => !vulnerabilities.some(found => matches(each, found))),
  }
}

function matches(entry: IgnoredVulnerability, found: { readonly id: string; readonly source: string }): boolean {
  return entry.id === found.id && (entry.source === undefined || entry.source === found.source)
}

/** Each suite once, with its newest version; what a manifest can name comes first. */
function fixPlaces(fixedVersion: string | undefined, places: readonly FixPlace[]): readonly FixPlace[] {
  if (fixedVersion === undefined) return []
  const fixing = places.filter(({ version }) => compareVersions(version, fixedVersion) >= 0)
  const newest = [...groupBy(fixing, each => `${each.by} ${each.suite}`).values()].flatMap(group =>
    group.toSorted((left, right) => compareVersions(right.version, left.version)).slice(0, 1),
  )
  return newest.toSorted((left, right) => compareBytes(right.by, left.by) || compareBytes(left.suite, right.suite))
}

/** What a gate of `lock audit --fail-on` stops at. */
export const auditGates = [
  'unimportant',
  'low',
  'medium',
  'high',
  'unassigned',
  'end-of-life',
  'fixable',
  'any',
] as const
export type AuditGate = (typeof auditGates)[number]

const graver: readonly Urgency[] = ['unimportant', 'low', 'medium', 'high']

/**
 * The vulnerabilities that one of the gates stops at; ignored ones pass. An urgency stands for itself and what is graver; what nobody judged yet and what is
 * no longer supported have gates of their own.
 */
export function stoppedAudit({ vulnerabilities }: Audit, gates: readonly AuditGate[]): readonly AuditedVulnerability[] {
  return vulnerabilities.filter(each => each.ignored === undefined && gates.some(gate => isStopped(each, gate)))
}

function isStopped({ urgency, fixedVersion }: AuditedVulnerability, gate: AuditGate): boolean {
  switch (gate) {
    case 'any':
      return true
    case 'fixable':
      return fixedVersion !== undefined
    case 'unassigned':
    case 'end-of-life':
      return urgency === gate
    default:
      return graver.indexOf(urgency) >= graver.indexOf(gate)
  }
}
