import { Flags } from '@oclif/core'
import { Fault } from '../../kernel/index.ts'
import { findOutdated, type Outdated } from '../../workflows/find-outdated.ts'
import { findProjects } from '../../workflows/project.ts'
import { BaseCommand } from '../base/base-command.ts'
import { parseInstant, timestampOf } from '../base/duration.ts'
import type { Answer } from '../base/envelope.ts'
import { choiceOf, manifestsFlags } from '../base/project-flags.ts'
import { outdatedLines } from '../base/render/outdated-lines.ts'
import { siteOf } from '../base/settings.ts'
import { networkFlags, storeFlags } from '../base/settings-flags.ts'
import { count } from '../base/text.ts'
import { unsolvableFault } from '../base/unsolvable.ts'

export default class LockOutdated extends BaseCommand {
  static override summary = 'What an update would bring, by source package, and what holds the rest back'
  static override description =
    'Resolves afresh and writes nothing. What changed upstream is told in the groups of `policy:` in the manifest, with its kind of change; what a rule, a minimum age, a pin or a relation holds back is told with the reason.'
  static override flags = {
    ...manifestsFlags,
    'exit-code': Flags.boolean({ summary: 'end with exit code 1 when something would move' }),
    'as-of': Flags.string({
      summary: 'judge signatures, expiry, rules and ages at this time instead of now',
      helpValue: 'TIME',
    }),
    snapshot: Flags.string({
      summary: 'ask the state that the archives had at this time; implies --as-of',
      helpValue: 'TIME',
    }),
    ...storeFlags,
    ...networkFlags,
  }
  static override examples = [
    '<%= config.bin %> lock outdated',
    '<%= config.bin %> lock outdated --all --exit-code',
    '<%= config.bin %> lock outdated --json',
    '<%= config.bin %> lock outdated --as-of 2026-11-20',
  ]

  async run(): Promise<Answer> {
    const { flags } = await this.parse(LockOutdated)
    const session = this.session(flags)
    const world = this.world()
    const asOf = flags['as-of'] === undefined ? undefined : parseInstant('--as-of', flags['as-of'])
    const snapshot = flags.snapshot === undefined ? undefined : timestampOf(parseInstant('--snapshot', flags.snapshot))
    const results: Outdated[] = []
    for (const project of await findProjects(choiceOf(flags), world.workingFolder)) {
      const site = await siteOf(flags, project, { session, world })
      const result = await findOutdated({ project, site, asOf, snapshot }, session, world)
      if (result.kind === 'unsolvable')
        return {
          result: { outdated: 1, locks: [...results, result] },
          lines: [...results.flatMap(outdatedLines), ...result.explanation.lines],
          fault: unsolvableFault(result),
        }
      for (const message of result.expired)
        session.journal.emit({ kind: 'warned', stage: 'lock', message, hint: 'Renew it or remove it.' })
      results.push(result)
    }
    return {
      result: { outdated: 1, locks: results },
      lines: results.flatMap((each, at) => [...(at === 0 ? [] : ['']), ...outdatedLines(each)]),
      fault: flags['exit-code'] ? outdatedFault(results) : undefined,
    }
  }
}

function outdatedFault(results: readonly Outdated[]): Fault | undefined {
  const outdated = results.filter(each => each.groups.length > 0)
  const [first] = outdated
  if (first === undefined) return undefined
  const sources = first.groups.flatMap(group => group.sources)
  return new Fault('LOCK_DIFFERS', {
    message: `${first.lockName} is outdated: ${count(sources.length, 'source package')} would move`,
    hint: 'You asked for this exit code with --exit-code. `aptroot lock update` brings it up to date.',
    context: { locks: outdated.map(each => each.lockName) },
  })
}
