import { readdir, stat } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { checkArchitecture } from '../debian/index.ts'
import { Fault, type Session, sortedByBytes } from '../kernel/index.ts'
import {
  checkPlaceName,
  describeDeb,
  keyOfDeb,
  type OfferedDeb,
  type SuiteDescription,
  type SuiteOutcome,
} from '../repository/index.ts'
import { openRepository, openSigner, type RepositoryPlace } from './open-repository.ts'
import type { World } from './world.ts'

export interface PublishDebsRequest {
  readonly repository: RepositoryPlace
  /** Files, and folders with debs in them, as the user wrote them. */
  readonly debs: readonly string[]
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
  /** The suite of the numbered release, where one was asked for. */
  readonly release: string | undefined
}

/**
 * Publishes debs in a suite of a repository, and on demand keeps the suite as a numbered release.
 *
 * @throws {Fault} `USAGE_INVALID`, `DEB_MALFORMED` and others for a deb that is none, and as `Repository.publish` and `Repository.release`
 */
export async function publishDebs(request: PublishDebsRequest, session: Session, world: World): Promise<PublishedDebs> {
  const { suite, component, release, architectures } = request
  checkPlaceName('suite', suite)
  checkPlaceName('component', component)
  for (const architecture of architectures) checkArchitecture(architecture)
  const numbered = release === undefined ? undefined : `${suite}-${checkPlaceName('release', release)}`
  const signer = await openSigner(request.signWith, session, world)
  const repository = await openRepository(request.repository, session, world)
  const debs = await offeredDebs(request.debs, session, world)
  const result = {
    repository: request.repository.name,
    fingerprint: signer.fingerprint,
    given: sortedByBytes(debs.map(({ deb }) => keyOfDeb(deb))),
    release: numbered,
  }
  const publication = { ...request, debs, signer }
  if (request.mode === 'dry-run') return { ...(await repository.plan(publication)), ...result }
  const outcome = await repository.publish(publication, session)
  if (numbered !== undefined) await repository.release({ suite: numbered, from: suite, signer }, session)
  return { ...outcome, ...result }
}

/** Two files of one name, version and architecture must be the same file. */
async function offeredDebs(names: readonly string[], session: Session, world: World): Promise<readonly OfferedDeb[]> {
  const debs = new Map<string, OfferedDeb>()
  for (const name of await filesOf(names, world)) {
    session.signal.throwIfAborted()
    const { fileBytes, openPlainFile } = await import('../transfer/index.ts')
    const path = resolve(world.workingFolder, name)
    async function* content() {
      const { handle } = await openPlainFile(path, name)
      yield* fileBytes(handle, name)
    }
    session.journal.emit({ kind: 'traced', stage: 'unpack', message: `reading ${name}` })
    const offered = await describeDeb({ name, content })
    const key = keyOfDeb(offered.deb)
    const other = debs.get(key)
    if (other !== undefined && other.deb.sha256 !== offered.deb.sha256)
      throw new Fault('REPOSITORY_REBINDING', {
        message: `two of the given files are ${key}, with sha256 ${other.deb.sha256} and ${offered.deb.sha256}`,
        hint: 'Give one of them, or build the other with another version.',
        context: { deb: key, published: other.deb.sha256, offered: offered.deb.sha256 },
      })
    debs.set(key, offered)
  }
  return [...debs.values()]
}

async function filesOf(names: readonly string[], world: World): Promise<readonly string[]> {
  const files: string[] = []
  for (const name of names) {
    const path = resolve(world.workingFolder, name)
    const facts = await stat(path).catch(() => undefined)
    if (facts === undefined)
      throw new Fault('USAGE_INVALID', {
        message: `there is no file ${name}`,
        hint: 'Name debs, or folders that hold some.',
        context: { path: name },
      })
    if (!facts.isDirectory()) {
      files.push(name)
      continue
    }
    const found = await readdir(path, { recursive: true, withFileTypes: true })
    const debs = found.filter(entry => entry.isFile() && entry.name.endsWith('.deb'))
    files.push(...sortedByBytes(debs.map(entry => join(name, relative(path, join(entry.parentPath, entry.name))))))
  }
  return files
}
