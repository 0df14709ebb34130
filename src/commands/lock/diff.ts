import { Args, Flags } from '@oclif/core'
import { Fault } from '../../kernel/index.ts'
import { isEmptyDifference } from '../../lockfile/difference.ts'
import {
  bodyLimits,
  type Forge,
  formatMarkdown,
  type Gate,
  type Review,
  reviewDocument,
  stoppedBy,
} from '../../review/index.ts'
import { compareLocks } from '../../workflows/compare-locks.ts'
import type { ReviewLook } from '../../workflows/look-inside.ts'
import { projectOf } from '../../workflows/project.ts'
import { BaseCommand } from '../base/base-command.ts'
import type { Answer } from '../base/envelope.ts'
import { manifestFlag } from '../base/project-flags.ts'
import { summaryOf } from '../base/render/difference-summary.ts'
import { reviewLines } from '../base/render/review-lines.ts'
import { readGates } from '../base/review-gates.ts'
import { securityDataFlag } from '../base/security-data-flag.ts'
import { siteOf } from '../base/settings.ts'
import { networkFlags, storeFlags, vendorFlags } from '../base/settings-flags.ts'
import { type Line, printable } from '../base/text.ts'

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
    deep: Flags.boolean({
      summary: 'open the changed debs: maintainer scripts, setuid files, units, conffiles, licences, sizes, changelogs',
    }),
    changelogs: Flags.boolean({
      summary: "show what the debs' own changelogs say between the two versions (part of --deep)",
    }),
    origin: Flags.boolean({
      summary: 'prove that each new hash stood in an index under a trusted signature, as `lock verify --origin` does',
    }),
    'fail-on': Flags.string({
      summary:
        'end with exit code 9 when the change has one of these: key, archive, hook, script, setuid (both with --deep), pin, origin, unproven, downgrade, epoch, stale, trust (all of trust), size=BYTES',
      helpValue: 'KIND,…',
    }),
    'exit-code': Flags.boolean({ summary: 'end with exit code 1 when the locks differ' }),
    ...securityDataFlag,
    ...storeFlags,
    ...networkFlags,
    ...vendorFlags,
  }
  static override examples = [
    '<%= config.bin %> lock diff',
    '<%= config.bin %> lock diff main HEAD --fail-on key,archive,hook,downgrade',
    '<%= config.bin %> lock diff origin/main --format markdown > body.md',
    '<%= config.bin %> lock diff --security-data https://security-tracker.debian.org/tracker/data/json',
    '<%= config.bin %> lock diff --deep --fail-on setuid,script',
    '<%= config.bin %> lock diff old.lock new.lock --json',
  ]

  async run(): Promise<Answer> {
    const { args, flags } = await this.parse(LockDiff)
    const gates = readGates(flags['fail-on'], flags.deep ? 'debs' : 'locks')
    const session = this.session(flags)
    const world = this.world()
    const project = projectOf(flags.file, world.workingFolder)
    const { difference, review } = await compareLocks(
      {
        project,
        before: args.before,
        after: args.after,
        looks: looksOf(flags, gates),
        siteOf: () => siteOf(flags, project, { session, world }),
      },
      session,
      world,
    )
    const answer = { result: review, lines: linesOf(review, flags.format, flags.forge as Forge) }
    const stopped = stoppedBy(review, gates)
    if (stopped.length > 0) return { ...answer, fault: gateFault(stopped, flags['fail-on'] ?? '') }
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

interface LookFlags {
  readonly deep: boolean
  readonly changelogs: boolean
  readonly origin: boolean
  readonly 'security-data'?: string | undefined
}

/** Data that a setting names is asked as soon as debs are opened anyway; a plain `lock diff` stays one of two files. */
function looksOf(
  { deep, changelogs, origin, 'security-data': securityData }: LookFlags,
  gates: readonly Gate[],
): ReadonlySet<ReviewLook> {
  const looks: ReviewLook[] = deep || changelogs || securityData !== undefined ? ['changelogs', 'security'] : []
  if (deep) looks.push('contents')
  if (origin || gates.some(({ kind }) => kind === 'unproven')) looks.push('origins')
  return new Set(looks)
}

function gateFault(sentences: readonly string[], gates: string): Fault {
  const more = sentences.length > 1 ? ` and ${sentences.length - 1} more` : ''
  return new Fault('REVIEW_GATE', {
    message: `the change may not pass unseen: ${printable(sentences[0] ?? '').slice(0, 200)}${more}`,
    hint: 'Read the change with `aptroot lock diff`; merge it by hand when it is meant.',
    context: { gates, stoppedBy: sentences.slice(0, 100) },
  })
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
