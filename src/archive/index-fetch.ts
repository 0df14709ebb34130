import { createHash } from 'node:crypto'
import { type BytesObserver, type CompressionKind, decompressBuffer, gatherBytes } from '../codec/index.ts'
import { Fault, isFault, type Session } from '../kernel/index.ts'
import type { Store } from '../store/index.ts'
import { isAbsent, type Transfer } from '../transfer/index.ts'
import { type SuiteAddress, urlOf } from './archive-address.ts'
import type { DecompressionThread } from './decompression-thread.ts'
import type { ChosenIndex, IndexForm } from './index-choice.ts'
import type { ListedFile } from './release.ts'
import type { FetchedRelease } from './release-fetch.ts'
import {
  type IndexOrigin,
  indexFromSignedRelease,
  indexTrustedByManifest,
  type ListedIndex,
  type VerifiedIndex,
} from './verified-index.ts'

/** 40 times Debian's main, which has 50 MB. */
const maximumIndexBytes = 2_000_000_000

/**
 * How much a compressed index may become where the Release does not list its decompressed length: Debian's become six times as long with xz,
 * a bomb a thousand times with gzip.
 */
function longestBytes(compressedBytes: number): number {
  return Math.min(maximumIndexBytes, 64_000_000 + 100 * compressedBytes)
}

export interface IndexSource {
  readonly address: SuiteAddress
  readonly fetched: FetchedRelease
  readonly chosen: ChosenIndex
  readonly origin: IndexOrigin
  readonly store: Store
  readonly transfer: Transfer
  readonly mode: 'online' | 'offline'
  /** As in `ArchivesRequest`. */
  readonly decompressionScript?: string | undefined
}

/** A thread takes 40 ms to start, in which xz unpacks 2 MB of Packages. */
const largeBytes = 1_000_000

/** The others are nothing to do, or are decompressed by Node's own threads. */
const slowKinds: readonly CompressionKind[] = ['xz', 'bz2', 'lzma']

/** An index that can be loaded; nothing is fetched before that. */
export function listedIndex(source: IndexSource): ListedIndex {
  const { chosen, origin } = source
  return {
    origin,
    sha256: identityOf(chosen),
    sizeBytes: chosen.plain?.sizeBytes,
    load: (session, observe) => loadIndex(source, session, observe),
  }
}

/**
 * The digest that names the index in caches: of the decompressed file where it is listed, else of the file that is fetched. A
 * Release with SHA512 only has neither; then it is the digest of the listed one's text.
 */
function identityOf({ plain, forms }: ChosenIndex): string {
  const [first] = forms
  return plain?.sha256 ?? first.file.sha256 ?? sha256Of(new TextEncoder().encode(`sha512:${first.file.sha512}`))
}

async function loadIndex(source: IndexSource, session: Session, observe?: BytesObserver): Promise<VerifiedIndex> {
  const { chosen, origin, address } = source
  // In the time in which a thread decompresses there is nothing else to do than what `observe` does.
  const hash = chosen.plain?.sha256 === undefined ? undefined : createHash('sha256')
  let hashedBytes = 0
  const hashing: BytesObserver = (bytes, filledBytes) => {
    hash?.update(bytes.subarray(hashedBytes, filledBytes))
    hashedBytes = filledBytes
    observe?.(bytes, filledBytes)
  }
  const bytes = chosen.plain?.sizeBytes === 0 ? new Uint8Array() : await loadAnyForm(source, session, hashing)
  if (chosen.plain !== undefined)
    checkDigests(bytes, chosen.plain, source, hashedBytes === bytes.length ? hash?.digest('hex') : undefined)
  const content = { origin, sha256: identityOf(chosen), bytes }
  return address.archive.trust.kind === 'unsigned' ? indexTrustedByManifest(content) : indexFromSignedRelease(content)
}

async function loadAnyForm(source: IndexSource, session: Session, observe?: BytesObserver): Promise<Uint8Array> {
  const thread = await threadFor(source)
  const unpack = (bytes: Uint8Array, form: IndexForm) =>
    gatherUnpacked({ bytes, form, thread, source, observe }, session)
  try {
    for (const form of source.chosen.forms) {
      const kept = await keptForm(form, source.store)
      if (kept !== undefined) return await unpack(kept, form)
    }
    if (source.mode === 'offline') throw offline(source)
    const failures: unknown[] = []
    for (const form of source.chosen.forms) {
      const bytes = await downloadForm(form, source, failures, session)
      if (bytes !== undefined) return await unpack(bytes, form)
    }
    // A wrong file says more than a missing one, and an unreachable mirror more than a file that is not there.
    throw (
      failures.find(each => isFault(each, 'FETCH_INTEGRITY')) ?? failures.find(each => !isAbsent(each)) ?? failures[0]
    )
  } finally {
    await thread?.close()
  }
}

/** It starts while the form that is taken first is fetched. */
async function threadFor({ chosen, decompressionScript }: IndexSource): Promise<DecompressionThread | undefined> {
  const [first] = chosen.forms
  if (decompressionScript === undefined || first.file.sizeBytes < largeBytes) return undefined
  if (!slowKinds.includes(first.compression)) return undefined
  const { beginDecompression } = await import('./decompression-thread.ts')
  return beginDecompression(decompressionScript)
}

async function keptForm({ file }: IndexForm, store: Store): Promise<Uint8Array | undefined> {
  if (file.sha256 === undefined) return undefined
  try {
    return await store.read({ sha256: file.sha256, sizeBytes: file.sizeBytes })
  } catch (error) {
    // The store removed the damaged file; it is fetched again.
    if (isFault(error, 'STORE_CORRUPT')) return undefined
    throw error
  }
}

/** @returns undefined when no mirror has it in this form; why is added to `failures` */
async function downloadForm(
  form: IndexForm,
  source: IndexSource,
  failures: unknown[],
  session: Session,
): Promise<Uint8Array | undefined> {
  for (const base of source.fetched.bases)
    for (const url of urlsOf(form, base, source)) {
      try {
        return await download(url, form.file, source, session)
      } catch (error) {
        if (!isFault(error) || (error.exitCode !== 4 && error.code !== 'FETCH_INTEGRITY')) throw error
        failures.push(error)
      }
    }
  return undefined
}

/** By hash first: while a mirror is being synced, the file of that name may be older or newer than the Release. */
function urlsOf({ file }: IndexForm, base: string, { fetched, address, chosen }: IndexSource): readonly string[] {
  const byName = urlOf(address, base, file.path)
  if (!fetched.release.acquireByHash) return [byName]
  const folder = chosen.path.slice(0, chosen.path.lastIndexOf('/') + 1)
  const byHash = file.sha512 === undefined ? `SHA256/${file.sha256}` : `SHA512/${file.sha512}`
  return [urlOf(address, base, `${folder}by-hash/${byHash}`), byName]
}

async function download(url: string, file: ListedFile, source: IndexSource, session: Session): Promise<Uint8Array> {
  const { store, transfer } = source
  const { sha256, sizeBytes } = file
  if (sha256 === undefined) {
    const bytes = await transfer.downloadBytes(url, { maximumBytes: sizeBytes, sizeBytes }, session)
    checkDigests(bytes, file, source)
    return bytes
  }
  const report = { stage: 'archive' as const, name: `${source.origin.archive} ${source.origin.fileName}` }
  await transfer.downloadBlob(url, { sha256, sizeBytes }, { store, report }, session)
  const bytes = await store.read({ sha256, sizeBytes })
  if (bytes === undefined) throw new Fault('STORE_CORRUPT', { message: `${sha256} left the store while it was used` })
  // The store compared the SHA256; the strongest listed digest decides.
  if (file.sha512 !== undefined) checkDigests(bytes, file, source)
  return bytes
}

interface PackedIndex {
  /** Compared with their digest. They may be empty afterwards. */
  readonly bytes: Uint8Array
  readonly form: IndexForm
  readonly thread: DecompressionThread | undefined
  readonly source: IndexSource
  readonly observe: BytesObserver | undefined
}

async function gatherUnpacked(packed: PackedIndex, session: Session): Promise<Uint8Array> {
  const { bytes, form, thread, source, observe } = packed
  const { chosen, origin } = source
  const kind = form.compression
  const maximumBytes = chosen.plain?.sizeBytes ?? longestBytes(bytes.length)
  const limits = { name: `${origin.archive} ${form.file.path}`, maximumBytes }
  const expectedBytes = chosen.plain?.sizeBytes ?? bytes.length * 4
  const pieces = thread?.decompress({ kind, bytes, limits }) ?? decompressBuffer(kind, bytes, limits)
  return await gatherBytes(abortable(pieces, session), { expectedBytes, maximumBytes }, observe)
}

async function* abortable(pieces: AsyncIterable<Uint8Array>, { signal }: Session): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    signal.throwIfAborted()
    yield piece
  }
}

/** @param sha256 of the bytes, where it is known already */
function checkDigests(bytes: Uint8Array, file: ListedFile, source: IndexSource, sha256?: string): void {
  const found = { size: String(bytes.length), sha256: '', sha512: '' }
  if (file.sha256 !== undefined) found.sha256 = sha256 ?? sha256Of(bytes)
  if (file.sha512 !== undefined) found.sha512 = createHash('sha512').update(bytes).digest('hex')
  const wanted = { size: String(file.sizeBytes), sha256: file.sha256 ?? '', sha512: file.sha512 ?? '' }
  for (const kind of ['size', 'sha256', 'sha512'] as const)
    if (found[kind] !== wanted[kind])
      throw new Fault('INDEX_INTEGRITY', {
        message: `${file.path} of ${source.origin.archive} has ${kind} ${found[kind]}, but ${source.fetched.name} lists ${wanted[kind]}`,
        hint: 'The mirror is being synced or serves a wrong file; try again later or another mirror with `--mirror ID=URI`.',
        context: { file: file.path, archive: source.origin.archive, found: found[kind], wanted: wanted[kind] },
      })
}

function offline({ origin }: IndexSource): Fault {
  return new Fault('FETCH_OFFLINE', {
    message: `the store has no ${origin.fileName} of ${origin.archive}, and this run is offline`,
    hint: 'Run it once without `--offline`.',
    context: { archive: origin.archive, file: origin.fileName },
  })
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
