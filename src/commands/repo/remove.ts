import { Args, Flags } from '@oclif/core'
import { removeDebs } from '../../workflows/tend-repository.ts'
import { BaseCommand } from '../base/base-command.ts'
import type { Answer } from '../base/envelope.ts'
import { repositoryFlag, repositoryOf, signerFlag } from '../base/repository-flags.ts'
import { count, span } from '../base/text.ts'

export default class RepoRemove extends BaseCommand {
  static override summary = 'Take debs out of a suite'
  static override description =
    'Their files stay until `repo prune`, and their versions keep their bytes: nothing else can ever be published under them.'
  static override strict = false
  static override args = {
    debs: Args.string({ name: 'NAME', description: 'NAME, NAME=VERSION or NAME:ARCHITECTURE', required: true }),
  }
  static override flags = {
    ...repositoryFlag,
    suite: Flags.string({ char: 's', summary: 'what to take them out of', helpValue: 'NAME', required: true }),
    ...signerFlag,
  }
  static override examples = ['<%= config.bin %> repo remove --suite bookworm hello=1.0-1']

  async run(): Promise<Answer> {
    const { argv, flags } = await this.parse(RepoRemove)
    const world = this.world()
    const result = await removeDebs(
      {
        repository: repositoryOf(flags, world),
        suite: flags.suite,
        selectors: argv.map(String),
        signWith: flags['sign-with'],
      },
      this.session(flags),
      world,
    )
    const lines = [
      [span('strong', `${flags.repository} ${flags.suite}`), ` has ${count(result.removed.length, 'deb')} less:`],
      ...result.removed.map(each => `  ${each.replaceAll('_', ' ')}`),
    ]
    return { result, lines }
  }
}
