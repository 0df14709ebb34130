import { compareBytes, redacted } from '../kernel/index.ts'
import type { ObjectName, Store } from '../store/index.ts'
import type { SuiteAddress } from './archive-address.ts'

const timestampPattern = /^\d{8}T\d{6}Z$/

/** The newest Date (`20260711T101637Z`) of a verified Release of this suite that passed through this store. */
export async function readLastSeen(address: SuiteAddress, store: Store): Promise<string | undefined> {
  const record = await store.readRecord(recordOf(address))
  const text = record === undefined ? '' : new TextDecoder().decode(record)
  return timestampPattern.test(text) ? text : undefined
}

/**
 * Notes the Date of a verified Release; a note only ever moves forward.
 *
 * Two runs at one time may write in either order, so the note is read again until it is not older than `at`.
 */
export async function noteLastSeen(address: SuiteAddress, at: string, store: Store): Promise<void> {
  const bytes = new TextEncoder().encode(at)
  for (let round = 0; round < 3; round++) {
    const seen = await readLastSeen(address, store)
    if (seen !== undefined && compareBytes(at, seen) <= 0) return
    await store.putRecord(recordOf(address), bytes)
  }
}

/** By the archive's own address, not the mirror's: another mirror must not make a store forget. */
function recordOf({ archive, suite }: SuiteAddress): ObjectName {
  return { kind: 'release-date', key: JSON.stringify(['last-seen-1', redacted(archive.uris[0]), suite]) }
}
