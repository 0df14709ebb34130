/**
 * Stands in for `@oclif/core` in the bundled commands (scripts/build.mjs replaces it): definitions of flags and arguments are
 * plain objects of the shape that oclif's parser takes, and words are read without oclif as long as they are plain. oclif
 * itself, 40 ms to load, is there for help, for completion, and for the message when something is wrong.
 */
import { loadOclif } from './load-oclif.ts'
import { type FlagDefinition, readPlainWords } from './plain-words.ts'

type Options = Readonly<Record<string, unknown>>

const asIs = (input: unknown): Promise<unknown> => Promise.resolve(input)

function optionFlag(options: Options, parse: unknown = asIs): object {
  return { parse, ...options, input: [], multiple: options.multiple === true, type: 'option' }
}

/** As oclif's factories of the same names. */
export const Flags = {
  boolean: (options: Options = {}): object => ({
    parse: asIs,
    ...options,
    allowNo: options.allowNo === true,
    type: 'boolean',
  }),
  string: (options: Options = {}): object => optionFlag(options),
  integer: (options: Options = {}): object => optionFlag(options, parseInteger),
  option:
    (defaults: Options) =>
    (options: Options = {}): object =>
      optionFlag({ ...defaults, ...options }),
  custom:
    (defaults: Options = {}) =>
    (options: Options = {}): object =>
      optionFlag({ ...defaults, ...options }),
}

export const Args = {
  string: (options: Options = {}): object => argument(options),
  custom:
    (defaults: Options = {}) =>
    (options: Options = {}): object =>
      argument({ ...defaults, ...options }),
}

function argument(options: Options): object {
  return { parse: asIs, ...options, input: [], type: 'option' }
}

async function parseInteger(input: string, context: unknown, options: Options): Promise<number> {
  const { Flags: whole } = await loadOclif()
  const { parse } = whole.integer() as unknown as { parse(...words: readonly unknown[]): Promise<number> }
  return parse(input, context, options)
}

interface CommandClass {
  readonly id: string
  readonly strict?: boolean
  readonly flags?: Readonly<Record<string, FlagDefinition>>
  readonly baseFlags?: Readonly<Record<string, FlagDefinition>>
  readonly args?: Readonly<Record<string, Options>>
}

export class Command {
  static id = ''
  readonly argv: string[]
  readonly config: unknown

  constructor(argv: string[], config: unknown) {
    this.argv = argv
    this.config = config
  }

  /** oclif takes a class with `run` for a command. */
  static run(): Promise<never> {
    return Promise.reject(new Error('commands are run by runCommandLine'))
  }

  get id(): string {
    return (this.constructor as unknown as CommandClass).id
  }

  protected async parse(command: CommandClass): Promise<object> {
    const flags = { ...command.baseFlags, ...command.flags }
    const args = command.args ?? {}
    const isStrict = command.strict !== false
    const isPlain = Object.values(args).every(each => isPlainArgument(each) && (isStrict || isOptional(each)))
    const positional = isStrict ? 'arguments' : 'any'
    const definition = { flags, arguments: Object.keys(args), positional } as const
    const plain = isPlain && allAsIs(flags) ? readPlainWords(this.argv, definition) : undefined
    if (plain !== undefined) return { ...plain, metadata: { flags: {} }, nonExistentFlags: [], raw: [] }
    const { Parser } = await loadOclif()
    return Parser.parse(this.argv, { flags, args, strict: isStrict } as never)
  }
}

function isPlainArgument({ parse, options, multiple }: Options): boolean {
  return parse === asIs && options === undefined && multiple === undefined
}

/** One that is left out is left out: it is not asked of standard input. */
function isOptional({ required, ignoreStdin }: Options): boolean {
  return required !== true && ignoreStdin === true
}

/** Values of other flags are read by their own `parse`, which may want what only oclif has. */
function allAsIs(flags: Readonly<Record<string, FlagDefinition>>): boolean {
  return Object.values(flags).every(each => each.parse === asIs)
}
