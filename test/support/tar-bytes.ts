import {
  formatTarHeader,
  formatTarPadding,
  readTar,
  type TarContent,
  type TarEntry,
  writeTar,
} from '../../src/codec/index.ts'
import { collect, inChunks } from './chunks.ts'

export const endOfTar = Buffer.alloc(1024)

const defaults = {
  mode: 0o644,
  userId: 0,
  groupId: 0,
  userName: 'root',
  groupName: 'root',
  modifiedSeconds: 1_700_000_000,
  extendedAttributes: new Map<string, Uint8Array>(),
}

/** A regular file with dpkg-deb's defaults: owner root, mode 0644. */
export function tarFile(path: string, content: string | Uint8Array = '', changes: Partial<TarEntry> = {}): TarContent {
  const bytes = Buffer.from(content)
  return { entry: { ...defaults, ...changes, kind: 'file', path, sizeBytes: bytes.length } as TarEntry, content: bytes }
}

/** Anything but a regular file; a folder and a symlink get their usual modes. */
export function tarEntry(
  special: Partial<TarEntry> & { readonly kind: Exclude<TarEntry['kind'], 'file'>; readonly path: string },
): TarContent {
  const mode = special.kind === 'directory' ? 0o755 : special.kind === 'symlink' ? 0o777 : 0o644
  return { entry: { ...defaults, mode, ...special } as TarEntry, content: Buffer.alloc(0) }
}

/** A header with some bytes replaced and, unless the checksum itself is what is wrong, a checksum that fits. */
export function patchHeader(header: Uint8Array, patches: Readonly<Record<number, string>>): Uint8Array {
  const block = Buffer.from(header)
  for (const [offset, text] of Object.entries(patches)) block.write(text, Number(offset), 'latin1')
  if ('148' in patches) return block
  block.fill(0x20, 148, 156)
  let sum = 0
  for (const byte of block.subarray(0, 512)) sum += byte
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}

/** A member of any type flag, as hostile or foreign writers make them. */
export function rawMember(typeFlag: string, path: string, content: string | Uint8Array): Uint8Array {
  const { entry, content: bytes } = tarFile(path, content, { userName: '', groupName: '' })
  const header = patchHeader(formatTarHeader(entry), { 156: typeFlag })
  return Buffer.concat([header, bytes, formatTarPadding(bytes.length)])
}

/** GNU's member for a long path (`L`) or link target (`K`) of the next one; dpkg reads these, and no pax headers. */
export function gnuLongName(flag: 'L' | 'K', text: string): Uint8Array {
  return rawMember(flag, '././@LongLink', Buffer.from(`${text}\0`, 'latin1'))
}

/** An archive as dpkg-deb makes it: long names in GNU's way. Extended attributes are left out. */
export function writeGnuTar(members: readonly TarContent[]): Uint8Array {
  const parts = members.flatMap(({ entry, content }) => {
    const extensions: Uint8Array[] = []
    let short: TarEntry = { ...entry, extendedAttributes: new Map() }
    if ('target' in short && short.target.length > 100) {
      extensions.push(gnuLongName('K', short.target))
      short = { ...short, target: short.target.slice(0, 100) }
    }
    if (short.path.length > 100) {
      extensions.push(gnuLongName('L', short.path))
      short = { ...short, path: short.path.slice(0, 100).replace(/\/$/, '_') }
    }
    return [...extensions, writeTar([{ entry: short, content }]).subarray(0, -endOfTar.length)]
  })
  return Buffer.concat([...parts, endOfTar])
}

/** A header of ustar with some bytes replaced, of an empty file `./name`. */
export function nameHeader(patches: Readonly<Record<number, string>> = {}): Uint8Array {
  return patchHeader(formatTarHeader(tarFile('./name').entry), patches)
}

/** `LENGTH KEYWORD=VALUE`. @see pax(1), extended header format */
export function paxRecord(text: string): string {
  for (let length = text.length + 2; ; length++) {
    const record = `${length} ${text}\n`
    if (record.length === length) return record
  }
}

/** The pax header of the next member. */
export function paxHeader(...records: readonly string[]): Uint8Array {
  return rawMember('x', 'PaxHeaders/x', Buffer.from(records.map(paxRecord).join(''), 'latin1'))
}

/** Members with the zeros that end an archive. */
export function tarOf(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([...parts, endOfTar])
}

export const tarReading = { name: 'test.tar', paxHeaders: 'read' } as const

/** All members of an archive that comes in chunks. */
export async function readWholeTar(bytes: Uint8Array, chunkBytes?: number): Promise<TarContent[]> {
  const found: TarContent[] = []
  for await (const { entry, body } of readTar(inChunks(bytes, chunkBytes), tarReading))
    found.push({ entry, content: await collect(body) })
  return found
}
