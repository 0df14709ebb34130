import type { Continuity } from '../archive/index.ts'
import { compareBytes } from '../kernel/index.ts'
import type { Lockfile } from '../lockfile/index.ts'

/** What the user waives of it. */
export interface ContinuityWaiver {
  /** Primary fingerprints, upper-case hex, that may sign although the lock does not know them. Default: none. */
  readonly acceptedKeys?: readonly string[]
  /** Default: `refuse`, and `allow` with a snapshot, which names a past state on purpose. */
  readonly rollback?: 'refuse' | 'allow'
  readonly snapshot: string | undefined
}

/** What the Releases of an update have to continue of the previous lock. */
export function continuityOf(previous: Lockfile | undefined, waiver: ContinuityWaiver): Continuity {
  const newest = newestBySuite(previous)
  return {
    keys: previous?.keys ?? new Map(),
    newestLocked: (archive, suite) => newest.get(`${archive} ${suite}`),
    acceptedKeys: waiver.acceptedKeys ?? [],
    rollback: waiver.snapshot === undefined ? (waiver.rollback ?? 'refuse') : 'allow',
  }
}

/**
 * Newest `at` of the debs of each suite, by `archive suite`. Suites and components may hold slashes, so a deb's `from` is not taken
 * apart but looked up among those that the lock's own request can give.
 */
function newestBySuite(lock: Lockfile | undefined): ReadonlyMap<string, string> {
  const suites = new Map<string, string>()
  for (const line of lock?.request.archives ?? []) {
    const [archive = '', suite = '', component] = line.split(' ').filter(word => !word.startsWith('['))
    suites.set([archive, suite, ...(component === undefined ? [] : [component])].join('/'), `${archive} ${suite}`)
  }
  const newest = new Map<string, string>()
  for (const { from, at } of lock?.debs ?? []) {
    const suite = suites.get(from)
    if (suite !== undefined && compareBytes(at, newest.get(suite) ?? '') > 0) newest.set(suite, at)
  }
  return newest
}
