import { compareVersions, versionProblem } from './version.ts'

/** One upload as debian/changelog tells it. Every text comes from outside. */
export interface ChangelogEntry {
  readonly source: string
  readonly version: string
  /** `bookworm-security`; several are parted by spaces. */
  readonly distributions: string
  readonly urgency: string | undefined
  /** What was changed: without the two spaces that each line begins with, without empty lines around it. */
  readonly lines: readonly string[]
  /** As written: `Sat, 07 Sep 2024 11:00:00 +0200`; undefined where the entry has no trailer. */
  readonly date: string | undefined
}

/** What is longer is no line that a person wrote; the rest of it is left out, so that no pattern meets megabytes. */
const longestLine = 2000

const heading = /^([a-z0-9][a-z0-9+.-]*) \(([^()\s]+)\)((?: +[A-Za-z0-9+.-]+)+);(.*)$/
const trailer = /^ -- (.*?) {1,2}((?:[A-Z][a-z]{2}, +)?\d{1,2} [A-Z][a-z]{2} \d{4} .*)$/

/**
 * The entries of a changelog, newest first as they stand there. It never fails: what is neither heading, change nor trailer is passed over, as are
 * entries without a version that Debian knows; what is before the first heading belongs to nobody.
 *
 * @see Debian Policy 4.4; deb-changelog(5)
 */
export function* readChangelog(text: string): Generator<ChangelogEntry> {
  let entry: { facts: Omit<ChangelogEntry, 'lines' | 'date'>; lines: string[]; date: string | undefined } | undefined
  const finished = (): ChangelogEntry[] =>
    entry === undefined ? [] : [{ ...entry.facts, lines: withoutEdges(entry.lines), date: entry.date }]
  for (const line of linesOf(text)) {
    const [, source, version, distributions = '', metadata = ''] = heading.exec(line) ?? []
    if (source !== undefined && version !== undefined && versionProblem(version) === undefined) {
      yield* finished()
      const urgency = /(?:^|[\s,])urgency=([a-z]+)/i.exec(metadata)?.[1]?.toLowerCase()
      entry = { facts: { source, version, distributions: distributions.trim(), urgency }, lines: [], date: undefined }
    } else if (entry !== undefined && entry.date === undefined) {
      const date = trailer.exec(line)?.[2]
      if (date !== undefined) entry.date = date.trim()
      else if (line === '' || line.startsWith('  ')) entry.lines.push(line.slice(2))
    }
  }
  yield* finished()
}

export interface ChangelogSpan {
  /** Version of the source package that was there before. */
  readonly after: string
  /** The one that is there now. */
  readonly upTo: string
}

/** What lies between two versions; or why a changelog cannot say it. */
export type ChangelogPart =
  | {
      readonly kind: 'entries'
      readonly entries: readonly ChangelogEntry[]
      /** `cut`: the changelog ends before it reaches the older version. */
      readonly reach: 'whole' | 'cut'
    }
  /** It begins with another version, so it tells another story. */
  | { readonly kind: 'other-version'; readonly newest: string | undefined }

/**
 * From the newest entry down to the first that is not newer than the older version. In between an entry may be newer than the one above it: a backport
 * has those of the version that it was made of.
 */
export function changesBetween(text: string, { after, upTo }: ChangelogSpan): ChangelogPart {
  const entries: ChangelogEntry[] = []
  for (const entry of readChangelog(text)) {
    if (entries.length === 0 && compareVersions(entry.version, upTo) !== 0)
      return { kind: 'other-version', newest: entry.version }
    if (compareVersions(entry.version, after) <= 0) return { kind: 'entries', entries, reach: 'whole' }
    entries.push(entry)
  }
  return entries.length === 0
    ? { kind: 'other-version', newest: undefined }
    : { kind: 'entries', entries, reach: 'cut' }
}

/** `CVE-2024-12345` in the order in which they stand there, each once. @see cve.org: four digits or more */
export function cveIdsIn(text: string): readonly string[] {
  return [...new Set(text.match(/\bCVE-(?:19|20)\d{2}-\d{4,10}\b/g) ?? [])]
}

/** Numbers of the bugs that an entry closes: `Closes: #12, #34` of Debian's, `LP: #56` of Launchpad's. @see Policy 4.4; deb-changelog(5) */
export function closedBugsIn(text: string): {
  readonly debian: readonly string[]
  readonly launchpad: readonly string[]
} {
  const numbers = (pattern: RegExp) => [
    ...new Set((text.match(pattern) ?? []).flatMap(each => each.match(/\d{1,10}/g) ?? [])),
  ]
  return {
    debian: numbers(/\bcloses:\s{0,8}(?:bug)?#?\s?\d{1,10}(?:,\s{0,8}(?:bug)?#?\s?\d{1,10}){0,200}/gi),
    launchpad: numbers(/\blp:\s{1,8}#\d{1,10}(?:,\s{0,8}#\d{1,10}){0,200}/gi),
  }
}

function* linesOf(text: string): Generator<string> {
  for (let start = 0; start < text.length; ) {
    const feed = text.indexOf('\n', start)
    const end = feed === -1 ? text.length : feed
    yield text.slice(start, Math.min(end, start + longestLine)).trimEnd()
    start = end + 1
  }
}

function withoutEdges(lines: readonly string[]): readonly string[] {
  const first = lines.findIndex(line => line !== '')
  return first === -1 ? [] : lines.slice(first, lines.findLastIndex(line => line !== '') + 1)
}
