import { compareBytes, sortedByBytes } from '../kernel/index.ts'
import {
  type ArchiveDefinition,
  type Manifest,
  neverPriority,
  type Pin,
  type RecommendsPolicy,
  type SameVersionPolicy,
} from '../manifest/index.ts'
import type { LockRequest } from './model.ts'

/** The `from` of the project's own debs; no archive may have that id beside them. */
export const ownDebsOrigin = 'project/debs'

/** Their `at`: no Release has a word about them, and a time of the run would make a lock depend on it. */
export const ownDebsAt = '19700101T000000Z'

/** Everything of a manifest that steers resolution; what only shapes the image is left out. */
export function requestOf(manifest: Manifest): LockRequest {
  return {
    architectures: uniqueSorted(manifest.architectures.map(({ native, foreign }) => [native, ...foreign].join('+'))),
    archives: uniqueSorted(manifest.archives.flatMap(archiveLines)),
    base: manifest.base,
    recommends: recommendsOf(manifest.recommends),
    sameVersion: sameVersionOf(manifest.sameVersion),
    phasedUpdates: manifest.phasedUpdates,
    wanted: uniqueSorted(manifest.packages.map(item => item.text)),
    exclude: uniqueSorted(manifest.exclude),
    pins: uniqueSorted(manifest.pins.map(pinLine)),
    debs: uniqueSorted(manifest.debs.map(({ path, pin }) => `${path} ${pin}`)),
  }
}

/** One line of the request that the lock has and the manifest has not, or the other way round. */
export interface RequestChange {
  /** The key, as the file has it. */
  readonly field: (typeof fields)[keyof LockRequest]
  readonly kind: 'added' | 'removed'
  readonly text: string
}

/** In the order of the file: what the file calls each part of a request. */
const fields = {
  architectures: 'architectures',
  archives: 'archives',
  base: 'base',
  recommends: 'recommends',
  wanted: 'wanted',
  exclude: 'exclude',
  sameVersion: 'same-version',
  phasedUpdates: 'phased-updates',
  pins: 'pins',
  debs: 'debs',
} as const satisfies Readonly<Record<keyof LockRequest, string>>

/** What changed from `before` to `after`, removed lines first, in the order of the file. Empty when they ask for the same. */
export function compareRequests(before: LockRequest, after: LockRequest): readonly RequestChange[] {
  return (Object.keys(fields) as (keyof LockRequest)[]).flatMap(part => {
    const field = fields[part]
    const had = linesOf(before[part])
    const has = linesOf(after[part])
    const removed = had.filter(line => !has.includes(line))
    const added = has.filter(line => !had.includes(line))
    return [
      ...removed.map((text): RequestChange => ({ field, kind: 'removed', text })),
      ...added.map((text): RequestChange => ({ field, kind: 'added', text })),
    ]
  })
}

/**
 * Whether a deb's `from` is a suite that the request has. Suites may hold slashes (`bookworm/updates`, `./`), so the
 * origin is compared as a whole, not taken apart.
 */
export function isOfRequestedSuite(from: string, request: Pick<LockRequest, 'archives' | 'debs'>): boolean {
  if (from === ownDebsOrigin) return request.debs.length > 0
  return request.archives.some(line => {
    const suite = line.split(' ', 2).join('/')
    return from === suite || from.startsWith(`${suite}/`)
  })
}

function linesOf(value: LockRequest[keyof LockRequest]): readonly string[] {
  return Array.isArray(value) ? value : [String(value)]
}

function archiveLines(archive: ArchiveDefinition): string[] {
  const marks = [
    ...(archive.trust.kind === 'unsigned' ? ['[unsigned]'] : []),
    ...(archive.architectures === undefined
      ? []
      : [`[architectures=${sortedByBytes(archive.architectures).join(',')}]`]),
  ]
  const components = archive.components.length === 0 ? [[]] : archive.components.map(component => [component])
  return archive.suites.flatMap(suite =>
    components.map(component => [archive.id, suite, ...component, ...marks].join(' ')),
  )
}

function recommendsOf(policy: RecommendsPolicy): LockRequest['recommends'] {
  switch (policy.kind) {
    case 'skip':
      return false
    case 'follow':
      return true
    case 'follow-of':
      return uniqueSorted(policy.packages)
    default:
      return policy satisfies never
  }
}

function sameVersionOf(policy: SameVersionPolicy): LockRequest['sameVersion'] {
  switch (policy.kind) {
    case 'none':
      return false
    case 'all':
      return true
    case 'all-of':
      return uniqueSorted(policy.packages)
    default:
      return policy satisfies never
  }
}

/** `source=systemd version=252.* priority=990`; reason and end date explain a pin, they do not steer. */
function pinLine(pin: Pin): string {
  const release = Object.entries(pin.release ?? {}).sort(([left], [right]) => compareBytes(left, right))
  const parts: readonly (readonly [string, string | number | undefined])[] = [
    ['package', pin.package],
    ['source', pin.source],
    ['version', pin.version],
    ['release', release.length === 0 ? undefined : release.map(releaseFact).join(',')],
    ['origin', pin.origin],
    ['priority', pin.priority === neverPriority ? 'never' : pin.priority],
  ]
  return parts.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`])).join(' ')
}

/** A name alone is written as it was. */
function releaseFact([name, value]: readonly [string, string]): string {
  return name === 'name' ? value : `${name}=${value}`
}

function uniqueSorted(lines: readonly string[]): string[] {
  return sortedByBytes(new Set(lines))
}
