import {
  type DebChange,
  type LockDifference,
  type LockedDeb,
  pinnedBy,
  type SourceChange,
} from '../../../lockfile/index.ts'
import { count, formatBytes, type Line, type Span, span } from '../text.ts'

/** The review view of two locks: trust first, then what was asked for, then one paragraph per source package. */
export function differenceLines(difference: LockDifference): Line[] {
  const keys = difference.keys.map(
    (change): Line => [mark(change.kind), ` ${change.archive} signed by ${change.fingerprint}`],
  )
  const request = difference.request.map((change): Line => [mark(change.kind), ` ${change.field}: ${change.text}`])
  return [
    ...section('keys', keys),
    ...section('request', request),
    ...difference.sources.flatMap(sourceLines),
    summaryOf(difference),
  ]
}

/** `3 sources changed: 2 upgraded, 1 added; 4.5 MB to download`; every line of a review can be counted against it. */
export function summaryOf(difference: LockDifference): string {
  const { keys, request, sources, newBytes } = difference
  if (keys.length === 0 && request.length === 0 && sources.length === 0) return 'No difference.'
  const amounts = new Map<DebChange['kind'], number>()
  for (const { debs } of sources) for (const { kind } of debs) amounts.set(kind, (amounts.get(kind) ?? 0) + 1)
  const kinds = kindOrder.flatMap(kind => {
    const amount = amounts.get(kind)
    return amount === undefined ? [] : [`${amount} ${kind}`]
  })
  const parts = [
    ...(keys.length === 0 ? [] : [`${count(keys.length, 'signing key')} changed`]),
    ...(request.length === 0 ? [] : [`${count(request.length, 'line')} of the request changed`]),
    ...(sources.length === 0 ? [] : [`${count(sources.length, 'source package')} changed, debs: ${kinds.join(', ')}`]),
    `${formatBytes(newBytes)} to download`,
  ]
  return `${parts.join('; ')}.`
}

const kindOrder = [
  'replaced',
  'downgraded',
  'upgraded',
  'rebuilt',
  'added',
  'removed',
  'moved',
  'remarked',
] as const satisfies readonly DebChange['kind'][]

function section(title: string, lines: readonly Line[]): Line[] {
  if (lines.length === 0) return []
  return [
    [span('strong', title)],
    ...lines.map((line): Line => (typeof line === 'string' ? `  ${line}` : ['  ', ...line])),
    '',
  ]
}

function sourceLines(change: SourceChange): Line[] {
  const versions = versionsText(change)
  return [
    [span('strong', change.source), versions === '' ? '' : ` ${versions}`],
    ...change.debs.map((deb): Line => ['  ', ...debPieces(deb, change)]),
    '',
  ]
}

function versionsText({ versionsBefore, versionsAfter }: SourceChange): string {
  const before = versionsBefore.join(', ')
  const after = versionsAfter.join(', ')
  if (before === after) return before
  if (before === '') return after
  return after === '' ? before : `${before} → ${after}`
}

function debPieces(change: DebChange, source: SourceChange): (string | Span)[] {
  switch (change.kind) {
    case 'added':
      return [mark('added'), ` ${nameOf(change.after)}${ownVersion(change.after, source)}, ${arrivalOf(change.after)}`]
    case 'removed':
      return [mark('removed'), ` ${nameOf(change.before)}${ownVersion(change.before, source)}`]
    case 'upgraded':
    case 'rebuilt':
      return [span('changed', change.kind), ` ${nameOf(change.after)}${versionChange(change)}${originChange(change)}`]
    case 'downgraded':
      return [span('bad', 'DOWNGRADED'), ` ${nameOf(change.after)}${versionChange(change)}${originChange(change)}`]
    case 'replaced':
      return [
        span('bad', 'REPLACED'),
        ` ${nameOf(change.after)} ${change.after.version} has other bytes: ${pinnedBy(change.before)} → ${pinnedBy(change.after)}${originChange(change)}`,
      ]
    case 'moved':
      return [span('notice', 'moved'), ` ${nameOf(change.after)}, same bytes: ${placeChange(change)}`]
    case 'remarked':
      return [span('faint', 'remarked'), ` ${nameOf(change.after)}: ${markChanges(change).join('; ')}`]
    default:
      return change satisfies never
  }
}

interface Pair {
  readonly before: LockedDeb
  readonly after: LockedDeb
}

function nameOf(deb: LockedDeb): string {
  return `${deb.name}:${deb.architecture}`
}

/** A deb's version is told where the source's heading does not tell it. */
function ownVersion(deb: LockedDeb, { versionsBefore, versionsAfter }: SourceChange): string {
  const told = [...versionsBefore, ...versionsAfter]
  return told.length === 1 && told[0] === deb.version ? '' : ` ${deb.version}`
}

function versionChange({ before, after }: Pair): string {
  return ` ${before.version} → ${after.version}`
}

function originChange({ before, after }: Pair): string {
  return before.from === after.from ? '' : `, from ${before.from} → ${after.from}`
}

function arrivalOf(deb: LockedDeb): string {
  const root = deb.root === undefined ? '' : `${deb.root}, `
  return `${root}${formatBytes(deb.sizeBytes)}, from ${deb.from}`
}

function placeChange({ before, after }: Pair): string {
  const place = (deb: LockedDeb) => [deb.from, deb.directory, deb.file].filter(part => part !== undefined).join(' ')
  if (place(before) !== place(after)) return `${place(before)} → ${place(after)}`
  if (before.sizeBytes !== after.sizeBytes) return `size ${before.sizeBytes} → ${after.sizeBytes}`
  return `first locked ${before.at} → ${after.at}`
}

function markChanges({ before, after }: Pair): string[] {
  const lost = before.needs.filter(need => !after.needs.includes(need))
  const gained = after.needs.filter(need => !before.needs.includes(need))
  const rootsOf = (deb: LockedDeb) => deb.roots?.join(', ') ?? 'every root'
  return [
    ...(before.root === after.root ? [] : [`${before.root ?? 'dependency'} → ${after.root ?? 'dependency'}`]),
    ...(rootsOf(before) === rootsOf(after) ? [] : [`in ${rootsOf(before)} → ${rootsOf(after)}`]),
    ...(lost.length === 0 ? [] : [`no longer needs ${lost.join(', ')}`]),
    ...(gained.length === 0 ? [] : [`now needs ${gained.join(', ')}`]),
  ]
}

function mark(kind: 'added' | 'removed'): Span {
  return kind === 'added' ? span('good', '+') : span('bad', '-')
}
