import { Args } from '@oclif/core'
import { listDebs, listSuites } from '../../workflows/tend-repository.ts'
import { BaseCommand } from '../base/base-command.ts'
import type { Answer } from '../base/envelope.ts'
import { repositoryFlag, repositoryOf } from '../base/repository-flags.ts'
import { alignColumns, count } from '../base/text.ts'

export default class RepoList extends BaseCommand {
  static override summary = 'List the suites of a repository, or the debs of a suite'
  static override args = { suite: Args.string({ name: 'SUITE', description: 'list the debs of this suite' }) }
  static override flags = { ...repositoryFlag }
  static override examples = ['<%= config.bin %> repo list', '<%= config.bin %> repo list bookworm -r /srv/apt']

  async run(): Promise<Answer> {
    const { args, flags } = await this.parse(RepoList)
    const world = this.world()
    const repository = repositoryOf(flags, world)
    const session = this.session(flags)
    if (args.suite !== undefined) {
      const debs = await listDebs({ repository, suite: args.suite }, session, world)
      return { result: debs, lines: alignColumns(debs.map(each => [each.name, each.version, each.architecture])) }
    }
    const suites = await listSuites(repository, session, world)
    const rows = suites.map(({ suite, kind, debs, components, architectures, date }) => [
      suite,
      kind === 'release' ? 'never changes' : 'moving',
      count(debs, 'deb'),
      components.join(' '),
      architectures.join(' '),
      date,
    ])
    return { result: suites, lines: alignColumns(rows) }
  }
}
