import { asBuffer, byteStringOf, bytesOfByteString } from './byte-string.ts'
import { blockBytes, paddingBytes, type TarEntry, type TarEntryKind } from './tar-entry.ts'
import { tarChecksum } from './tar-header.ts'
import { formatOctal } from './tar-numbers.ts'
import { formatPaxRecords, xattrKeyword } from './tar-pax.ts'

/**
 * The blocks before a member's content. The same entry gives the same bytes everywhere; they are part of the product:
 *
 * - A POSIX ustar header: magic `ustar\0`, version `00`, numbers as octal digits with leading zeros and a NUL, checksum as six
 *   digits, NUL, blank; device numbers `0000000` for what is no device.
 * - A path of at most 100 bytes stands in the name field. A longer one is split at the first slash that leaves at most 100
 *   bytes for the name, if at most 155 go to the prefix field and neither part is empty.
 * - What does not fit goes to a pax header before it: `path`, `linkpath`, `uname`, `gname` (names of 32 bytes and more),
 *   `uid`, `gid` (from 2097152), `size` (from 8 GiB), `mtime` (negative or from 8^11; whole seconds), `SCHILY.xattr.NAME`
 *   for each extended attribute; `hdrcharset=BINARY` when a text in it is not UTF-8. Records are in byte order of their
 *   keywords. Fields replaced so hold zeros, or the first bytes of the text.
 * - The pax header's own header: name `PaxHeaders/` and the last 88 bytes of the path, mode 0644, owner 0, time 0, type `x`.
 *
 * @throws {RangeError} an empty path or target, NUL in one, a file's path that ends with a slash, a number that is negative or no integer
 */
export function formatTarHeader(entry: TarEntry): Uint8Array {
  checkEntry(entry)
  const records = new Map<string, Uint8Array>()
  const place = splitPath(entry.path)
  if (place === undefined) records.set('path', bytesOfByteString(entry.path))
  const target = 'target' in entry ? entry.target : ''
  if (target.length > 100) records.set('linkpath', bytesOfByteString(target))
  const text = (keyword: string, value: string): string => {
    if (value.length > 31) records.set(keyword, bytesOfByteString(value))
    return value.length > 31 ? '' : value
  }
  const number = (keyword: string, value: number, width: number): string => {
    const octal = formatOctal(value, width)
    if (octal === undefined) records.set(keyword, bytesOfByteString(String(value)))
    return octal ?? `${'0'.repeat(width - 1)}\0`
  }
  const header = ustarHeader({
    name: place?.name ?? entry.path.slice(0, 100),
    prefix: place?.prefix ?? '',
    typeFlag: typeFlags[entry.kind],
    linkName: target.slice(0, 100),
    mode: entry.mode,
    uid: number('uid', entry.userId, 8),
    gid: number('gid', entry.groupId, 8),
    size: number('size', entry.kind === 'file' ? entry.sizeBytes : 0, 12),
    mtime: number('mtime', entry.modifiedSeconds, 12),
    uname: text('uname', entry.userName),
    gname: text('gname', entry.groupName),
    major: 'major' in entry ? entry.major : 0,
    minor: 'minor' in entry ? entry.minor : 0,
  })
  for (const [name, value] of entry.extendedAttributes) records.set(`${xattrKeyword}${name}`, value)
  if (records.size === 0) return header
  const texts = ['path', 'linkpath', 'uname', 'gname'].flatMap(keyword => records.get(keyword) ?? [])
  if (texts.some(value => !isUtf8(value))) records.set('hdrcharset', bytesOfByteString('BINARY'))
  return Buffer.concat([paxHeader(entry.path, formatPaxRecords(records)), header])
}

/** Zeros after a content of this size, to the end of its last block. */
export function formatTarPadding(sizeBytes: number): Uint8Array {
  return new Uint8Array(paddingBytes(sizeBytes))
}

/** Two blocks of zeros; no further filling to a record of 10,240 bytes, which only tapes need. */
export function formatTarEnd(): Uint8Array {
  return new Uint8Array(2 * blockBytes)
}

export interface TarContent {
  readonly entry: TarEntry
  /** Empty for what is no file. */
  readonly content: Uint8Array
}

/**
 * A whole archive in memory, members in the given order.
 *
 * @throws {RangeError} as `formatTarHeader`, and when a content has not the size that its entry says
 */
export function writeTar(members: readonly TarContent[]): Uint8Array {
  const parts: Uint8Array[] = []
  for (const { entry, content } of members) {
    const sizeBytes = entry.kind === 'file' ? entry.sizeBytes : 0
    if (content.length !== sizeBytes)
      throw new RangeError(`${JSON.stringify(entry.path)} has ${content.length} bytes, its entry says ${sizeBytes}`)
    parts.push(formatTarHeader(entry), content, formatTarPadding(sizeBytes))
  }
  parts.push(formatTarEnd())
  return Buffer.concat(parts.map(asBuffer))
}

const typeFlags: Readonly<Record<TarEntryKind, string>> = {
  file: '0',
  'hard-link': '1',
  symlink: '2',
  'character-device': '3',
  'block-device': '4',
  directory: '5',
  fifo: '6',
}

interface UstarFields {
  readonly name: string
  readonly prefix: string
  readonly typeFlag: string
  readonly linkName: string
  readonly mode: number
  readonly uid: string
  readonly gid: string
  readonly size: string
  readonly mtime: string
  readonly uname: string
  readonly gname: string
  readonly major: number
  readonly minor: number
}

function ustarHeader(fields: UstarFields): Uint8Array {
  const block = Buffer.alloc(blockBytes)
  put(block, 0, fields.name)
  put(block, 100, octal('mode', fields.mode))
  put(block, 108, fields.uid)
  put(block, 116, fields.gid)
  put(block, 124, fields.size)
  put(block, 136, fields.mtime)
  put(block, 156, fields.typeFlag)
  put(block, 157, fields.linkName)
  put(block, 257, 'ustar\x0000')
  put(block, 265, fields.uname)
  put(block, 297, fields.gname)
  put(block, 329, octal('major number', fields.major))
  put(block, 337, octal('minor number', fields.minor))
  put(block, 345, fields.prefix)
  put(block, 148, `${tarChecksum(block).toString(8).padStart(6, '0')}\0 `)
  return block
}

/** A call of Node's for each of fifteen short texts takes longer than all else in a header. */
function put(block: Uint8Array, start: number, text: string): void {
  for (let at = 0; at < text.length; at++) block[start + at] = text.charCodeAt(at)
}

function paxHeader(path: string, records: Uint8Array): Buffer {
  const header = ustarHeader({
    name: `PaxHeaders/${path.slice(-88)}`,
    prefix: '',
    typeFlag: 'x',
    linkName: '',
    mode: 0o644,
    uid: octal('uid', 0),
    gid: octal('gid', 0),
    size: formatOctal(records.length, 12) ?? '',
    mtime: formatOctal(0, 12) ?? '',
    uname: '',
    gname: '',
    major: 0,
    minor: 0,
  })
  return Buffer.concat([header, records, formatTarPadding(records.length)])
}

function splitPath(path: string): { readonly name: string; readonly prefix: string } | undefined {
  if (path.length <= 100) return { name: path, prefix: '' }
  // A slash at the very end belongs to the name of a folder.
  const slash = path.indexOf('/', path.length - 101)
  if (slash < 1 || slash > 155 || slash >= path.length - 1) return undefined
  return { name: path.slice(slash + 1), prefix: path.slice(0, slash) }
}

function octal(label: string, value: number): string {
  const text = formatOctal(value, 8)
  if (text === undefined) throw new RangeError(`the ${label} ${value} does not fit into a tar header`)
  return text
}

function checkEntry(entry: TarEntry): void {
  const texts = 'target' in entry ? [entry.path, entry.target] : [entry.path]
  for (const text of texts)
    if (text === '' || text.includes('\0')) throw new RangeError(`${JSON.stringify(text)} is no path`)
  if (entry.kind === 'file' && entry.path.endsWith('/'))
    throw new RangeError(`${JSON.stringify(entry.path)} would read back as a folder`)
  const sizeBytes = entry.kind === 'file' ? entry.sizeBytes : 0
  for (const value of [entry.mode, entry.userId, entry.groupId, sizeBytes])
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} cannot stand in a tar header`)
  if (!Number.isSafeInteger(entry.modifiedSeconds))
    throw new RangeError(`${entry.modifiedSeconds} is no whole number of seconds`)
  if (entry.mode > 0o7777) throw new RangeError(`0o${entry.mode.toString(8)} has bits beyond the permissions`)
}

function isUtf8(bytes: Uint8Array): boolean {
  return byteStringOf(Buffer.from(asBuffer(bytes).toString('utf8'), 'utf8')) === byteStringOf(bytes)
}
