import { compareVersions, versionProblem } from '../debian/index.ts'
import { isJsonObject, type JsonObject } from '../kernel/index.ts'
import { ownObject, ownText } from './json-shape.ts'
import type { SecurityData, Urgency, Verdict, Vulnerability } from './security-data.ts'

/** The tracker's ids; `TEMP-…` are of what has no CVE yet. */
const idPattern = /^(?:CVE-\d{4}-\d{4,10}|TEMP-\d{7}-[0-9A-F]{6})$/

/** Source package → id → `releases`. The first entry that has one decides. */
export function isTracker(json: unknown): json is JsonObject {
  if (!isJsonObject(json)) return false
  return Object.values(json).some(
    issues =>
      isJsonObject(issues) && Object.values(issues).some(each => isJsonObject(each) && ownObject(each, 'releases')),
  )
}

/**
 * The Debian security tracker's data: source package → CVE → `releases` → codename → `status` (`open`, `resolved`, `undetermined`),
 * `fixed_version` (`0`: never affected), `urgency`, `repositories` (suite → version), `nodsa` and `nodsa_reason` (`ignored`, `postponed`). Any of them may
 * be null or absent.
 *
 * @see https://security-tracker.debian.org/tracker/data/json, made by lib/python/security_db.py of security-tracker-team/security-tracker
 */
export function readTracker(json: JsonObject): SecurityData {
  const codenames = new Set<string>()
  for (const source of Object.keys(json))
    for (const { releases } of issuesOf(json, source)) for (const name of Object.keys(releases)) codenames.add(name)
  return {
    format: 'tracker',
    modified: undefined,
    vulnerabilitiesOf({ source, vendor, codename }) {
      if (vendor !== 'debian' || !codenames.has(codename)) return undefined
      return issuesOf(json, source).flatMap(({ id, releases }) => {
        const facts = ownObject(releases, codename)
        return facts === undefined ? [] : [vulnerabilityOf(id, facts)]
      })
    },
  }
}

interface Issue {
  readonly id: string
  readonly releases: JsonObject
}

function issuesOf(json: JsonObject, source: string): readonly Issue[] {
  return Object.entries(ownObject(json, source) ?? {}).flatMap(([id, issue]) => {
    const releases = isJsonObject(issue) ? ownObject(issue, 'releases') : undefined
    return releases === undefined || !idPattern.test(id) ? [] : [{ id, releases }]
  })
}

function vulnerabilityOf(id: string, facts: JsonObject): Vulnerability {
  const status = ownText(facts, 'status')
  const fixed = ownText(facts, 'fixed_version')
  const suites = Object.entries(ownObject(facts, 'repositories') ?? {}).filter(
    (each): each is [string, string] => typeof each[1] === 'string' && versionProblem(each[1]) === undefined,
  )
  return {
    id,
    urgency: urgencyOf(ownText(facts, 'urgency')),
    fixedVersion: status === 'resolved' && fixed !== '0' ? fixed : undefined,
    suites: new Map(suites),
    note: noteOf(facts),
    verdictOf(version): Verdict {
      if (status === 'open') return 'affected'
      if (status !== 'resolved' || fixed === undefined) return 'not-known'
      if (fixed === '0') return 'not-affected'
      if (versionProblem(fixed) !== undefined) return 'not-known'
      return compareVersions(version, fixed) < 0 ? 'affected' : 'not-affected'
    },
  }
}

/** Why there is no advisory, with the security team's decision: `Minor issue (postponed)`. */
function noteOf(facts: JsonObject): string {
  const [words = '', reason = ''] = [ownText(facts, 'nodsa'), ownText(facts, 'nodsa_reason')]
  return reason === '' ? words : `${words} (${reason})`.trim()
}

/** Older entries mark with asterisks that the urgency was guessed from elsewhere: `medium**`. */
export function urgencyOf(text: string | undefined): Urgency {
  switch (text?.replace(/\*+$/, '').trim().toLowerCase()) {
    case 'unimportant':
    case 'negligible':
      return 'unimportant'
    case 'low':
      return 'low'
    case 'medium':
      return 'medium'
    case 'high':
    case 'critical':
      return 'high'
    case 'end-of-life':
      return 'end-of-life'
    default:
      return 'unassigned'
  }
}
