import { Fault } from '../kernel/index.ts'
import type { Three } from './three-way.ts'

const marks = { ours: '<'.repeat(7), base: '|'.repeat(7), theirs: '='.repeat(7), end: '>'.repeat(7) }

/**
 * One text of two canonical locks: what both have stands once, what differs between conflict markers, each pair of markers within one block
 * of a source package or one item of a list. `takeSides` gives both texts back.
 */
export function weaveConflicts(ours: string, theirs: string): string {
  const [mine, other] = [ours, theirs].map(segmentsOf) as [readonly Segment[], readonly Segment[]]
  const isInMine = new Set(mine.map(({ key }) => key))
  const isInOther = new Set(other.map(({ key }) => key))
  const pieces: (readonly string[])[] = []
  let at = 0
  let beside = 0
  while (at < mine.length || beside < other.length) {
    // Both texts are in canonical order, so what both have comes in the same order.
    const runOfMine = runWhile(mine, at, ({ key }) => !isInOther.has(key))
    const runOfOther = runWhile(other, beside, ({ key }) => !isInMine.has(key))
    at += runOfMine.length
    beside += runOfOther.length
    pieces.push(conflictLines(linesOf(runOfMine), linesOf(runOfOther)))
    const [left, right] = [mine[at], other[beside]]
    pieces.push(conflictLines(left?.lines ?? [], right?.lines ?? []))
    at++
    beside++
  }
  return pieces.flat().join('\n')
}

interface Segment {
  readonly key: string
  readonly lines: readonly string[]
}

/** Each source package is one segment; elsewhere each line, which a value does not tell from another of its key. */
function segmentsOf(text: string): readonly Segment[] {
  const segments: { key: string; lines: string[] }[] = []
  const path: string[] = []
  for (const line of text.split('\n')) {
    const depth = Math.floor(line.search(/\S|$/) / 2)
    const last = segments.at(-1)
    if (path[0] === 'sources:' && depth >= 2 && last !== undefined) {
      last.lines.push(line)
      continue
    }
    path.length = depth
    path[depth] = line
    // `base: "required"` and `base: "none"` are one key; `- "nginx"` and `"debian":` are their own.
    const name = line.replace(/^( *[a-z][a-z-]*:) .+$/, '$1')
    const repeated = line === '' ? String(segments.length) : ''
    segments.push({ key: [...path.slice(0, depth), name, repeated].join('\n'), lines: [line] })
  }
  return segments
}

function runWhile(
  segments: readonly Segment[],
  from: number,
  belongs: (segment: Segment) => boolean,
): readonly Segment[] {
  let end = from
  for (let segment = segments[end]; segment !== undefined && belongs(segment); segment = segments[end]) end++
  return segments.slice(from, end)
}

function linesOf(segments: readonly Segment[]): readonly string[] {
  return segments.flatMap(({ lines }) => lines)
}

/** Markers around what differs; equal lines before and after it stay outside. */
function conflictLines(ours: readonly string[], theirs: readonly string[]): readonly string[] {
  const shorter = Math.min(ours.length, theirs.length)
  let before = 0
  while (before < shorter && ours[before] === theirs[before]) before++
  let after = 0
  while (after < shorter - before && ours.at(-1 - after) === theirs.at(-1 - after)) after++
  if (before + after === ours.length && ours.length === theirs.length) return ours
  return [
    ...ours.slice(0, before),
    `${marks.ours} ours`,
    ...ours.slice(before, ours.length - after),
    marks.theirs,
    ...theirs.slice(before, theirs.length - after),
    `${marks.end} theirs`,
    ...ours.slice(ours.length - after),
  ]
}

/**
 * The texts that a text with conflict markers was made of, in git's styles `merge`, `diff3` and `zdiff3`. The base is undefined unless every
 * conflict has its own.
 *
 * @returns undefined when the text has no conflict
 * @throws {Fault} `LOCK_MALFORMED` when the markers do not belong together
 */
export function takeSides(text: string, fileName: string): Three<string> | undefined {
  const ours: string[] = []
  const base: string[] = []
  const theirs: string[] = []
  let part: 'both' | 'ours' | 'base' | 'theirs' = 'both'
  let conflicts = 0
  let bases = 0
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    const next = partAfter(line)
    if (next === undefined) {
      if (part === 'both' || part === 'ours') ours.push(line)
      if (part === 'both' || part === 'base') base.push(line)
      if (part === 'both' || part === 'theirs') theirs.push(line)
      continue
    }
    if (!follows[part].includes(next)) throw mispaired(fileName, at + 1)
    part = next
    if (part === 'ours') conflicts++
    if (part === 'base') bases++
  }
  if (part !== 'both') throw mispaired(fileName, ours.length)
  if (conflicts === 0) return undefined
  const join = (lines: readonly string[]): string => lines.join('\n')
  return { base: bases === conflicts ? join(base) : undefined, ours: join(ours), theirs: join(theirs) }
}

type Part = 'both' | 'ours' | 'base' | 'theirs'

const follows: Readonly<Record<Part, readonly Part[]>> = {
  both: ['ours'],
  ours: ['base', 'theirs'],
  base: ['theirs'],
  theirs: ['both'],
}

/** What begins after a line that is a marker. */
function partAfter(line: string): Part | undefined {
  const [, mark] = /^(<{7}|\|{7}|={7}|>{7})(?: |$)/.exec(line) ?? []
  switch (mark) {
    case marks.ours:
      return 'ours'
    case marks.base:
      return 'base'
    case marks.theirs:
      return 'theirs'
    case marks.end:
      return 'both'
    default:
      return undefined
  }
}

function mispaired(fileName: string, line: number): Fault {
  return new Fault('LOCK_MALFORMED', {
    message: `${fileName}:${line}: the conflict markers do not belong together`,
    hint: 'Take one side (`git checkout --ours` or `--theirs`), then run `aptroot lock update`.',
    context: { file: fileName, line },
  })
}
