import { type Fault, isJsonObject, type JsonObject } from '../kernel/index.ts'

/**
 * Reads checked values out of JSON.
 *
 * @throws {Fault} the given one, with a problem that names the field, for a value of another kind than was asked for
 */
export class JsonReader {
  readonly fault: (problem: string) => Fault

  constructor(fault: (problem: string) => Fault) {
    this.fault = fault
  }

  text(record: JsonObject, field: string): string {
    const value = record[field]
    if (typeof value === 'string') return value
    throw this.fault(`${field} is not a text`)
  }

  optionalText(record: JsonObject, field: string): string | undefined {
    return record[field] === undefined ? undefined : this.text(record, field)
  }

  texts(record: JsonObject, field: string): readonly string[] {
    return this.#list(record, field, (each): each is string => typeof each === 'string')
  }

  number(record: JsonObject, field: string): number {
    const value = record[field]
    if (typeof value === 'number') return value
    throw this.fault(`${field} is not a number`)
  }

  numbers(record: JsonObject, field: string): readonly number[] {
    return this.#list(record, field, (each): each is number => typeof each === 'number')
  }

  /** Absent means no. */
  flag(record: JsonObject, field: string): boolean {
    const value = record[field] ?? false
    if (typeof value === 'boolean') return value
    throw this.fault(`${field} is neither true nor false`)
  }

  oneOf<Word extends string>(record: JsonObject, field: string, words: readonly Word[]): Word {
    const found = words.find(word => word === record[field])
    if (found !== undefined) return found
    throw this.fault(`${field} is none of ${words.join(', ')}`)
  }

  record(record: JsonObject, field: string): JsonObject {
    const value = record[field]
    if (isJsonObject(value)) return value
    throw this.fault(`${field} is not an object`)
  }

  records(record: JsonObject, field: string): readonly JsonObject[] {
    return this.#list(record, field, isJsonObject)
  }

  #list<Item>(record: JsonObject, field: string, isItem: (each: unknown) => each is Item): readonly Item[] {
    const value = record[field]
    if (Array.isArray(value) && value.every(isItem)) return value
    throw this.fault(`${field} is not a list of what it should hold`)
  }
}
