import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { encodeUtf8, Fault, isFault, type ReleaseSigner, redacted, type Session } from '../kernel/index.ts'
import type { Keyring } from '../openpgp/index.ts'
import {
  type BuildRecord,
  maximumRecordBytes,
  type RecordIdentity,
  readBuildRecord,
  writeBuildRecord,
} from '../package-build/index.ts'
import type { BlobIdentity, Store } from '../store/index.ts'
import { readSettingFile } from './secret-file.ts'
import { openSite, type Site } from './site.ts'
import type { World } from './world.ts'

/** Results of builds on other machines, and who may vouch for them. */
export interface PackageCaches {
  /** Absolute folders and URLs, asked in this order. */
  readonly places: readonly string[]
  /** Absolute: files of public keys. Without one, nothing that a cache holds is believed. */
  readonly keyFiles: readonly string[]
}

/** The layout's version is part of each path, as in the store. */
const layout = 'package-builds-v1'

/** A signature of some keys has 3 kB. */
const maximumSignedBytes = maximumRecordBytes + 64 * 1024

/**
 * Looks for a build in the caches. A record counts only under a good signature of a trusted key, and only for the very inputs and version
 * that it is asked for; its outputs are compared with their digests on their way into the store. Whatever is missing, unsigned or damaged is
 * named in a warning, and the next cache is asked.
 */
export async function findInCaches(
  wanted: RecordIdentity,
  { places, keyFiles }: PackageCaches,
  surroundings: { readonly site: Site; readonly store: Store; readonly session: Session; readonly world: World },
): Promise<{ readonly record: BuildRecord; readonly from: string } | undefined> {
  const { site, session, world, store } = surroundings
  const usable = places.filter(place => site.mode === 'online' || !isUrl(place))
  if (usable.length === 0) return undefined
  if (keyFiles.length === 0) {
    const hint = 'Name whose builds are believed: --package-cache-key FILE, or `package-cache-keys` in your settings.'
    warn(session, `no key is set for the caches of builds: ${usable.map(shown).join(', ')} not used`, hint)
    return undefined
  }
  const keyrings = await readKeyrings(keyFiles)
  const { transfer } = await openSite(site, world)
  const { isAbsent } = await import('../transfer/index.ts')
  for (const place of usable) {
    const top = isUrl(place) ? place.replace(/\/+$/, '') : pathToFileURL(place).href
    const report = { stage: 'fetch', name: `record of ${wanted.key.slice(0, 12)}` } as const
    let signed: Uint8Array | undefined
    try {
      signed = await transfer.downloadBytes(
        `${top}/${recordPath(wanted)}`,
        { maximumBytes: maximumSignedBytes, report },
        session,
      )
      const record = await verifiedRecord(signed, wanted, { keyrings, at: world.clock.now() })
      for (const output of record.outputs)
        if ((await store.check(output)) !== 'sound')
          await transfer.downloadBlob(`${top}/${blobPath(output)}`, output, { store }, session)
      return { record, from: shown(place) }
    } catch (error) {
      if (!isFault(error)) throw error
      // That somebody did not build it is no news; that an output is gone, is.
      if (signed !== undefined || !isAbsent(error))
        warn(session, `the build in ${shown(place)} is not used: ${error.message}`, undefined)
    }
  }
  return undefined
}

/**
 * Puts a build into a cache for others: outputs first, then the signed record that names them.
 *
 * @throws {Fault} `OUTPUT_UNWRITABLE`, `DISK_FULL`
 */
export async function writeToCache(
  record: BuildRecord,
  place: { readonly folder: string; readonly name: string; readonly signer: ReleaseSigner },
  { store, session, world }: { readonly store: Store; readonly session: Session; readonly world: World },
): Promise<void> {
  const { replaceFile } = await import('../image/whole-file.ts')
  const target = (path: string) => ({ path: join(place.folder, path), name: `${place.name}/${path}` })
  for (const output of record.outputs) await replaceFile(target(blobPath(output)), store.stream(output), session)
  const signed = await place.signer.clearSign(writeBuildRecord(record), world.clock.now())
  async function* bytes() {
    yield signed
  }
  await replaceFile(target(recordPath(record)), bytes(), session)
}

/** @throws {Fault} as `verifyClearSigned`, `STORE_CORRUPT` when the signed text is not the wanted record */
async function verifiedRecord(
  signed: Uint8Array,
  wanted: RecordIdentity,
  { keyrings, at }: { readonly keyrings: readonly Keyring[]; readonly at: Date },
): Promise<BuildRecord> {
  const { verifyClearSigned } = await import('../openpgp/index.ts')
  let refusal: unknown
  for (const keyring of keyrings) {
    try {
      const { text } = await verifyClearSigned(signed, keyring, { at, name: 'its record' })
      const read = readBuildRecord(text, wanted)
      if (read.kind === 'record') return read.record
      refusal = new Fault('STORE_CORRUPT', { message: `its record ${read.problem}` })
    } catch (error) {
      if (!isFault(error)) throw error
      refusal ??= error
    }
  }
  throw refusal
}

async function readKeyrings(files: readonly string[]): Promise<readonly Keyring[]> {
  const { readKeyring } = await import('../openpgp/index.ts')
  const read = async (file: string) => readKeyring(encodeUtf8(await readSettingFile(file, 'package-cache-keys')), file)
  return await Promise.all(files.map(read))
}

function recordPath({ key, version }: RecordIdentity): string {
  const name = createHash('sha256').update(`${key} ${version}`).digest('hex')
  return `${layout}/records/${name.slice(0, 2)}/${name}.asc`
}

function blobPath({ sha256 }: BlobIdentity): string {
  return `${layout}/outputs/${sha256.slice(0, 2)}/${sha256}`
}

function isUrl(place: string): boolean {
  return /^https?:\/\//i.test(place)
}

function shown(place: string): string {
  return isUrl(place) ? redacted(place) : place
}

function warn(session: Session, message: string, hint: string | undefined): void {
  session.journal.emit({ kind: 'warned', stage: 'fetch', message, ...(hint === undefined ? {} : { hint }) })
}
