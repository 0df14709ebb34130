/** A variable, or its negative: "this variable is false". Never 0. */
export type Literal = number

/** Even codes are positive literals, odd ones negative; `code ^ 1` is the negation. */
export function codeOf(literal: Literal): number {
  return literal > 0 ? literal << 1 : (-literal << 1) | 1
}

/** Codes without repeated literals, or undefined for a tautology. */
export function codesWithoutRepetition(literals: readonly Literal[]): number[] | undefined {
  const codes = literals.map(codeOf)
  if (codes.length < 2) return codes
  if (codes.length === 2) {
    const [first, second] = codes as [number, number]
    if (first === second) return [first]
    return (first ^ 1) === second ? undefined : codes
  }
  const present = new Set(codes)
  if (codes.some(code => present.has(code ^ 1))) return undefined
  return present.size === codes.length ? codes : [...present]
}

export function literalOf(code: number): Literal {
  return (code & 1) === 0 ? code >> 1 : -(code >> 1)
}
