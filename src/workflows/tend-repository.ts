import { Fault, quoted, type Session } from '../kernel/index.ts'
import {
  checkPlaceName,
  comparePublished,
  keyOfDeb,
  type PublishedDeb,
  type Repository,
  type SuiteOutcome,
} from '../repository/index.ts'
import { digestsOfLocks } from './kept-digests.ts'
import { openExistingRepository, openSigner, type RepositoryPlace } from './open-repository.ts'
import type { World } from './world.ts'

export interface SuiteSummary {
  readonly suite: string
  readonly kind: 'moving' | 'release'
  readonly date: string
  readonly components: readonly string[]
  readonly architectures: readonly string[]
  readonly debs: number
}

export interface DebSummary extends Omit<PublishedDeb, 'stanza'> {
  readonly suites: readonly string[]
}

/** The suites of a repository, sorted by name. */
export async function listSuites(
  place: RepositoryPlace,
  session: Session,
  world: World,
): Promise<readonly SuiteSummary[]> {
  const repository = await openExistingRepository(place, session, world)
  return (await repository.suites()).map(({ name, kind, date, components, architectures }) => ({
    suite: name,
    kind,
    date: date.toISOString(),
    components: [...components.keys()],
    architectures,
    debs: new Set([...components.values()].flat()).size,
  }))
}

/**
 * The debs of some suites, by name, version and architecture.
 *
 * @param suite undefined: of all
 * @throws {Fault} `REPOSITORY_SUITE_UNKNOWN`
 */
export async function listDebs(
  request: { readonly repository: RepositoryPlace; readonly suite: string | undefined },
  session: Session,
  world: World,
): Promise<readonly DebSummary[]> {
  const repository = await openExistingRepository(request.repository, session, world)
  const suites = request.suite === undefined ? (await repository.suites()).map(({ name }) => name) : [request.suite]
  const found = new Map<string, { readonly deb: PublishedDeb; readonly suites: string[] }>()
  for (const suite of suites)
    for (const deb of await repository.debsOf(suite)) {
      const known = found.get(keyOfDeb(deb))
      if (known === undefined) found.set(keyOfDeb(deb), { deb, suites: [suite] })
      else known.suites.push(suite)
    }
  return [...found.values()]
    .sort((left, right) => comparePublished(left.deb, right.deb))
    .map(({ deb: { stanza: _, ...facts }, suites: its }) => ({ ...facts, suites: its }))
}

export interface ChangeSuiteRequest {
  readonly repository: RepositoryPlace
  readonly suite: string
  /** `NAME`, `NAME=VERSION`, each with `:ARCHITECTURE` on demand. */
  readonly selectors: readonly string[]
  readonly signWith: string | undefined
}

/**
 * Takes debs out of a suite.
 *
 * @throws {Fault} `REPOSITORY_PACKAGE_UNKNOWN` when a selector finds nothing
 */
export async function removeDebs(
  request: ChangeSuiteRequest,
  session: Session,
  world: World,
): Promise<SuiteOutcome & { readonly removed: readonly string[] }> {
  const repository = await openExistingRepository(request.repository, session, world)
  const keys = await selectedKeys(repository, request.suite, request.selectors)
  const signer = await openSigner(request.signWith, session, world)
  const outcome = await repository.remove({ suite: request.suite, keys, signer }, session)
  return { ...outcome, removed: [...keys] }
}

/** Puts debs of one suite into another; without selectors all of them. @throws {Fault} `REPOSITORY_PACKAGE_UNKNOWN` */
export async function copyDebs(
  request: ChangeSuiteRequest & { readonly from: string },
  session: Session,
  world: World,
): Promise<SuiteOutcome> {
  const { suite, from, selectors } = request
  checkPlaceName('suite', suite)
  const repository = await openExistingRepository(request.repository, session, world)
  const keys = selectors.length === 0 ? 'all' : await selectedKeys(repository, from, selectors)
  const signer = await openSigner(request.signWith, session, world)
  return repository.copy({ suite, from, keys, signer }, session)
}

export interface PruneRepositoryRequest {
  readonly repository: RepositoryPlace
  readonly unusedForMilliseconds: number
  /** Lockfiles whose debs stay. */
  readonly keptLocks: readonly string[]
}

export async function pruneRepository(request: PruneRepositoryRequest, session: Session, world: World) {
  const repository = await openExistingRepository(request.repository, session, world)
  const keptDigests = await digestsOfLocks(request.keptLocks, world)
  return repository.prune({ unusedForMilliseconds: request.unusedForMilliseconds, keptDigests }, session)
}

async function selectedKeys(
  repository: Repository,
  suite: string,
  selectors: readonly string[],
): Promise<ReadonlySet<string>> {
  const debs = await repository.debsOf(suite)
  const keys = selectors.flatMap(selector => {
    const found = debs.filter(deb => isSelected(deb, selector))
    if (found.length > 0) return found.map(keyOfDeb)
    throw new Fault('REPOSITORY_PACKAGE_UNKNOWN', {
      message: `the suite ${suite} has no deb ${quoted(selector)}`,
      hint: `See \`aptroot repo list ${suite}\`; a deb is written NAME, NAME=VERSION or NAME:ARCHITECTURE=VERSION.`,
      context: { suite, selector },
    })
  })
  return new Set(keys)
}

function isSelected({ name, version, architecture }: PublishedDeb, selector: string): boolean {
  const [qualified = '', wantedVersion] = selector.split('=', 2)
  const [wantedName, wantedArchitecture] = qualified.split(':', 2)
  return (
    name === wantedName &&
    (wantedVersion ?? version) === version &&
    (wantedArchitecture ?? architecture) === architecture
  )
}
