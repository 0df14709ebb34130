/**
 * Says of a path whether dpkg's `path-exclude` leaves it out. Patterns are those of fnmatch(3) without flags: `*` and `?`
 * match `/` and a leading dot too; `[a-z]`, `[!a]`, `[[:digit:]]` match one byte; a backslash takes the special meaning
 * from the next byte.
 *
 * The root itself is the empty text.
 *
 * @param patterns absolute, as byte strings
 * @see dpkg(1), --path-exclude
 */
export function pathFilter(patterns: readonly string[]): (path: string) => boolean {
  const compiled = patterns.map(compile)
  return path => compiled.some(tokens => matches(tokens, path === '' ? '' : `/${path}`))
}

type Token = 'star' | ((byte: string) => boolean)

function compile(pattern: string): readonly Token[] {
  const tokens: Token[] = []
  for (let at = 0; at < pattern.length; at++) {
    const byte = pattern.charAt(at)
    if (byte === '*') {
      if (tokens.at(-1) !== 'star') tokens.push('star')
    } else if (byte === '?') tokens.push(() => true)
    else if (byte === '[') {
      const bracket = compileBracket(pattern, at)
      tokens.push(bracket.test)
      at = bracket.last
    } else {
      const literal = byte === '\\' && at + 1 < pattern.length ? pattern.charAt(++at) : byte
      tokens.push(candidate => candidate === literal)
    }
  }
  return tokens
}

const classes: Readonly<Record<string, RegExp>> = {
  alnum: /[0-9A-Za-z]/,
  alpha: /[A-Za-z]/,
  blank: /[ \t]/,
  digit: /[0-9]/,
  lower: /[a-z]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[ \t-\r]/,
  upper: /[A-Z]/,
  xdigit: /[0-9A-Fa-f]/,
}

interface Bracket {
  readonly test: (byte: string) => boolean
  /** Index of the closing bracket. */
  readonly last: number
}

/** A bracket that is never closed is the byte `[` itself. */
function compileBracket(pattern: string, open: number): Bracket {
  const tests: ((byte: string) => boolean)[] = []
  let at = open + 1
  const negated = pattern[at] === '!' || pattern[at] === '^'
  if (negated) at++
  for (let first = true; ; first = false) {
    if (at >= pattern.length) return { test: byte => byte === '[', last: open }
    if (pattern[at] === ']' && !first) break
    const named = /^\[:([a-z]+):\]/.exec(pattern.slice(at, at + 12))
    if (named !== null) {
      const known = classes[named[1] ?? '']
      if (known !== undefined) tests.push(byte => known.test(byte))
      at += named[0].length
      continue
    }
    if (pattern[at] === '\\' && at + 1 < pattern.length) at++
    const low = pattern.charAt(at++)
    if (pattern[at] !== '-' || pattern[at + 1] === ']' || at + 1 >= pattern.length) {
      tests.push(byte => byte === low)
      continue
    }
    at++
    if (pattern[at] === '\\' && at + 1 < pattern.length) at++
    const high = pattern.charAt(at++)
    tests.push(byte => byte >= low && byte <= high)
  }
  return { test: byte => tests.some(test => test(byte)) !== negated, last: at }
}

/** Goes back to the last star only, so a pattern of a hostile manifest costs at most its length times the path's. */
function matches(tokens: readonly Token[], path: string): boolean {
  let token = 0
  let star = -1
  let starAt = 0
  for (let at = 0; at < path.length; ) {
    const current = tokens[token]
    if (current === 'star') {
      star = token++
      starAt = at
    } else if (current?.(path.charAt(at)) === true) {
      token++
      at++
    } else if (star !== -1) {
      token = star + 1
      at = ++starAt
    } else return false
  }
  while (tokens[token] === 'star') token++
  return token === tokens.length
}
