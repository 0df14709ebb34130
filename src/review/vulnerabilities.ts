import { compareVersions } from '../debian/index.ts'
import { compareBytes, count, groupBy, sortedByBytes } from '../kernel/index.ts'
import type { LockedDeb, Lockfile } from '../lockfile/index.ts'
import type { SourceChangelog } from './changelogs.ts'
import { type Block, foreign, own, type Piece } from './document.ts'
import type { SecurityData, SecurityQuestion, Urgency, Vulnerability } from './security-data.ts'

/** Which data was asked. */
export interface SecurityOrigin {
  /** File name, or address without credentials. */
  readonly name: string
  /** `2026-07-11`: of the records, of the file, or when it was fetched. */
  readonly date: string
  readonly dateIs: 'of-records' | 'of-file' | 'fetched'
}

/** What a change means for one vulnerability of one source package. */
export interface VulnerabilityChange {
  readonly source: string
  readonly id: string
  /** undefined: only the changelog names it. */
  readonly urgency: Urgency | undefined
  /**
   * `opened`: was not there before, and is now. `claimed`: the changelog names it, and the data does not say that this change fixes it.
   * `open`: there before and after.
   */
  readonly verdict: 'opened' | 'fixed' | 'claimed' | 'open'
  readonly fixedVersion: string | undefined
  /** In the database's words. */
  readonly note: string
}

export interface SecurityReview {
  readonly data: SecurityOrigin
  /** By verdict as above, then source, then id. */
  readonly changes: readonly VulnerabilityChange[]
  /** Source packages of which the data says nothing, with the reason. */
  readonly unjudged: readonly { readonly source: string; readonly reason: string }[]
}

/** Who made a deb and for which release. */
export type PlaceOf = (deb: LockedDeb) => Omit<SecurityQuestion, 'source'>

export interface SecurityComparison {
  readonly data: SecurityData
  readonly origin: SecurityOrigin
  readonly before: Lockfile
  readonly after: Lockfile
  /** The source packages that changed. */
  readonly sources: readonly string[]
  readonly changelogs: readonly SourceChangelog[]
  readonly placeOf: PlaceOf
}

const verdicts = ['opened', 'fixed', 'claimed', 'open'] as const

/** Each vulnerability of each changed source package; versions are those of sources, compared as Debian compares them. */
export function securityReview(comparison: SecurityComparison): SecurityReview {
  const { data, origin, before, after, placeOf } = comparison
  const had = groupBy(before.debs, deb => deb.sourceName)
  const has = groupBy(after.debs, deb => deb.sourceName)
  const changes: VulnerabilityChange[] = []
  const unjudged: { source: string; reason: string }[] = []
  for (const source of sortedByBytes(comparison.sources)) {
    const earlier = standingOf(source, had.get(source) ?? [], { data, placeOf })
    const later = standingOf(source, has.get(source) ?? [], { data, placeOf })
    const reason = later.unknown ?? earlier.unknown
    if (reason !== undefined) unjudged.push({ source, reason })
    const named = claimedBy(comparison.changelogs.find(each => each.source === source))
    const isIn = has.has(source)
    for (const id of new Set([...earlier.open.keys(), ...later.open.keys(), ...named])) {
      const vulnerability = later.open.get(id) ?? earlier.open.get(id)
      const verdict = verdictOf({ wasOpen: earlier.open.has(id), isOpen: later.open.has(id), isNamed: named.has(id) })
      changes.push({
        source,
        id,
        urgency: vulnerability?.urgency,
        verdict,
        fixedVersion: vulnerability?.fixedVersion,
        note: verdict === 'fixed' && !isIn ? 'the package is gone' : (vulnerability?.note ?? ''),
      })
    }
  }
  return { data: origin, changes: changes.sort(compareChanges), unjudged }
}

interface Standing {
  readonly open: ReadonlyMap<string, Vulnerability>
  /** Why nothing is known. */
  readonly unknown: string | undefined
}

/** What of the data holds for the debs of one source: open as soon as one of its versions is affected. */
export function standingOf(
  source: string,
  debs: readonly LockedDeb[],
  { data, placeOf }: { readonly data: SecurityData; readonly placeOf: PlaceOf },
): Standing {
  const open = new Map<string, Vulnerability>()
  let unknown: string | undefined
  const parts = new Map(debs.map(deb => [JSON.stringify([deb.sourceVersion, placeOf(deb)]), deb]))
  for (const deb of parts.values()) {
    const place = placeOf(deb)
    const known = data.vulnerabilitiesOf({ source, ...place })
    if (known === undefined) unknown ??= `the data has nothing about ${place.codename} of ${place.vendor}`
    for (const each of known ?? []) {
      if (each.verdictOf(deb.sourceVersion) !== 'affected') continue
      const other = open.get(each.id)
      if (other === undefined || isLaterFix(each, other)) open.set(each.id, each)
    }
  }
  return { open, unknown }
}

function isLaterFix(left: Vulnerability, right: Vulnerability): boolean {
  if (left.fixedVersion === undefined || right.fixedVersion === undefined) return left.fixedVersion === undefined
  return compareVersions(left.fixedVersion, right.fixedVersion) > 0
}

/** What a changelog says to have fixed; the entries that a downgrade loses fix nothing any more. */
function claimedBy(changelog: SourceChangelog | undefined): ReadonlySet<string> {
  return new Set(changelog?.kind === 'known' && changelog.direction === 'gained' ? changelog.cves : [])
}

function verdictOf(facts: {
  readonly wasOpen: boolean
  readonly isOpen: boolean
  readonly isNamed: boolean
}): VulnerabilityChange['verdict'] {
  if (facts.isOpen && !facts.wasOpen) return 'opened'
  if (facts.wasOpen && !facts.isOpen) return 'fixed'
  return facts.isNamed ? 'claimed' : 'open'
}

function compareChanges(left: VulnerabilityChange, right: VulnerabilityChange): number {
  return (
    verdicts.indexOf(left.verdict) - verdicts.indexOf(right.verdict) ||
    compareBytes(left.source, right.source) ||
    compareBytes(left.id, right.id)
  )
}

const phrases: Readonly<Record<VulnerabilityChange['verdict'], string>> = {
  opened: 'OPENED by this change',
  fixed: 'fixed by this change',
  claimed: 'claimed only by the changelog',
  open: 'still open',
}

const tones = { opened: 'bad', fixed: 'good', claimed: 'notice', open: 'notice' } as const

/** Of one verdict, before the rest is folded. */
const changesShown = 12

/** For the first lines; undefined where nothing was asked. */
export function securityVerdict(
  security: SecurityReview | undefined,
  changelogs: readonly SourceChangelog[] | undefined,
): readonly Piece[] | undefined {
  if (security === undefined) {
    const named = new Set((changelogs ?? []).flatMap(each => (each.kind === 'known' ? each.cves : [])))
    return named.size === 0
      ? undefined
      : [`Changelogs name ${count(named.size, 'CVE')}; without security data nobody knows which are fixed.`]
  }
  const { changes, data } = security
  const counts = [...groupBy(changes, each => each.verdict)].map(([verdict, group], at): Piece[] => [
    at === 0 ? '' : ', ',
    own(
      tones[verdict as VulnerabilityChange['verdict']],
      `${group.length} ${phrases[verdict as VulnerabilityChange['verdict']]}`,
    ),
  ])
  return [
    'Vulnerabilities: ',
    ...(counts.length === 0 ? ['none known in what changed'] : counts.flat()),
    ` (${dateWords[data.dateIs]} ${data.date}: `,
    foreign(data.name),
    ').',
  ]
}

export const dateWords: Readonly<Record<SecurityOrigin['dateIs'], string>> = {
  'of-records': 'data of',
  'of-file': 'file of',
  fetched: 'fetched',
}

export function securityBlocks(security: SecurityReview | undefined): readonly Block[] {
  if (security === undefined) return []
  const { changes, unjudged } = security
  if (changes.length + unjudged.length === 0) return []
  const groups = [...groupBy(changes, each => each.verdict).values()]
  const hidden = groups.flatMap(group => group.slice(changesShown))
  return [
    { kind: 'title', text: 'Vulnerabilities' },
    ...groups.flatMap(group => group.slice(0, changesShown)).map(changeBlock),
    ...unjudged.slice(0, changesShown).map(
      ({ source, reason }): Block => ({
        kind: 'item',
        depth: 0,
        pieces: [foreign(source), ': ', own('notice', 'not known'), ', since ', foreign(reason)],
      }),
    ),
    ...(unjudged.length > changesShown
      ? [{ kind: 'item', depth: 0, pieces: [`and ${unjudged.length - changesShown} more not known`] } as const]
      : []),
    ...(hidden.length === 0
      ? []
      : [
          {
            kind: 'details',
            summary: `${count(hidden.length, 'more vulnerability', 'more vulnerabilities')}`,
            blocks: hidden.map(changeBlock),
          } as const,
        ]),
  ]
}

function changeBlock({ source, id, urgency, verdict, fixedVersion, note }: VulnerabilityChange): Block {
  return {
    kind: 'item',
    depth: 0,
    pieces: [
      own(tones[verdict], phrases[verdict]),
      ': ',
      idPiece(id),
      ' in ',
      foreign(source),
      ...(urgency === undefined ? [] : [`, ${urgency}`]),
      ...(fixedVersion === undefined || verdict === 'fixed' ? [] : [', fixed in ', foreign(fixedVersion)]),
      ...(note === '' ? [] : [': ', foreign(note)]),
    ],
  }
}

function idPiece(id: string): Piece {
  return /^CVE-\d{4}-\d{4,10}$/.test(id) ? { kind: 'cve', id } : foreign(id)
}
