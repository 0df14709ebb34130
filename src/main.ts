import type { CommandTable } from './commands/base/find-command.ts'
import { runCommandLine } from './commands/base/run-command-line.ts'

/**
 * Runs the command line; `entry` is the URL of the executable, from which the package's folder is found.
 *
 * @param commands those that are part of the running script; the others are files of dist/commands
 */
export async function main(entry: string, commands: CommandTable = {}): Promise<void> {
  await runCommandLine(process.argv.slice(2), new URL('..', entry), commands)
}
