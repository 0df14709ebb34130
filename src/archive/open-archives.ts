import type { ReleaseFacts } from '../debian/index.ts'
import { Fault, isFault, type Session } from '../kernel/index.ts'
import { type ArchiveDefinition, keyringArmorOf, keyringNames, type SignedBy } from '../manifest/index.ts'
import type { Store } from '../store/index.ts'
import { isAbsent, type Transfer, withoutMirrors } from '../transfer/index.ts'
import { type SuiteAddress, suiteAddresses } from './archive-address.ts'
import type { Continuity } from './continuity.ts'
import { evidenceOf, keepEvidence, type SuiteEvidence } from './evidence.ts'
import { type ChosenIndex, chooseIndexes, chooseSourceIndexes, type IndexWish } from './index-choice.ts'
import { listedIndex } from './index-fetch.ts'
import { type OpenIndexes, openIndexes } from './packages-index/open-indexes.ts'
import { beginReadAhead } from './packages-index/read-ahead.ts'
import { formatTimestamp } from './release-date.ts'
import { type FetchedRelease, fetchRelease, type ReleaseWorld } from './release-fetch.ts'
import { type KeyringFile, keyringFile } from './release-verification.ts'
import type { IndexOrigin, ListedIndex } from './verified-index.ts'

export interface ArchivesRequest {
  readonly archives: readonly ArchiveDefinition[]
  /** Native and foreign ones of all roots. Archives that are restricted to others are left out. */
  readonly architectures: readonly string[]
  /** Where an archive is looked for: mirrors of the settings; default: its own URIs. */
  readonly urisOf?: (archive: ArchiveDefinition) => readonly [string, ...string[]]
  /** Reads a key ring inside the project, after checking that it is inside. */
  readonly readKeyFile: (path: string) => Promise<Uint8Array>
  /** When expiry is judged. */
  readonly asOf: Date
  /** `20260711T101637Z`: this state of the snapshot archives, instead of what the mirrors have now. */
  readonly snapshot?: string
  /** What an earlier lock holds against these Releases; default: nothing. */
  readonly continuity?: Continuity
  /** `offline`: the Releases and indexes that the store has. */
  readonly mode: 'online' | 'offline'
  readonly store: Store
  readonly transfer: Transfer
  /** The built worker that decompresses large indexes while they are scanned; default: this thread does both. */
  readonly decompressionScript?: string
}

/** One suite, as it was verified. */
export interface OpenRelease {
  /** Archive id of the manifest. */
  readonly archive: string
  readonly suite: string
  readonly facts: ReleaseFacts
  /** Primary fingerprints, upper-case hex, by bytes; empty for an archive trusted without a signature. */
  readonly signers: readonly string[]
  readonly evidence: SuiteEvidence
}

export interface OpenArchives extends OpenIndexes {
  /** In the order of the manifest. */
  readonly releases: readonly OpenRelease[]
}

/**
 * Verifies the Release of every suite and opens its indexes for look-ups.
 *
 * When a mirror changes meanwhile (an index differs from what the Release lists), everything is listed once more from
 * fresh Releases; a second difference is a fault.
 *
 * @throws {Fault} `RELEASE_*`, `SUITE_ABSENT`, `INDEX_*`, `KEYRING_MALFORMED`, `NETWORK_*`, `FETCH_OFFLINE`, `COMPRESSION_*`, `USAGE_INVALID`,
 *   `MANIFEST_INVALID`, and the store's faults
 */
export async function openArchives(request: ArchivesRequest, session: Session): Promise<OpenArchives> {
  try {
    return await openListed(request, session)
  } catch (error) {
    throw request.snapshot === undefined ? error : withoutMirrors(error, pastStateHint)
  }
}

const pastStateHint =
  'Mirrors are not asked for a past state: try again later, or name another service with APTROOT_SNAPSHOTS=ID=URI.'

async function openListed(request: ArchivesRequest, session: Session): Promise<OpenArchives> {
  const { first, ahead } = await listReadingAhead(request, session)
  try {
    return { releases: first.releases, ...(await openIndexes(first.indexes, request.store, session, ahead)) }
  } catch (error) {
    if (request.mode === 'offline' || !isOfTransition(error)) throw integrityFault(error)
    session.journal.emit({
      kind: 'warned',
      stage: 'archive',
      message: `${error.message}; asking once more for the Releases`,
    })
  }
  const second = await listThrough('passed-by', request, session)
  try {
    return { releases: second.releases, ...(await openIndexes(second.indexes, request.store, session)) }
  } catch (error) {
    throw integrityFault(error)
  }
}

/** While the mirrors answer, what was opened last time is read. */
async function listReadingAhead(request: ArchivesRequest, session: Session) {
  const listing = listArchives(request, session)
  // Offline nothing is waited for, and of a past state nothing was opened last time.
  const isGuessed = request.mode === 'online' && request.snapshot === undefined
  const beginning = isGuessed ? beginReadAhead(placeOf(request), request.store).catch(passOver) : undefined
  try {
    return { first: await listing, ahead: await beginning }
  } catch (error) {
    await (await beginning)?.close()
    throw error
  }
}

/** Whoever needs the store next says what is wrong with it. */
function passOver(error: unknown): undefined {
  if (!isFault(error)) throw error
}

/** The same for every run on the same archives, wherever their mirrors are. */
function placeOf({ archives, architectures }: ArchivesRequest): string {
  const names = archives.map(({ id, suites, components }) => [id, suites, components])
  return JSON.stringify(['opened-indexes-1', names, architectures])
}

export interface ListedArchives {
  readonly releases: readonly OpenRelease[]
  readonly indexes: readonly ListedIndex[]
}

/** The first half of `openArchives`: Releases verified, indexes chosen, none of them loaded. */
export async function listArchives(request: ArchivesRequest, session: Session): Promise<ListedArchives> {
  return listThrough('used', request, session)
}

async function listThrough(
  caches: ReleaseWorld['caches'],
  request: ArchivesRequest,
  session: Session,
): Promise<ListedArchives> {
  const suites = (await verifiedSuites(caches, request, session)).map(suite => {
    const { address, release } = suite
    const chosen = chooseIndexes(release.release, wishFor(suite, request))
    return { ...suite, chosen, evidence: evidenceOf(address, release, chosen), facts: factsOf(address, release) }
  })
  if (request.mode === 'online')
    await Promise.all(suites.map(({ evidence }) => keepEvidence(evidence, request.store, session)))
  return {
    releases: suites.map(({ address, release, facts, evidence }) => ({
      archive: address.archive.id,
      suite: address.suite,
      facts,
      signers: release.signers,
      evidence,
    })),
    indexes: suites.flatMap(suite => indexesOf(suite, request)),
  }
}

/**
 * The Sources files of the suites, each suite's Release verified as `openArchives` does; none of them loaded. A suite without sources has none.
 *
 * @throws {Fault} as `openArchives`
 */
export async function listSourceIndexes(request: ArchivesRequest, session: Session): Promise<readonly ListedIndex[]> {
  return (await verifiedSuites('used', request, session)).flatMap(suite => {
    const chosen = chooseSourceIndexes(suite.release.release, wishFor(suite, request))
    return indexesOf({ ...suite, chosen, facts: factsOf(suite.address, suite.release) }, request)
  })
}

async function verifiedSuites(
  caches: ReleaseWorld['caches'],
  request: ArchivesRequest,
  session: Session,
): Promise<readonly VerifiedSuite[]> {
  const addresses = request.archives
    .filter(archive => architecturesOf(archive, request).length > 0)
    .flatMap(archive => suiteAddresses(archive, request.urisOf?.(archive) ?? archive.uris, request.snapshot))
  const world: ReleaseWorld = { ...request, caches, keyringOf: keyringReader(request) }
  const fetched = await Promise.all(addresses.map(address => fetchRelease(address, world, session)))
  return addresses.flatMap((address, at) => {
    const release = fetched[at]
    return release === undefined ? [] : [{ address, release }]
  })
}

interface VerifiedSuite {
  readonly address: SuiteAddress
  readonly release: FetchedRelease
}

interface ChosenSuite extends VerifiedSuite {
  readonly chosen: readonly ChosenIndex[]
  readonly facts: ReleaseFacts
}

function indexesOf({ address, release, chosen, facts }: ChosenSuite, request: ArchivesRequest): readonly ListedIndex[] {
  return chosen.map(each =>
    listedIndex({ ...request, address, fetched: release, chosen: each, origin: originOf(each, address, facts) }),
  )
}

function wishFor({ address: { archive }, release }: VerifiedSuite, request: ArchivesRequest): IndexWish {
  return {
    name: release.name,
    archive: archive.id,
    components: archive.components,
    architectures: architecturesOf(archive, request),
  }
}

function originOf(chosen: ChosenIndex, { archive, suite, folder }: SuiteAddress, release: ReleaseFacts): IndexOrigin {
  return {
    archive: archive.id,
    suite,
    component: chosen.component,
    architecture: chosen.architecture,
    release,
    security: archive.security,
    fileName: folder === '' ? chosen.path : `${folder}/${chosen.path}`,
  }
}

function factsOf({ archive }: SuiteAddress, { release }: FetchedRelease): ReleaseFacts {
  return {
    origin: release.origin,
    label: release.label,
    suite: release.suite,
    codename: release.codename,
    version: release.version,
    notAutomatic: release.notAutomatic,
    butAutomaticUpgrades: release.butAutomaticUpgrades,
    // Of the manifest, not of the mirror it came from: settings must not change what `Pin: origin` matches.
    host: hostOf(archive.uris[0]),
    at: formatTimestamp(release.date),
  }
}

function hostOf(uri: string): string {
  return URL.canParse(uri) ? new URL(uri).hostname : ''
}

function architecturesOf({ architectures }: ArchiveDefinition, request: ArchivesRequest): readonly string[] {
  const wanted = [...new Set(request.architectures)]
  return architectures === undefined ? wanted : wanted.filter(each => architectures.includes(each))
}

/** Each key ring is read once, however many suites it serves. */
function keyringReader(request: ArchivesRequest): ReleaseWorld['keyringOf'] {
  const rings = new Map<string, Promise<KeyringFile>>()
  return ({ archive }) => {
    const { trust } = archive
    if (trust.kind === 'unsigned')
      throw new Fault('INTERNAL', { message: `a key ring was asked for ${archive.id}, which has none` })
    const key = JSON.stringify(trust.signedBy)
    const ring = rings.get(key) ?? readRing(trust.signedBy, archive.id, request)
    rings.set(key, ring)
    return ring
  }
}

async function readRing(signedBy: SignedBy, archive: string, request: ArchivesRequest): Promise<KeyringFile> {
  switch (signedBy.kind) {
    case 'path':
      return keyringFile(await request.readKeyFile(signedBy.path), signedBy.path)
    case 'inline':
      return keyringFile(new TextEncoder().encode(signedBy.armor), `signed-by of ${archive}`)
    case 'named': {
      const armor = keyringArmorOf(signedBy.name)
      if (armor !== undefined) return keyringFile(new TextEncoder().encode(armor), signedBy.name)
      throw new Fault('MANIFEST_INVALID', {
        message: `the archive ${archive} is signed by the key ring "${signedBy.name}", which aptroot does not have`,
        hint: `It has ${keyringNames().join(', ')}; any other key is given as a path or as ASCII armor.`,
        context: { archive, keyring: signedBy.name },
      })
    }
    default:
      return signedBy satisfies never
  }
}

/** What a mirror shows while it is being synced. */
function isOfTransition(error: unknown): error is Fault {
  return isFault(error, 'INDEX_INTEGRITY') || isFault(error, 'FETCH_INTEGRITY') || isAbsent(error)
}

/** The transfer speaks of files; to the user this is an index that does not match its Release. */
function integrityFault(error: unknown): unknown {
  if (!isFault(error, 'FETCH_INTEGRITY')) return error
  return new Fault('INDEX_INTEGRITY', {
    message: `${error.message}, as its Release lists it`,
    hint: 'The mirror is being synced or serves a wrong file; try again later or another mirror with `--mirror ID=URI`.',
    context: error.context,
    cause: error,
  })
}
