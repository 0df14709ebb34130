import { Fault, unreachable } from '../../kernel/index.ts'
import { type LockCheck as Check, checkLock } from '../../workflows/check-lock.ts'
import { findProjects } from '../../workflows/project.ts'
import { BaseCommand } from '../base/base-command.ts'
import type { Answer } from '../base/envelope.ts'
import { choiceOf, manifestsFlags } from '../base/project-flags.ts'
import { count, type Line, span } from '../base/text.ts'

export default class LockCheck extends BaseCommand {
  static override summary = 'Say whether the lockfile answers the manifest, from the two files alone'
  static override description =
    'Ends with exit code 1 when it does not. Uses neither network nor store, so it fits into a commit hook.'
  static override flags = { ...manifestsFlags }
  static override examples = ['<%= config.bin %> lock check', '<%= config.bin %> lock check --all --json']

  async run(): Promise<Answer> {
    const { flags } = await this.parse(LockCheck)
    const world = this.world()
    const checks: Check[] = []
    for (const project of await findProjects(choiceOf(flags), world.workingFolder))
      checks.push(await checkLock(project, world))
    return { result: { locks: checks }, lines: checks.flatMap(linesOf), fault: faultOf(checks) }
  }
}

function linesOf(check: Check): Line[] {
  return [
    ...check.changes.map(
      (change): Line => [
        '  ',
        change.kind === 'added' ? span('good', '+') : span('bad', '-'),
        ` ${change.field}: ${change.text}`,
      ],
    ),
    ...check.problems.map((problem): Line => ['  ', span('bad', '!'), ` ${problem.message}`]),
    verdictLine(check),
  ]
}

function verdictLine({ manifestName, lockName, verdict, debs, changes }: Check): Line {
  switch (verdict) {
    case 'current':
      return `${lockName} answers ${manifestName}: ${count(debs, 'deb')}.`
    case 'stale':
      if (changes.length === 0) return `${lockName} does not fit the project's own debs.`
      return `${lockName} answers another request than ${manifestName} makes; the lines above lead from one to the other.`
    case 'inconsistent':
      return `${lockName} contradicts itself.`
    default:
      return unreachable(verdict)
  }
}

/** Of several locks the first that is not current is named; the graver verdict first. */
function faultOf(checks: readonly Check[]): Fault | undefined {
  const inconsistent = checks.find(each => each.verdict === 'inconsistent')
  if (inconsistent !== undefined)
    return new Fault('LOCK_INCONSISTENT', {
      message: `${inconsistent.lockName}: ${inconsistent.problems[0]?.message ?? 'contradicts itself'}`,
      hint: 'Run `aptroot lock update`; do not edit the lockfile by hand.',
      context: { lock: inconsistent.lockName, problems: inconsistent.problems.map(each => each.message) },
    })
  const stale = checks.find(each => each.verdict === 'stale')
  if (stale === undefined) return undefined
  const [problem] = stale.problems
  return new Fault('LOCK_STALE', {
    message:
      stale.changes.length === 0 && problem !== undefined
        ? `${stale.lockName} does not fit the project's own debs: ${problem.message}`
        : `${stale.lockName} does not answer ${stale.manifestName}: ${count(stale.changes.length, 'line')} of the request differ`,
    hint: 'Run `aptroot lock update` and commit the lockfile.',
    context: {
      lock: stale.lockName,
      changes: stale.changes.map(({ field, kind, text }) => `${kind} ${field}: ${text}`),
    },
  })
}
