import { compareBytes } from './bytes.ts'

export type Json = string | number | boolean | readonly Json[] | { readonly [name: string]: Json | undefined }

/** JSON with one form for each value: names in byte order, no blanks, nothing for undefined. */
export function canonicalJson(value: Json): string {
  if (typeof value !== 'object') return JSON.stringify(value)
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`
  const members = Object.entries(value)
    .sort(([left], [right]) => compareBytes(left, right))
    .flatMap(([name, each]) => (each === undefined ? [] : `${JSON.stringify(name)}:${canonicalJson(each)}`))
  return `{${members.join(',')}}`
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}
