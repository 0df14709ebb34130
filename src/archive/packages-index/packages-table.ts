import { isPackageName } from '../../debian/index.ts'
import { NumberList, StanzaScanner, viewStanza } from '../../debian-control-parser/index.ts'
import { type Fault, quoted } from '../../kernel/index.ts'
import type { IndexOrigin } from '../verified-index.ts'
import { colon, comma } from './ascii.ts'
import { ByteList } from './byte-list.ts'
import { indexFault } from './index-fault.ts'
import { sortNames } from './name-order.ts'
import { type NameTable, nameCount } from './name-table.ts'
import { type Postings, PostingsBuilder } from './postings.ts'
import { column, type StanzaFields, StanzaFieldsBuilder, scannedFields } from './stanza-fields.ts'
import { TextNumbers } from './text-numbers.ts'

/**
 * What one scan learns of a Packages file: a pure function of its bytes, in flat arrays that can be saved as they are.
 * Rows are stanzas, counted from 0 in the order of the file.
 */
export interface PackagesTable {
  readonly stanzaStarts: Uint32Array
  readonly stanzaEnds: Uint32Array
  /** Row → index in `architectures`. */
  readonly architectureOfRow: Uint16Array
  /** The values of Architecture that occur; empty for a stanza without one. */
  readonly architectures: NameTable
  /** Row → Version as it stands there, empty without one. Not sorted: for `nameAt` only. */
  readonly versions: NameTable
  /** By Package. */
  readonly packages: Postings
  /** By the names in Provides, as they stand there; a malformed Provides faults when the package is looked at. */
  readonly providers: Postings
  /** By Priority. */
  readonly priorities: Postings
  /** Rows with `Essential: yes`. */
  readonly essential: Uint32Array
  /** Row → its place among the names of `packages`. */
  readonly nameOfRow: Uint32Array
  readonly fields: StanzaFields
}

/**
 * Scans bytes that may still be arriving and takes the stanzas apart, one after the other. 50 MB (bookworm main, 63,440 stanzas) take
 * 0.6 s of processor time; a resolution of gnome from what is saved then takes 0.1 s less than from whole stanzas.
 *
 * Only what would make every answer wrong is judged here: a stanza without a package name. Everything else that is
 * malformed faults when the package is looked at.
 */
export class PackagesScan {
  readonly bytes: Uint8Array
  readonly #found: StanzaScanner
  readonly #starts: NumberList
  readonly #ends: NumberList
  readonly #architectureOfRow: NumberList
  readonly #architectures = new TextNumbers(0)
  readonly #versions: ByteList
  readonly #versionOffsets: NumberList
  readonly #packages: PostingsBuilder
  readonly #providers: PostingsBuilder
  readonly #priorities: PostingsBuilder
  readonly #essential: number[] = []
  readonly #fields: StanzaFieldsBuilder
  /** The first row without a package name that is one. */
  #nameless: number | undefined

  /** @param bytes of the whole file, whether they are there yet or not */
  constructor(bytes: Uint8Array) {
    const rows = Math.ceil(bytes.length / smallStanzaBytes)
    this.bytes = bytes
    this.#found = new StanzaScanner(bytes, scannedFields)
    this.#starts = new NumberList(rows)
    this.#ends = new NumberList(rows)
    this.#architectureOfRow = new NumberList(rows)
    this.#versions = new ByteList(rows * 12)
    this.#versionOffsets = new NumberList(rows)
    this.#packages = new PostingsBuilder(rows)
    this.#providers = new PostingsBuilder(rows)
    this.#priorities = new PostingsBuilder(rows)
    this.#fields = new StanzaFieldsBuilder(this.#found, bytes)
    this.#versionOffsets.push(0)
  }

  /** Takes apart what is whole among the bytes that have arrived; their number never becomes less. */
  arrived(sizeBytes: number): void {
    this.#found.arrived(sizeBytes)
    while (this.#found.next('more')) this.#addRow()
  }

  /**
   * When all bytes have arrived.
   *
   * @throws {Fault} `INDEX_MALFORMED`
   */
  finish(origin: IndexOrigin): PackagesTable {
    const { length } = this.bytes
    if (length >= 2 ** 32) throw indexFault(origin, 1, `the file has ${length} bytes; 4 GiB are the limit`)
    this.#found.arrived(length)
    while (this.#found.next('the end')) this.#addRow()
    const starts = this.#starts.toArray()
    const ends = this.#ends.toArray()
    if (this.#nameless !== undefined)
      throw nameFault(this.bytes, starts[this.#nameless] as number, ends[this.#nameless] as number, origin)
    const { architectures, places } = this.#sortedArchitectures(origin)
    const packages = this.#packages.finish()
    return {
      stanzaStarts: starts,
      stanzaEnds: ends,
      architectureOfRow: Uint16Array.from(this.#architectureOfRow.toArray(), id => places[id] as number),
      architectures,
      versions: { bytes: this.#versions.toArray(), offsets: this.#versionOffsets.toArray() },
      packages,
      providers: this.#providers.finish(),
      priorities: this.#priorities.finish(),
      essential: Uint32Array.from(this.#essential),
      nameOfRow: namesByRow(packages, starts.length),
      fields: this.#fields.finish(),
    }
  }

  #addRow(): void {
    const { bytes } = this
    const row = this.#starts.length
    this.#starts.push(this.#found.start)
    this.#ends.push(this.#found.end)
    const nameStart = this.#startOf(columns.name)
    const nameEnd = this.#endOf(columns.name)
    if (!isPackageNameAt(bytes, nameStart, nameEnd)) this.#nameless ??= row
    this.#packages.add(bytes, nameStart, nameEnd, row)
    const architecture = columns.architecture
    this.#architectureOfRow.push(
      this.#architectures.numberOf(bytes, this.#startOf(architecture), this.#endOf(architecture)),
    )
    this.#versions.append(bytes, this.#startOf(columns.version), this.#endOf(columns.version))
    this.#versionOffsets.push(this.#versions.length)
    const priorityStart = this.#startOf(columns.priority)
    const priorityEnd = this.#endOf(columns.priority)
    if (priorityEnd > priorityStart) this.#priorities.add(bytes, priorityStart, priorityEnd, row)
    if (this.#endOf(columns.essential) !== 0 && this.#textOf(columns.essential).toLowerCase() === 'yes')
      this.#essential.push(row)
    if (this.#endOf(columns.provides) !== 0) this.#addProvidedNames(row)
    this.#fields.addRow()
  }

  /** The names at the beginning of each comma-separated item: up to a blank, bracket, colon or comma. */
  #addProvidedNames(row: number): void {
    const { bytes } = this
    const end = this.#endOf(columns.provides)
    for (let at = this.#startOf(columns.provides); at < end; at++) {
      while (at < end && isWhiteSpace(bytes[at] as number)) at++
      const nameStart = at
      while (at < end && !endsName(bytes[at] as number)) at++
      if (at > nameStart) this.#providers.add(bytes, nameStart, at, row)
      while (at < end && bytes[at] !== comma) at++
    }
  }

  #startOf(column: number): number {
    return this.#found.valueStarts[column] as number
  }

  /** 0 where the stanza lacks the field. */
  #endOf(column: number): number {
    return this.#found.valueEnds[column] as number
  }

  #textOf(column: number): string {
    return Buffer.from(this.bytes.subarray(this.#startOf(column), this.#endOf(column))).toString('latin1')
  }

  #sortedArchitectures(origin: IndexOrigin): { architectures: NameTable; places: Uint16Array } {
    const { count } = this.#architectures
    if (count > 2 ** 16) throw indexFault(origin, 1, 'the file names more than 65,536 architectures')
    const { names, order } = sortNames(this.#architectures.toTable())
    const places = new Uint16Array(count)
    for (const [place, id] of order.entries()) places[id] = place
    return { architectures: names, places }
  }
}

/** For the room of lists only. Bookworm's have 790 on average; what grows leaves as much behind for the collector. */
const smallStanzaBytes = 600

const columns = {
  name: column('Package'),
  version: column('Version'),
  architecture: column('Architecture'),
  priority: column('Priority'),
  essential: column('Essential'),
  provides: column('Provides'),
}

/** By offsets, without a view for each of 63,440 names: 1 ms instead of 10. */
function namesByRow({ names, offsets, rows }: Postings, rowCount: number): Uint32Array {
  const nameOfRow = new Uint32Array(rowCount)
  for (let name = 0, at = 0; name < nameCount(names); name++) {
    const end = offsets[name + 1] ?? at
    for (; at < end; at++) nameOfRow[rows[at] ?? 0] = name
  }
  return nameOfRow
}

/** By byte: 2 where a package's name may begin with it, 1 where it may go on with it. */
const nameBytes = Uint8Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte)
  return isPackageName(character) ? 2 : isPackageName(`a${character}`) ? 1 : 0
})

/** `isPackageName` of a range, without a string for each of 63,440. */
function isPackageNameAt(bytes: Uint8Array, start: number, end: number): boolean {
  if (nameBytes[bytes[start] as number] !== 2) return false
  for (let at = start; at < end; at++) if (nameBytes[bytes[at] as number] === 0) return false
  return start < end
}

function isWhiteSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d
}

function endsName(byte: number): boolean {
  return isWhiteSpace(byte) || byte === 0x28 || byte === colon || byte === comma
}

function nameFault(bytes: Uint8Array, start: number, end: number, origin: IndexOrigin): Fault {
  try {
    const stanza = viewStanza(bytes, { start, end })
    const name = stanza.field('Package')
    if (name === undefined) return indexFault(origin, stanza.line, 'the stanza has no Package')
    return indexFault(origin, stanza.lineOf('Package') ?? stanza.line, `${quoted(name)} is not a package name`)
  } catch (error) {
    return indexFault(origin, 1, 'the stanza is malformed', error)
  }
}
