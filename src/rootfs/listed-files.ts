import {
  type FileStamp,
  type FileThread,
  type ListedFile,
  largestListedBytes,
  type OpenPlace,
  shareFileList,
  stampOf,
} from '../store/index.ts'
import type { ContentSource, FileContent, TreeEntry } from '../tree/index.ts'

/** Contents that another thread may be able to read by itself. */
export interface PlacedContents extends ContentSource {
  placeNow?(content: FileContent): OpenPlace | undefined
}

type FileEntry = Extract<TreeEntry, { kind: 'file' }>

interface WaitingFile {
  readonly place: string
  readonly entry: FileEntry
}

/** The files of a root that can be written in any order, by two threads at once: nothing stands between them. */
export class ListedFiles {
  readonly #thread: FileThread | undefined
  readonly #listed: ListedFile[] = []
  readonly #files = new Map<string, WaitingFile>()

  constructor(thread: FileThread | undefined) {
    this.#thread = thread
  }

  /** Whether a file waits there: whatever comes to the same place comes after it. */
  has(place: string): boolean {
    return this.#files.has(place)
  }

  /** @param host how this process opens the place. @returns `alone` when it has to be written by itself */
  add(file: WaitingFile, host: Buffer, contents: PlacedContents): 'listed' | 'alone' {
    const { content, inode, userId, groupId, mode, modifiedSeconds } = file.entry
    if (this.#thread?.isReady !== true || inode !== undefined || content.sizeBytes > largestListedBytes) return 'alone'
    const at = contents.placeNow?.(content)
    if (at === undefined) return 'alone'
    const attributes = { userId, groupId, mode, modifiedSeconds }
    this.#files.set(file.place, file)
    this.#listed.push({ ...at, ...content, ...attributes, path: host.toString('latin1') })
    return 'listed'
  }

  /**
   * Writes them.
   *
   * @param meanwhile is done by this thread before it helps
   * @returns each with its stamp; undefined for what is still to be written, whatever lies there
   */
  async write(
    meanwhile: () => Promise<void>,
    signal: AbortSignal,
  ): Promise<readonly (WaitingFile & { readonly stamp: FileStamp | undefined })[]> {
    if (this.#thread === undefined || this.#listed.length === 0) {
      await meanwhile()
      return []
    }
    const list = shareFileList(this.#listed)
    const files = [...this.#files.values()]
    this.#listed.length = 0
    this.#files.clear()
    await this.#thread.write(list, meanwhile, signal)
    signal.throwIfAborted()
    return files.map((file, at) => ({ ...file, stamp: stampOf(list, at) }))
  }
}

/** Whether something is where a new file or link was to be. */
export async function isRefusedBecausePresent(write: () => Promise<void>): Promise<boolean> {
  try {
    await write()
    return false
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return true
    throw error
  }
}
