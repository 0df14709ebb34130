import { isFault, type Session } from '../../kernel/index.ts'
import type { Store } from '../../store/index.ts'
import type { ListedIndex, VerifiedIndex } from '../verified-index.ts'
import { indexPackages, type PackagesIndex } from './packages-index.ts'
import { PackagesScan } from './packages-table.ts'
import { type IndexAhead, nameOfIndex, type ReadAhead } from './read-ahead.ts'
import { BlockDigests, openSavedIndex, saveIndex } from './saved-index.ts'

/** Indexes for one resolution. Packages of theirs may not be looked up after `close`. */
export interface OpenIndexes {
  /** In the order of what was listed. */
  readonly indexes: readonly PackagesIndex[]
  close(): Promise<void>
}

/**
 * Opens every listed index: from its saved form in the store, of which only what is looked at is read, else by
 * loading, scanning and saving it. A store that cannot be written to costs time, not the answer.
 *
 * @param ahead what began to be read before it was known to be wanted
 * @throws {Fault} what `ListedIndex.load` throws, `INDEX_MALFORMED`, `STORE_UNUSABLE`
 */
export async function openIndexes(
  listed: readonly ListedIndex[],
  store: Store,
  session: Session,
  ahead?: ReadAhead,
): Promise<OpenIndexes> {
  const opened: OpenIndex[] = []
  const begun = new Map(ahead?.take(listed))
  await ahead?.close()
  const close = async () => {
    await Promise.all([...opened.map(each => each.close()), ...[...begun.values()].map(({ object }) => object.close())])
  }
  try {
    // One after the other: an index is 50 MB, and two cores decompress no faster for having three in memory.
    for (const each of listed) {
      session.signal.throwIfAborted()
      const saved = await openSaved(each, store, begun.get(each.sha256))
      begun.delete(each.sha256)
      if (saved === undefined && (each.sizeBytes ?? 0) >= largeBytes) await letGoOfBytes(opened, listed, store)
      opened.push(saved ?? (await loadAndSave(each, store, session)))
    }
    await ahead?.note(listed)
    return { indexes: opened.map(each => each.index), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Two of them in memory would be most of what a cold update may take. */
const largeBytes = 16_000_000

/** What was loaded is read from its saved form from now on: of two architectures' indexes one is in memory at a time. */
async function letGoOfBytes(opened: OpenIndex[], listed: readonly ListedIndex[], store: Store): Promise<void> {
  for (const [at, { held }] of opened.entries()) {
    const each = listed[at]
    if (held === 'saved' || each === undefined) continue
    const saved = await openSaved(each, store)
    if (saved !== undefined) opened[at] = saved
  }
}

interface OpenIndex {
  /** Where its text is. */
  readonly held: 'in memory' | 'saved'
  readonly index: PackagesIndex
  close(): Promise<void>
}

async function openSaved(listed: ListedIndex, store: Store, begun?: IndexAhead): Promise<OpenIndex | undefined> {
  const object = begun?.object ?? (await store.openObject(nameOfIndex(listed)))
  if (object === undefined) return undefined
  try {
    const index = openSavedIndex(object, listed, begun?.reading)
    if (index !== undefined) return { held: 'saved', index, close: () => object.close() }
  } catch (error) {
    await object.close()
    throw error
  }
  await object.close()
  return undefined
}

async function loadAndSave(listed: ListedIndex, store: Store, session: Session): Promise<OpenIndex> {
  let scan: PackagesScan | undefined
  let blocks: BlockDigests | undefined
  const verified = await listed.load(session, (bytes, arrivedBytes) => {
    scan ??= new PackagesScan(bytes)
    scan.arrived(arrivedBytes)
    blocks ??= new BlockDigests(bytes)
    blocks.arrived(arrivedBytes)
  })
  const index = indexPackages(verified, scan)
  await save(verified, saveIndex(verified, index.table, blocks), store, session)
  return { held: 'in memory', index, close: () => Promise.resolve() }
}

async function save(
  verified: VerifiedIndex,
  chunks: Iterable<Uint8Array>,
  store: Store,
  session: Session,
): Promise<void> {
  try {
    await store.putObject(nameOfIndex(verified), async sink => {
      for (const chunk of chunks) await sink.write(chunk)
    })
  } catch (error) {
    if (!isFault(error, 'STORE_UNUSABLE') && !isFault(error, 'DISK_FULL')) throw error
    session.journal.emit({
      kind: 'warned',
      stage: 'archive',
      message: `the index of ${verified.origin.archive}, ${verified.origin.fileName}, was not kept: ${error.message}`,
      hint: 'The next run will be slower.',
    })
  }
}
