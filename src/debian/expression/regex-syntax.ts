import {
  anyCharacter,
  type CharacterSet,
  type Expression,
  ExpressionProblem,
  exactly,
  readBracket,
} from './expression-syntax.ts'

/** Nesting of parentheses; deeper ones are nobody's pin. */
const deepestNesting = 20
/** As RE_DUP_MAX allows many more, but each repetition is a copy of what is repeated. */
const mostRepetitions = 255
const brackets = { negations: '^', backslash: 'literal' } as const

/**
 * A POSIX extended regular expression, as apt uses it between slashes: it means any part of the text unless `^` and `$` say
 * otherwise. `\w`, `\W`, `\s` and `\S` are GNU's; back-references and word boundaries are refused.
 *
 * @throws {ExpressionProblem}
 * @see regex(7)
 */
export function parseRegex(text: string): Expression {
  let at = 0

  function either(depth: number): Expression {
    if (depth > deepestNesting) throw new ExpressionProblem(`parentheses are nested deeper than ${deepestNesting}`)
    const left = sequence(depth)
    if (text[at] !== '|') return left
    at++
    return { kind: 'either', left, right: either(depth) }
  }

  function sequence(depth: number): Expression {
    const parts: Expression[] = []
    while (at < text.length && text[at] !== '|' && text[at] !== ')') parts.push(repeated(depth))
    return { kind: 'sequence', parts }
  }

  function repeated(depth: number): Expression {
    let part = atom(depth)
    for (;;) {
      const bounds = readRepetition()
      if (bounds === undefined) return part
      part = { kind: 'repeated', part, ...bounds }
    }
  }

  function readRepetition(): { readonly least: number; readonly most: number | undefined } | undefined {
    const sign = text[at]
    const simple = sign === undefined ? undefined : repetitions.get(sign)
    if (simple !== undefined) {
      at++
      return simple
    }
    if (sign !== '{') return undefined
    const counted = /^\{(\d{1,3})(?:(,)(\d{0,3}))?\}/.exec(text.slice(at, at + 12))
    if (counted === null) throw new ExpressionProblem('`{` begins no repetition such as {1,3}')
    const [whole, low = '', comma, high = ''] = counted
    const least = Number(low)
    const most = comma === undefined ? least : high === '' ? undefined : Number(high)
    if (Math.max(least, most ?? 0) > mostRepetitions || (most ?? least) < least)
      throw new ExpressionProblem(`${whole} is no repetition of at most ${mostRepetitions} times`)
    at += whole.length
    return { least, most }
  }

  function atom(depth: number): Expression {
    const character = text[at] as string
    switch (character) {
      case '(': {
        at++
        const inner = either(depth + 1)
        if (text[at] !== ')') throw new ExpressionProblem('a `(` is never closed')
        at++
        return inner
      }
      case '[': {
        const bracket = readBracket(text, at, brackets)
        if (bracket === undefined) throw new ExpressionProblem('a `[` is never closed')
        at = bracket.next
        return bracket.expression
      }
      case '*':
      case '+':
      case '?':
      case '{':
        throw new ExpressionProblem(`\`${character}\` repeats nothing`)
      case '\\':
        at += 2
        return escaped(text[at - 1])
      default:
        at++
        return meanings.get(character) ?? exactly(character)
    }
  }

  const whole = either(0)
  if (at < text.length) throw new ExpressionProblem('a `)` closes nothing')
  return whole
}

function escaped(character: string | undefined): Expression {
  if (character === undefined) throw new ExpressionProblem('a backslash stands at the end')
  const set = gnuClasses.get(character)
  if (set !== undefined) return { kind: 'character', set }
  if (/[A-Za-z0-9<>`']/.test(character)) throw new ExpressionProblem(`\\${character} is not supported`)
  return exactly(character)
}

const repetitions = new Map([
  ['*', { least: 0, most: undefined }],
  ['+', { least: 1, most: undefined }],
  ['?', { least: 0, most: 1 }],
])

const meanings: ReadonlyMap<string, Expression> = new Map<string, Expression>([
  ['.', anyCharacter],
  ['^', { kind: 'beginning' }],
  ['$', { kind: 'end' }],
])

const gnuClasses: ReadonlyMap<string, CharacterSet> = new Map([
  ['w', each => /\w/.test(each)],
  ['W', each => !/\w/.test(each)],
  ['s', each => /\s/.test(each)],
  ['S', each => !/\s/.test(each)],
] as const)
