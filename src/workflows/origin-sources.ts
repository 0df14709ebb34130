import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ArchivesRequest } from '../archive/index.ts'
import { folderOfSuite, readEvidence } from '../archive/index.ts'
import { Fault, isFault, type Session } from '../kernel/index.ts'
import type { LockedDeb } from '../lockfile/index.ts'
import type { ArchiveDefinition, Manifest } from '../manifest/index.ts'
import type { Store } from '../store/index.ts'
import type { Transfer } from '../transfer/index.ts'
import { archivesAt, mirrorsOf } from './archive-addresses.ts'
import type { Site } from './site.ts'
import { timeOf } from './timestamp.ts'

/** A suite of an archive and the times at which debs of it were locked, newest first. */
export interface LockedSuite {
  readonly archive: ArchiveDefinition
  readonly suite: string
  readonly times: readonly [string, ...string[]]
}

/** One place that may have a Release which vouches for locked debs, and how to open it as an archive. */
export interface OriginSource {
  /** For people: `the store (20260711T101637Z)`. */
  readonly name: string
  readonly request: Pick<ArchivesRequest, 'archives' | 'urisOf' | 'asOf' | 'mode' | 'transfer'> &
    Partial<Pick<ArchivesRequest, 'snapshot'>>
}

export interface OriginSite {
  readonly manifest: Manifest
  readonly site: Site
  readonly store: Store
  readonly transfer: Transfer
  readonly now: Date
}

/** The folder of a vendored archive below its vendor folder; older Releases lie apart, each as an archive of its own. */
export function vendoredBase(folder: string, archive: string, at: string | undefined): string {
  return at === undefined ? join(folder, archive) : join(folder, archive, 'evidence', at)
}

/**
 * Where a Release is looked for that vouches for debs of a suite, in the order in which they are asked: what the store kept, vendor folders, the archive
 * as it is now, its snapshots at the times of the lock; offline the first two. What was kept is judged as of the time at
 * which it was locked: that a key or a Release expired since takes nothing away from what they vouched for.
 */
export async function* originSources(locked: LockedSuite, at: OriginSite): AsyncGenerator<OriginSource> {
  const { archive, suite, times } = locked
  const { manifest, site, store, transfer, now } = at
  const archives = [{ ...archive, suites: [suite] as const }]
  for (const time of times) {
    const files = await readEvidence({ archive: archive.id, suite, at: time }, store)
    if (files === undefined) continue
    const kept = keptTransfer(transfer, join('/', folderOfSuite(archive, suite)), files)
    for (const asOf of datesAt(time))
      yield {
        name: `the store (${time})`,
        request: { archives, urisOf: () => [keptBase], asOf, mode: 'online', transfer: kept },
      }
  }
  for (const folder of site.vendorFolders) {
    const local = { archives, mode: 'online', transfer } as const
    for (const time of times) {
      const old = pathToFileURL(vendoredBase(folder, archive.id, time)).href
      for (const asOf of datesAt(time))
        yield { name: `${folder} (${time})`, request: { ...local, urisOf: () => [old], asOf } }
    }
    const current = pathToFileURL(vendoredBase(folder, archive.id, undefined)).href
    // Its Release may be as old as the lock, or newer where bytes stayed over several Releases.
    for (const asOf of [...datesAt(times[0]), now])
      yield { name: folder, request: { ...local, urisOf: () => [current], asOf } }
  }
  if (site.mode === 'offline') return
  const [here] = archivesAt(site, archives)
  if (here === undefined) return
  const live = { archives: [here], mode: 'online', transfer } as const
  yield { name: 'the archive', request: { ...live, urisOf: each => mirrorsOf(each, manifest, site), asOf: now } }
  if (here.snapshot === undefined) return
  const { safeTimestamps } = await import('../fetch/index.ts')
  for (const time of times)
    for (const snapshot of safeTimestamps(time))
      yield { name: `the snapshot ${snapshot}`, request: { ...live, asOf: timeOf(snapshot), snapshot } }
}

/** A Release is signed after its Date, by hand where a point release is made: the signature may be of the next day. */
function datesAt(time: string): readonly Date[] {
  return [timeOf(time), new Date(timeOf(time).getTime() + 24 * 3_600_000)]
}

/** A name that no resolver knows (RFC 2606): nothing of it ever reaches a network. */
const keptBase = 'http://evidence.invalid'

/** A suite of an archive, and the debs that were locked from it. */
export interface SuiteDebs {
  readonly suite: LockedSuite
  readonly debs: readonly LockedDeb[]
}

/** The suites of archives that debs were locked from, in the order of the archives. */
export function lockedSuites(
  archives: readonly ArchiveDefinition[],
  wanted: readonly LockedDeb[],
): readonly SuiteDebs[] {
  return archives.flatMap(archive =>
    archive.suites.flatMap((suite): SuiteDebs[] => {
      const debs = wanted.filter(deb => isFrom(deb, archive, suite))
      const [newest, ...older] = [...new Set(debs.map(deb => deb.at))].sort().reverse()
      return newest === undefined ? [] : [{ suite: { archive, suite, times: [newest, ...older] }, debs }]
    }),
  )
}

function isFrom({ from }: LockedDeb, { id }: ArchiveDefinition, suite: string): boolean {
  return from === `${id}/${suite}` || from.startsWith(`${id}/${suite}/`)
}

/** Network and integrity: this place has no answer, and another may. A wrong setting or a full disk is no such thing. */
export function openingFault(error: unknown): error is Fault {
  if (!isFault(error)) return false
  return [4, 6].includes(error.exitCode) || error.code === 'SUITE_ABSENT' || error.code === 'INDEX_NOT_LISTED'
}

/** A place that does not have what it might have is no reason to warn. */
export function probing({ signal, journal }: Session): Session {
  return {
    signal,
    journal: {
      emit: event =>
        journal.emit(event.kind === 'warned' || event.kind === 'noted' ? { ...event, kind: 'traced' } : event),
    },
  }
}

/** Serves the kept files of one Release and has nothing else; indexes are in the store or not to be had. */
function keptTransfer(transfer: Transfer, folder: string, files: ReadonlyMap<string, Uint8Array>): Transfer {
  const absent = (url: string) =>
    new Fault('NETWORK_STATUS', { message: `${url} was not kept`, context: { url, status: 404 } })
  return {
    parallelism: transfer.parallelism,
    async downloadBytes(url) {
      const name = url.slice(`${keptBase}${folder === '/' ? '' : folder}/`.length)
      const bytes = files.get(name)
      if (bytes === undefined) throw absent(url)
      return bytes
    },
    async downloadBlob(url) {
      throw absent(url)
    },
    async probe(url) {
      throw absent(url)
    },
  }
}
