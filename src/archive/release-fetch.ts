import { decodeUtf8, Fault, isFault, redacted, type Session } from '../kernel/index.ts'
import type { BlobIdentity, ObjectName, Store } from '../store/index.ts'
import { isAbsent, type Transfer } from '../transfer/index.ts'
import { suiteAbsent } from './absent-suite.ts'
import { type SuiteAddress, urlOf } from './archive-address.ts'
import { type Continuity, checkContinuity } from './continuity.ts'
import { noteLastSeen } from './last-seen.ts'
import { parseRelease, type Release, releaseTrustedByManifest } from './release.ts'
import { checkRelease } from './release-check.ts'
import { formatTimestamp } from './release-date.ts'
import { type KeyringFile, verifyRelease } from './release-verification.ts'

/** apt's own bound (Acquire::MaxReleaseFileSize). 150 kB in bookworm; a suite of a thousand components would still be smaller. */
const maximumReleaseBytes = 10_000_000
const maximumSignatureBytes = 1024 * 1024

export interface ReleaseWorld {
  readonly store: Store
  readonly transfer: Transfer
  readonly asOf: Date
  /** `offline`: the Release that this store saw last. */
  readonly mode: 'online' | 'offline'
  /** Asked only for archives with `signed-by`. */
  readonly keyringOf: (address: SuiteAddress) => Promise<KeyringFile>
  /** What the Release has to continue; undefined: nothing was locked before, and no state is too old. */
  readonly continuity?: Continuity
  /** `passed-by`: the Releases that a cache on the way has did not fit their indexes. */
  readonly caches: 'used' | 'passed-by'
  /** Set: the Release of a past state, which says nothing about what is current. */
  readonly snapshot?: string
}

/** A Release that was verified, checked, and may be asked for indexes. */
export interface FetchedRelease {
  readonly release: Release
  /** Primary fingerprints that signed it; empty for an archive that is trusted without a signature. */
  readonly signers: readonly string[]
  /** The bytes that were verified; kept in the store as evidence. */
  readonly evidence: ReleaseFiles
  /** Where it came from, without credentials. */
  readonly name: string
  /** Where it came from first, then the other mirrors. */
  readonly bases: readonly [string, ...string[]]
}

type ReleaseFiles =
  | { readonly kind: 'inline'; readonly inRelease: Uint8Array }
  | { readonly kind: 'detached'; readonly release: Uint8Array; readonly signature: Uint8Array }
  | { readonly kind: 'unsigned'; readonly release: Uint8Array }

interface Found {
  readonly base: string
  readonly name: string
  readonly files: ReleaseFiles
}

/**
 * Fetches the Release of a suite (InRelease, else Release with Release.gpg), verifies and checks it, and keeps it.
 *
 * It comes from the first mirror that has it. A mirror that cannot be reached or stands still is passed by; one that serves what
 * nobody trusted has signed is not, since that is no mishap.
 *
 * @throws {Fault} `RELEASE_*`, `SUITE_ABSENT`, `NETWORK_*`, `FETCH_OFFLINE`
 */
export async function fetchRelease(
  address: SuiteAddress,
  world: ReleaseWorld,
  session: Session,
): Promise<FetchedRelease> {
  if (world.mode === 'offline') return checked(await keptFiles(address, world), address, world, session)
  const failures: Fault[] = []
  for (const [at, base] of address.bases.entries()) {
    try {
      return await checked(await downloadFrom(base, address, world, session), address, world, session)
    } catch (error) {
      if (!isFault(error) || (error.exitCode !== 4 && !isOfStandstill(error))) throw error
      failures.push(error)
      if (isOfStandstill(error) && at + 1 < address.bases.length)
        session.journal.emit({ kind: 'warned', stage: 'archive', message: `${error.message}; asking the next mirror` })
    }
  }
  throw gravest(failures, address, world)
}

function isOfStandstill(fault: Fault): boolean {
  return fault.code === 'RELEASE_EXPIRED' || fault.code === 'RELEASE_ROLLBACK'
}

/** A mirror that stands still says more than one that is away, and that more than one that lacks the suite. */
function gravest(failures: readonly Fault[], address: SuiteAddress, { snapshot }: ReleaseWorld): Fault {
  const told = failures.find(isOfStandstill) ?? failures.find(each => !isAbsent(each))
  if (told !== undefined) return told
  const [first] = failures
  if (first === undefined) return new Fault('INTERNAL', { message: `${address.archive.id} has no address` })
  return suiteAbsent(address, first, snapshot)
}

async function checked(
  found: Found,
  address: SuiteAddress,
  world: ReleaseWorld,
  session: Session,
): Promise<FetchedRelease> {
  const verified = await verify(found, address, world, session)
  const release = parseRelease(verified.release, found.name)
  const { archive, suite } = address
  const expected = {
    archive: archive.id,
    suite,
    maxAgeSeconds: archive.maxAgeSeconds,
    asOf: world.asOf,
    name: found.name,
  }
  checkRelease(release, expected, session)
  const { continuity, mode, store } = world
  if (continuity !== undefined)
    await checkContinuity(release, verified.signers, { address, continuity, store, mode, name: found.name }, session)
  // Only what passed every check is kept: a refused Release must not be what a later run offline goes by.
  if (mode === 'online') await keep(address, found, store, session)
  if (mode === 'online' && world.snapshot === undefined)
    await noteLastSeen(address, formatTimestamp(release.date), store)
  const others = address.bases.filter(each => each !== found.base)
  return { release, signers: verified.signers, evidence: found.files, name: found.name, bases: [found.base, ...others] }
}

async function verify({ files, name }: Found, address: SuiteAddress, world: ReleaseWorld, session: Session) {
  const { trust } = address.archive
  if (files.kind === 'unsigned') {
    // `unsigned` is fetched only for archives that say so; this is the second lock on that door.
    if (trust.kind !== 'unsigned') throw new Fault('INTERNAL', { message: `${name} was fetched without its signature` })
    const message = `${name} is not verified: ${address.archive.id} is trusted without a signature (${trust.reason})`
    session.journal.emit({ kind: 'warned', stage: 'archive', message })
    return { release: releaseTrustedByManifest(textOf(files.release, name), trust.reason), signers: [] }
  }
  const keyring = await world.keyringOf(address)
  const place = { at: world.asOf, name }
  const release = await verifyRelease(files, keyring, place, { store: world.store, session })
  for (const { keyId, reason } of release.uncounted)
    session.journal.emit({
      kind: 'traced',
      stage: 'archive',
      message: `${name}: the signature by ${keyId} does not count: ${reason}`,
    })
  return { release, signers: release.signers.map(each => each.fingerprint) }
}

async function downloadFrom(
  base: string,
  address: SuiteAddress,
  { transfer, caches }: ReleaseWorld,
  session: Session,
): Promise<Found> {
  const url = (file: string) => urlOf(address, base, file)
  const download = (file: string, maximumBytes: number) =>
    transfer.downloadBytes(url(file), { maximumBytes, caches }, session)
  const found = (file: string, files: ReleaseFiles): Found => ({ base, name: redacted(url(file)), files })
  if (address.archive.trust.kind === 'unsigned')
    return found('Release', { kind: 'unsigned', release: await download('Release', maximumReleaseBytes) })
  try {
    return found('InRelease', { kind: 'inline', inRelease: await download('InRelease', maximumReleaseBytes) })
  } catch (error) {
    if (!isAbsent(error)) throw error
  }
  const release = await download('Release', maximumReleaseBytes)
  const signature = await download('Release.gpg', maximumSignatureBytes).catch(error => {
    throw isAbsent(error) ? unsigned(redacted(url('Release')), error) : error
  })
  return found('Release', { kind: 'detached', release, signature })
}

function textOf(bytes: Uint8Array, name: string): string {
  const text = decodeUtf8(bytes)
  if (text !== undefined) return text
  throw new Fault('RELEASE_MALFORMED', {
    message: `${name} cannot be used: it is not UTF-8`,
    hint: 'Is that the address of an archive?',
    context: { file: name },
  })
}

function unsigned(name: string, cause: unknown): Fault {
  return new Fault('RELEASE_UNSIGNED', {
    message: `${name} has no signature: there is neither InRelease nor Release.gpg beside it`,
    hint: 'An archive without signatures needs `trusted: {reason: …}` in the manifest.',
    context: { file: name },
    cause,
  })
}

/** What the record of a kept Release says; the files themselves are blobs, checked by their digests when read. */
interface KeptRelease {
  readonly base: string
  readonly name: string
  readonly kind: ReleaseFiles['kind']
  readonly files: readonly BlobIdentity[]
}

async function keep(address: SuiteAddress, found: Found, store: Store, session: Session): Promise<void> {
  const blobs = await Promise.all(partsOf(found.files).map(bytes => store.putBytes(bytes, session)))
  // Whoever may read the store is not to read the passwords of mirrors.
  const kept: KeptRelease = { base: redacted(found.base), name: found.name, kind: found.files.kind, files: blobs }
  await store.putRecord(recordOf(address), new TextEncoder().encode(JSON.stringify(kept)))
}

async function keptFiles(address: SuiteAddress, { store }: ReleaseWorld): Promise<Found> {
  const record = await store.readRecord(recordOf(address))
  const kept = record === undefined ? undefined : (JSON.parse(new TextDecoder().decode(record)) as KeptRelease)
  const parts = kept === undefined ? [] : await Promise.all(kept.files.map(blob => store.read(blob)))
  const files = kept === undefined ? undefined : filesOf(kept.kind, parts)
  if (
    kept !== undefined &&
    files !== undefined &&
    (files.kind === 'unsigned') === (address.archive.trust.kind === 'unsigned')
  )
    return { base: kept.base, name: kept.name, files }
  throw new Fault('FETCH_OFFLINE', {
    message: `the store has no Release of ${address.archive.id} ${address.suite}, and this run is offline`,
    hint: 'Run it once without `--offline`.',
    context: { archive: address.archive.id, suite: address.suite },
  })
}

function partsOf(files: ReleaseFiles): readonly Uint8Array[] {
  switch (files.kind) {
    case 'inline':
      return [files.inRelease]
    case 'detached':
      return [files.release, files.signature]
    case 'unsigned':
      return [files.release]
    default:
      return files satisfies never
  }
}

function filesOf(
  kind: ReleaseFiles['kind'],
  [first, second]: readonly (Uint8Array | undefined)[],
): ReleaseFiles | undefined {
  if (first === undefined) return undefined
  switch (kind) {
    case 'inline':
      return { kind, inRelease: first }
    case 'detached':
      return second === undefined ? undefined : { kind, release: first, signature: second }
    case 'unsigned':
      return { kind, release: first }
    default:
      return undefined
  }
}

/** By the addresses too: the same id in another project may be another archive. */
function recordOf({ archive, suite, bases }: SuiteAddress): ObjectName {
  return {
    kind: 'release',
    key: JSON.stringify(['release-1', archive.id, suite, ...bases.map(base => redacted(base))]),
  }
}
