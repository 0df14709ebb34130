import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { loadOclif } from './load-oclif.ts'
import { asksForHelp } from './separator.ts'

/** A class that a command file exports; it extends `BaseCommand`, which is checked when it is run. */
export interface CommandClass {
  id: string
  /** Set by commands that ask oclif's configuration for something. */
  readonly readsConfig?: boolean
  new (argv: string[], config: never): unknown
}

/** By id (`lock:check`), what loads a command that is bundled with the program. */
export type CommandTable = Readonly<Record<string, () => Promise<{ readonly default: CommandClass }>>>

export interface FoundCommand {
  readonly kind: 'command'
  /** `lock:check` */
  readonly id: string
  readonly argv: readonly string[]
  load(): Promise<CommandClass>
  /** oclif's configuration for the command that was loaded; undefined when it reads none. */
  config(command: CommandClass): Promise<unknown>
}

export interface FoundHelp {
  readonly kind: 'help'
  show(): Promise<void>
}

const deepestCommand = 3

/**
 * The longest run of words before the first flag that names a file of dist/commands.
 *
 * @returns undefined for help and for words that name none: oclif's business
 */
export async function findPlainCommand(
  argv: readonly string[],
  packageFolder: string,
): Promise<FoundCommand | undefined> {
  if (asksForHelp(argv)) return undefined
  const isWord = (word: string) => /^[a-z]+(?:-[a-z]+)*$/.test(word)
  const end = argv.findIndex(word => !isWord(word))
  const words = argv.slice(0, Math.min(end === -1 ? argv.length : end, deepestCommand))
  for (let length = words.length; length > 0; length--) {
    const path = `${join(packageFolder, 'dist/commands', ...words.slice(0, length))}.js`
    if (!existsSync(path)) continue
    return {
      kind: 'command',
      id: words.slice(0, length).join(':'),
      argv: argv.slice(length),
      load: async () => ((await import(pathToFileURL(path).href)) as { readonly default: CommandClass }).default,
      async config({ readsConfig }) {
        if (readsConfig !== true) return undefined
        const { loadConfig } = await loadOclif()
        return loadConfig(packageFolder)
      },
    }
  }
  return undefined
}
