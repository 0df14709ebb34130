/** A set of characters; asked in lower and in upper case, since apt compares without regard to case. */
export type CharacterSet = (character: string) => boolean

/** A glob or regular expression as a tree. */
export type Expression =
  | { readonly kind: 'character'; readonly set: CharacterSet }
  | { readonly kind: 'beginning' }
  | { readonly kind: 'end' }
  | { readonly kind: 'sequence'; readonly parts: readonly Expression[] }
  | { readonly kind: 'either'; readonly left: Expression; readonly right: Expression }
  /** `most` undefined: as often as it goes. */
  | { readonly kind: 'repeated'; readonly part: Expression; readonly least: number; readonly most: number | undefined }

export const anyCharacter: Expression = { kind: 'character', set: () => true }

export function exactly(character: string): Expression {
  const lower = character.toLowerCase()
  return { kind: 'character', set: each => each.toLowerCase() === lower }
}

/** Thrown inside this room only: why a text is no expression. */
export class ExpressionProblem extends Error {}

export interface BracketRules {
  /** What negates a bracket expression as its first character: `^`, and `!` too in a glob. */
  readonly negations: string
  /** Whether a backslash takes the next character's meaning away; in a regular expression it is a character like any other. */
  readonly backslash: 'escapes' | 'literal'
}

/**
 * Reads the bracket expression that begins at `from` (its `[`): characters, ranges and classes such as `[:digit:]`.
 *
 * @returns undefined when it is never closed
 * @see glob(7), regex(7)
 */
export function readBracket(
  text: string,
  from: number,
  rules: BracketRules,
): { readonly expression: Expression; readonly next: number } | undefined {
  let at = from + 1
  const isNegated = rules.negations.includes(text[at] ?? ' ')
  if (isNegated) at++
  const first = at
  const sets: CharacterSet[] = []
  for (;;) {
    const character = text[at]
    if (character === undefined) return undefined
    if (character === ']' && at > first) break
    if (character === '[' && /[:.=]/.test(text[at + 1] ?? '')) {
      const named = /^\[:([a-z]+):\]/.exec(text.slice(at, at + 12))
      const set = classes.get(named?.[1] ?? '')
      if (named === null || set === undefined)
        throw new ExpressionProblem(`"${text.slice(at, at + 9)}" is no class of characters such as [:digit:]`)
      sets.push(set)
      at += named[0].length
      continue
    }
    const low = readBracketCharacter(text, at, rules)
    const dash = text[low.next]
    const beyond = text[low.next + 1]
    if (dash === '-' && beyond !== undefined && beyond !== ']') {
      const high = readBracketCharacter(text, low.next + 1, rules)
      if (high.character < low.character)
        throw new ExpressionProblem(`the range ${low.character}-${high.character} runs backwards`)
      sets.push(each => isInRange(each, low.character, high.character))
      at = high.next
    } else {
      sets.push(each => each === low.character)
      at = low.next
    }
  }
  const isMember: CharacterSet = each =>
    sets.some(set => set(each) || set(each.toLowerCase()) || set(each.toUpperCase()))
  return {
    expression: { kind: 'character', set: isNegated ? each => !isMember(each) : isMember },
    next: at + 1,
  }
}

function readBracketCharacter(text: string, at: number, { backslash }: BracketRules) {
  const isEscape = text[at] === '\\' && backslash === 'escapes' && at + 1 < text.length
  const place = isEscape ? at + 1 : at
  return { character: text[place] ?? '', next: place + 1 }
}

function isInRange(character: string, low: string, high: string): boolean {
  return character >= low && character <= high
}

const classes: ReadonlyMap<string, CharacterSet> = new Map(
  Object.entries({
    alnum: /[A-Za-z0-9]/,
    alpha: /[A-Za-z]/,
    blank: /[ \t]/,
    cntrl: /[\u0000-\u001f\u007f]/,
    digit: /[0-9]/,
    graph: /[!-~]/,
    lower: /[a-z]/,
    print: /[ -~]/,
    punct: /[!-/:-@[-`{-~]/,
    space: /\s/,
    upper: /[A-Z]/,
    xdigit: /[0-9A-Fa-f]/,
  }).map(([name, pattern]) => [name, (character: string) => pattern.test(character)]),
)
