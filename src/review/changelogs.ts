import { type ChangelogEntry, type ChangelogPart, closedBugsIn, cveIdsIn } from '../debian/index.ts'
import { count } from '../kernel/index.ts'
import { type Block, foreign, longestForeignText, own, type Piece } from './document.ts'

/** What the maintainers wrote between two versions of one source package. All texts come from a deb. */
export type SourceChangelog =
  | {
      readonly kind: 'known'
      readonly source: string
      /** Of a downgrade the entries are those that are lost. */
      readonly direction: 'gained' | 'lost'
      /** `name:architecture version` of the deb whose changelog was read. */
      readonly deb: string
      /** Newest first. */
      readonly entries: readonly ReviewedEntry[]
      readonly entriesLeftOut: number
      /** `cut`: the changelog ends before it reaches the older version. */
      readonly reach: 'whole' | 'cut'
      /** Of all entries, also of those left out. */
      readonly cves: readonly string[]
    }
  | { readonly kind: 'not-known'; readonly source: string; readonly reason: string }

export interface ReviewedEntry {
  readonly version: string
  readonly distributions: string
  readonly urgency: string | undefined
  readonly date: string | undefined
  readonly lines: readonly string[]
  readonly linesLeftOut: number
  readonly cves: readonly string[]
  /** Bugs of Debian's that it closes. */
  readonly closes: readonly string[]
  /** Bugs of Launchpad's. */
  readonly launchpad: readonly string[]
}

/** Bounds of what a review keeps of one changelog, however long the deb's is; docs/commands.md names them. */
const entriesKept = 50
const linesKept = 100
const idsKept = 500
/** Of one source, in text and Markdown: one package must not displace the others from the body of a request. */
const linesShown = 80

export interface ReadChangelog {
  readonly source: string
  readonly direction: 'gained' | 'lost'
  readonly deb: string
  readonly part: ChangelogPart
}

/** What a review keeps of a changelog. */
export function reviewedChangelog({ source, direction, deb, part }: ReadChangelog): SourceChangelog {
  if (part.kind === 'other-version')
    return {
      kind: 'not-known',
      source,
      reason:
        part.newest === undefined
          ? `the changelog of ${deb} has no entry`
          : `the changelog of ${deb} begins with version ${part.newest.slice(0, longestForeignText)}`,
    }
  const entries = part.entries.slice(0, entriesKept).map(reviewedEntry)
  const cves = new Set(part.entries.flatMap(each => cveIdsIn(each.lines.join('\n'))))
  return {
    kind: 'known',
    source,
    direction,
    deb,
    entries,
    entriesLeftOut: part.entries.length - entries.length,
    reach: part.reach,
    cves: [...cves].slice(0, idsKept),
  }
}

function reviewedEntry({ version, distributions, urgency, date, lines }: ChangelogEntry): ReviewedEntry {
  const text = lines.join('\n')
  const { debian, launchpad } = closedBugsIn(text)
  const kept = lines.slice(0, linesKept)
  return {
    version,
    distributions,
    urgency,
    date,
    lines: kept.map(cut),
    linesLeftOut: lines.length - kept.length,
    cves: cveIdsIn(text).slice(0, idsKept),
    closes: debian.slice(0, idsKept),
    launchpad: launchpad.slice(0, idsKept),
  }
}

function cut(line: string): string {
  return line.length > longestForeignText ? `${line.slice(0, longestForeignText)}…` : line
}

/** One list for each source, folded; what is not known is said first. */
export function changelogBlocks(changelogs: readonly SourceChangelog[] | undefined): readonly Block[] {
  if (changelogs === undefined || changelogs.length === 0) return []
  const known = changelogs.flatMap(each => (each.kind === 'known' ? [each] : []))
  const unknown = changelogs.flatMap(each => (each.kind === 'not-known' ? [each] : []))
  return [
    { kind: 'title', text: 'Changelogs' },
    ...unknown.map(
      ({ source, reason }): Block => ({
        kind: 'item',
        depth: 0,
        pieces: [foreign(source), ': ', own('notice', 'not known'), ', since ', foreign(reason)],
      }),
    ),
    ...known.map(
      (each): Block => ({
        kind: 'details',
        // A source's name is checked by the lockfile's reader to have no markup in it.
        summary: `${each.source}: ${count(each.entries.length + each.entriesLeftOut, 'entry', 'entries')}${each.direction === 'lost' ? ' LOST' : ''}`,
        blocks: sourceBlocks(each),
      }),
    ),
  ]
}

function sourceBlocks(changelog: Extract<SourceChangelog, { kind: 'known' }>): Block[] {
  const { entries, entriesLeftOut, reach, deb, direction, source } = changelog
  const blocks: Block[] = [
    {
      kind: 'item',
      depth: 0,
      pieces: [
        foreign(source),
        direction === 'lost' ? own('bad', ': what the older version does not have') : '',
        ', as ',
        foreign(deb),
        ' tells it:',
      ],
    },
  ]
  let room = linesShown
  let hidden = entriesLeftOut
  for (const entry of entries) {
    if (room <= 0) {
      hidden++
      continue
    }
    const lines = entry.lines.slice(0, room)
    const left = entry.lines.length - lines.length + entry.linesLeftOut
    room -= lines.length + 1
    blocks.push({ kind: 'item', depth: 1, pieces: entryPieces(entry) })
    if (lines.length > 0)
      blocks.push({
        kind: 'lines',
        // Two spaces, as in the changelog: no line may begin like one of a difference.
        lines: [
          ...lines.map(line => `  ${line.replaceAll('\t', '    ')}`),
          ...(left > 0 ? [`  … ${count(left, 'more line')}`] : []),
        ],
      })
  }
  if (hidden > 0)
    blocks.push({ kind: 'item', depth: 1, pieces: [`and ${count(hidden, 'older entry', 'older entries')}`] })
  if (reach === 'cut')
    blocks.push({
      kind: 'item',
      depth: 1,
      pieces: [own('notice', 'the changelog of the deb ends here'), ', before it reaches the older version'],
    })
  return blocks
}

function entryPieces({ version, distributions, urgency, date, cves, closes, launchpad }: ReviewedEntry): Piece[] {
  const about = [distributions, urgency === undefined ? '' : `urgency ${urgency}`, date ?? ''].filter(
    each => each !== '',
  )
  return [
    foreign(version),
    ...about.flatMap((each): Piece[] => [', ', foreign(each)]),
    ...listed(
      ': ',
      cves.map((id): Piece => ({ kind: 'cve', id })),
    ),
    ...listed('; closes bug ', closes),
    ...listed('; closes LP bug ', launchpad),
  ]
}

/** Of one kind of ids, in a heading. */
const idsShown = 12

function listed(words: string, ids: readonly Piece[]): Piece[] {
  const hidden = ids.length - idsShown
  return [
    ...ids.slice(0, idsShown).flatMap((each, at): Piece[] => [at === 0 ? words : ', ', each]),
    ...(hidden > 0 ? [` and ${hidden} more`] : []),
  ]
}
