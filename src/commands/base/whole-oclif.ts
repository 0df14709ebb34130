import { type Command, Config, Help } from '@oclif/core'
import { Fault } from '../../kernel/index.ts'
import { unknownCommandFault } from './failure.ts'
import type { CommandClass, FoundCommand, FoundHelp } from './find-command.ts'
import { asksForHelp } from './separator.ts'

// Bundled, a dynamic import of a CommonJS package has a default export only; named exports survive through a module of our own.
export { Flags, Parser } from '@oclif/core'

export function loadConfig(packageFolder: string): Promise<Config> {
  return Config.load({ root: packageFolder, devPlugins: false, userPlugins: false })
}

/**
 * The longest run of words before the first flag that names a command or a topic, as oclif knows them.
 *
 * @throws {Fault} `USAGE_INVALID` when they name neither
 */
export async function findCommand(argv: readonly string[], packageFolder: string): Promise<FoundCommand | FoundHelp> {
  const config = await loadConfig(packageFolder)
  const help = (subject: readonly string[]): FoundHelp => ({ kind: 'help', show: () => showHelp(config, subject) })
  const isHelp = asksForHelp(argv)
  const firstFlag = argv.findIndex(word => word.startsWith('-'))
  const words = firstFlag === -1 ? argv : argv.slice(0, firstFlag)
  for (let length = Math.min(words.length, 3); length > 0; length--) {
    const command = config.findCommand(words.slice(0, length).join(':'))
    if (command === undefined) continue
    if (isHelp) return help(words.slice(0, length))
    return {
      kind: 'command',
      id: command.id,
      argv: argv.slice(length),
      // oclif types the class as abstract; what a command file exports is not.
      load: async () => (await command.load()) as unknown as CommandClass,
      config: () => Promise.resolve(config),
    }
  }
  if (words.length === 0) {
    if (isHelp) return help([])
    throw new Fault('USAGE_INVALID', {
      message: `${argv[0]} stands before the command`,
      hint: 'Write the command first, for example `aptroot lock check --json`; `aptroot --help` lists the commands.',
      context: { flag: argv[0] ?? '' },
    })
  }
  if (words.length === 1 && config.findTopic(words[0] ?? '') !== undefined) return help(words)
  throw unknownCommandFault(words, config)
}

async function showHelp(config: Config, subject: readonly string[]): Promise<void> {
  const help = new TidyHelp(config, config.pjson.oclif.helpOptions ?? {})
  await help.showHelp([...subject])
}

/** Of flags that exclude several others oclif leaves the separators behind: `[--from FILE |  | ]`. */
class TidyHelp extends Help {
  protected override formatCommand(command: Command.Loadable): string {
    return super.formatCommand(command).replace(/(?:\s*\|)+\s*(?=\])/g, '')
  }
}
