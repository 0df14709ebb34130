import { runCommandLine } from './commands/base/run-command-line.ts'

/** Runs the command line; `entry` is the URL of the executable, from which the package's folder is found. */
export async function main(entry: string): Promise<void> {
  await runCommandLine(process.argv.slice(2), new URL('..', entry))
}
