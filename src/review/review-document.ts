import { count, formatBytes, groupBy } from '../kernel/index.ts'
import type { DebChange } from '../lockfile/index.ts'
import { changelogBlocks } from './changelogs.ts'
import { contentsBlocks } from './contents-document.ts'
import { type Block, foreign, own, type Piece } from './document.ts'
import type { Review, ReviewedDeb, ReviewedSource, SourceSection, TrustFinding } from './model.ts'
import { stepText, trustTitle } from './review-words.ts'
import { securityBlocks, securityVerdict } from './vulnerabilities.ts'

/** Of one kind of trust finding; the rest is folded, and counted in the first lines. */
const findingsShown = 4

/** Sources of the sections that are not about trust or security, before the rest is folded in a request's body. */
const unfoldedSources = 5

/** A review as blocks, what matters most first; every number of the first lines can be counted below. */
export function reviewDocument(review: Review): readonly Block[] {
  const { trust, request, sources } = review
  if (trust.length === 0 && request.length === 0 && sources.length === 0)
    return [{ kind: 'paragraph', pieces: ['No difference.'] }, ...manifestNote(review)]
  return [
    ...headBlocks(review),
    ...trustBlocks(trust),
    ...requestBlocks(review),
    ...securityBlocks(review.security),
    ...sectionBlocks(review),
    ...contentsBlocks(review),
    ...changelogBlocks(review.changelogs),
    ...totalBlocks(review),
  ]
}

/** What an update did to a lock, which whoever ran it knows by name; the same blocks as of a review. */
export function updateDocument(review: Review): readonly Block[] {
  return [
    ...verdictBlocks(review),
    ...trustBlocks(review.trust),
    ...requestBlocks(review),
    ...sectionBlocks(review),
    { kind: 'paragraph', pieces: [`${formatBytes(review.downloadBytes)} to download.`] },
  ]
}

function headBlocks(review: Review): Block[] {
  const { before, after } = review
  const names: Block = { kind: 'paragraph', pieces: ['Lock change: ', foreign(before), ' → ', foreign(after)] }
  return [names, ...verdictBlocks(review)]
}

function verdictBlocks({ trust, sources, security, changelogs }: Review): Block[] {
  const kinds = [...groupBy(trust, trustTitle)].map(([title, group]) => `${title}: ${group.length}`)
  const verdict: Piece =
    trust.length === 0 ? own('good', 'No change of trust.') : own('bad', `TRUST CHANGES. ${kinds.join('; ')}.`)
  const vulnerabilities = securityVerdict(security, changelogs)
  const sections = [...groupBy(sources, each => each.section)].map(
    ([section, group]) => `${count(group.length, 'source package')} ${sectionPhrases[section as SourceSection]}`,
  )
  return [
    { kind: 'paragraph', pieces: [verdict] },
    ...(vulnerabilities === undefined ? [] : [{ kind: 'paragraph', pieces: vulnerabilities } as const]),
    ...(sections.length === 0 ? [] : [{ kind: 'paragraph', pieces: [`${sections.join(', ')}.`] } as const]),
  ]
}

function trustBlocks(trust: readonly TrustFinding[]): Block[] {
  if (trust.length === 0) return []
  const groups = [...groupBy(trust, trustTitle).values()]
  const shown = groups.flatMap(group => group.slice(0, findingsShown))
  const hidden = groups.flatMap(group => group.slice(findingsShown))
  return [
    { kind: 'title', text: 'Trust' },
    ...shown.map(findingBlock),
    ...(hidden.length === 0
      ? []
      : [
          {
            kind: 'details',
            summary: `${count(hidden.length, 'more change')} of trust`,
            blocks: hidden.map(findingBlock),
          } as const,
        ]),
  ]
}

function findingBlock(finding: TrustFinding): Block {
  const { subject, detail } = finding
  return {
    kind: 'item',
    depth: 0,
    pieces: [
      own('bad', trustTitle(finding)),
      ': ',
      foreign(subject),
      ...(detail === '' ? [] : [': ', foreign(detail)]),
    ],
  }
}

function requestBlocks(review: Review): Block[] {
  const items = review.request.map(
    ({ field, kind, text }): Block => ({
      kind: 'item',
      depth: 0,
      pieces: [kind === 'added' ? own('good', '+') : own('bad', '−'), ` ${field}: `, foreign(text)],
    }),
  )
  return [
    ...(items.length === 0 ? [] : [{ kind: 'title', text: 'Request' } as const, ...items]),
    ...manifestNote(review),
  ]
}

function manifestNote({ manifest, before, after }: Review): Block[] {
  switch (manifest.kind) {
    case 'compared':
      return []
    case 'absent':
      return [{ kind: 'paragraph', pieces: ['Only the locks were compared: neither has a manifest beside it.'] }]
    case 'one-sided':
      return [
        {
          kind: 'paragraph',
          pieces: [
            own('notice', 'The manifests were not compared'),
            ': beside ',
            foreign(manifest.missing === 'before' ? before : after),
            ' there is none.',
          ],
        },
      ]
    default:
      return manifest satisfies never
  }
}

const sectionPhrases: Readonly<Record<SourceSection, string>> = {
  security: 'with security fixes',
  changed: 'changed',
  added: 'added',
  removed: 'removed',
  'unchanged-bytes': 'with the same bytes',
}

const sectionTitles: Readonly<Record<SourceSection, string>> = {
  security: 'Security',
  changed: 'Other changes',
  added: 'Added',
  removed: 'Removed',
  'unchanged-bytes': 'Same bytes, other place or reason',
}

function sectionBlocks({ sources }: Review): Block[] {
  return [...groupBy(sources, each => each.section)].flatMap(([name, group]): Block[] => {
    const section = name as SourceSection
    const title: Block = { kind: 'title', text: sectionTitles[section] }
    const blocks = group.flatMap(sourceBlocks)
    if (section === 'security' || group.length <= unfoldedSources) return [title, ...blocks]
    return [title, { kind: 'details', summary: count(group.length, 'source package'), blocks }]
  })
}

function sourceBlocks(source: ReviewedSource): Block[] {
  const step = source.step === undefined ? '' : stepText(source.step)
  const told = [
    step,
    source.downloadBytes === 0 ? '' : `${formatBytes(source.downloadBytes)} to download`,
    source.installedBytes === undefined || source.installedBytes === 0 ? '' : growthText(source.installedBytes),
  ].filter(each => each !== '')
  const versions = versionsText(source.versionsBefore, source.versionsAfter)
  return [
    {
      kind: 'item',
      depth: 0,
      pieces: [
        { kind: 'foreign', text: source.source },
        ...(versions === '' ? [] : [' ', foreign(versions)]),
        ...(told.length === 0 ? [] : [`: ${told.join('; ')}`]),
      ],
    },
    ...source.debs.map((deb): Block => ({ kind: 'item', depth: 1, pieces: debPieces(deb, source) })),
  ]
}

const changeWords: Readonly<Record<DebChange['kind'], Piece>> = {
  added: own('good', 'added'),
  removed: own('bad', 'removed'),
  upgraded: own('changed', 'upgraded'),
  downgraded: own('bad', 'DOWNGRADED'),
  rebuilt: own('changed', 'rebuilt'),
  replaced: own('bad', 'REPLACED'),
  moved: own('notice', 'moved'),
  remarked: own('notice', 'remarked'),
}

function debPieces(deb: ReviewedDeb, source: ReviewedSource): readonly Piece[] {
  const versions = versionsText(each(deb.versionBefore), each(deb.versionAfter))
  const isTold = versions === versionsText(source.versionsBefore, source.versionsAfter)
  return [
    changeWords[deb.change],
    ' ',
    foreign(`${deb.name} [${deb.architectures.join(', ')}]`),
    ...(isTold || versions === '' ? [] : [' ', foreign(versions)]),
    ...originPieces(deb),
    ...whyPieces(deb),
    ...deb.reasons.flatMap((reason, at) => [at === 0 ? ': ' : '; ', foreign(reason)]),
  ]
}

function originPieces({ change, fromBefore, fromAfter }: ReviewedDeb): readonly Piece[] {
  if (change === 'added') return [', from ', foreign(fromAfter ?? '')]
  if (change === 'removed' || fromBefore === fromAfter) return []
  return [', from ', foreign(`${fromBefore ?? ''} → ${fromAfter ?? ''}`)]
}

function whyPieces({ change, root, path }: ReviewedDeb): readonly Piece[] {
  if (change !== 'added') return []
  if (root === 'wanted') return [', wanted']
  if (root === 'base') return [', of the base set']
  return path.length === 0 ? [', nothing wanted leads to it'] : [', for ', foreign(path.join(' → '))]
}

function totalBlocks({ downloadBytes, installedBytes, deep }: Review): Block[] {
  const installed =
    installedBytes === undefined
      ? `installed size unknown: ${deep === undefined ? 'a lock does not say it, `--deep` opens the debs' : 'not all debs were opened'}.`
      : `${growthText(installedBytes)}.`
  return [{ kind: 'paragraph', pieces: [`${formatBytes(downloadBytes)} to download; ${installed}`] }]
}

function growthText(bytes: number): string {
  return `${bytes < 0 ? `${formatBytes(-bytes)} less` : `${formatBytes(bytes)} more`} when installed`
}

function each(version: string | undefined): readonly string[] {
  return version === undefined ? [] : [version]
}

function versionsText(before: readonly string[], after: readonly string[]): string {
  const [had, has] = [before.join(', '), after.join(', ')]
  if (had === has || has === '') return had
  return had === '' ? has : `${had} → ${has}`
}
