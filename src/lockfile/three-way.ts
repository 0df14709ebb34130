import { groupBy, sortedByBytes } from '../kernel/index.ts'

/** Something as two branches have it, and as they both had it once; undefined: not known, or not there. */
export interface Three<Value> {
  readonly base: Value | undefined
  readonly ours: Value
  readonly theirs: Value
}

/** Whose word counts where both branches changed the same thing in different ways. */
export type Preference = 'ours' | 'theirs'

/** The side that changed; where both did, differently, the preferred one. Values are compared as JSON. */
export function mergeValue<Value>({ base, ours, theirs }: Three<Value>, prefer: Preference): Value {
  const [had, mine, other] = [base, ours, theirs].map(value => JSON.stringify(value))
  if (mine === other || had === other) return ours
  if (had === mine) return theirs
  return prefer === 'ours' ? ours : theirs
}

/** What both have, and what one of them added; what one of them removed is gone. */
export function mergeSets({ base = [], ours, theirs }: Three<readonly string[]>): readonly string[] {
  const [had, mine, other] = [new Set(base), new Set(ours), new Set(theirs)]
  const isKept = (item: string): boolean => (mine.has(item) && other.has(item)) || !had.has(item)
  return sortedByBytes(new Set([...ours, ...theirs].filter(isKept)))
}

/**
 * Lines that speak of something, such as `openssl (>= 3)` of openssl: lines about different things are merged as a set, lines about the same
 * thing as one value, so that two branches that asked for different versions of it disagree.
 */
export function mergeLines(
  { base = [], ours, theirs }: Three<readonly string[]>,
  subjectOf: (line: string) => string,
  prefer: Preference,
): readonly string[] {
  const [had, mine, other] = [base, ours, theirs].map(lines => groupBy(sortedByBytes(new Set(lines)), subjectOf))
  const subjects = sortedByBytes(new Set([...(mine?.keys() ?? []), ...(other?.keys() ?? [])]))
  const of = (subject: string): Three<readonly string[]> => ({
    base: had?.get(subject) ?? [],
    ours: mine?.get(subject) ?? [],
    theirs: other?.get(subject) ?? [],
  })
  return subjects.flatMap(subject => mergeValue(of(subject), prefer))
}
