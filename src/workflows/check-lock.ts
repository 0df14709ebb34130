import {
  checkLockfile,
  compareRequests,
  type Lockfile,
  type LockProblem,
  type RequestChange,
  requestOf,
} from '../lockfile/index.ts'
import type { Project } from './project.ts'
import { readProjectLock, readProjectManifest } from './read-project.ts'
import type { World } from './world.ts'

export interface LockCheck {
  readonly manifestName: string
  readonly lockName: string
  /** `stale`: answers another request than the manifest's. `inconsistent`: contradicts itself. */
  readonly verdict: 'current' | 'stale' | 'inconsistent'
  /** From the lock's request to the manifest's. */
  readonly changes: readonly RequestChange[]
  readonly problems: readonly LockProblem[]
  readonly debs: number
}

/**
 * What the two files alone prove: the request is the manifest's, the form is canonical, what is wanted is locked, and
 * `needs` is closed. No network, no store.
 *
 * @throws {Fault} when one of the files is missing or cannot be read
 */
export async function checkLock(project: Project, world: Pick<World, 'hostArchitecture'>): Promise<LockCheck> {
  const { lock, text } = await readProjectLock(project)
  const manifest = await readProjectManifest(project, world)
  const changes = compareRequests(lock.request, requestOf(manifest))
  const names = new Map(manifest.packages.map(item => [item.text, item.alternatives.map(each => each.packageName)]))
  const stale = await staleOwnDebs(lock, project)
  // What a changed manifest wants cannot be in the lock yet; the changes say so already.
  const problems = checkLockfile(lock, text, names).filter(each => changes.length === 0 || each.kind !== 'wanted')
  return {
    manifestName: project.manifestName,
    lockName: project.lockName,
    verdict: problems.length > 0 ? 'inconsistent' : changes.length + stale.length > 0 ? 'stale' : 'current',
    changes,
    problems: [...problems, ...stale],
    debs: lock.debs.length,
  }
}

/** Own debs are looked at only where the lock has their relations in place of a hash: everything else stands in the two files. */
async function staleOwnDebs(lock: Lockfile, project: Project): Promise<readonly LockProblem[]> {
  if (lock.debs.every(({ relations }) => relations === undefined)) return []
  const { relationsProblems } = await import('./bind-own-debs.ts')
  const messages = await relationsProblems(lock, project)
  return messages.map(message => ({ kind: 'relations', message }))
}
