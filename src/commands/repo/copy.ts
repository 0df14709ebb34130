import { Args, Flags } from '@oclif/core'
import { copyDebs } from '../../workflows/tend-repository.ts'
import { BaseCommand } from '../base/base-command.ts'
import type { Answer } from '../base/envelope.ts'
import { repositoryFlag, repositoryOf, signerFlag } from '../base/repository-flags.ts'
import { count, span } from '../base/text.ts'

export default class RepoCopy extends BaseCommand {
  static override summary = 'Put debs of one suite into another'
  static override strict = false
  static override args = {
    debs: Args.string({ name: 'NAME', description: 'NAME, NAME=VERSION or NAME:ARCHITECTURE; without: all of them' }),
  }
  static override flags = {
    ...repositoryFlag,
    from: Flags.string({ summary: 'the suite that has them', helpValue: 'SUITE', required: true }),
    to: Flags.string({
      summary: 'the suite that gets them; made if it is not there',
      helpValue: 'SUITE',
      required: true,
    }),
    ...signerFlag,
  }
  static override examples = ['<%= config.bin %> repo copy --from testing --to stable hello']

  async run(): Promise<Answer> {
    const { argv, flags } = await this.parse(RepoCopy)
    const world = this.world()
    const result = await copyDebs(
      {
        repository: repositoryOf(flags, world),
        from: flags.from,
        suite: flags.to,
        selectors: argv.map(String),
        signWith: flags['sign-with'],
      },
      this.session(flags),
      world,
    )
    const lines = [
      [span('strong', `${flags.repository} ${flags.to}`), ` ${result.kind}: ${count(result.debs, 'deb')}.`],
    ]
    return { result, lines }
  }
}
