import { Fault, printable } from '../kernel/index.ts'

export interface FailedBuild {
  /** `hello 1.0-1`. */
  readonly name: string
  readonly command: readonly string[]
  readonly exitStatus: number
  /** The last that it printed. */
  readonly lastLines: readonly string[]
}

/** Says which command failed, with the last that it said. */
export function buildFailure({ name, command, exitStatus, lastLines }: FailedBuild): Fault {
  const words = printable(command.join(' '))
  const shown = words.length > 100 ? `${words.slice(0, 100)}…` : words
  return new Fault('PACKAGE_BUILD_FAILED', {
    message: `the build of ${name} ended with status ${exitStatus}: ${shown}`,
    hint: '`--log FILE` keeps all that it printed; `aptroot shell` opens a shell in the build root.',
    context: { package: name, exitStatus, excerpt: lastLines },
  })
}
