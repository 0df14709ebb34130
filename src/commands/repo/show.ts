import { Args } from '@oclif/core'
import { Fault } from '../../kernel/index.ts'
import { listDebs } from '../../workflows/tend-repository.ts'
import { BaseCommand } from '../base/base-command.ts'
import type { Answer } from '../base/envelope.ts'
import { repositoryFlag, repositoryOf } from '../base/repository-flags.ts'
import { formatBytes, type Line, span } from '../base/text.ts'

export default class RepoShow extends BaseCommand {
  static override summary = 'Show where a package of the repository lies and in which suites it is'
  static override args = { name: Args.string({ name: 'NAME', description: 'binary package', required: true }) }
  static override flags = { ...repositoryFlag }
  static override examples = ['<%= config.bin %> repo show hello']

  async run(): Promise<Answer> {
    const { args, flags } = await this.parse(RepoShow)
    const world = this.world()
    const all = await listDebs({ repository: repositoryOf(flags, world), suite: undefined }, this.session(flags), world)
    const debs = all.filter(({ name }) => name === args.name)
    if (debs.length === 0)
      throw new Fault('REPOSITORY_PACKAGE_UNKNOWN', {
        message: `no suite of ${flags.repository} has the package ${args.name}`,
        hint: `See \`aptroot repo list\`, and \`aptroot repo list SUITE\` for its debs.`,
        context: { repository: flags.repository, name: args.name },
      })
    const lines = debs.flatMap(({ name, version, architecture, sha256, sizeBytes, path, suites }): Line[] => [
      [span('strong', `${name} ${version} ${architecture}`), `  in ${suites.join(', ')}`],
      `  ${path} (${formatBytes(sizeBytes)})`,
      `  sha256 ${sha256}`,
    ])
    return { result: debs, lines }
  }
}
