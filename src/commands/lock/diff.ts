import { Args, Flags } from '@oclif/core'
import { Fault } from '../../kernel/index.ts'
import { isEmptyDifference } from '../../lockfile/difference.ts'
import { compareLocks } from '../../workflows/compare-locks.ts'
import { projectOf } from '../../workflows/project.ts'
import { BaseCommand } from '../base/base-command.ts'
import type { Answer } from '../base/envelope.ts'
import { manifestFlag } from '../base/project-flags.ts'
import { differenceLines, summaryOf } from '../base/render/difference-lines.ts'

export default class LockDiff extends BaseCommand {
  static override summary = 'Show what changed between two locks, grouped by source package'
  static override description =
    'Each side is a lockfile or a git revision. Without sides: from HEAD to the working tree; with one: from there to the working tree.'
  static override args = {
    before: Args.string({ description: 'lockfile, revision or REVISION:PATH [default: HEAD]' }),
    after: Args.string({ description: 'the same [default: the lockfile beside the manifest]' }),
  }
  static override flags = {
    ...manifestFlag,
    'exit-code': Flags.boolean({ summary: 'end with exit code 1 when the locks differ' }),
  }
  static override examples = [
    '<%= config.bin %> lock diff',
    '<%= config.bin %> lock diff main HEAD',
    '<%= config.bin %> lock diff old.lock new.lock --json',
  ]

  async run(): Promise<Answer> {
    const { args, flags } = await this.parse(LockDiff)
    const world = this.world()
    const project = projectOf(flags.file, world.workingFolder)
    const comparison = await compareLocks(
      { project, before: args.before, after: args.after },
      this.session(flags),
      world,
    )
    const { before, after, difference } = comparison
    const answer = { result: comparison, lines: differenceLines(difference) }
    if (!flags['exit-code'] || isEmptyDifference(difference)) return answer
    return {
      ...answer,
      fault: new Fault('LOCK_DIFFERS', {
        message: `${before} and ${after} differ: ${summaryOf(difference)}`,
        hint: 'You asked for this exit code with --exit-code.',
        context: { before, after, sources: difference.sources.map(each => each.source) },
      }),
    }
  }
}
