import { NumberList } from '../../debian-control-parser/index.ts'
import { findName, makeNameTable, type NameTable } from './name-table.ts'

/** For each name, in which rows (stanzas, counted from 0 in the order of the file) it occurs. */
export interface Postings {
  readonly names: NameTable
  /** Rows of name `n`: `rows[offsets[n]]` up to `rows[offsets[n + 1]]`; one more than there are names. */
  readonly offsets: Uint32Array
  /** Ascending for each name; a row that has a name twice stands there once. */
  readonly rows: Uint32Array
}

export function rowsAt({ offsets, rows }: Postings, name: number): Uint32Array {
  return rows.subarray(offsets[name] ?? 0, offsets[name + 1] ?? 0)
}

const none = new Uint32Array(0)

export function rowsOf(postings: Postings, name: string): Uint32Array {
  const found = findName(postings.names, name)
  return found === -1 ? none : rowsAt(postings, found)
}

/** Gathers postings in one pass over the rows, in ascending order. */
export class PostingsBuilder {
  readonly #idOfName = new Map<string, number>()
  readonly #lastRow = new NumberList()
  readonly #counts = new NumberList()
  readonly #ids = new NumberList()
  readonly #rows = new NumberList()

  /** @param name a byte string */
  add(name: string, row: number): void {
    let id = this.#idOfName.get(name)
    if (id === undefined) {
      id = this.#counts.length
      this.#idOfName.set(name, id)
      this.#counts.push(0)
      this.#lastRow.push(0)
    } else if (this.#lastRow.get(id) === row) return
    this.#lastRow.set(id, row)
    this.#counts.set(id, this.#counts.get(id) + 1)
    this.#ids.push(id)
    this.#rows.push(row)
  }

  finish(): Postings {
    // The default order compares UTF-16 units, which are the bytes here.
    const names = [...this.#idOfName.keys()].sort()
    const offsets = new Uint32Array(names.length + 1)
    const placeOfId = new Uint32Array(names.length)
    let place = 0
    for (let index = 0; index < names.length; index++) {
      const id = this.#idOfName.get(names[index] ?? '') ?? 0
      placeOfId[id] = place
      place += this.#counts.get(id)
      offsets[index + 1] = place
    }
    const rows = new Uint32Array(place)
    for (let entry = 0; entry < place; entry++) {
      const id = this.#ids.get(entry)
      const at = placeOfId[id] ?? 0
      rows[at] = this.#rows.get(entry)
      placeOfId[id] = at + 1
    }
    return { names: makeNameTable(names), offsets, rows }
  }
}
