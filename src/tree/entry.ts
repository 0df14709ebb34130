/** Bytes of a regular file, by digest; where they lie is the business of a `ContentSource`. */
export interface FileContent {
  /** 64 lower-case hex digits. */
  readonly sha256: string
  readonly sizeBytes: number
}

interface EntryAttributes {
  /** Permission bits including setuid, setgid and sticky: 0 to 0o7777. */
  readonly mode: number
  readonly userId: number
  readonly groupId: number
  /** Whole seconds since 1970, UTC. */
  readonly modifiedSeconds: number
  /** Extended attributes by full name (`security.capability`), sorted by name. */
  readonly extendedAttributes?: ReadonlyMap<string, Uint8Array>
}

/**
 * One path of a root file system. Hard links are regular files that share an `inode` number: which of the names is
 * "the" file is decided by the emitter (the first in byte order), so the value does not depend on it.
 */
export type TreeEntry =
  | ({ readonly kind: 'directory' } & EntryAttributes)
  | ({ readonly kind: 'file'; readonly content: FileContent; readonly inode: number | undefined } & EntryAttributes)
  | ({ readonly kind: 'symlink'; readonly target: string } & EntryAttributes)
  | ({
      readonly kind: 'character-device' | 'block-device'
      readonly major: number
      readonly minor: number
    } & EntryAttributes)
  | ({ readonly kind: 'fifo' } & EntryAttributes)

export type EntryKind = TreeEntry['kind']

/** Gives the bytes of a file, wherever they lie (a pack in the store, memory, a build folder). */
export interface ContentSource {
  /** @throws {Fault} `STORE_CORRUPT` when the bytes do not have the digest */
  read(content: FileContent): AsyncIterable<Uint8Array>
  /**
   * Fills a target of the content's length, without waiting: most files of a root are small, and there are ten thousand.
   *
   * @returns `later` when only `read` can, or can say what is wrong
   */
  readNow?(content: FileContent, target: Uint8Array): 'read' | 'later'
}
