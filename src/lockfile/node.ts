/** What both readers of lock text give: values with their lines, before anything is checked. */
export type LockNode =
  | { readonly kind: 'text'; readonly value: string; readonly line: number }
  | { readonly kind: 'integer'; readonly value: number; readonly line: number }
  | { readonly kind: 'boolean'; readonly value: boolean; readonly line: number }
  | { readonly kind: 'list'; readonly items: readonly LockNode[]; readonly line: number }
  | LockMap
  /** Null, a float, a plain word: nothing a lockfile may hold. */
  | { readonly kind: 'other'; readonly text: string; readonly line: number }

export interface LockMap {
  readonly kind: 'map'
  readonly entries: ReadonlyMap<string, LockMember>
  readonly line: number
}

/** One `key: value` of a map. */
export interface LockMember {
  readonly value: LockNode
  /** Line of the key, counted from 1. */
  readonly line: number
  /** The last line of the value. */
  readonly lastLine: number
  /** Spaces before the key; undefined where it shares its lines with others, as in `{a: 1, b: 2}`. */
  readonly indent: number | undefined
}

/** Lock text as a reader understood it. */
export interface LockDocument {
  readonly root: LockMap
  /** The raw lines, without line ends: what keeps unknown keys as they were. */
  readonly lines: readonly string[]
}

/** A lockfile nests five levels deep; unknown keys may go further, but not so far that reading them exhausts the stack. */
export const deepestNesting = 50
