import type { Review, TrustFinding, TrustKind } from './model.ts'
import { trustTitle } from './review-words.ts'

/** What may not happen in a change that nobody looks at. */
export type Gate =
  | { readonly kind: GateName }
  /** More than so many bytes to download. */
  | { readonly kind: 'size'; readonly maximumBytes: number }

/** The trust findings that each gate stops at. `other-bytes` is stopped by every gate: an honest archive never does that. */
const kindsByGate = {
  key: ['key', 'unknown'],
  archive: ['archive', 'unsigned'],
  hook: ['hook', 'overlay', 'unknown'],
  script: ['script', 'hook', 'overlay', 'unknown'],
  setuid: ['setuid', 'capability'],
  pin: ['pin'],
  origin: ['origin'],
  downgrade: ['downgrade', 'rollback'],
  unproven: ['unproven'],
  stale: ['stale'],
  trust: undefined,
  epoch: [],
} as const satisfies Readonly<Record<string, readonly TrustKind[] | undefined>>

export type GateName = keyof typeof kindsByGate

export const gateNames = Object.keys(kindsByGate) as readonly GateName[]

/** What only an opened deb shows. */
export const ofContents: readonly GateName[] = ['script', 'setuid']

/** These cannot be judged where only one side has a manifest. */
const ofManifests: readonly GateName[] = ['key', 'archive', 'hook', 'script', 'trust']

/** What each gate stops at, a sentence each; empty when the change may pass. */
export function stoppedBy(review: Review, gates: readonly Gate[]): readonly string[] {
  if (gates.length === 0) return []
  const bytes = review.trust.filter(each => each.kind === 'other-bytes')
  const sentences = [...bytes.map(sentenceOf), ...gates.flatMap(gate => sentencesOf(review, gate))]
  return [...new Set(sentences)]
}

function sentencesOf(review: Review, gate: Gate): readonly string[] {
  switch (gate.kind) {
    case 'size':
      return review.downloadBytes <= gate.maximumBytes
        ? []
        : [`size: ${review.downloadBytes} bytes to download, more than ${gate.maximumBytes}`]
    case 'epoch':
      return review.sources
        .filter(({ debs }) => debs.some(({ step }) => step?.kind === 'epoch'))
        .map(({ source }) => `epoch: ${source} has a new epoch`)
    default: {
      const kinds: readonly TrustKind[] | undefined = kindsByGate[gate.kind]
      const found = review.trust.filter(({ kind }) => kinds?.includes(kind) ?? true).map(sentenceOf)
      const isBlind = review.manifest.kind === 'one-sided' && ofManifests.includes(gate.kind)
      const unopened = ofContents.includes(gate.kind) ? (review.deep?.unopened ?? ['all of them']) : []
      for (const each of unopened) found.push(`${gate.kind}: not opened, so this cannot be judged: ${each}`)
      return isBlind ? [...found, `${gate.kind}: only one side has a manifest, so this cannot be judged`] : found
    }
  }
}

function sentenceOf(finding: TrustFinding): string {
  return `${trustTitle(finding)}: ${finding.subject}`
}
