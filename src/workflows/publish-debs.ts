import { readdir, stat } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { checkArchitecture, sourceKey } from '../debian/index.ts'
import { Fault, type Session, sortedByBytes } from '../kernel/index.ts'
import {
  checkPlaceName,
  describeDeb,
  describeSource,
  keyOfDeb,
  type OfferedDeb,
  type OfferedSource,
  type SuiteDescription,
  type SuiteOutcome,
} from '../repository/index.ts'
import { bringLocked } from './bring-locked.ts'
import { openRepository, openSigner, type RepositoryPlace } from './open-repository.ts'
import type { Project } from './project.ts'
import { withProposedVersion } from './propose-version.ts'
import type { Site } from './site.ts'
import type { World } from './world.ts'

export interface PublishDebsRequest {
  readonly repository: RepositoryPlace
  /** Debs, `.dsc` files of source packages, and folders that hold some, as the user wrote them. */
  readonly files: readonly string[]
  /** A project whose locked debs are published too; undefined: none. */
  readonly locked: Project | undefined
  readonly site: Site
  readonly suite: string
  readonly component: string
  readonly architectures: readonly string[]
  readonly description: Partial<SuiteDescription>
  /** Number of a release that keeps the suite as it is then. */
  readonly release: string | undefined
  readonly signWith: string | undefined
  readonly mode: 'write' | 'dry-run'
}

export interface PublishedDebs extends SuiteOutcome {
  readonly repository: string
  readonly fingerprint: string
  /** `NAME_VERSION_ARCHITECTURE` of what was given. */
  readonly given: readonly string[]
  /** `NAME_VERSION` of what was given. */
  readonly givenSources: readonly string[]
  /** The suite of the numbered release, where one was asked for. */
  readonly release: string | undefined
}

/**
 * Publishes debs and source packages in a suite of a repository, and on demand keeps the suite as a numbered release.
 *
 * @throws {Fault} `USAGE_INVALID`, `DEB_MALFORMED`, `SOURCE_MALFORMED` and others for a deb that is none, and as `Repository.publish` and `Repository.release`
 */
export async function publishDebs(request: PublishDebsRequest, session: Session, world: World): Promise<PublishedDebs> {
  const { suite, component, release, architectures } = request
  checkPlaceName('suite', suite)
  checkPlaceName('component', component)
  for (const architecture of architectures) checkArchitecture(architecture)
  const numbered = release === undefined ? undefined : `${suite}-${checkPlaceName('release', release)}`
  const signer = await openSigner(request.signWith, session, world)
  const repository = await openRepository(request.repository, session, world)
  const files = await filesOf(request.files, world)
  const isSource = (name: string) => name.endsWith('.dsc')
  const debs = distinctDebs([
    ...(await lockedDebs(request, session, world)),
    ...(await offeredDebs(
      files.filter(name => !isSource(name)),
      session,
      world,
    )),
  ])
  const sources = await offeredSources(files.filter(isSource), session, world)
  const result = {
    repository: request.repository.name,
    fingerprint: signer.fingerprint,
    given: sortedByBytes(debs.map(({ deb }) => keyOfDeb(deb))),
    givenSources: sortedByBytes(sources.map(({ source }) => sourceKey(source))),
    release: numbered,
  }
  const publication = { ...request, debs, sources, signer }
  const attempt = request.mode === 'dry-run' ? repository.plan(publication) : repository.publish(publication, session)
  const outcome = await attempt.catch(async error => {
    throw await withProposedVersion(error, { debs, site: request.site }, session, world)
  })
  if (request.mode === 'dry-run') return { ...outcome, ...result }
  if (numbered !== undefined) await repository.release({ suite: numbered, from: suite, signer }, session)
  return { ...outcome, ...result }
}

async function lockedDebs(
  { locked, site }: PublishDebsRequest,
  session: Session,
  world: World,
): Promise<readonly NamedDeb[]> {
  if (locked === undefined) return []
  const { lock, place } = await bringLocked(locked, site, session, world)
  const found: NamedDeb[] = []
  for (const deb of lock.debs) {
    session.signal.throwIfAborted()
    const name = `${deb.name} of ${locked.lockName}`
    found.push({ name, offered: await describeDeb({ name, content: () => place.store.stream(deb) }) })
  }
  return found
}

interface NamedDeb {
  /** For messages. */
  readonly name: string
  readonly offered: OfferedDeb
}

async function offeredDebs(names: readonly string[], session: Session, world: World): Promise<readonly NamedDeb[]> {
  const found: NamedDeb[] = []
  for (const name of names) {
    session.signal.throwIfAborted()
    session.journal.emit({ kind: 'traced', stage: 'unpack', message: `reading ${name}` })
    found.push({ name, offered: await describeDeb({ name, content: () => bytesOf(name, world) }) })
  }
  return found
}

/** Two files of one name, version and architecture must be the same file. */
function distinctDebs(debs: readonly NamedDeb[]): readonly OfferedDeb[] {
  const known = new Map<string, NamedDeb>()
  for (const each of debs) {
    const key = keyOfDeb(each.offered.deb)
    const other = known.get(key) ?? each
    const [first, second] = [other.offered.deb.sha256, each.offered.deb.sha256]
    if (first !== second)
      throw new Fault('REPOSITORY_REBINDING', {
        message: `${other.name} and ${each.name} are both ${key}, with sha256 ${first} and ${second}`,
        hint: 'Give one of them, or build the other with another version.',
        context: { deb: key, published: first, offered: second },
      })
    known.set(key, each)
  }
  return [...known.values()].map(({ offered }) => offered)
}

async function offeredSources(
  names: readonly string[],
  session: Session,
  world: World,
): Promise<readonly OfferedSource[]> {
  const sources = new Map<string, OfferedSource>()
  for (const name of names) {
    session.signal.throwIfAborted()
    const offered = await describeSource({ name, content: file => bytesOf(join(dirname(name), file), world) })
    sources.set(sourceKey(offered.source), offered)
  }
  return [...sources.values()]
}

async function* bytesOf(name: string, world: World): AsyncGenerator<Uint8Array> {
  const { fileBytes, openPlainFile } = await import('../transfer/index.ts')
  const { handle } = await openPlainFile(resolve(world.workingFolder, name), name)
  yield* fileBytes(handle, name)
}

async function filesOf(names: readonly string[], world: World): Promise<readonly string[]> {
  const files: string[] = []
  for (const name of names) {
    const path = resolve(world.workingFolder, name)
    const facts = await stat(path).catch(() => undefined)
    if (facts === undefined)
      throw new Fault('USAGE_INVALID', {
        message: `there is no file ${name}`,
        hint: 'Name debs, `.dsc` files, or folders that hold some.',
        context: { path: name },
      })
    if (!facts.isDirectory()) {
      files.push(name)
      continue
    }
    const found = await readdir(path, { recursive: true, withFileTypes: true })
    const debs = found.filter(entry => entry.isFile() && /\.(deb|dsc)$/.test(entry.name))
    files.push(...sortedByBytes(debs.map(entry => join(name, relative(path, join(entry.parentPath, entry.name))))))
  }
  return files
}
