import { compareBytes } from '../../kernel/index.ts'

export type Json = string | number | boolean | readonly Json[] | { readonly [name: string]: Json | undefined }

/** A value as a JSON document: one form for each value, names in byte order, nothing for undefined, a newline at the end. */
export function documentText(value: Json): string {
  return `${JSON.stringify(value, withSortedNames)}\n`
}

function withSortedNames(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([left], [right]) => compareBytes(left, right)))
}
