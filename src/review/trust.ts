import { compareBytes, groupBy } from '../kernel/index.ts'
import {
  compareRequests,
  type DebChange,
  debKey,
  type LockDifference,
  type Lockfile,
  pinnedBy,
  type RequestChange,
  requestOf,
} from '../lockfile/index.ts'
import type { Manifest } from '../manifest/index.ts'
import { manifestFindings } from './manifest-changes.ts'
import { type TrustFinding, trustKinds } from './model.ts'
import type { Origins } from './origins.ts'

export interface TrustQuestion {
  readonly difference: LockDifference
  readonly request: readonly RequestChange[]
  readonly origins: Origins
  readonly lockAfter: Lockfile
  /** undefined unless both sides have one. */
  readonly manifests: { readonly before: Manifest; readonly after: Manifest } | undefined
  readonly manifestAfter: Manifest | undefined
}

/** Everything that decides whom we believe or what runs, before anything else is said about a change. */
export function trustFindings(question: TrustQuestion): readonly TrustFinding[] {
  const { difference, manifests } = question
  const fromManifests = manifests === undefined ? [] : manifestFindings(manifests.before, manifests.after)
  const whole = new Set(
    fromManifests.filter(each => each.change !== 'changed').map(each => `${each.change} ${each.subject}`),
  )
  const keys = difference.keys.map(
    ({ kind, archive, fingerprint }): TrustFinding => ({
      kind: 'key',
      change: kind,
      subject: archive,
      detail: fingerprint,
    }),
  )
  const requested = requestFindings(question.request).filter(
    ({ kind, change, subject }) =>
      !(kind === 'archive' || kind === 'unsigned') || !whole.has(`${change} ${subject.split(' ', 1)[0]}`),
  )
  return sortFindings([
    ...keys,
    ...fromManifests,
    ...requested,
    ...debFindings(question),
    ...staleFindings(question.lockAfter, question.manifestAfter),
  ])
}

export function sortFindings(findings: readonly TrustFinding[]): readonly TrustFinding[] {
  const rank = ({ kind }: TrustFinding) => trustKinds.indexOf(kind)
  return findings.toSorted(
    (left, right) =>
      rank(left) - rank(right) || compareBytes(left.subject, right.subject) || compareBytes(left.detail, right.detail),
  )
}

function requestFindings(request: readonly RequestChange[]): TrustFinding[] {
  return request.flatMap(({ field, kind: change, text }): TrustFinding[] => {
    switch (field) {
      case 'archives': {
        const isUnsigned = change === 'added' && text.includes(' [unsigned]')
        return [{ kind: isUnsigned ? 'unsigned' : 'archive', change, subject: text, detail: '' }]
      }
      case 'pins':
        return [{ kind: 'pin', change, subject: text, detail: '' }]
      case 'debs':
        return [{ kind: 'own-deb', change, subject: text, detail: '' }]
      default:
        return []
    }
  })
}

type PairedChange = Extract<DebChange, { readonly before: unknown; readonly after: unknown }>

function debFindings({ difference, origins }: TrustQuestion): TrustFinding[] {
  return difference.sources.flatMap(({ source, debs }): TrustFinding[] => {
    const pairs = debs.filter((each): each is PairedChange => each.kind !== 'added' && each.kind !== 'removed')
    const replaced = pairs
      .filter(each => each.kind === 'replaced')
      .map(
        ({ before, after }): TrustFinding => ({
          kind: 'other-bytes',
          change: 'changed',
          subject: debKey(after),
          detail: `${after.version}, ${pinnedBy(before)} → ${pinnedBy(after)}`,
        }),
      )
    return [
      ...replaced,
      ...bySource('downgrade', pairs, ({ kind, before, after }) =>
        kind === 'downgraded' ? `${before.version} → ${after.version}` : undefined,
      ),
      ...bySource('rollback', pairs, ({ before, after }) =>
        before.from === after.from && after.at < before.at ? `${after.from} of ${before.at} → ${after.at}` : undefined,
      ),
      ...bySource('origin', pairs, ({ before, after }) =>
        origins.isChange(before.from, after.from) ? `${before.from} → ${after.from}` : undefined,
      ),
      ...bySource('origin', pairs, ({ before, after }) =>
        before.sourceName === after.sourceName
          ? undefined
          : `source package ${before.sourceName} → ${after.sourceName}`,
      ),
    ]

    function bySource(
      kind: TrustFinding['kind'],
      changes: readonly PairedChange[],
      textOf: (change: PairedChange) => string | undefined,
    ): TrustFinding[] {
      const told = changes.flatMap(change => {
        const text = textOf(change)
        return text === undefined ? [] : [{ text, key: debKey(change.after) }]
      })
      return [...groupBy(told, each => each.text)].map(([text, group]) => ({
        kind,
        change: 'changed',
        subject: source,
        detail: `${text} (${group.map(each => each.key).join(', ')})`,
      }))
    }
  })
}

/** A lock that answers another manifest than the one beside it: what is reviewed is not what will be built. */
function staleFindings(lock: Lockfile, manifest: Manifest | undefined): TrustFinding[] {
  if (manifest === undefined) return []
  return compareRequests(lock.request, requestOf(manifest)).map(({ field, kind, text }) => ({
    kind: 'stale',
    change: kind,
    subject: field,
    detail: text,
  }))
}
