import { byteStringOf, bytesOfByteString } from '../codec/index.ts'
import { type Clock, Fault, quoted, type ReleaseSigner, type Session, sortedByBytes } from '../kernel/index.ts'
import { ProcessLock } from '../store/index.ts'
import { bindDeb, checkBinding, corrupt, requireRecord } from './deb-records.ts'
import type { OfferedDeb } from './describe-deb.ts'
import { emitSuite, isEmitted } from './emit-suite.ts'
import { type DebKey, keyOfDeb, type PublishedDeb, type Suite, type SuiteDescription } from './model.ts'
import type { RepositoryFolder } from './repository-folder.ts'
import { type ListedDeb, suiteIndexes, type XzCompressor } from './suite-files.ts'
import { keysOfSuite, listSuites, readSuite, withDebs, withoutDebs, writeSuite } from './suite-record.ts'

/** The public key of the last signature, for those who trust the place that they have it from. */
const keyFile = 'archive-key.asc'

export interface RepositoryWorld {
  readonly folder: RepositoryFolder
  readonly clock: Clock
  readonly compressXz: XzCompressor | undefined
}

/** How a publication signs, and what else it sets. */
export interface Publication {
  readonly suite: string
  readonly signer: ReleaseSigner
}

export interface PublishRequest extends Publication {
  readonly component: string
  readonly debs: readonly OfferedDeb[]
  /** Beside those of the debs. */
  readonly architectures: readonly string[]
  /** What is not said stays as it was. */
  readonly description: Partial<SuiteDescription>
}

export interface SuiteOutcome {
  readonly suite: string
  readonly kind: 'published' | 'unchanged'
  readonly debs: number
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
    return this.#change(request, session, before => wantedSuite(before, request))
  }

  /** What `publish` would answer now, or refuse. Nothing is written. */
  async plan(request: PublishRequest): Promise<SuiteOutcome> {
    const { folder } = this.#world
    const before = await readSuite(request.suite, folder)
    const wanted = wantedSuite(before, request)
    for (const { deb } of request.debs) await checkBinding(deb, folder)
    const kind = before !== undefined && sameContent(before, wanted) ? 'unchanged' : 'published'
    return { suite: wanted.name, kind, debs: keysOfSuite(wanted).length }
  }

  /** Takes debs out of a suite; their files stay until `prune`, and what they are bound to for ever. */
  async remove(request: Publication & { readonly keys: ReadonlySet<DebKey> }, session: Session): Promise<SuiteOutcome> {
    return this.#change(request, session, async before => {
      const suite = requireSuite(before, request.suite)
      for (const key of request.keys)
        await this.#world.folder.note((await requireRecord(key, this.#world.folder)).path, this.#world.clock.now())
      return withoutDebs(suite, request.keys)
    })
  }

  /** Puts debs of one suite into another, each in the component that it has. */
  async copy(
    request: Publication & { readonly from: string; readonly keys: ReadonlySet<DebKey> | 'all' },
    session: Session,
  ): Promise<SuiteOutcome> {
    const { from, keys } = request
    const source = requireSuite(await readSuite(from, this.#world.folder), from)
    return this.#change(request, session, before => {
      let suite = before ?? { ...source, name: request.suite, kind: 'moving', components: new Map() }
      for (const [component, all] of source.components)
        suite = withDebs(suite, component, keys === 'all' ? all : all.filter(key => keys.has(key)))
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
      for (const name of await listSuites(folder))
        for (const key of keysOfSuite(requireSuite(await readSuite(name, folder), name)))
          used.add((await requireRecord(key, folder)).path)
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
    const history = await checkBinding(deb, folder)
    if (history === 'free') await this.#requirePlace(deb)
    const bound = await bindDeb(deb, folder)
    const { path, sizeBytes } = bound
    if ((await folder.sizeOf(path)) === undefined && (await folder.create(path, content())) === 'created') return
    // What was published before is believed by its length: a mirror of thousands of debs is not read again for one that is new.
    if (history === 'free' || (await folder.sizeOf(path)) !== sizeBytes) await this.#requirePlace(bound)
    await folder.note(path, clock.now())
  }

  /** Names of files come from locks too, and two of them may name one file. */
  async #requirePlace(deb: PublishedDeb): Promise<void> {
    const { folder } = this.#world
    const found = await folder.digestOf(deb.path)
    if (found === undefined || found === deb.sha256) return
    throw new Fault('REPOSITORY_REBINDING', {
      message: `${keyOfDeb(deb)} would lie at ${deb.path}, where ${folder.name} has another file`,
      hint: 'Take the file away if it was damaged, and publish again; else give the deb another file name.',
      context: { deb: keyOfDeb(deb), path: deb.path },
    })
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
    const indexes = await suiteIndexes(wanted, await this.#listed(wanted), compressXz)
    const outcome = { suite: wanted.name, debs: keysOfSuite(wanted).length }
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

  async #listed(suite: Suite): Promise<readonly ListedDeb[]> {
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

  async #pathsOf(digests: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    const { folder } = this.#world
    const records = await Promise.all(
      (await folder.list('aptroot/debs')).filter(isKey).map(key => requireRecord(key, folder)),
    )
    return new Set(records.filter(({ sha256 }) => digests.has(sha256)).map(({ path }) => path))
  }
}

function wantedSuite(before: Suite | undefined, request: PublishRequest): Suite {
  if (before?.kind === 'release') throw fixed(before)
  const suite = { ...(before ?? newSuite(request.suite)), ...request.description }
  const keys = request.debs.map(({ deb }) => keyOfDeb(deb))
  return withDebs({ ...suite, architectures: architecturesOf(before, request) }, request.component, keys)
}

function architecturesOf(before: Suite | undefined, { suite, architectures, debs }: PublishRequest): readonly string[] {
  const known = [...(before?.architectures ?? []), ...architectures, ...debs.map(({ deb }) => deb.architecture)]
  const concrete = sortedByBytes(new Set(known.filter(each => each !== 'all')))
  if (concrete.length > 0) return concrete
  throw new Fault('USAGE_INVALID', {
    message: `no architecture is known for the suite ${suite}: its debs are for all of them`,
    hint: 'Name those that machines have, for example `--architecture amd64`.',
    context: { suite },
  })
}

function newSuite(name: string): Suite {
  return {
    name,
    kind: 'moving',
    origin: undefined,
    label: undefined,
    validForSeconds: undefined,
    architectures: [],
    components: new Map(),
    date: new Date(0),
  }
}

function sameContent(left: Suite, right: Suite): boolean {
  const textOf = ({ date: _, components, ...rest }: Suite) => JSON.stringify([rest, [...components].sort()])
  return textOf(left) === textOf(right)
}

function requireSuite(suite: Suite | undefined, name: string): Suite {
  if (suite !== undefined) return suite
  throw new Fault('REPOSITORY_SUITE_UNKNOWN', {
    message: `the repository has no suite ${quoted(name)}`,
    hint: 'See `aptroot repo list`; `aptroot repo publish --suite NAME` makes one.',
    context: { suite: name },
  })
}

function fixed({ name, kind }: Suite): Fault {
  return new Fault('REPOSITORY_RELEASE_FIXED', {
    message:
      kind === 'release'
        ? `${name} is a numbered release, which never changes`
        : `${name} is a suite that changes, so no release can have its name`,
    hint: 'Take another number.',
    context: { suite: name },
  })
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
