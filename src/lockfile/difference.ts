import { compareVersions, parseBinaryRebuild } from '../debian/index.ts'
import { compareBytes, groupBy, sortedByBytes } from '../kernel/index.ts'
import type { LockedDeb, Lockfile } from './model.ts'
import { compareRequests, type RequestChange } from './request.ts'
import { compareDebs, debKey, pinnedBy } from './sources.ts'

export type DebChange =
  | { readonly kind: 'added'; readonly after: LockedDeb }
  | { readonly kind: 'removed'; readonly before: LockedDeb }
  /**
   * `rebuilt`: the same source version, another binary rebuild (`+b1`). `replaced`: the same version with other bytes,
   * which an honest archive never does, or an own deb that declares other relations. `moved`: the same bytes from another suite or folder. `remarked`: only `root`,
   * `roots` or `needs` differ.
   */
  | {
      readonly kind: 'upgraded' | 'downgraded' | 'rebuilt' | 'replaced' | 'moved' | 'remarked'
      readonly before: LockedDeb
      readonly after: LockedDeb
    }

/** All changed debs of one source package: one fix, one paragraph. */
export interface SourceChange {
  readonly source: string
  readonly versionsBefore: readonly string[]
  readonly versionsAfter: readonly string[]
  /** Sorted by name, then architecture. */
  readonly debs: readonly DebChange[]
}

export interface KeyChange {
  readonly archive: string
  readonly kind: 'added' | 'removed'
  readonly fingerprint: string
}

/** What a reviewer has to know. Every list is sorted; all are empty for equal locks. */
export interface LockDifference {
  readonly keys: readonly KeyChange[]
  readonly request: readonly RequestChange[]
  readonly sources: readonly SourceChange[]
  /** Bytes to download for a root that has everything of `before`. */
  readonly newBytes: number
}

/** `diffLockfiles(a, a)` is empty, and `diffLockfiles(b, a)` mirrors `diffLockfiles(a, b)`. */
export function diffLockfiles(before: Lockfile, after: Lockfile): LockDifference {
  const had = groupBy(before.debs.toSorted(compareDebs), debKey)
  const has = groupBy(after.debs.toSorted(compareDebs), debKey)
  const changes = sortedByBytes(new Set([...had.keys(), ...has.keys()])).flatMap(key =>
    changesOf(had.get(key) ?? [], has.get(key) ?? []),
  )
  const bySource = groupBy(changes, change => (change.kind === 'removed' ? change.before : change.after).sourceName)
  const hadVersions = versionsBySource(before)
  const hasVersions = versionsBySource(after)
  const known = new Set(before.debs.map(deb => deb.sha256))
  const news = new Map(after.debs.filter(deb => !known.has(deb.sha256)).map(deb => [deb.sha256, deb.sizeBytes]))
  return {
    keys: keyChanges(before, after),
    request: compareRequests(before.request, after.request),
    sources: sortedByBytes(bySource.keys()).map(source => ({
      source,
      versionsBefore: hadVersions.get(source) ?? [],
      versionsAfter: hasVersions.get(source) ?? [],
      debs: bySource.get(source) ?? [],
    })),
    newBytes: [...news.values()].reduce((sum, size) => sum + size, 0),
  }
}

export function isEmptyDifference(difference: LockDifference): boolean {
  return difference.keys.length === 0 && difference.request.length === 0 && difference.sources.length === 0
}

/** Debs of one key; two of them only where roots differ, so they are paired in their order. */
function changesOf(before: readonly LockedDeb[], after: readonly LockedDeb[]): DebChange[] {
  if (before.length === 0) return after.map(deb => ({ kind: 'added', after: deb }))
  const stayed = new Set(before.map(pinnedBy).filter(pin => after.some(deb => pinnedBy(deb) === pin)))
  const pairs = [...stayed].map(pin => [find(before, pin), find(after, pin)] as const)
  const left = before.filter(deb => !stayed.has(pinnedBy(deb)))
  const right = after.filter(deb => !stayed.has(pinnedBy(deb)))
  for (let at = 0; at < Math.max(left.length, right.length); at++) pairs.push([left[at], right[at]])
  return pairs.flatMap(([earlier, later]): DebChange[] => {
    if (earlier === undefined) return later === undefined ? [] : [{ kind: 'added', after: later }]
    if (later === undefined) return [{ kind: 'removed', before: earlier }]
    const kind = kindOfChange(earlier, later)
    return kind === undefined ? [] : [{ kind, before: earlier, after: later }]
  })
}

function find(debs: readonly LockedDeb[], pin: string): LockedDeb | undefined {
  return debs.find(deb => pinnedBy(deb) === pin)
}

function kindOfChange(
  before: LockedDeb,
  after: LockedDeb,
): Exclude<DebChange['kind'], 'added' | 'removed'> | undefined {
  const order = compareVersions(before.version, after.version)
  if (order === 0 && pinnedBy(before) !== pinnedBy(after)) return 'replaced'
  if (order !== 0) {
    const sameSource = before.sourceName === after.sourceName && before.sourceVersion === after.sourceVersion
    if (sameSource && parseBinaryRebuild(after.version) !== undefined && order < 0) return 'rebuilt'
    return order < 0 ? 'upgraded' : 'downgraded'
  }
  if (before.from !== after.from || before.directory !== after.directory || before.file !== after.file) return 'moved'
  if (before.at !== after.at || before.sizeBytes !== after.sizeBytes) return 'moved'
  const marks = (deb: LockedDeb): string => JSON.stringify([deb.root, deb.roots, deb.needs])
  return marks(before) === marks(after) ? undefined : 'remarked'
}

function keyChanges(before: Lockfile, after: Lockfile): KeyChange[] {
  return sortedByBytes(new Set([...before.keys.keys(), ...after.keys.keys()])).flatMap(archive => {
    const had = before.keys.get(archive) ?? []
    const has = after.keys.get(archive) ?? []
    const removed = had.filter(each => !has.includes(each)).toSorted(compareBytes)
    const added = has.filter(each => !had.includes(each)).toSorted(compareBytes)
    return [
      ...removed.map((fingerprint): KeyChange => ({ archive, kind: 'removed', fingerprint })),
      ...added.map((fingerprint): KeyChange => ({ archive, kind: 'added', fingerprint })),
    ]
  })
}

function versionsBySource(lock: Lockfile): ReadonlyMap<string, readonly string[]> {
  const debs = [...groupBy(lock.debs, deb => deb.sourceName)]
  return new Map(
    debs.map(([source, group]) => [source, [...new Set(group.map(deb => deb.sourceVersion))].sort(compareVersions)]),
  )
}
