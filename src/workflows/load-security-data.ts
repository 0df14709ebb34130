import { open } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { decompressBytes, detectCompression } from '../codec/index.ts'
import { decodeUtf8, Fault, isFault, redacted, type Session } from '../kernel/index.ts'
import { readSecurityData, type SecurityData, type SecurityOrigin } from '../review/index.ts'
import type { BlobIdentity, ObjectName, Store } from '../store/index.ts'
import { type Transfer, withoutMirrors } from '../transfer/index.ts'
import type { World } from './world.ts'

export interface LoadedSecurityData {
  readonly data: SecurityData
  readonly origin: SecurityOrigin
}

export interface SecurityDataSite {
  readonly store: Store
  readonly transfer: Transfer
  readonly mode: 'online' | 'offline'
}

/** The tracker's file has 90 MB; what is much larger is something else. */
const maximumBytes = 256 * 1024 * 1024
/** Of JavaScript's strings, which end at 512 Mi characters. */
const maximumTextBytes = 384 * 1024 * 1024
/** The tracker is made anew all the time; nobody needs it more often than this. */
const freshMilliseconds = 6 * 3_600_000

/**
 * Vulnerability data from a file or an address. What an address had is kept in the store for six hours, and longer where it cannot be asked
 * (`offline`, or it does not answer): its date is shown in any case. May be compressed.
 *
 * @param place a path, or an https URL; http only on this machine, since nothing but the connection vouches for the data
 * @throws {Fault} `SECURITY_DATA_MALFORMED`, `SECURITY_DATA_MISSING`, `SETTINGS_INVALID` for another kind of URL, `NETWORK_*`
 */
export async function loadSecurityData(
  place: string,
  site: SecurityDataSite,
  session: Session,
  world: Pick<World, 'clock' | 'workingFolder'>,
): Promise<LoadedSecurityData> {
  const { bytes, date, dateIs, name } = /^[a-z][a-z0-9+.-]*:\/\//i.test(place)
    ? await bytesOfUrl(requireSafe(place), site, session, world)
    : await bytesOfFile(resolve(world.workingFolder, place))
  const data = readSecurityData(await textOf(bytes, name), name)
  const origin: SecurityOrigin =
    data.modified === undefined ? { name, date, dateIs } : { name, date: data.modified, dateIs: 'of-records' }
  return { data, origin }
}

interface DatedBytes {
  readonly bytes: Uint8Array
  readonly name: string
  readonly date: string
  readonly dateIs: SecurityOrigin['dateIs']
}

async function bytesOfFile(path: string): Promise<DatedBytes> {
  const name = basename(path)
  try {
    const handle = await open(path)
    try {
      const facts = await handle.stat()
      if (!facts.isFile()) throw malformed(name, 'is no regular file')
      if (facts.size > maximumBytes) throw malformed(name, `has ${facts.size} bytes, more than ${maximumBytes}`)
      return { bytes: await handle.readFile(), name, date: dayOf(facts.mtime), dateIs: 'of-file' }
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (isFault(error)) throw error
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new Fault('SECURITY_DATA_MISSING', {
      message: `${name} ${reason === 'ENOENT' ? 'does not exist' : `cannot be read: ${reason}`}`,
      hint: 'Name a file with the JSON of the Debian security tracker or with OSV records, or an https address.',
      context: { file: name, reason },
      cause: error,
    })
  }
}

function requireSafe(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined
  const isHere = url?.protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)
  if (url?.protocol === 'https:' || isHere) return address
  throw new Fault('SETTINGS_INVALID', {
    message: `security data from ${redacted(address)}: nobody vouches for what comes that way`,
    hint: 'Name an https address or a file; http is for this machine only.',
    context: { url: redacted(address) },
  })
}

async function bytesOfUrl(
  url: string,
  { store, transfer, mode }: SecurityDataSite,
  session: Session,
  { clock }: Pick<World, 'clock'>,
): Promise<DatedBytes> {
  const name = redacted(url)
  const kept = await readKept(url, store)
  const now = clock.now().getTime()
  const isFresh = kept !== undefined && Math.abs(now - kept.fetchedAt) < freshMilliseconds
  if (kept !== undefined && (isFresh || mode === 'offline')) return { ...kept, name, ...fetchedAt(kept.fetchedAt) }
  if (mode === 'offline')
    throw new Fault('SECURITY_DATA_MISSING', {
      message: `the store has no copy of ${name}, and the network is off limits`,
      hint: 'Run the command once without --offline, or name a file.',
      context: { url: name },
    })
  try {
    const bytes = await transfer.downloadBytes(url, { maximumBytes, caches: 'passed-by' }, session)
    await keep(url, { bytes, fetchedAt: now }, { store, session })
    return { bytes, name, ...fetchedAt(now) }
  } catch (error) {
    session.signal.throwIfAborted()
    if (kept === undefined || !isFault(error) || error.exitCode !== 4) throw withoutMirrors(error)
    session.journal.emit({
      kind: 'warned',
      stage: 'fetch',
      message: `${error.message}; the copy of ${dayOf(new Date(kept.fetchedAt))} is used`,
    })
    return { ...kept, name, ...fetchedAt(kept.fetchedAt) }
  }
}

function fetchedAt(milliseconds: number): Pick<DatedBytes, 'date' | 'dateIs'> {
  return { date: dayOf(new Date(milliseconds)), dateIs: 'fetched' }
}

interface Kept {
  readonly bytes: Uint8Array
  /** Milliseconds since 1970. */
  readonly fetchedAt: number
}

function recordOf(url: string): ObjectName {
  return { kind: 'security-data', key: JSON.stringify(['security-data-1', url]) }
}

async function readKept(url: string, store: Store): Promise<Kept | undefined> {
  const record = await store.readRecord(recordOf(url))
  if (record === undefined) return undefined
  const { fetchedAt, ...blob } = JSON.parse(new TextDecoder().decode(record)) as BlobIdentity & { fetchedAt: number } // checked by the store, written below
  const bytes = await store.read(blob).catch(error => {
    if (isFault(error, 'STORE_CORRUPT')) return undefined
    throw error
  })
  return bytes === undefined ? undefined : { bytes, fetchedAt }
}

/** A store that cannot be written to is no reason to know less. */
async function keep(
  url: string,
  { bytes, fetchedAt }: Kept,
  { store, session }: { readonly store: Store; readonly session: Session },
): Promise<void> {
  try {
    const blob = await store.putBytes(bytes, session)
    await store.putRecord(recordOf(url), new TextEncoder().encode(JSON.stringify({ ...blob, fetchedAt })))
  } catch (error) {
    if (!isFault(error, 'STORE_UNUSABLE') && !isFault(error, 'DISK_FULL')) throw error
  }
}

async function textOf(bytes: Uint8Array, name: string): Promise<string> {
  const kind = detectCompression(bytes)
  const whole = kind === 'none' ? bytes : await decompressBytes(kind, bytes, { name, maximumBytes: maximumTextBytes })
  const text = decodeUtf8(whole)
  if (text === undefined) throw malformed(name, 'is not UTF-8 text')
  return text
}

function malformed(name: string, problem: string): Fault {
  return new Fault('SECURITY_DATA_MALFORMED', {
    message: `${name} ${problem}`,
    hint: 'Give the JSON of the Debian security tracker, or OSV records as JSON.',
    context: { data: name },
  })
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10)
}
