import { bytesOfByteString } from '../../codec/index.ts'
import { encodeUtf8 } from '../../kernel/index.ts'
import type { TreeEntry } from '../../tree/index.ts'
import { modeWithType } from '../inode-table.ts'
import { array, bigEndian32, bigEndian64, boxed, byteArray, string, tuple, type Variant } from './gvariant.ts'

/** What ostree stores: no device nodes and no FIFOs. */
export type StoredFile = Extract<TreeEntry, { readonly kind: 'file' | 'symlink' }>
export type StoredFolder = Extract<TreeEntry, { readonly kind: 'directory' }>

/** What the checksum of a file is taken of, before its content: `(uuuusa(ayay))` behind its length. */
export function fileHeader(entry: StoredFile): Uint8Array {
  return withLength(tuple(fileFields(entry)))
}

/** What stands before the compressed content in an archive repository: `(tuuuusa(ayay))`, with the size. */
export function archiveHeader(entry: StoredFile): Uint8Array {
  const sizeBytes = entry.kind === 'file' ? entry.content.sizeBytes : 0
  return withLength(tuple([bigEndian64(sizeBytes), ...fileFields(entry)]))
}

function fileFields(entry: StoredFile): readonly Variant[] {
  const target = entry.kind === 'symlink' ? entry.target : ''
  // Number of a device: none is stored.
  return [...ownerAndMode(entry), bigEndian32(0), string(bytesOfByteString(target)), attributesOf(entry)]
}

/** `(uuua(ayay))`: owner, mode and extended attributes of a folder. */
export function folderMetadata(entry: StoredFolder): Uint8Array {
  return tuple([...ownerAndMode(entry), attributesOf(entry)]).bytes
}

export interface FolderContents {
  /** In byte order of names, as `folders`; checksums are 32 bytes. */
  readonly files: readonly { readonly name: string; readonly checksum: Uint8Array }[]
  readonly folders: readonly { readonly name: string; readonly contents: Uint8Array; readonly metadata: Uint8Array }[]
}

/** `(a(say)a(sayay))` */
export function folderContents({ files, folders }: FolderContents): Uint8Array {
  const fileItems = files.map(({ name, checksum }) => tuple([string(bytesOfByteString(name)), byteArray(checksum)]))
  const folderItems = folders.map(({ name, contents, metadata }) =>
    tuple([string(bytesOfByteString(name)), byteArray(contents), byteArray(metadata)]),
  )
  const items = (elements: readonly Variant[], type: string) => array(elements, { type, alignment: 1 })
  return tuple([items(fileItems, '(say)'), items(folderItems, '(sayay)')]).bytes
}

export interface CommitFacts {
  readonly reference: string
  readonly subject: string
  readonly treeDigest: string
  readonly seconds: number
  readonly contents: Uint8Array
  readonly metadata: Uint8Array
}

/** `(a{sv}aya(say)sstayay)`: without a parent, since a commit is a function of its tree alone. */
export function commitObject(commit: CommitFacts): Uint8Array {
  const text = (value: string) => string(encodeUtf8(value))
  const entry = (name: string, value: Variant) => tuple([text(name), boxed(value)], '{}')
  const metadata = [
    entry('aptroot.tree-digest', text(commit.treeDigest)),
    entry('ostree.ref-binding', array([text(commit.reference)], { type: 's', alignment: 1 })),
  ]
  return tuple([
    array(metadata, { type: '{sv}', alignment: 8 }),
    byteArray(new Uint8Array()),
    array([], { type: '(say)', alignment: 1 }),
    text(commit.subject),
    text(''),
    bigEndian64(commit.seconds),
    byteArray(commit.contents),
    byteArray(commit.metadata),
  ]).bytes
}

function ownerAndMode(entry: StoredFile | StoredFolder): readonly Variant[] {
  return [entry.userId, entry.groupId, modeWithType(entry)].map(bigEndian32)
}

/** `a(ayay)`: names with their NUL, in byte order. */
function attributesOf({ extendedAttributes }: TreeEntry): Variant {
  const items = [...(extendedAttributes ?? [])]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => tuple([byteArray(string(bytesOfByteString(name)).bytes), byteArray(value)]))
  return array(items, { type: '(ayay)', alignment: 1 })
}

/** The length as four big-endian bytes, and four zeros that align what follows. */
function withLength({ bytes }: Variant): Uint8Array {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(bytes.length)
  return Buffer.concat([head, bytes])
}
