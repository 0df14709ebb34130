import { Flags } from '@oclif/core'
import { sandboxBackEnds } from '../sandbox/model.ts'
import { openShell } from '../workflows/open-shell.ts'
import { projectOf } from '../workflows/project.ts'
import { BaseCommand } from './base/base-command.ts'
import type { Answer } from './base/envelope.ts'
import { manifestFlag } from './base/project-flags.ts'
import { siteOf } from './base/settings.ts'
import { networkFlags, storeFlags, vendorFlags } from './base/settings-flags.ts'

export default class Shell extends BaseCommand {
  static override summary = 'Run a shell, or a command, in the root file system of the lock'
  static override description =
    'In a private copy and in the sandbox of maintainer scripts; whatever is changed is thrown away. Ends with the exit status of the shell or the command. With --json the command prints on stderr.'
  static override usage = ['shell [FLAGS]', 'shell [FLAGS] -- COMMAND [ARGUMENT...]']
  static override strict = false
  static override flags = {
    ...manifestFlag,
    architecture: Flags.string({
      char: 'a',
      summary: "which root of the manifest [default: the only one, or this host's]",
      helpValue: 'NAME',
    }),
    network: Flags.boolean({ summary: "let it use this host's network" }),
    sandbox: Flags.option({
      options: sandboxBackEnds,
      summary: 'what isolates it [default: the strongest that works here]',
    })(),
    ...storeFlags,
    ...networkFlags,
    ...vendorFlags,
  }
  static override examples = [
    '<%= config.bin %> shell',
    '<%= config.bin %> shell -- dpkg --audit',
    '<%= config.bin %> shell --network -- apt-get update',
    '<%= config.bin %> shell --architecture arm64 -- uname -m',
  ]

  async run(): Promise<Answer> {
    const { raw, flags } = await this.parse(Shell)
    const session = this.session(flags)
    const world = this.world()
    const project = projectOf(flags.file, world.workingFolder)
    const site = await siteOf(flags, project, { session, world })
    // Not `argv`, in which oclif puts a word that occurs twice beside its twin.
    const [program, ...words] = raw.flatMap(token => (token.type === 'arg' ? [token.input] : []))
    const opened = await openShell(
      {
        project,
        site,
        architecture: flags.architecture,
        command: program === undefined ? undefined : [program, ...words],
        network: flags.network ? 'host' : 'none',
        attached: flags.json ? 'standard error' : 'standard output',
        terminalType: world.environment.TERM,
        sandbox: flags.sandbox,
      },
      session,
      world,
    )
    return { result: opened, lines: [], exitCode: opened.exitStatus }
  }
}
