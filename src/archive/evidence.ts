import { isFault, type Session } from '../kernel/index.ts'
import type { BlobIdentity, ObjectName, Store } from '../store/index.ts'
import { type SuiteAddress, suiteAddresses } from './archive-address.ts'
import type { ChosenIndex } from './index-choice.ts'
import { formatTimestamp } from './release-date.ts'
import type { FetchedRelease } from './release-fetch.ts'

/** What vouches for the debs of one suite: the signed files and the indexes they list, as the archive had them. */
export interface SuiteEvidence {
  /** Archive id of the manifest. */
  readonly archive: string
  readonly suite: string
  /** Date of the Release, `20260711T101637Z`. */
  readonly at: string
  /** Folder of the Release below the archive's address; empty for a flat repository. */
  readonly folder: string
  /** `InRelease`, or `Release` and `Release.gpg`; `Release` alone for an archive without signatures. */
  readonly releaseFiles: ReadonlyMap<string, Uint8Array>
  /** The forms of each index, of which the store has the one that was fetched, unless it was pruned. */
  readonly indexes: readonly (readonly EvidencedIndex[])[]
}

export interface EvidencedIndex extends BlobIdentity {
  /** Below `folder`, as the Release lists it: `main/binary-amd64/Packages.xz`. */
  readonly path: string
}

/** What a verified Release and the choice of its indexes leave as evidence. */
export function evidenceOf(
  { archive, suite, folder }: SuiteAddress,
  { release, evidence }: Pick<FetchedRelease, 'release' | 'evidence'>,
  chosen: readonly ChosenIndex[],
): SuiteEvidence {
  return {
    archive: archive.id,
    suite,
    at: formatTimestamp(release.date),
    folder,
    releaseFiles: filesOf(evidence),
    indexes: chosen.map(({ forms }) =>
      forms.flatMap(({ file: { path, sha256, sizeBytes } }) =>
        sha256 === undefined ? [] : [{ path, sha256, sizeBytes }],
      ),
    ),
  }
}

function filesOf(files: FetchedRelease['evidence']): ReadonlyMap<string, Uint8Array> {
  switch (files.kind) {
    case 'inline':
      return new Map([['InRelease', files.inRelease]])
    case 'detached':
      return new Map([
        ['Release', files.release],
        ['Release.gpg', files.signature],
      ])
    case 'unsigned':
      return new Map([['Release', files.release]])
    default:
      return files satisfies never
  }
}

/** Keeps a Release by its Date, so that what was locked at that time can be proven later. A store that cannot be written to is passed over. */
export async function keepEvidence(evidence: SuiteEvidence, store: Store, session: Session): Promise<void> {
  try {
    const files: KeptFile[] = []
    for (const [name, bytes] of evidence.releaseFiles) {
      files.push({ name, ...(await store.putBytes(bytes, session)) })
    }
    await store.putRecord(recordOf(evidence), new TextEncoder().encode(JSON.stringify(files)))
  } catch (error) {
    if (!isFault(error, 'STORE_UNUSABLE') && !isFault(error, 'DISK_FULL')) throw error
    session.journal.emit({ kind: 'traced', stage: 'archive', message: `evidence was not kept: ${error.message}` })
  }
}

interface KeptFile extends BlobIdentity {
  readonly name: string
}

/**
 * The files of the Release that a suite had at a time, as an earlier run verified and kept them. They prove nothing before they are
 * verified again: give them to `openArchives` as an archive.
 *
 * @returns undefined when the store does not have them
 */
export async function readEvidence(
  suite: Pick<SuiteEvidence, 'archive' | 'suite' | 'at'>,
  store: Store,
): Promise<SuiteEvidence['releaseFiles'] | undefined> {
  const record = await store.readRecord(recordOf(suite))
  if (record === undefined) return undefined
  const kept = JSON.parse(new TextDecoder().decode(record)) as readonly KeptFile[] // checked by the store, written above
  const files = new Map<string, Uint8Array>()
  for (const { name, ...blob } of kept) {
    const bytes = await store.read(blob).catch(error => {
      if (isFault(error, 'STORE_CORRUPT')) return undefined
      throw error
    })
    if (bytes === undefined) return undefined
    files.set(name, bytes)
  }
  return files
}

/** By id and not by address: mirrors move, and the signature decides whose Release it is. */
function recordOf({ archive, suite, at }: Pick<SuiteEvidence, 'archive' | 'suite' | 'at'>): ObjectName {
  return { kind: 'evidence', key: JSON.stringify(['evidence-1', archive, suite, at]) }
}

/** The folder below an archive's address in which a suite's Release lies. */
export function folderOfSuite(archive: SuiteAddress['archive'], suite: string): string {
  return suiteAddresses(archive, archive.uris, undefined).find(each => each.suite === suite)?.folder ?? ''
}
