import { byteStringOf, bytesOfByteString } from '../codec/index.ts'
import { type Clock, type ReleaseSigner, type Session, sortedByBytes } from '../kernel/index.ts'
import { ProcessLock } from '../store/index.ts'
import { bindDeb, checkBinding, corrupt, requireRecord } from './deb-records.ts'
import type { OfferedDeb } from './describe-deb.ts'
import { emitSuite, isEmitted } from './emit-suite.ts'
import { type DebKey, keyOfDeb, type PublishedDeb, type SourceKey, type Suite } from './model.ts'
import { placeInPool, requirePlace } from './place-in-pool.ts'
import type { RepositoryFolder } from './repository-folder.ts'
import { checkSource, pathsOfSource, placeSource, requireSource, sourcesOfDeb } from './source-records.ts'
import { type ListedDeb, type ListedSource, suiteIndexes, type XzCompressor } from './suite-files.ts'
import {
  keysOfSuite,
  listSuites,
  onlySources,
  readSuite,
  sourcesOfSuite,
  withDebs,
  withoutDebs,
  withSources,
  writeSuite,
} from './suite-record.ts'
import { fixed, type Publication, type PublishRequest, requireSuite, sameContent, wantedSuite } from './wanted-suite.ts'

/** The public key of the last signature, for those who trust the place that they have it from. */
const keyFile = 'archive-key.asc'

export interface RepositoryWorld {
  readonly folder: RepositoryFolder
  readonly clock: Clock
  readonly compressXz: XzCompressor | undefined
}

export interface SuiteOutcome {
  readonly suite: string
  readonly kind: 'published' | 'unchanged'
  readonly debs: number
  readonly sources: number
}

/**
 * An apt repository in a folder that any web server can serve. Any number of processes may publish at once: debs are put in the pool
 * without waiting, suites change one at a time, and a process that is killed leaves them as they were or as they will be.
 *
 * Every method throws {Fault} `REPOSITORY_CORRUPT`, `OUTPUT_UNWRITABLE`, `DISK_FULL`; those that sign `SIGNING_KEY_UNUSABLE`.
 */
export class Repository {
  readonly #world: RepositoryWorld
  readonly #lock: ProcessLock

  constructor(world: RepositoryWorld) {
    this.#world = world
    this.#lock = new ProcessLock(`${world.folder.path}/aptroot/processes`, world.clock)
  }

  /**
   * Adds debs to a suite, which is made if it is not there. All of them or none.
   *
   * @throws {Fault} `REPOSITORY_REBINDING`, `REPOSITORY_RELEASE_FIXED`, `USAGE_INVALID` when no architecture is known
   */
  async publish(request: PublishRequest, session: Session): Promise<SuiteOutcome> {
    // Whatever can be refused is refused before anything is bound.
    await this.plan(request)
    for (const offered of request.debs) {
      session.signal.throwIfAborted()
      await this.#place(offered)
    }
    for (const offered of request.sources) {
      session.signal.throwIfAborted()
      await placeSource(offered, { folder: this.#world.folder, now: this.#world.clock.now() })
    }
    return this.#change(request, session, before => wantedSuite(before, request))
  }

  /** What `publish` would answer now, or refuse. Nothing is written. */
  async plan(request: PublishRequest): Promise<SuiteOutcome> {
    const { folder } = this.#world
    const before = await readSuite(request.suite, folder)
    const wanted = wantedSuite(before, request)
    for (const { deb } of request.debs) await checkBinding(deb, folder)
    for (const { source } of request.sources) await checkSource(source, folder)
    const kind = before !== undefined && sameContent(before, wanted) ? 'unchanged' : 'published'
    return { kind, ...countsOf(wanted) }
  }

  /**
   * Takes debs out of a suite, and the sources that no other deb in it was built from; their files stay until `prune`, and what they are
   * bound to for ever.
   */
  async remove(request: Publication & { readonly keys: ReadonlySet<DebKey> }, session: Session): Promise<SuiteOutcome> {
    const { folder, clock } = this.#world
    return this.#change(request, session, async before => {
      const suite = requireSuite(before, request.suite)
      const left = withoutDebs(suite, request.keys)
      const [gone, needed] = [await this.#sourcesOf(request.keys), await this.#sourcesOf(keysOfSuite(left))]
      const kept = sourcesOfSuite(suite).filter(key => needed.has(key) || !gone.has(key))
      const after = onlySources(left, new Set(kept))
      const listedBefore = await this.#filesOf(suite)
      const still = await this.#filesOf(after)
      for (const path of listedBefore) if (!still.has(path)) await folder.note(path, clock.now())
      return after
    })
  }

  /** Puts debs of one suite into another, each in the component that it has, with the sources that it was built from. */
  async copy(
    request: Publication & { readonly from: string; readonly keys: ReadonlySet<DebKey> | 'all' },
    session: Session,
  ): Promise<SuiteOutcome> {
    const { from, keys } = request
    const source = requireSuite(await readSuite(from, this.#world.folder), from)
    return this.#change(request, session, async before => {
      const empty = {
        ...source,
        name: request.suite,
        kind: 'moving',
        components: new Map(),
        sources: new Map(),
      } as const
      let suite: Suite = before ?? empty
      for (const [component, all] of source.components)
        suite = withDebs(suite, component, keys === 'all' ? all : all.filter(key => keys.has(key)))
      const needed = keys === 'all' ? new Set(sourcesOfSuite(source)) : await this.#sourcesOf(keys)
      for (const [component, all] of onlySources(source, needed).sources) suite = withSources(suite, component, all)
      return { ...suite, architectures: sortedByBytes(new Set([...suite.architectures, ...source.architectures])) }
    })
  }

  /**
   * Keeps a suite as it is now under a name of its own, for ever.
   *
   * @returns `unchanged` when there is such a release with the same debs
   * @throws {Fault} `REPOSITORY_RELEASE_FIXED` when there is one with others, `REPOSITORY_SUITE_UNKNOWN`
   */
  async release(request: Publication & { readonly from: string }, session: Session): Promise<SuiteOutcome> {
    const { folder } = this.#world
    return this.#lock.hold('suites', session, async () => {
      const source = requireSuite(await readSuite(request.from, folder), request.from)
      const wanted: Suite = { ...source, name: request.suite, kind: 'release', validForSeconds: undefined }
      const before = await readSuite(request.suite, folder)
      if (before !== undefined && (before.kind !== 'release' || !sameContent(before, wanted))) throw fixed(before)
      return this.#emit(before, before ?? wanted, request.signer)
    })
  }

  /** Removes pool files that no suite lists and nobody used for long. */
  async prune(
    request: { readonly unusedForMilliseconds: number; readonly keptDigests: ReadonlySet<string> },
    session: Session,
  ): Promise<{ readonly removedFiles: number; readonly freedBytes: number; readonly keptFiles: number }> {
    const { folder, clock } = this.#world
    return this.#lock.hold('suites', session, async () => {
      const used = new Set<string>()
      for (const suite of await this.suites()) for (const path of await this.#filesOf(suite)) used.add(path)
      let [removedFiles, freedBytes, keptFiles] = [0, 0, 0]
      const keptPaths = await this.#pathsOf(request.keptDigests)
      for (const path of await folder.listAll('pool')) {
        session.signal.throwIfAborted()
        const age = clock.now().getTime() - ((await folder.notedAt(path)) ?? 0)
        const sizeBytes = (await folder.sizeOf(path)) ?? 0
        if (used.has(path) || keptPaths.has(path) || age < request.unusedForMilliseconds) {
          keptFiles += 1
          continue
        }
        await folder.remove(path)
        removedFiles += 1
        freedBytes += sizeBytes
      }
      return { removedFiles, freedBytes, keptFiles }
    })
  }

  /** The suites, sorted by name. */
  async suites(): Promise<readonly Suite[]> {
    const { folder } = this.#world
    const names = await listSuites(folder)
    return Promise.all(names.map(async name => requireSuite(await readSuite(name, folder), name)))
  }

  /** @throws {Fault} `REPOSITORY_SUITE_UNKNOWN` */
  async debsOf(name: string): Promise<readonly PublishedDeb[]> {
    const { folder } = this.#world
    const suite = requireSuite(await readSuite(name, folder), name)
    return Promise.all(keysOfSuite(suite).map(key => requireRecord(key, folder)))
  }

  /** Binds first, so that of two debs of one name only the bound one ever lies under the path. */
  async #place({ deb, contents, content }: OfferedDeb): Promise<void> {
    const { folder, clock } = this.#world
    await folder.create(contentsPath(deb), [bytesOfByteString(contents.map(path => `${path}\n`).join(''))])
    const history = (await checkBinding(deb, folder)) === 'free' ? 'new' : 'known'
    if (history === 'new') await requirePlace({ ...deb, owner: keyOfDeb(deb) }, folder)
    const bound = await bindDeb(deb, folder)
    await placeInPool({ ...bound, owner: keyOfDeb(bound), content }, history, { folder, now: clock.now() })
  }

  async #change(
    { suite: name, signer }: Publication,
    session: Session,
    change: (before: Suite | undefined) => Suite | Promise<Suite>,
  ): Promise<SuiteOutcome> {
    return this.#lock.hold('suites', session, async () => {
      const before = await readSuite(name, this.#world.folder)
      if (before?.kind === 'release') throw fixed(before)
      return this.#emit(before, await change(before), signer)
    })
  }

  /** The record first: what was cut off between the two is made good by the next one that publishes. */
  async #emit(before: Suite | undefined, wanted: Suite, signer: ReleaseSigner): Promise<SuiteOutcome> {
    const { folder, clock, compressXz } = this.#world
    const listed = { debs: await this.#listedDebs(wanted), sources: await this.#listedSources(wanted) }
    const indexes = await suiteIndexes(wanted, listed, compressXz)
    const outcome = countsOf(wanted)
    const now = wholeSeconds(clock.now())
    if (before !== undefined && sameContent(before, wanted)) {
      if (await isEmitted({ suite: before, indexes, signer, folder, now })) return { ...outcome, kind: 'unchanged' }
    }
    const suite = { ...wanted, date: before !== undefined && before.date > now ? before.date : now }
    await writeSuite(suite, folder)
    await emitSuite({ suite, indexes, signer, folder, now })
    const key = Buffer.from(signer.publicKey)
    if (!key.equals((await folder.read(keyFile)) ?? Buffer.of())) await folder.replace(keyFile, [key])
    return { ...outcome, kind: 'published' }
  }

  async #listedDebs(suite: Suite): Promise<readonly ListedDeb[]> {
    const { folder } = this.#world
    const listed: ListedDeb[] = []
    for (const [component, keys] of suite.components)
      for (const key of keys) {
        const deb = await requireRecord(key, folder)
        const bytes = await folder.read(contentsPath(deb))
        if (bytes === undefined) throw corrupt(key, folder, 'its list of files is missing')
        listed.push({ deb, component, contents: byteStringOf(bytes).split('\n').slice(0, -1) })
      }
    return listed
  }

  async #listedSources(suite: Suite): Promise<readonly ListedSource[]> {
    const listed: ListedSource[] = []
    for (const [component, keys] of suite.sources)
      for (const key of keys) listed.push({ source: await requireSource(key, this.#world.folder), component })
    return listed
  }

  /** The sources that debs were built from. */
  async #sourcesOf(keys: Iterable<DebKey>): Promise<ReadonlySet<SourceKey>> {
    const found = new Set<SourceKey>()
    for (const key of keys) {
      const { own, builtUsing } = sourcesOfDeb(await requireRecord(key, this.#world.folder))
      for (const each of [own, ...builtUsing]) found.add(each)
    }
    return found
  }

  /** Everything in the pool that a suite lists. */
  async #filesOf(suite: Suite): Promise<ReadonlySet<string>> {
    const paths = new Set<string>()
    for (const key of keysOfSuite(suite)) paths.add((await requireRecord(key, this.#world.folder)).path)
    for (const { source } of await this.#listedSources(suite)) for (const path of pathsOfSource(source)) paths.add(path)
    return paths
  }

  async #pathsOf(digests: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    const { folder } = this.#world
    const records = await Promise.all(
      (await folder.list('aptroot/debs')).filter(isKey).map(key => requireRecord(key, folder)),
    )
    return new Set(records.filter(({ sha256 }) => digests.has(sha256)).map(({ path }) => path))
  }
}

function countsOf(suite: Suite): Omit<SuiteOutcome, 'kind'> {
  return { suite: suite.name, debs: keysOfSuite(suite).length, sources: sourcesOfSuite(suite).length }
}

function contentsPath({ sha256 }: PublishedDeb): string {
  return `aptroot/contents/${sha256}`
}

function isKey(name: string): boolean {
  return !name.startsWith('.')
}

/** A Release says no fractions. */
function wholeSeconds(date: Date): Date {
  return new Date(Math.floor(date.getTime() / 1000) * 1000)
}
