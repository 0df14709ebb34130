import { compareBytes, Fault, type Session } from '../kernel/index.ts'
import type { Store } from '../store/index.ts'
import type { SuiteAddress } from './archive-address.ts'
import { readLastSeen } from './last-seen.ts'
import type { Release } from './release.ts'
import { formatTimestamp } from './release-date.ts'

/** What an earlier lock holds against the Releases of today, and which of it the user waives. */
export interface Continuity {
  /** Archive id → primary fingerprints, upper-case hex, that signed what is locked. An archive without any is new. */
  readonly keys: ReadonlyMap<string, readonly string[]>
  /** The newest `at` (`20260711T101637Z`) of what is locked from a suite; undefined when nothing is. */
  readonly newestLocked: (archive: string, suite: string) => string | undefined
  /** Primary fingerprints, upper-case hex, that may sign although the lock does not know them. */
  readonly acceptedKeys: readonly string[]
  /** `allow`: an older state than before is wanted. */
  readonly rollback: 'refuse' | 'allow'
}

export interface ContinuityPlace {
  readonly address: SuiteAddress
  readonly continuity: Continuity
  readonly store: Store
  /** `offline`: the Release comes from this store, so what this store saw says nothing new. */
  readonly mode: 'online' | 'offline'
  /** The URL of the Release, for messages. */
  readonly name: string
}

/**
 * Checks that a verified Release continues what was locked and seen before: at least one of the locked signers still signs, and the
 * state is no older. A key ring of many keys trusts each of them alike, and an old Release stays validly signed until it
 * expires: the signature alone shows neither.
 *
 * @throws {Fault} `RELEASE_SIGNERS_NEW`, `RELEASE_ROLLBACK`
 */
export async function checkContinuity(
  release: Pick<Release, 'date'>,
  signers: readonly string[],
  place: ContinuityPlace,
  session: Session,
): Promise<void> {
  checkSigners(signers, place)
  const found = formatTimestamp(release.date)
  const rollback = rollbackOf(found, place, await lastSeenBy(place))
  if (rollback === undefined) return
  if (place.continuity.rollback === 'refuse') throw rollback
  session.journal.emit({ kind: 'noted', stage: 'archive', message: `${rollback.message}; it is taken as you asked` })
}

/** Losing or gaining a co-signer is no news: Debian signs with three keys and changes one of them with each release. */
function checkSigners(signers: readonly string[], { address, continuity, name }: ContinuityPlace): void {
  const { id } = address.archive
  const locked = continuity.keys.get(id) ?? []
  if (locked.length === 0 || signers.length === 0) return
  if (signers.some(signer => locked.includes(signer) || continuity.acceptedKeys.includes(signer))) return
  const [first] = signers
  throw new Fault('RELEASE_SIGNERS_NEW', {
    message: `${name} is signed by ${shown(signers)}, but the lock knows ${shown(locked)} for ${id}`,
    hint: `Compare the new fingerprint with what the archive publishes; if it is right: \`aptroot lock update --accept-key ${first}\`.`,
    context: { file: name, archive: id, suite: address.suite, signers, locked },
  })
}

/** A lock of a pull request may list any number. */
function shown(fingerprints: readonly string[]): string {
  const more = fingerprints.length > 8 ? ` and ${fingerprints.length - 8} more` : ''
  return `${fingerprints.slice(0, 8).join(', ')}${more}`
}

async function lastSeenBy({ address, store, mode }: ContinuityPlace): Promise<string | undefined> {
  return mode === 'offline' ? undefined : readLastSeen(address, store)
}

function rollbackOf(
  found: string,
  { address, continuity, name }: ContinuityPlace,
  lastSeen: string | undefined,
): Fault | undefined {
  const { archive, suite } = address
  const locked = continuity.newestLocked(archive.id, suite)
  // Timestamps of one form and length: their order by bytes is their order in time.
  const isOlderThan = (at: string | undefined): at is string => at !== undefined && compareBytes(found, at) < 0
  const witness = isOlderThan(locked)
    ? { at: locked, words: `the lock holds debs of ${suite} as of ${locked}` }
    : isOlderThan(lastSeen)
      ? { at: lastSeen, words: `this store has seen ${suite} as of ${lastSeen}` }
      : undefined
  if (witness === undefined) return undefined
  return new Fault('RELEASE_ROLLBACK', {
    message: `${name} is of ${found}, but ${witness.words}`,
    hint: 'The mirror is behind or hides updates: try another with `--mirror ID=URI`. If the older state is wanted, add `--allow-rollback`.',
    context: { file: name, archive: archive.id, suite, found, newest: witness.at },
  })
}
