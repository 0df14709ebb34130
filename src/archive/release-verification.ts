import { isFault, type Session } from '../kernel/index.ts'
import {
  type Keyring,
  readKeyring,
  readRememberedRelease,
  rememberedReleaseKey,
  type VerificationPlace,
  type VerifiedRelease,
  verifyClearSigned,
  verifyDetached,
  writeRememberedRelease,
} from '../openpgp/index.ts'
import type { ObjectName, Store } from '../store/index.ts'

/** A key ring as bytes; its keys are read when a signature has to be checked. */
export interface KeyringFile {
  readonly name: string
  readonly bytes: Uint8Array
  keyring(): Promise<Keyring>
}

export function keyringFile(bytes: Uint8Array, name: string): KeyringFile {
  let read: Promise<Keyring> | undefined
  return {
    name,
    bytes,
    keyring: () => {
      read ??= readKeyring(bytes, name)
      return read
    },
  }
}

export type SignedRelease =
  | { readonly kind: 'inline'; readonly inRelease: Uint8Array }
  | { readonly kind: 'detached'; readonly release: Uint8Array; readonly signature: Uint8Array }

/**
 * Verifies a Release, or takes the verdict that this store has of the same bytes, the same keys and a period that includes
 * this date (docs/decisions/0007-remembered-verdicts.md). What else is judged of a Release, its age first of all, is not
 * part of the verdict.
 *
 * @throws {Fault} what `verifyClearSigned`, `verifyDetached` and `readKeyring` throw
 */
export async function verifyRelease(
  signed: SignedRelease,
  ring: KeyringFile,
  place: VerificationPlace,
  { store, session }: { readonly store: Store; readonly session: Session },
): Promise<VerifiedRelease> {
  const files = signed.kind === 'inline' ? [signed.inRelease] : [signed.release, signed.signature]
  const name: ObjectName = { kind: 'verified-release', key: rememberedReleaseKey({ files, keyring: ring.bytes }) }
  const record = await store.readRecord(name)
  const remembered = record === undefined ? undefined : readRememberedRelease(record, place.at)
  if (remembered !== undefined) return remembered
  const keyring = await ring.keyring()
  const release =
    signed.kind === 'inline'
      ? await verifyClearSigned(signed.inRelease, keyring, place)
      : await verifyDetached(signed.release, signed.signature, keyring, place)
  try {
    await store.putRecord(name, writeRememberedRelease(release))
  } catch (error) {
    if (!isFault(error, 'STORE_UNUSABLE') && !isFault(error, 'DISK_FULL')) throw error
    const message = `the verdict on ${place.name} was not kept: ${error.message}`
    session.journal.emit({ kind: 'traced', stage: 'archive', message })
  }
  return release
}
