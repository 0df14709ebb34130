import { anyCharacter, type Expression, exactly, readBracket } from './expression-syntax.ts'

const brackets = { negations: '!^', backslash: 'escapes' } as const

/**
 * A shell pattern: `*` is any run of characters (`/` included), `?` any character, `[…]` one of several; a backslash takes the
 * next character's meaning away. It means the whole text.
 *
 * @see glob(7), fnmatch(3) without flags
 */
export function parseGlob(text: string): Expression {
  const parts: Expression[] = [{ kind: 'beginning' }]
  let at = 0
  while (at < text.length) {
    const character = text[at] as string
    const bracket = character === '[' ? readBracket(text, at, brackets) : undefined
    if (bracket !== undefined) {
      parts.push(bracket.expression)
      at = bracket.next
      continue
    }
    if (character === '*') parts.push({ kind: 'repeated', part: anyCharacter, least: 0, most: undefined })
    else if (character === '?') parts.push(anyCharacter)
    else if (character === '\\' && at + 1 < text.length) parts.push(exactly(text[++at] as string))
    else parts.push(exactly(character))
    at++
  }
  return { kind: 'sequence', parts: [...parts, { kind: 'end' }] }
}
