/** A variable, or its negative: "this variable is false". Never 0. */
export type Literal = number

/** Even codes are positive literals, odd ones negative; `code ^ 1` is the negation. */
export function codeOf(literal: Literal): number {
  return literal > 0 ? literal << 1 : (-literal << 1) | 1
}

/** Codes without repeated literals, or undefined for a tautology. */
export function codesWithoutRepetition(literals: readonly Literal[]): number[] | undefined {
  // A copy that is written over, since `map` calls a function for each, which is interpreted.
  const codes = literals.slice()
  for (let at = 0; at < codes.length; at++) {
    const literal = codes[at] as Literal
    codes[at] = literal > 0 ? literal << 1 : (-literal << 1) | 1
  }
  if (codes.length > fewLiterals) return codesOfManyWithoutRepetition(codes)
  // Nearly all clauses: comparing each with each is cheaper than a set.
  for (let at = 1; at < codes.length; at++) {
    const code = codes[at] as number
    for (let before = 0; before < at; before++) {
      if (codes[before] === (code ^ 1)) return undefined
      if (codes[before] !== code) continue
      codes.splice(at--, 1)
      break
    }
  }
  return codes
}

const fewLiterals = 8

function codesOfManyWithoutRepetition(codes: number[]): number[] | undefined {
  const present = new Set(codes)
  if (codes.some(code => present.has(code ^ 1))) return undefined
  return present.size === codes.length ? codes : [...present]
}

export function literalOf(code: number): Literal {
  return (code & 1) === 0 ? code >> 1 : -(code >> 1)
}
