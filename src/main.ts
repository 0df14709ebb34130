import { execute } from '@oclif/core'

/** Runs the command line; `entry` is the URL of the executable, from which oclif finds the package. */
export async function main(entry: string): Promise<void> {
  await execute({ dir: entry })
}
