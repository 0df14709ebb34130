/** What of oclif's definition of a flag decides how words are read. */
export interface FlagDefinition {
  readonly type: 'boolean' | 'option'
  readonly char?: string
  readonly multiple?: boolean
  readonly multipleNonGreedy?: boolean
  readonly options?: readonly string[]
  readonly default?: unknown
  readonly [key: string]: unknown
}

export interface WordsDefinition {
  readonly flags: Readonly<Record<string, FlagDefinition>>
  /** Names of the positional arguments, in order. */
  readonly arguments: readonly string[]
  /** How many positional words there may be: one for each argument, or any number, of which arguments name the first. */
  readonly positional: 'arguments' | 'any'
}

export interface PlainWords {
  readonly flags: Readonly<Record<string, unknown>>
  readonly args: Readonly<Record<string, string>>
  readonly argv: readonly string[]
}

/** What needs all of oclif's parser as soon as a flag with it is given. */
const involvedKeys = [
  'aliases',
  'allowStdin',
  'atLeastOne',
  'charAliases',
  'combinable',
  'delimiter',
  'dependsOn',
  'deprecated',
  'exactlyOne',
  'relationships',
]

/** What needs it whether the flag is given or not. */
const alwaysInvolvedKeys = ['allowNo', 'atLeastOne', 'defaultHelp', 'env', 'exactlyOne', 'required']

/**
 * Reads a command line that leaves no question: known flags, each followed by its value, and as many positional words as the
 * command takes. For those it finds what oclif's parser finds (test/commands/plain-words.test.ts compares them), which takes 40 ms
 * to load.
 *
 * @returns undefined for everything else: oclif then reads the words, or says what is wrong with them
 */
export function readPlainWords(words: readonly string[], definition: WordsDefinition): PlainWords | undefined {
  const entries = Object.entries(definition.flags)
  if (entries.some(([, flag]) => alwaysInvolvedKeys.some(key => isSet(flag[key])))) return undefined
  const byWord = new Map<string, readonly [string, FlagDefinition]>()
  for (const entry of entries) {
    byWord.set(`--${entry[0]}`, entry)
    if (entry[1].char !== undefined) byWord.set(`-${entry[1].char}`, entry)
  }
  const given = new Map<string, unknown>()
  const positional: string[] = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    if (word === '-' || word === '--') return undefined
    if (!word.startsWith('-')) {
      positional.push(word)
      continue
    }
    const equals = word.startsWith('--') ? word.indexOf('=') : -1
    const [name, flag] = byWord.get(equals === -1 ? word : word.slice(0, equals)) ?? []
    if (name === undefined || flag === undefined || involvedKeys.some(key => isSet(flag[key]))) return undefined
    if (flag.type === 'boolean') {
      if (equals !== -1) return undefined
      given.set(name, true)
      continue
    }
    const value = equals === -1 ? words[++at] : word.slice(equals + 1)
    if (value === undefined || value === '' || value.startsWith('-') || flag.options?.includes(value) === false)
      return undefined
    // A greedy one would take the words that follow as well.
    if (flag.multiple === true && flag.multipleNonGreedy !== true) return undefined
    const earlier = given.get(name)
    if (flag.multiple === true) given.set(name, [...((earlier as readonly string[] | undefined) ?? []), value])
    else if (earlier === undefined) given.set(name, value)
    else return undefined
  }
  // An argument that is missing may come from standard input.
  if (definition.positional === 'arguments' && positional.length !== definition.arguments.length) return undefined
  if (entries.some(([name, flag]) => given.has(name) && excludes(flag.exclusive, given))) return undefined
  const defaults = entries.filter(([name, flag]) => flag.default !== undefined && !given.has(name))
  if (defaults.some(([, flag]) => typeof flag.default === 'function')) return undefined
  return {
    flags: Object.fromEntries([...given, ...defaults.map(([name, flag]) => [name, flag.default] as const)]),
    args: Object.fromEntries(zipped(definition.arguments, positional)),
    argv: positional,
  }
}

function zipped(names: readonly string[], words: readonly string[]): readonly (readonly [string, string])[] {
  return words.slice(0, names.length).map((word, at) => [names[at] ?? '', word] as const)
}

function excludes(exclusive: unknown, given: ReadonlyMap<string, unknown>): boolean {
  if (exclusive === undefined) return false
  return !Array.isArray(exclusive) || exclusive.some(each => typeof each !== 'string' || given.has(each))
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== false
}
