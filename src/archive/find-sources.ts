import { readSourcePackage, type SourcePackage, sourceKey } from '../debian/index.ts'
import { scanFields } from '../debian-control-parser/index.ts'
import type { Session } from '../kernel/index.ts'
import { type ArchivesRequest, listSourceIndexes } from './open-archives.ts'
import type { IndexOrigin } from './verified-index.ts'

/** A source package, and the signed index that lists it. */
export interface ListedSource extends SourcePackage {
  readonly origin: IndexOrigin
}

const fields = ['Package', 'Version'] as const

/**
 * Looks sources up in the signed Sources files of archives.
 *
 * @param wanted as `sourceKey` writes them
 * @returns what was found; of two suites that list one source the first of the manifest counts
 * @throws {Fault} `RELEASE_*`, `SUITE_ABSENT`, `INDEX_*`, `KEYRING_MALFORMED`, `NETWORK_*`, `FETCH_OFFLINE`, `COMPRESSION_*` and the store's faults
 */
export async function findSources(
  wanted: ReadonlySet<string>,
  request: ArchivesRequest,
  session: Session,
): Promise<ReadonlyMap<string, ListedSource>> {
  const found = new Map<string, ListedSource>()
  // One after the other: Debian's main has 50 MB of sources.
  for (const listed of await listSourceIndexes(request, session)) {
    session.signal.throwIfAborted()
    const { bytes, origin } = await listed.load(session)
    for (const stanza of stanzasOf(bytes, wanted)) {
      const source = readSourcePackage(stanza, `${origin.archive} ${origin.fileName}`)
      if (!found.has(sourceKey(source))) found.set(sourceKey(source), { ...source, origin })
    }
  }
  return found
}

/** Only what is wanted is looked into: a malformed stanza costs nothing to those who do not ask for it. */
function stanzasOf(bytes: Uint8Array, wanted: ReadonlySet<string>): readonly Uint8Array[] {
  const places = scanFields(bytes, fields)
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const textAt = (row: number, field: number) => {
    const at = row * fields.length + field
    return buffer.toString('latin1', places.valueStarts[at], places.valueEnds[at])
  }
  return Array.from({ length: places.count }, (_, row) => row)
    .filter(row => wanted.has(sourceKey({ name: textAt(row, 0), version: textAt(row, 1) })))
    .map(row => bytes.subarray(places.starts[row], places.ends[row]))
}
