interface TarAttributes {
  /** A byte string as stored: `./usr/bin/bash`, a directory often with a slash at its end. Never empty, never with NUL. */
  readonly path: string
  /** Permission bits including setuid, setgid and sticky: 0 to 0o7777. */
  readonly mode: number
  readonly userId: number
  readonly groupId: number
  /** Byte strings; empty when only the numbers are known. */
  readonly userName: string
  readonly groupName: string
  /** Whole seconds since 1970, UTC; a fraction is cut off towards the past; negative before 1970. */
  readonly modifiedSeconds: number
  /** By full name (`security.capability`), sorted by name; empty for most. */
  readonly extendedAttributes: ReadonlyMap<string, Uint8Array>
}

/** One member of a tar archive, whatever dialect stored it. Link targets are byte strings as stored. */
export type TarEntry =
  | ({ readonly kind: 'file'; readonly sizeBytes: number } & TarAttributes)
  | ({ readonly kind: 'hard-link'; readonly target: string } & TarAttributes)
  | ({ readonly kind: 'symlink'; readonly target: string } & TarAttributes)
  | ({ readonly kind: 'directory' } & TarAttributes)
  | ({ readonly kind: 'fifo' } & TarAttributes)
  | ({
      readonly kind: 'character-device' | 'block-device'
      readonly major: number
      readonly minor: number
    } & TarAttributes)

export type TarEntryKind = TarEntry['kind']

export const blockBytes = 512

/** Zero bytes that fill the last block of a content of this size. */
export function paddingBytes(sizeBytes: number): number {
  return (blockBytes - (sizeBytes % blockBytes)) % blockBytes
}
