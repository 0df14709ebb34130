/** How much a piece wants to be seen; a terminal chooses the colour, Markdown the weight. */
export type Emphasis = 'strong' | 'bad' | 'good' | 'notice' | 'changed'

/** A piece of a sentence. Who renders it must know which words are ours and which came from outside. */
export type Piece =
  /** Our own words: no markup, no line feed. */
  | string
  | { readonly kind: 'own'; readonly text: string; readonly emphasis: Emphasis }
  /** From a lock, a manifest or a deb: shown as text whatever it holds. */
  | { readonly kind: 'foreign'; readonly text: string }
  /** Checked by `cveIdOf`: the only thing that becomes a link. */
  | { readonly kind: 'cve'; readonly id: string }

/** What a review consists of, before it is text or Markdown. */
export type Block =
  | { readonly kind: 'title'; readonly text: string }
  | { readonly kind: 'paragraph'; readonly pieces: readonly Piece[] }
  | { readonly kind: 'item'; readonly depth: 0 | 1; readonly pieces: readonly Piece[] }
  /** Foreign lines, such as the difference of two scripts. */
  | { readonly kind: 'lines'; readonly lines: readonly string[] }
  /** What a reader in a hurry may leave folded. */
  | { readonly kind: 'details'; readonly summary: string; readonly blocks: readonly Block[] }

/** Longer foreign text is cut: one name must not fill a page. */
export const longestForeignText = 300

export function own(emphasis: Emphasis, text: string): Piece {
  return { kind: 'own', text, emphasis }
}

export function foreign(text: string): Piece {
  return { kind: 'foreign', text: text.length > longestForeignText ? `${text.slice(0, longestForeignText)}…` : text }
}
