import { didYouMean, Fault } from '../kernel/index.ts'
import { graphOf, pathsTo } from '../lockfile/graph.ts'
import type { LockedDeb, Lockfile, LockGraph, LockPath } from '../lockfile/index.ts'
import type { Project } from './project.ts'
import { readProjectLock } from './read-project.ts'

export interface WhyRequest {
  readonly project: Project
  /** `libssl3` or `libssl3:amd64`. */
  readonly name: string
}

/** One locked deb in one root, and what leads to it. */
export interface Reason {
  readonly root: string
  readonly deb: LockedDeb
  readonly paths: readonly LockPath[]
}

export interface LockedReasons {
  readonly lock: Lockfile
  /** At least one. */
  readonly reasons: readonly Reason[]
}

/**
 * Why a package is locked, from the lockfile alone.
 *
 * @throws {Fault} `LOCK_PACKAGE_ABSENT` with near names
 */
export async function explainPackage(request: WhyRequest): Promise<LockedReasons> {
  const { lock } = await readProjectLock(request.project)
  const reasons = graphsOf(lock).flatMap(graph =>
    graph.named(request.name).map(deb => ({ root: graph.architecture, deb, paths: pathsTo(graph, deb) })),
  )
  if (reasons.length === 0) throw absentFault(request.name, lock, request.project)
  return { lock, reasons }
}

export function graphsOf(lock: Lockfile): readonly LockGraph[] {
  return lock.request.architectures.map(architecture => graphOf(lock, architecture))
}

export function absentFault(name: string, lock: Lockfile, project: Pick<Project, 'lockName'>): Fault {
  const [bare = name] = name.split(':')
  const elsewhere = lock.debs.filter(deb => deb.name === bare).map(deb => `${deb.name}:${deb.architecture}`)
  const meant =
    elsewhere.length > 0
      ? `Locked are ${elsewhere.join(', ')}.`
      : didYouMean(bare, new Set(lock.debs.map(deb => deb.name)))
  return new Fault('LOCK_PACKAGE_ABSENT', {
    message: `${name} is not in ${project.lockName}`,
    hint: `${meant === undefined ? '' : `${meant} `}\`aptroot lock show\` lists every locked deb.`,
    context: { package: name, file: project.lockName },
  })
}
