import type { TreeEntry } from '../tree/index.ts'
import type { UnpackedDeb } from './model.ts'

/** Whether `/bin`, `/sbin` and the `/lib*` folders are links into `/usr` before the first deb is unpacked. */
export type MergedUsr =
  | {
      readonly kind: 'merged'
      /** Names directly below the root, `mergedUsrDirectories(architecture)`; each becomes a link to `usr/NAME`. */
      readonly directories: readonly string[]
    }
  | { readonly kind: 'unmerged' }

export interface MergeRequest {
  /** In any order: the result depends on the set alone. */
  readonly debs: readonly UnpackedDeb[]
  readonly mergedUsr: MergedUsr
  readonly nativeArchitecture: string
  readonly foreignArchitectures: readonly string[]
  /** dpkg's path-exclude patterns: absolute, with `*`, `?` and `[…]`. */
  readonly excludePaths: readonly string[]
  /**
   * `none`: nothing runs; conffiles are in place, and what has nothing to run is `installed`. `scripts`: all is as `dpkg --unpack`
   * leaves it, for `dpkg --configure` to go on.
   */
  readonly configure: 'none' | 'scripts'
  /** The mtime of what no deb brings: links and folders of merged /usr, files of the database. Whole seconds since 1970. */
  readonly modifiedSeconds: number
}

export interface MergeWarning {
  /** One line. */
  readonly message: string
  readonly hint?: string
}

export interface MergedRoot {
  /** By path (byte string); the root is ''. Every parent of every path is there and is a directory. In byte order of paths. */
  readonly entries: ReadonlyMap<string, TreeEntry>
  /** Bytes of the files that no deb brings (the database), by sha256. */
  readonly generated: ReadonlyMap<string, Uint8Array>
  readonly warnings: readonly MergeWarning[]
}
