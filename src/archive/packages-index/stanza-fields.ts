import { NumberList, type StanzaScanner } from '../../debian-control-parser/index.ts'
import { colon, comma, hexText, isBlankByte, slash } from './ascii.ts'
import { ByteList } from './byte-list.ts'
import type { NameTable } from './name-table.ts'
import { notPlain, TextNumbers } from './text-numbers.ts'

/** Fields of one value. */
export const singleFields = [
  'Multi-Arch',
  'Essential',
  'Important',
  'Protected',
  'Priority',
  'Section',
  'Source',
  'Size',
  'Installed-Size',
  'Phased-Update-Percentage',
  'Filename',
] as const
/** Fields of items between commas. */
export const listFields = [
  'Pre-Depends',
  'Depends',
  'Recommends',
  'Conflicts',
  'Breaks',
  'Replaces',
  'Provides',
] as const

export type SingleField = (typeof singleFields)[number]
export type ListField = (typeof listFields)[number]

/** A field's place is its code in `StanzaFields.entries`. `folder` stands for a Filename that is FOLDER/NAME_VERSION_ARCHITECTURE.deb. */
const entryFields = [...singleFields, ...listFields, 'folder'] as const
export type EntryField = (typeof entryFields)[number]
const folderCode = entryFields.indexOf('folder')

const codeShift = 27
const textMask = 2 ** codeShift - 1
const digestBytes = 32

/**
 * What the stanzas say beside name, version and architecture, taken apart by the scan, in flat arrays that can be saved as they are. A stanza
 * that is not plain in every respect has no entries: it is read where it is looked at, and judged there.
 */
export interface StanzaFields {
  /** Row → its first entry; one more than there are rows. */
  readonly offsets: Uint32Array
  /** Code of the field in the upper 5 bits, number of the text in the others; the items of a list in their order. */
  readonly entries: Uint32Array
  /** Not sorted: for `nameAt` only. */
  readonly texts: NameTable
  /** Row → 32 bytes of its SHA256. */
  readonly digests: Uint8Array
}

/** What a scan has to find for the builder; `column` gives the places. */
export const scannedFields = ['Package', 'Version', 'Architecture', 'SHA256', ...singleFields, ...listFields] as const

export function column(field: (typeof scannedFields)[number]): number {
  return scannedFields.indexOf(field)
}

const packageColumn = column('Package')
const versionColumn = column('Version')
const architectureColumn = column('Architecture')
const sha256Column = column('SHA256')
const filenameCode = singleFields.indexOf('Filename')
const firstCodeColumn = column(singleFields[0])

/** Gathers the fields of the rows in ascending order. */
export class StanzaFieldsBuilder {
  readonly #bytes: Uint8Array
  readonly #found: StanzaScanner
  readonly #texts: TextNumbers
  readonly #offsets: NumberList
  readonly #entries: NumberList
  readonly #digests: ByteList

  /** @param found looks for `scannedFields` in the bytes */
  constructor(found: StanzaScanner, bytes: Uint8Array) {
    // Bookworm's main, 50 MB: 63,440 rows, 760,000 entries, 213,000 texts of 4.9 MB.
    const { length } = bytes
    this.#bytes = bytes
    this.#found = found
    this.#texts = new TextNumbers(Math.ceil(length / 200))
    this.#offsets = new NumberList(Math.ceil(length / 600))
    this.#entries = new NumberList(Math.ceil(length / 50))
    this.#digests = new ByteList(Math.ceil(length / 20))
    this.#offsets.push(0)
  }

  /** Of the stanza that was found last. */
  addRow(): void {
    const first = this.#entries.length
    this.#digests.extend(digestBytes)
    if (!this.#found.isPlain || !this.#addDigest() || !this.#addSingleFields() || !this.#addListFields())
      this.#entries.length = first
    this.#offsets.push(this.#entries.length)
  }

  finish(): StanzaFields {
    return {
      offsets: this.#offsets.toArray(),
      entries: this.#entries.toArray(),
      texts: this.#texts.toTable(),
      digests: this.#digests.toArray(),
    }
  }

  #startOf(column: number): number {
    return this.#found.valueStarts[column] as number
  }

  /** 0 where the stanza lacks the field. */
  #endOf(column: number): number {
    return this.#found.valueEnds[column] as number
  }

  #addDigest(): boolean {
    const bytes = this.#bytes
    const start = this.#startOf(sha256Column)
    if (this.#endOf(sha256Column) - start !== digestBytes * 2) return false
    const digests = this.#digests.bytes
    const first = this.#digests.length - digestBytes
    for (let at = 0; at < digestBytes; at++) {
      const high = hexDigits[bytes[start + 2 * at] as number] as number
      const low = hexDigits[bytes[start + 2 * at + 1] as number] as number
      if ((high | low) > 15) return false
      digests[first + at] = high * 16 + low
    }
    return true
  }

  #addSingleFields(): boolean {
    for (let code = 0; code < singleFields.length; code++) {
      const end = this.#endOf(firstCodeColumn + code)
      if (end === 0) continue
      const start = this.#startOf(firstCodeColumn + code)
      const folderEnd = code === filenameCode ? this.#usualFolderEnd(start, end) : -1
      const isAdded = folderEnd === -1 ? this.#add(code, start, end) : this.#add(folderCode, start, folderEnd)
      if (!isAdded) return false
    }
    return true
  }

  #addListFields(): boolean {
    for (let code = singleFields.length; code < folderCode; code++) {
      const end = this.#endOf(firstCodeColumn + code)
      if (end !== 0 && !this.#addItems(code, this.#startOf(firstCodeColumn + code), end)) return false
    }
    return true
  }

  #addItems(code: number, start: number, end: number): boolean {
    const bytes = this.#bytes
    for (let at = start; at < end; ) {
      let itemEnd = at
      while (itemEnd < end && bytes[itemEnd] !== comma) itemEnd++
      const next = itemEnd + 1
      while (at < itemEnd && isBlankByte(bytes[at])) at++
      while (itemEnd > at && isBlankByte(bytes[itemEnd - 1])) itemEnd--
      if (!this.#add(code, at, itemEnd)) return false
      at = next
    }
    return true
  }

  /** Nothing between two commas, and an empty value, are for whoever reads the stanza to judge. */
  #add(code: number, start: number, end: number): boolean {
    if (start >= end) return false
    const text = this.#texts.numberOfPlain(this.#bytes, start, end)
    if (text === notPlain || text > textMask) return false
    this.#entries.push(((code << codeShift) | text) >>> 0)
    return true
  }

  /** The end of the folder when the file is called `NAME_VERSION_ARCHITECTURE.deb`, the version without its epoch; else -1. */
  #usualFolderEnd(start: number, end: number): number {
    const bytes = this.#bytes
    const versionEnd = this.#endOf(versionColumn)
    let versionStart = this.#startOf(versionColumn)
    for (let at = versionStart; at < versionEnd; at++)
      if (bytes[at] === colon) {
        versionStart = at + 1
        break
      }
    let at = end - suffix.length
    for (let each = 0; each < suffix.length; each++) if (bytes[at + each] !== suffix[each]) return -1
    at = this.#endsWith(start, at, this.#startOf(architectureColumn), this.#endOf(architectureColumn))
    at = this.#endsWith(start, at - 1, versionStart, versionEnd, underscore)
    at = this.#endsWith(start, at - 1, this.#startOf(packageColumn), this.#endOf(packageColumn), underscore)
    return at > start + 1 && bytes[at - 1] === slash ? at - 1 : -1
  }

  /**
   * @param separator has to stand at `end`, where one is given
   * @returns where the given text begins if it ends at `end`, else -1
   */
  #endsWith(start: number, end: number, textStart: number, textEnd: number, separator?: number): number {
    const from = end - (textEnd - textStart)
    if (from < start || (separator !== undefined && this.#bytes[end] !== separator)) return -1
    for (let at = 0; at < textEnd - textStart; at++)
      if (this.#bytes[from + at] !== this.#bytes[textStart + at]) return -1
    return from
  }
}

const underscore = 0x5f
const suffix = Uint8Array.from('.deb', each => each.charCodeAt(0))

/** By byte; beyond 15: no hexadecimal digit. */
const hexDigits = Uint8Array.from({ length: 256 }, (_, byte) => {
  const digit = '0123456789abcdef'.indexOf(String.fromCharCode(byte).toLowerCase())
  return digit === -1 ? 16 : digit
})

/** Whether the scan took this row apart. */
export function hasEntries({ offsets }: StanzaFields, row: number): boolean {
  return (offsets[row] ?? 0) < (offsets[row + 1] ?? 0)
}

/** The number of a field's text; undefined when the row lacks the field. */
export function textNumber({ offsets, entries }: StanzaFields, row: number, field: EntryField): number | undefined {
  const code = codeOf(field)
  const end = offsets[row + 1] ?? 0
  for (let at = offsets[row] ?? 0; at < end; at++) {
    const entry = entries[at] ?? 0
    if (entry >>> codeShift === code) return entry & textMask
  }
  return undefined
}

const noNumbers: readonly number[] = []

/** The numbers of a list's items, in their order. */
export function itemNumbers({ offsets, entries }: StanzaFields, row: number, field: ListField): readonly number[] {
  const code = codeOf(field)
  const end = offsets[row + 1] ?? 0
  let numbers: number[] | undefined
  for (let at = offsets[row] ?? 0; at < end; at++) {
    const entry = entries[at] ?? 0
    if (entry >>> codeShift !== code) continue
    if (numbers === undefined) numbers = [entry & textMask]
    else numbers.push(entry & textMask)
  }
  return numbers ?? noNumbers
}

const codes = new Map<EntryField, number>(entryFields.map((field, code) => [field, code]))

function codeOf(field: EntryField): number {
  return codes.get(field) ?? 0
}

export function digestAt({ digests }: StanzaFields, row: number): string {
  const start = row * digestBytes
  return hexText(digests, start, start + digestBytes)
}

/** The Filename whose folder an entry gives. */
export function usualFileName(folder: string, deb: { name: string; version: string; architecture: string }): string {
  const version = deb.version.slice(deb.version.indexOf(':') + 1)
  return `${folder}/${deb.name}_${version}_${deb.architecture}.deb`
}
