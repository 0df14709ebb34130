import { Args, Flags } from '@oclif/core'
import { Fault } from '../../kernel/index.ts'
import { isEmptyDifference } from '../../lockfile/difference.ts'
import { bodyLimits, type Forge, formatMarkdown, type Review, reviewDocument } from '../../review/index.ts'
import { compareLocks } from '../../workflows/compare-locks.ts'
import { projectOf } from '../../workflows/project.ts'
import { BaseCommand } from '../base/base-command.ts'
import type { Answer } from '../base/envelope.ts'
import { manifestFlag } from '../base/project-flags.ts'
import { summaryOf } from '../base/render/difference-lines.ts'
import { reviewLines } from '../base/render/review-lines.ts'
import { siteOf } from '../base/settings.ts'
import { networkFlags, storeFlags } from '../base/settings-flags.ts'
import type { Line } from '../base/text.ts'

const formats = ['text', 'markdown', 'json'] as const

export default class LockDiff extends BaseCommand {
  static override summary = 'Review what changed between two locks: trust first, then security, then the rest'
  static override description =
    'Each side is a lockfile, a git revision or a URL; the manifest beside each is compared as well. Without sides: from HEAD to the working tree; with one: from there to the working tree.'
  static override args = {
    before: Args.string({ description: 'lockfile, revision, REVISION:PATH or URL [default: HEAD]' }),
    after: Args.string({ description: 'the same [default: the lockfile beside the manifest]' }),
  }
  static override flags = {
    ...manifestFlag,
    format: Flags.string({
      summary: 'text, markdown (the body of a pull request) or json (schema/lock-diff.schema.json)',
      options: [...formats],
      default: 'text',
    }),
    forge: Flags.string({
      summary: 'whose limit of length the Markdown keeps',
      options: Object.keys(bodyLimits),
      default: 'github',
    }),
    'exit-code': Flags.boolean({ summary: 'end with exit code 1 when the locks differ' }),
    ...storeFlags,
    ...networkFlags,
  }
  static override examples = [
    '<%= config.bin %> lock diff',
    '<%= config.bin %> lock diff main HEAD',
    '<%= config.bin %> lock diff origin/main --format markdown > body.md',
    '<%= config.bin %> lock diff old.lock new.lock --json',
  ]

  async run(): Promise<Answer> {
    const { args, flags } = await this.parse(LockDiff)
    const session = this.session(flags)
    const world = this.world()
    const project = projectOf(flags.file, world.workingFolder)
    const { difference, review } = await compareLocks(
      {
        project,
        before: args.before,
        after: args.after,
        siteOf: () => siteOf(flags, project, { session, world }),
      },
      session,
      world,
    )
    const answer = { result: review, lines: linesOf(review, flags.format, flags.forge as Forge) }
    const isSame = isEmptyDifference(difference) && review.trust.length === 0 && review.request.length === 0
    if (!flags['exit-code'] || isSame) return answer
    const { before, after } = review
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

function linesOf(review: Review, format: string, forge: Forge): readonly Line[] {
  switch (format) {
    case 'json':
      return JSON.stringify(review, undefined, 2).split('\n')
    case 'markdown':
      return formatMarkdown(reviewDocument(review), forge).replace(/\n$/, '').split('\n')
    default:
      return reviewLines(reviewDocument(review))
  }
}
