import { join } from 'node:path'
import { sourceKey } from '../debian/index.ts'
import { compareBytes, type Session } from '../kernel/index.ts'
import type { LockedDeb } from '../lockfile/index.ts'
import {
  checkPlaceName,
  describeDeb,
  type OfferedDeb,
  type OfferedSource,
  type PublishedDeb,
  type SourceKey,
} from '../repository/index.ts'
import { bringLocked } from './bring-locked.ts'
import { bringSources } from './bring-sources.ts'
import { openRepository, openSigner, type RepositoryPlace } from './open-repository.ts'
import type { Project } from './project.ts'
import type { Site } from './site.ts'
import type { World } from './world.ts'

export interface MirrorLocksRequest {
  readonly projects: readonly Project[]
  readonly siteOf: (project: Project) => Promise<Site>
  /** One repository for each archive lies below it, under the archive's id. */
  readonly place: RepositoryPlace
  readonly signWith: string | undefined
  /** `wanted`: also what the debs were built from. */
  readonly sources: 'wanted' | 'left out'
}

export interface MirroredSuite {
  readonly archive: string
  readonly suite: string
  readonly components: readonly string[]
  readonly debs: number
  readonly sources: number
  readonly kind: 'published' | 'unchanged'
}

export interface MirroredLocks {
  readonly folder: string
  readonly fingerprint: string
  readonly debs: number
  readonly sources: number
  /** Of debs and files of sources. */
  readonly sizeBytes: number
  readonly suites: readonly MirroredSuite[]
}

/**
 * Publishes exactly the debs of locks, and on demand their sources, at the paths that the locks and the archives name, so that one folder serves aptroot (as mirror of each archive), apt
 * and everything built on apt. Archives have repositories of their own: Debian and Ubuntu give one version different bytes.
 *
 * @throws {Fault} as `lock install` for reading and fetching, and as `Repository.publish`
 */
export async function mirrorLocks(request: MirrorLocksRequest, session: Session, world: World): Promise<MirroredLocks> {
  const signer = await openSigner(request.signWith, session, world)
  const parts = new Map<string, MirrorPart>()
  const seen = new Map<string, number>()
  for (const project of request.projects) {
    const { lock, place } = await bringLocked(project, await request.siteOf(project), session, world)
    const architectures = rootsOf(lock.request.architectures)
    const described = new Map<LockedDeb, PublishedDeb | undefined>()
    for (const deb of lock.debs) {
      session.signal.throwIfAborted()
      const part = partOf(deb.from, parts)
      const path = await poolPathOf(deb)
      for (const root of architectures) part.architectures.add(root)
      if (!part.debs.has(deb.sha256))
        part.debs.set(deb.sha256, await describeDeb({ name: path, path, content: () => place.store.stream(deb) }))
      seen.set(deb.sha256, deb.sizeBytes)
      described.set(deb, part.debs.get(deb.sha256)?.deb)
    }
    if (request.sources === 'left out') continue
    for (const { from, offered } of await bringSources(described, place, session)) {
      const part = partOf(from, parts)
      for (const root of architectures) part.architectures.add(root)
      part.sources.set(sourceKey(offered.source), offered)
      for (const { sha256, sizeBytes } of offered.source.files) seen.set(sha256, sizeBytes)
    }
  }
  const suites: MirroredSuite[] = []
  for (const [, { archive, suite, component, architectures, debs, sources }] of [...parts].sort(([a], [b]) =>
    compareBytes(a, b),
  )) {
    const place = { path: join(request.place.path, archive), name: `${request.place.name}/${archive}` }
    const repository = await openRepository(place, session, world)
    const publication = { suite, component, signer, description: {}, architectures: [...architectures] }
    const offered = { debs: [...debs.values()], sources: [...sources.values()] }
    const outcome = await repository.publish({ ...publication, ...offered }, session)
    const counts = { debs: outcome.debs, sources: outcome.sources }
    suites.push({ archive, suite, components: [component], ...counts, kind: outcome.kind })
  }
  return {
    folder: request.place.name,
    fingerprint: signer.fingerprint,
    debs: new Set([...parts.values()].flatMap(({ debs }) => [...debs.keys()])).size,
    sources: [...parts.values()].reduce((sum, { sources }) => sum + sources.size, 0),
    sizeBytes: [...seen.values()].reduce((sum, size) => sum + size, 0),
    suites: joined(suites),
  }
}

interface MirrorPart {
  readonly archive: string
  readonly suite: string
  readonly component: string
  readonly architectures: Set<string>
  /** By sha256. */
  readonly debs: Map<string, OfferedDeb>
  readonly sources: Map<SourceKey, OfferedSource>
}

/** `debian/bookworm/main`; a flat repository has no component, and its suite is a path. */
function partOf(from: string, parts: Map<string, MirrorPart>): MirrorPart {
  const [archive = '', ...rest] = from.split('/')
  const component = rest.length > 1 ? (rest.at(-1) ?? 'main') : 'main'
  const suite = (rest.length > 1 ? rest.slice(0, -1) : rest).filter(word => word !== '' && word !== '.').join('-')
  const part = parts.get(from) ?? {
    archive,
    suite: checkPlaceName('suite', suite === '' ? archive : suite),
    component: checkPlaceName('component', component),
    architectures: new Set(),
    debs: new Map(),
    sources: new Map(),
  }
  parts.set(from, part)
  return part
}

async function poolPathOf(deb: LockedDeb): Promise<string> {
  const { vendoredPath } = await import('../interchange/export/vendored-path.ts')
  return vendoredPath(deb).slice(deb.from.indexOf('/') + 1)
}

/** `amd64+i386` is a root with debs of both. */
function rootsOf(architectures: readonly string[]): readonly string[] {
  return architectures.flatMap(each => each.split('+'))
}

function joined(suites: readonly MirroredSuite[]): readonly MirroredSuite[] {
  const bySuite = new Map<string, MirroredSuite>()
  for (const each of suites) {
    const key = `${each.archive} ${each.suite}`
    const before = bySuite.get(key)
    const kind = before?.kind === 'published' ? before.kind : each.kind
    bySuite.set(key, { ...each, kind, components: [...(before?.components ?? []), ...each.components] })
  }
  return [...bySuite.values()]
}
