import { isFault, isSha256, nextTurn } from '../../kernel/index.ts'
import type { ObjectName, Store, StoredObject } from '../../store/index.ts'
import type { ListedIndex } from '../verified-index.ts'
import { HeadReading, savedIndexKey } from './saved-index.ts'

/** A saved index whose head is read, or nearly. Who takes it closes it. */
export interface IndexAhead {
  readonly object: StoredObject
  readonly reading: HeadReading
}

/** Heads of saved indexes that are read before anybody knows whether they are wanted. */
export interface ReadAhead {
  /** What was begun of these indexes, by their sha256. Nothing is read from now on but by who took it. */
  take(listed: readonly ListedIndex[]): ReadonlyMap<string, IndexAhead>
  /** For the next time: these indexes were opened. */
  note(listed: readonly ListedIndex[]): Promise<void>
  /** Lets go of what nobody took. */
  close(): Promise<void>
}

/** More indexes than any manifest has; a record that names more is not ours. */
const mostIndexes = 256

/**
 * Reads the heads of the indexes that were opened last for the same archives, while their Releases are asked for: a mirror takes longer to answer
 * than they take to read. It is a guess and no more. What comes of it is used for an index that a verified Release lists, and for no other.
 *
 * @param archives whatever names them
 */
export async function beginReadAhead(archives: string, store: Store): Promise<ReadAhead> {
  const name: ObjectName = { kind: 'opened-indexes', key: archives }
  const known = (await store.readRecord(name)) ?? new Uint8Array()
  const begun = new Map<string, IndexAhead>()
  let isOver = false
  for (const sha256 of digestsIn(known)) {
    const object = await store.openObject(nameOfIndex({ sha256 }))
    const reading = object === undefined ? undefined : HeadReading.of(object)
    if (object !== undefined && reading !== undefined) begun.set(sha256, { object, reading })
    else await object?.close()
  }
  const letGo = async () => {
    const left = [...begun.values()]
    begun.clear()
    await Promise.all(left.map(({ object }) => object.close()))
  }
  const readAll = async () => {
    for (const [sha256, { object, reading }] of begun) {
      try {
        while (!isOver && !reading.isDone) {
          await nextTurn()
          if (!isOver) reading.readPiece()
        }
      } catch {
        // Whoever opens it again says what is wrong with it.
        begun.delete(sha256)
        await object.close()
      }
    }
  }
  void readAll()
  return {
    take(listed) {
      isOver = true
      const wanted = new Set(listed.map(each => each.sha256))
      const taken = new Map([...begun].filter(([sha256]) => wanted.has(sha256)))
      for (const sha256 of taken.keys()) begun.delete(sha256)
      return taken
    },
    async note(listed) {
      const text = Buffer.from(JSON.stringify(listed.map(each => each.sha256)))
      if (text.equals(known)) return
      try {
        await store.putRecord(name, text)
      } catch (error) {
        if (!isFault(error, 'STORE_UNUSABLE') && !isFault(error, 'DISK_FULL')) throw error
      }
    },
    async close() {
      isOver = true
      await letGo()
    },
  }
}

/** The name under which an index is kept. */
export function nameOfIndex({ sha256 }: Pick<ListedIndex, 'sha256'>): ObjectName {
  return { kind: 'packages-index', key: savedIndexKey(sha256) }
}

function digestsIn(record: Uint8Array): readonly string[] {
  try {
    const digests: unknown = JSON.parse(Buffer.from(record).toString('latin1'))
    if (!Array.isArray(digests) || digests.length > mostIndexes) return []
    return [...new Set(digests.filter(each => typeof each === 'string' && isSha256(each)))]
  } catch {
    return []
  }
}
