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
  readonly #lastRow: number[] = []
  readonly #counts: number[] = []
  readonly #ids: number[] = []
  readonly #rows: number[] = []

  /** @param name a byte string */
  add(name: string, row: number): void {
    let id = this.#idOfName.get(name)
    if (id === undefined) {
      id = this.#counts.length
      this.#idOfName.set(name, id)
      this.#counts.push(0)
      this.#lastRow.push(-1)
    }
    if (this.#lastRow[id] === row) return
    this.#lastRow[id] = row
    this.#counts[id] = (this.#counts[id] ?? 0) + 1
    this.#ids.push(id)
    this.#rows.push(row)
  }

  finish(): Postings {
    // The default order compares UTF-16 units, which are the bytes here; an index sorted by name costs one pass.
    const names = [...this.#idOfName.keys()].sort()
    const offsets = new Uint32Array(names.length + 1)
    const placeOfId = new Uint32Array(names.length)
    let place = 0
    for (const [index, name] of names.entries()) {
      const id = this.#idOfName.get(name) ?? 0
      placeOfId[id] = place
      place += this.#counts[id] ?? 0
      offsets[index + 1] = place
    }
    const rows = new Uint32Array(place)
    for (const [entry, id] of this.#ids.entries()) {
      const at = placeOfId[id] ?? 0
      rows[at] = this.#rows[entry] ?? 0
      placeOfId[id] = at + 1
    }
    return { names: makeNameTable(names), offsets, rows }
  }
}
