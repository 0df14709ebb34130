import { Fault } from '../kernel/index.ts'
import { isOsv, readOsv } from './osv-data.ts'
import { isTracker, readTracker } from './tracker-data.ts'

/** How grave the data holds it to be. `unassigned`: nobody judged it yet, which is what most of the tracker's entries say. */
export const urgencies = ['unimportant', 'low', 'medium', 'high', 'unassigned', 'end-of-life'] as const
export type Urgency = (typeof urgencies)[number]

/** Which part of the data is about a source package of a lock. */
export interface SecurityQuestion {
  /** Source package. */
  readonly source: string
  /** `debian`, `ubuntu`; anything else is a third party, which neither database knows. */
  readonly vendor: string
  /** `bookworm`. */
  readonly codename: string
  /** `12`, `24.04`; undefined where the release has none yet. */
  readonly release: string | undefined
}

/** What is said about one version. `not-known`: the data has not been decided, or its version is none. */
export type Verdict = 'affected' | 'not-affected' | 'not-known'

/** One vulnerability of one source package in one release. Texts come from outside. */
export interface Vulnerability {
  /** A CVE id where there is one, else the database's own. */
  readonly id: string
  readonly urgency: Urgency
  /** The first version that is not affected; undefined: there is none yet. */
  readonly fixedVersion: string | undefined
  /** Suites of the database with the version that each has; empty where it does not say. */
  readonly suites: ReadonlyMap<string, string>
  /** Why it is as it is, in the database's words; empty for most. */
  readonly note: string
  verdictOf(version: string): Verdict
}

export interface SecurityData {
  readonly format: 'tracker' | 'osv'
  /** The newest date that the records themselves have. */
  readonly modified: string | undefined
  /** By id; undefined: the data has nothing about that vendor or release, so nothing follows from its silence. */
  vulnerabilitiesOf(question: SecurityQuestion): readonly Vulnerability[] | undefined
}

/**
 * Reads the JSON of the Debian security tracker, or OSV records: an array, a record, an answer with `vulns`, or a record a line.
 *
 * @param name for messages
 * @throws {Fault} `SECURITY_DATA_MALFORMED`
 * @see https://security-tracker.debian.org/tracker/data/json; https://ossf.github.io/osv-schema/
 */
export function readSecurityData(text: string, name: string): SecurityData {
  const json = parsed(text, name)
  if (isOsv(json)) return readOsv(json)
  if (isTracker(json)) return readTracker(json)
  throw malformed(name, 'is neither the data of the Debian security tracker nor OSV records')
}

function parsed(text: string, name: string): unknown {
  try {
    return JSON.parse(text)
  } catch (whole) {
    try {
      return text
        .split('\n')
        .filter(line => line.trim() !== '')
        .map(line => JSON.parse(line) as unknown)
    } catch {
      throw malformed(name, 'is not JSON', whole)
    }
  }
}

function malformed(name: string, problem: string, cause?: unknown): Fault {
  return new Fault('SECURITY_DATA_MALFORMED', {
    message: `${name} ${problem}`,
    hint: 'Give https://security-tracker.debian.org/tracker/data/json or a file of it, or OSV records as JSON.',
    context: { data: name },
    cause,
  })
}
