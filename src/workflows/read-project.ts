import { Fault, isFault, quoted } from '../kernel/index.ts'
import { compareRequests, type Lockfile, type RequestChange, readLockfile, requestOf } from '../lockfile/index.ts'
import type { Manifest } from '../manifest/index.ts'
import type { Project } from './project.ts'
import { readTextFile } from './text-file.ts'
import type { World } from './world.ts'

/** @throws {Fault} `MANIFEST_MISSING`, `MANIFEST_MALFORMED`, `MANIFEST_INVALID`, `MANIFEST_PATH_OUTSIDE`, `DISTRIBUTION_UNKNOWN` */
export async function readProjectManifest(project: Project, world: Pick<World, 'hostArchitecture'>): Promise<Manifest> {
  const text = await readTextFile(project.manifestPath, 'MANIFEST_MISSING')
  const { readManifest } = await import('../manifest/index.ts')
  return await readManifest(text, project.manifestName, world.hostArchitecture)
}

export interface ProjectLock {
  readonly lock: Lockfile
  readonly text: string
}

/** @throws {Fault} `LOCK_MISSING`, `LOCK_MALFORMED`, `LOCK_CONFLICTED`, `LOCK_TOO_NEW` */
export async function readProjectLock(project: Pick<Project, 'lockName' | 'lockPath'>): Promise<ProjectLock> {
  const text = await readTextFile(project.lockPath, 'LOCK_MISSING')
  return { text, lock: await readLockfile(text, project.lockName) }
}

/** @returns undefined when there is no lockfile yet */
export async function readPreviousLock(project: Project): Promise<ProjectLock | undefined> {
  try {
    return await readProjectLock(project)
  } catch (error) {
    if (isFault(error, 'LOCK_MISSING')) return undefined
    throw error
  }
}

/**
 * A lock answers one request; when the manifest asks for something else it answers nothing.
 *
 * @throws {Fault} `LOCK_STALE` naming what differs
 */
export function requireFreshLock(project: Project, manifest: Manifest, lock: Lockfile): void {
  const changes = compareRequests(lock.request, requestOf(manifest))
  const [first] = changes
  if (first === undefined) return
  const more = changes.length > 1 ? ` and ${changes.length - 1} more` : ''
  throw new Fault('LOCK_STALE', {
    message: `${project.lockName} does not answer ${project.manifestName}: ${describeRequestChange(first)}${more}`,
    hint: 'Run `aptroot lock update` and commit the lockfile.',
    context: { lock: project.lockName, changes: changes.map(describeRequestChange) },
  })
}

/** `wanted "nginx" was added`, seen from the lock. */
export function describeRequestChange({ field, kind, text }: RequestChange): string {
  return `${field} ${quoted(text)} was ${kind}`
}
