import {
  type OrGroup,
  type ProvidedName,
  parseOrGroups,
  parseProvides,
  parseRelations,
  type Relation,
  versionProblem,
} from '../../debian/index.ts'
import { compareBytes, isFault } from '../../kernel/index.ts'
import type { DecodedTexts } from './decoded-texts.ts'
import { fieldFault, type IndexedStanza, readIndexedStanza, type StanzaPlaceInIndex } from './indexed-stanza.ts'
import { nameAt } from './name-table.ts'
import type { PackagesIndex } from './packages-index.ts'
import { digestAt, hasEntries, type ListField, type SingleField, usualFileName } from './stanza-fields.ts'

/** Where a row stands, and what the universe knows about it. */
export interface RowPlace extends StanzaPlaceInIndex {
  readonly name: string
  readonly architecture: string
  readonly decoded: DecodedTexts
}

const noGroups: readonly OrGroup[] = []
const noRelations: readonly Relation[] = []
const noNames: readonly ProvidedName[] = []

/**
 * One stanza of an index. What the scan took apart is looked up in the index's table; only where it left a stanza alone, and where
 * something is wrong, the stanza itself is read.
 */
export class IndexedRow implements StanzaPlaceInIndex {
  readonly index: PackagesIndex
  readonly row: number
  readonly name: string
  readonly version: string
  readonly architecture: string
  readonly #decoded: DecodedTexts
  #stanza: IndexedStanza | undefined
  #sha256: string | undefined

  /** @throws {Fault} `INDEX_MALFORMED` when it lacks a Version that is one, or an Architecture */
  constructor({ index, row, name, architecture, decoded }: RowPlace) {
    this.index = index
    this.row = row
    this.name = name
    this.#decoded = decoded
    const version = nameAt(index.table.versions, row)
    // The text is read only where that shows something wrong.
    const isWrong = architecture === '' || versionProblem(version) !== undefined
    this.version = isWrong ? this.#read().version : version
    this.architecture = isWrong ? this.#read().architecture : architecture
  }

  /** Lower case. */
  get sha256(): string {
    this.#sha256 ??= this.#isTakenApart ? digestAt(this.index.table.fields, this.row) : this.#read().sha256
    return this.#sha256
  }

  text(field: SingleField): string | undefined {
    if (!this.#isTakenApart) return this.#read().fields[field]
    const text = this.#decoded.text(this.row, field)
    if (text !== undefined || field !== 'Filename') return text
    const folder = this.#decoded.text(this.row, 'folder')
    return folder === undefined ? undefined : usualFileName(folder, this)
  }

  groups(field: ListField): readonly OrGroup[] {
    return this.#decoded.groups(this.row, field) ?? this.decode(field, noGroups, parseOrGroups)
  }

  relations(field: ListField): readonly Relation[] {
    return this.#decoded.relations(this.row, field) ?? this.decode(field, noRelations, parseRelations)
  }

  provided(): readonly ProvidedName[] {
    return this.#decoded.provided(this.row) ?? this.decode('Provides', noNames, parseProvides)
  }

  /** @throws {Fault} `INDEX_MALFORMED` with the line of the field when it does not parse */
  decode<Value>(field: ListField, absent: Value, parse: (text: string) => Value): Value {
    const text = this.#read().fields[field]
    return text === undefined ? absent : this.checked(field, () => parse(text))
  }

  /** @throws {Fault} `INDEX_MALFORMED` with the line of the field where `read` throws a fault */
  checked<Value>(field: SingleField | ListField, read: () => Value): Value {
    try {
      return read()
    } catch (error) {
      if (!isFault(error)) throw error
      throw fieldFault(this, field, 'it does not parse', error)
    }
  }

  /** Everything it says, for telling two rows apart that list one deb in one file. */
  describe(): string {
    return JSON.stringify(this.#read().fields)
  }

  get #isTakenApart(): boolean {
    return hasEntries(this.index.table.fields, this.row)
  }

  #read(): IndexedStanza {
    this.#stanza ??= readIndexedStanza(this)
    return this.#stanza
  }
}

/** By archive, suite, component and path, so that which stanza speaks for a deb does not depend on any file's order. */
export function compareRows(left: IndexedRow, right: IndexedRow): number {
  const a = left.index.origin
  const b = right.index.origin
  return (
    compareBytes(a.archive, b.archive) ||
    compareBytes(a.suite, b.suite) ||
    compareBytes(a.component, b.component) ||
    compareBytes(left.text('Filename') ?? '', right.text('Filename') ?? '') ||
    compareBytes(a.fileName, b.fileName) ||
    // Twice in one file: by what they say, since the order of stanzas must not show.
    compareBytes(left.describe(), right.describe())
  )
}
