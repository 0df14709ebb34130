import { compareVersions, versionProblem } from '../debian/index.ts'
import { isJsonObject, type JsonObject } from '../kernel/index.ts'
import { ownList, ownObject, ownText, ownValue } from './json-shape.ts'
import type { SecurityData, SecurityQuestion, Verdict, Vulnerability } from './security-data.ts'
import { urgencyOf } from './tracker-data.ts'

/** A record, a list of them, or what the API answers. */
export function isOsv(json: unknown): json is JsonObject | readonly unknown[] {
  return recordsOf(json).some(isRecord)
}

function recordsOf(json: unknown): readonly unknown[] {
  if (Array.isArray(json)) return json
  if (!isJsonObject(json)) return []
  return Array.isArray(ownValue(json, 'vulns')) ? ownList(json, 'vulns') : [json]
}

function isRecord(value: unknown): value is JsonObject {
  return isJsonObject(value) && typeof ownValue(value, 'id') === 'string' && Array.isArray(ownValue(value, 'affected'))
}

/** One `affected` of a record. */
interface Affected {
  readonly record: JsonObject
  readonly ids: readonly string[]
  readonly facts: JsonObject
}

/**
 * OSV records of Debian's and Ubuntu's ecosystems: `affected` → `package` (`ecosystem` `Debian:12` or `Ubuntu:24.04:LTS`, `name`: the source package),
 * `ranges` of type `ECOSYSTEM` with `introduced`, `fixed` and `last_affected`, `versions`. Withdrawn records do not count.
 *
 * @see https://ossf.github.io/osv-schema/
 */
export function readOsv(json: JsonObject | readonly unknown[]): SecurityData {
  const bySource = new Map<string, Affected[]>()
  const ecosystems = new Set<string>()
  let modified: string | undefined
  for (const record of recordsOf(json)) {
    if (!isRecord(record)) continue
    const date = /^\d{4}-\d{2}-\d{2}/.exec(ownText(record, 'modified') ?? '')?.[0]
    if (date !== undefined && (modified === undefined || date > modified)) modified = date
    for (const facts of ownList(record, 'affected')) {
      const named = isJsonObject(facts) ? ownObject(facts, 'package') : undefined
      const [source, ecosystem] = [ownText(named ?? {}, 'name'), ownText(named ?? {}, 'ecosystem')]
      if (!isJsonObject(facts) || source === undefined || ecosystem === undefined) continue
      ecosystems.add(releaseOf(ecosystem))
      if (ownText(record, 'withdrawn') !== undefined) continue
      const list = bySource.get(source) ?? []
      if (list.length === 0) bySource.set(source, list)
      list.push({ record, ids: idsOf(record), facts })
    }
  }
  return {
    format: 'osv',
    modified,
    vulnerabilitiesOf(question) {
      const ecosystem = ecosystemOf(question)
      if (ecosystem === undefined || !ecosystems.has(ecosystem)) return undefined
      const affected = (bySource.get(question.source) ?? []).filter(
        ({ facts }) => releaseOf(ownText(ownObject(facts, 'package') ?? {}, 'ecosystem') ?? '') === ecosystem,
      )
      // A record of one CVE knows more of it than an advisory about five.
      const exactFirst = affected.toSorted((left, right) => left.ids.length - right.ids.length)
      const found = new Map<string, Vulnerability>()
      for (const each of exactFirst)
        for (const id of each.ids) if (!found.has(id)) found.set(id, vulnerabilityOf(id, each))
      return [...found.values()]
    },
  }
}

function ecosystemOf({ vendor, release }: SecurityQuestion): string | undefined {
  if (release === undefined) return undefined
  return vendor === 'debian' || vendor === 'ubuntu' ? `${vendor}:${release}` : undefined
}

/** `Ubuntu:24.04:LTS` is the release 24.04; what Ubuntu Pro alone fixes (`Ubuntu:Pro:…`) is another. */
function releaseOf(ecosystem: string): string {
  const [name = '', release = ''] = ecosystem.split(':')
  return `${name.toLowerCase()}:${release}`
}

/** A distribution's own record of a CVE has a prefix. */
const cvePattern = /^(?:DEBIAN-|UBUNTU-)?(CVE-\d{4}-\d{4,10})$/

/** The CVEs that a record is about; its own id where it names none. */
function idsOf(record: JsonObject): readonly string[] {
  const id = ownText(record, 'id') ?? ''
  const own = cvePattern.exec(id)?.[1]
  if (own !== undefined) return [own]
  const others = [...ownList(record, 'upstream'), ...ownList(record, 'aliases'), ...ownList(record, 'related')]
  const cves = new Set(others.flatMap(each => (typeof each === 'string' ? (cvePattern.exec(each)?.[1] ?? []) : [])))
  if (cves.size > 0) return [...cves]
  return /^[A-Z][A-Za-z0-9:.-]{3,60}$/.test(id) ? [id] : []
}

function vulnerabilityOf(id: string, { record, facts }: Affected): Vulnerability {
  const ranges = ownList(facts, 'ranges').flatMap(each =>
    isJsonObject(each) && ownText(each, 'type') === 'ECOSYSTEM' ? [eventsOf(each)] : [],
  )
  const versions = new Set(ownList(facts, 'versions').filter(each => typeof each === 'string'))
  const fixes = ranges.flat().flatMap(each => (each.kind === 'fixed' ? [each.version] : []))
  const isUnsound = ranges.some(each => each.some(({ version }) => versionProblem(version) !== undefined))
  return {
    id,
    urgency: urgencyOf(urgencyText(record, facts)),
    fixedVersion: isUnsound ? undefined : fixes.toSorted(compareVersions).at(-1),
    suites: new Map(),
    note: '',
    verdictOf(version): Verdict {
      if (versions.has(version)) return 'affected'
      if (isUnsound) return 'not-known'
      return ranges.some(events => isWithin(version, events)) ? 'affected' : 'not-affected'
    },
  }
}

interface RangeEvent {
  readonly kind: 'introduced' | 'fixed' | 'last_affected' | 'limit'
  readonly version: string
}

function eventsOf(range: JsonObject): readonly RangeEvent[] {
  return ownList(range, 'events').flatMap(event =>
    (['introduced', 'fixed', 'last_affected', 'limit'] as const).flatMap(kind => {
      const version = isJsonObject(event) ? ownText(event, kind) : undefined
      // `limit: *` is the same as none.
      return version === undefined || (kind === 'limit' && version === '*') ? [] : [{ kind, version }]
    }),
  )
}

/** Evaluated as the schema says: below a limit where there is one, and then the last event that is not beyond the version decides. */
function isWithin(version: string, events: readonly RangeEvent[]): boolean {
  const limits = events.filter(({ kind }) => kind === 'limit')
  if (limits.length > 0 && limits.every(limit => compareVersions(version, limit.version) >= 0)) return false
  // `introduced: 0` is before every version, also before those of Debian that begin with `0~`.
  let within = events.some(event => event.kind === 'introduced' && event.version === '0')
  for (const event of events.toSorted((left, right) => compareVersions(left.version, right.version))) {
    const order = compareVersions(version, event.version)
    if (event.kind === 'introduced' && event.version !== '0' && order >= 0) within = true
    if (event.kind === 'fixed' && order >= 0) within = false
    if (event.kind === 'last_affected' && order > 0) within = false
  }
  return within
}

/** Debian's `urgency` of the package; Ubuntu's priority stands among the severities. */
function urgencyText(record: JsonObject, facts: JsonObject): string | undefined {
  const debian = ownText(ownObject(facts, 'ecosystem_specific') ?? {}, 'urgency')
  if (debian !== undefined) return debian
  const severities = [...ownList(facts, 'severity'), ...ownList(record, 'severity')].filter(isJsonObject)
  const ubuntu = severities.find(each => ownText(each, 'type') === 'Ubuntu')
  return ubuntu === undefined ? undefined : ownText(ubuntu, 'score')
}
