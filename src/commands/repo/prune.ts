import { Flags } from '@oclif/core'
import { pruneRepository } from '../../workflows/tend-repository.ts'
import { BaseCommand } from '../base/base-command.ts'
import { parseDuration } from '../base/duration.ts'
import type { Answer } from '../base/envelope.ts'
import { repositoryFlag, repositoryOf } from '../base/repository-flags.ts'
import { count, formatBytes } from '../base/text.ts'

export default class RepoPrune extends BaseCommand {
  static override summary = 'Remove the files of debs that are in no suite'
  static override description =
    'Readers that have just read an earlier index may still ask for them: the default leaves them a week.'
  static override flags = {
    ...repositoryFlag,
    'unused-for': Flags.string({
      summary: 'remove what is in no suite since this long: 12h, 30d, 8w, or 0',
      helpValue: 'TIME',
      default: '7d',
    }),
    keep: Flags.string({
      summary: 'keep the debs of this lockfile, may be given several times',
      helpValue: 'FILE',
      multiple: true,
      multipleNonGreedy: true,
    }),
  }
  static override examples = [
    '<%= config.bin %> repo prune',
    '<%= config.bin %> repo prune --unused-for 0 --keep fleet-a.aptroot.lock --keep fleet-b.aptroot.lock',
  ]

  async run(): Promise<Answer> {
    const { flags } = await this.parse(RepoPrune)
    const world = this.world()
    const result = await pruneRepository(
      {
        repository: repositoryOf(flags, world),
        unusedForMilliseconds: parseDuration('--unused-for', flags['unused-for']),
        keptLocks: flags.keep ?? [],
      },
      this.session(flags),
      world,
    )
    const { removedFiles, freedBytes, keptFiles } = result
    const lines = [
      `${flags.repository}: removed ${count(removedFiles, 'file')} (${formatBytes(freedBytes)}), kept ${keptFiles}`,
    ]
    return { result, lines }
  }
}
