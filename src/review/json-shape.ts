import { isJsonObject, type JsonObject } from '../kernel/index.ts'

/** An own value; a package may be called `constructor`. */
export function ownValue(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

export function ownObject(object: JsonObject, key: string): JsonObject | undefined {
  const value = ownValue(object, key)
  return isJsonObject(value) ? value : undefined
}

export function ownText(object: JsonObject, key: string): string | undefined {
  const value = ownValue(object, key)
  return typeof value === 'string' ? value : undefined
}

export function ownList(object: JsonObject, key: string): readonly unknown[] {
  const value = ownValue(object, key)
  return Array.isArray(value) ? value : []
}
