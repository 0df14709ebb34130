import type { MultiArch } from '../debian/index.ts'
import type { FileContent, TreeEntry } from '../tree/index.ts'

/** One member of control.tar but `control` itself, as dpkg copies it to `/var/lib/dpkg/info`. */
export interface ControlFile {
  /** `postinst`, `conffiles`, `md5sums`, `triggers`, `templates`, … without a leading `./`. */
  readonly name: string
  readonly bytes: Uint8Array
  readonly mode: number
  readonly modifiedSeconds: number
}

type PlainEntry = Exclude<TreeEntry, { readonly kind: 'file' }>

/** One member of data.tar, in the order of the archive. */
export type UnpackedEntry =
  | { readonly path: string; readonly entry: PlainEntry }
  | { readonly path: string; readonly entry: Omit<Extract<TreeEntry, { readonly kind: 'file' }>, 'inode'> }
  /** A hard link to an earlier regular file of the same deb. */
  | { readonly path: string; readonly entry: { readonly kind: 'hard-link'; readonly target: string } }

/**
 * A deb taken apart: what dpkg's rules work on. Paths are byte strings relative to the root without `./`, a leading or a
 * trailing slash; the root itself is ''. They were checked: no `..`, no empty component, no NUL.
 */
export interface UnpackedDeb {
  readonly name: string
  readonly version: string
  readonly architecture: string
  readonly multiArch: MultiArch
  readonly essential: boolean
  /** The control file as it stands in the deb; the status stanza is made from it. */
  readonly control: Uint8Array
  /** In the order of control.tar. */
  readonly controlFiles: readonly ControlFile[]
  readonly entries: readonly UnpackedEntry[]
  /** MD5 by content sha256 of every regular file: dpkg writes md5sums itself where the deb has none, and of conffiles always. */
  readonly md5BySha256: ReadonlyMap<FileContent['sha256'], string>
}
