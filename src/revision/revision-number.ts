import { Fault, quoted } from '../kernel/index.ts'

/**
 * A revision: decimal numbers joined by dots, without leading zeros. `4` of a service of its own; `4.2` of one that extends another.
 *
 * Each number counts by itself (9 before 10, 4 before 4.1 before 4.10 before 5), which is how Debian compares runs of digits too.
 *
 * @see Debian Policy 5.6.12
 */
export type Revision = string

/** Of one number: 9,999,999,999 builds of one package are more than anybody makes. */
const digitsOfNumber = 10
/** Of services that extend each other. */
export const greatestDepth = 8

const revisionPattern = /^(?:0|[1-9][0-9]{0,9})(?:\.(?:0|[1-9][0-9]{0,9})){0,7}$/

/** A revision ends with a number from 1: `4` is written so, never `4.0`. */
export function isRevision(text: string): text is Revision {
  return revisionPattern.test(text) && text !== '0' && !text.endsWith('.0')
}

/** How many numbers it has: 1 of a service of its own, one more for each service between. */
export function depthOf(revision: Revision): number {
  return revision.split('.').length
}

/** Negative when `left` is the earlier one, zero when they are the same. */
export function compareRevisions(left: Revision, right: Revision): number {
  const mine = left.split('.').map(Number)
  const others = right.split('.').map(Number)
  for (let at = 0; at < Math.min(mine.length, others.length); at++) {
    const difference = (mine[at] ?? 0) - (others[at] ?? 0)
    if (difference !== 0) return difference
  }
  return mine.length - others.length
}

/** The later of two, where nothing is earlier than any. */
export function laterOf(left: Revision | undefined, right: Revision | undefined): Revision | undefined {
  if (left === undefined || right === undefined) return left ?? right
  return compareRevisions(left, right) < 0 ? right : left
}

/**
 * The first free revision of a service, later than all that it knows.
 *
 * At depth 1 numbers are counted up: 1, 2, 3. Deeper, the last number counts what this service adds after the newest revision of the one that
 * it extends: 4.1, 4.2, and 5.1 when that one has moved on to 5. What is missing between is zero (5.0.1 at depth 3), since a service between
 * may give 5.1 itself later; before anything is known of the other it is 0.1.
 *
 * @param newest the latest revision that this service knows, its own or adopted
 * @param upstream the latest of the service that it extends, as just asked; undefined: none, or none is extended
 */
export function nextRevision(depth: number, newest: Revision | undefined, upstream: Revision | undefined): Revision {
  const known = newest === undefined ? [] : newest.split('.')
  const isOwn = known.length === depth
  // A server that asked a moment ago must not fall behind one that asked since: what is adopted or extended already counts as well.
  const extended = isOwn ? known.slice(0, -1) : known
  const base = padded(extended, depth)
  const told = padded(upstream?.split('.') ?? [], depth)
  const later = compareRevisions(base.join('.'), told.join('.')) < 0 ? told : base
  const isSame = isOwn && later.join('.') === base.join('.')
  const last = isSame ? Number(known.at(-1)) + 1 : 1
  if (String(last).length > digitsOfNumber)
    throw new Fault('INTERNAL', { message: `there is no revision after ${quoted(newest ?? '')}` })
  return [...later, String(last)].join('.')
}

function padded(numbers: readonly string[], depth: number): readonly string[] {
  return [...numbers, ...new Array<string>(depth).fill('0')].slice(0, depth - 1)
}

/**
 * The same order as a text: numbers of ten digits, so that a database that compares bytes finds the latest one by its index.
 *
 * 4 is `0000000004`, 4.10 is `0000000004.0000000010`.
 */
export function sortableOf(revision: Revision): string {
  return revision
    .split('.')
    .map(number => number.padStart(digitsOfNumber, '0'))
    .join('.')
}

/** What `sortableOf` was given. */
export function revisionOfSortable(text: string): Revision {
  return text
    .split('.')
    .map(number => String(Number(number)))
    .join('.')
}
