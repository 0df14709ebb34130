import { NumberList } from '../../debian-control-parser/index.ts'
import { findName, hashOfName, type NameSlots, slotsOf } from './name-hash.ts'
import { sortNames } from './name-order.ts'
import type { NameTable } from './name-table.ts'
import { TextNumbers } from './text-numbers.ts'

/** For each name, in which rows (stanzas, counted from 0 in the order of the file) it occurs. */
export interface Postings {
  readonly names: NameTable
  readonly slots: NameSlots
  /** Rows of name `n`: `rows[offsets[n]]` up to `rows[offsets[n + 1]]`; one more than there are names. */
  readonly offsets: Uint32Array
  /** Ascending for each name; a row that has a name twice stands there once. */
  readonly rows: Uint32Array
}

export function rowsAt({ offsets, rows }: Postings, name: number): Uint32Array {
  return rows.subarray(offsets[name] ?? 0, offsets[name + 1] ?? 0)
}

const none = new Uint32Array(0)

/** @param hash of the name, for who looks for it in several tables */
export function rowsOf(postings: Postings, name: string, hash = hashOfName(name)): Uint32Array {
  const found = findName(postings.names, postings.slots, name, hash)
  return found === -1 ? none : rowsAt(postings, found)
}

/** Gathers postings in one pass over the rows, in ascending order. */
export class PostingsBuilder {
  readonly #names: TextNumbers
  /** By number of a name. */
  readonly #lastRow: NumberList
  readonly #counts: NumberList
  /** Each posting: a name's number and a row. */
  readonly #numbers: NumberList
  readonly #rows: NumberList

  /** @param expected about how many names there will be; a wrong value costs speed only */
  constructor(expected: number) {
    this.#names = new TextNumbers(expected)
    this.#lastRow = new NumberList(expected)
    this.#counts = new NumberList(expected)
    this.#numbers = new NumberList(expected)
    this.#rows = new NumberList(expected)
  }

  /** The name is the range of the bytes. */
  add(bytes: Uint8Array, start: number, end: number, row: number): void {
    const number = this.#names.numberOf(bytes, start, end)
    if (number === this.#counts.length) {
      this.#counts.push(0)
      this.#lastRow.push(0)
    } else if (this.#lastRow.get(number) === row) return
    this.#lastRow.set(number, row)
    this.#counts.set(number, this.#counts.get(number) + 1)
    this.#numbers.push(number)
    this.#rows.push(row)
  }

  finish(): Postings {
    const { names, order } = sortNames(this.#names.toTable())
    const offsets = new Uint32Array(order.length + 1)
    const placeOfNumber = new Uint32Array(order.length)
    let place = 0
    for (let index = 0; index < order.length; index++) {
      const number = order[index] as number
      placeOfNumber[number] = place
      place += this.#counts.get(number)
      offsets[index + 1] = place
    }
    const rows = new Uint32Array(place)
    for (let entry = 0; entry < place; entry++) {
      const number = this.#numbers.get(entry)
      const at = placeOfNumber[number] as number
      rows[at] = this.#rows.get(entry)
      placeOfNumber[number] = at + 1
    }
    return { names, slots: slotsOf(names), offsets, rows }
  }
}
