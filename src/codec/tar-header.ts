import { asBuffer, displayByteString } from './byte-string.ts'
import { blockBytes, type TarEntry } from './tar-entry.ts'
import { parseTarNumber } from './tar-numbers.ts'
import type { PaxRecords } from './tar-pax.ts'
import { xattrKeyword } from './tar-pax.ts'

/** The 512 bytes before a member, as they stand: extensions are not applied yet. */
export interface RawTarHeader {
  readonly typeFlag: string
  readonly path: string
  readonly linkPath: string
  readonly mode: number
  readonly userId: number
  readonly groupId: number
  readonly sizeBytes: number
  readonly modifiedSeconds: number
  readonly userName: string
  readonly groupName: string
  readonly major: number
  readonly minor: number
}

/** Values that earlier members say about the next one. */
export interface TarOverrides {
  /** From GNU's `L` member. */
  readonly longPath: string | undefined
  /** From GNU's `K` member. */
  readonly longLinkPath: string | undefined
  /** From a pax header of the member, over those of the archive. */
  readonly pax: PaxRecords
}

/** Says what is wrong; the reader knows the archive and the place. */
export class TarProblem extends Error {}

/**
 * Dialects: v7 (no magic), POSIX ustar (the prefix field counts), GNU (`ustar  `, no prefix field).
 *
 * @throws {TarProblem} a wrong checksum, or a number that is neither octal nor base 256
 */
export function parseTarHeader(block: Uint8Array): RawTarHeader {
  const buffer = asBuffer(block)
  checkSum(buffer)
  const magic = buffer.toString('latin1', 257, 263)
  const name = text(buffer, 0, 100)
  const prefix = magic === 'ustar\0' ? text(buffer, 345, 500) : ''
  const known = magic.startsWith('ustar')
  return {
    typeFlag: String.fromCharCode(buffer[156] ?? 0),
    path: prefix === '' ? name : `${prefix}/${name}`,
    linkPath: text(buffer, 157, 257),
    // v7 archives and some writers put the type of the file into the upper bits.
    mode: inRange('mode', number(buffer, 'mode', 100, 108), 2 ** 32) % 0o10000,
    userId: number(buffer, 'uid', 108, 116),
    groupId: number(buffer, 'gid', 116, 124),
    sizeBytes: number(buffer, 'size', 124, 136),
    modifiedSeconds: number(buffer, 'mtime', 136, 148),
    userName: known ? text(buffer, 265, 297) : '',
    groupName: known ? text(buffer, 297, 329) : '',
    major: known ? number(buffer, 'devmajor', 329, 337) : 0,
    minor: known ? number(buffer, 'devminor', 337, 345) : 0,
  }
}

/** The sum of all bytes, the field itself counted as blanks. */
export function tarChecksum(block: Uint8Array): number {
  let sum = 8 * 0x20
  for (let at = 0; at < 148; at++) sum += block[at] ?? 0
  for (let at = 156; at < blockBytes; at++) sum += block[at] ?? 0
  return sum
}

/**
 * @throws {TarProblem} an unknown or unsupported type (sparse, multi-volume, Solaris), a size where the type has no
 *   content, a number out of range, an empty or NUL-ridden path, values given by both GNU and pax extensions
 */
export function entryOf(header: RawTarHeader, overrides: TarOverrides): TarEntry {
  const { pax } = overrides
  refuseSparse(pax)
  if (overrides.longPath !== undefined && pax.has('path')) throw new TarProblem('GNU and pax headers both give a path')
  if (overrides.longLinkPath !== undefined && pax.has('linkpath'))
    throw new TarProblem('GNU and pax headers both give a link target')
  const path = paxText(pax, 'path') ?? overrides.longPath ?? header.path
  if (path === '') throw new TarProblem('a member has no name')
  if (path.includes('\0')) throw new TarProblem(`the name ${displayByteString(path)} contains NUL`)

  const attributes = {
    path,
    mode: header.mode,
    userId: inRange('uid', paxNumber(pax, 'uid') ?? header.userId, 2 ** 32 - 2),
    groupId: inRange('gid', paxNumber(pax, 'gid') ?? header.groupId, 2 ** 32 - 2),
    userName: paxText(pax, 'uname') ?? header.userName,
    groupName: paxText(pax, 'gname') ?? header.groupName,
    modifiedSeconds: paxSeconds(pax) ?? header.modifiedSeconds,
    extendedAttributes: extendedAttributes(pax),
  }
  const sizeBytes = inRange('size', paxNumber(pax, 'size') ?? header.sizeBytes, Number.MAX_SAFE_INTEGER)
  const flag = header.typeFlag
  // v7 has no type for a folder but the slash at the end of its name.
  const isFile = flag === '0' || flag === '\0' || flag === '7'
  if (isFile && !path.endsWith('/')) return { kind: 'file', sizeBytes, ...attributes }
  if (isFile || '123456'.includes(flag)) {
    if (sizeBytes !== 0)
      throw new TarProblem(`${displayByteString(path)} is no file but claims ${sizeBytes} bytes of content`)
  }
  switch (isFile ? '5' : flag) {
    case '1':
      return { kind: 'hard-link', target: linkTarget(header, overrides, path), ...attributes }
    case '2':
      return { kind: 'symlink', target: linkTarget(header, overrides, path), ...attributes }
    case '3':
      return { kind: 'character-device', ...deviceNumbers(header), ...attributes }
    case '4':
      return { kind: 'block-device', ...deviceNumbers(header), ...attributes }
    case '5':
      return { kind: 'directory', ...attributes }
    case '6':
      return { kind: 'fifo', ...attributes }
    case 'S':
      throw new TarProblem(`${displayByteString(path)} is a sparse file (GNU), which is not supported`)
    default:
      throw new TarProblem(`${displayByteString(path)} has the unknown type ${displayByteString(flag)}`)
  }
}

function refuseSparse(pax: PaxRecords): void {
  for (const keyword of pax.keys()) {
    if (keyword.startsWith('GNU.sparse.') || keyword === 'SCHILY.realsize')
      throw new TarProblem(`a sparse file (pax ${displayByteString(keyword)}), which is not supported`)
  }
}

function linkTarget(header: RawTarHeader, overrides: TarOverrides, path: string): string {
  const target = paxText(overrides.pax, 'linkpath') ?? overrides.longLinkPath ?? header.linkPath
  if (target === '' || target.includes('\0'))
    throw new TarProblem(`the link ${displayByteString(path)} has the target ${displayByteString(target)}`)
  return target
}

/** Linux: 12 bits for the major number, 20 for the minor. */
function deviceNumbers({ major, minor }: RawTarHeader): { readonly major: number; readonly minor: number } {
  return { major: inRange('devmajor', major, 0xfff), minor: inRange('devminor', minor, 0xfffff) }
}

function extendedAttributes(pax: PaxRecords): ReadonlyMap<string, Uint8Array> {
  const names = [...pax.keys()].filter(keyword => keyword.startsWith(xattrKeyword)).sort()
  const found = new Map<string, Uint8Array>()
  for (const keyword of names) {
    const value = pax.get(keyword)
    if (value !== undefined) found.set(keyword.slice(xattrKeyword.length), value)
  }
  return found
}

/** An empty value means that the header's own field counts (POSIX). */
function paxText(pax: PaxRecords, keyword: string): string | undefined {
  const value = pax.get(keyword)
  return value === undefined || value.length === 0 ? undefined : asBuffer(value).toString('latin1')
}

function paxNumber(pax: PaxRecords, keyword: string): number | undefined {
  const value = paxText(pax, keyword)
  if (value === undefined) return undefined
  if (!/^[0-9]{1,16}$/.test(value)) throw new TarProblem(`the pax ${keyword} is ${displayByteString(value)}`)
  return Number(value)
}

function paxSeconds(pax: PaxRecords): number | undefined {
  const value = paxText(pax, 'mtime')
  if (value === undefined) return undefined
  if (!/^-?[0-9]{1,15}(\.[0-9]*)?$/.test(value)) throw new TarProblem(`the pax mtime is ${displayByteString(value)}`)
  // Number() rounds a long fraction, and .9999999999999999 would become the next second.
  const [whole = '0', fraction = ''] = value.split('.')
  const seconds = Math.trunc(Number(whole))
  return value.startsWith('-') && /[1-9]/.test(fraction) ? seconds - 1 : seconds + 0
}

function inRange(label: string, value: number, maximum: number): number {
  if (value < 0 || value > maximum) throw new TarProblem(`the ${label} is ${value}`)
  return value
}

function number(buffer: Buffer, label: string, start: number, end: number): number {
  const value = parseTarNumber(buffer.subarray(start, end))
  if (value === undefined)
    throw new TarProblem(`the ${label} field is ${displayByteString(buffer.toString('latin1', start, end))}`)
  return value
}

function text(buffer: Buffer, start: number, end: number): string {
  const zero = buffer.indexOf(0, start)
  return buffer.toString('latin1', start, zero === -1 || zero > end ? end : zero)
}

function checkSum(buffer: Buffer): void {
  const stored = number(buffer, 'checksum', 148, 156)
  const computed = tarChecksum(buffer)
  if (stored !== computed) throw new TarProblem(`a header has the checksum ${computed}, but says ${stored}`)
}
