import { Flags } from '@oclif/core'
import { type Fault, unreachable } from '../../kernel/index.ts'
import { mergeFault } from '../../workflows/merge-locks.ts'
import { projectOf } from '../../workflows/project.ts'
import { type ResolvedLock, resolveLock } from '../../workflows/resolve-lock.ts'
import { BaseCommand } from '../base/base-command.ts'
import type { Answer } from '../base/envelope.ts'
import { mergeLines, warnUnproven } from '../base/merge-lines.ts'
import { manifestFlag } from '../base/project-flags.ts'
import { siteOf } from '../base/settings.ts'
import { storeFlags } from '../base/settings-flags.ts'
import { type Line, span } from '../base/text.ts'

export default class LockResolve extends BaseCommand {
  static override summary = 'Repair a lockfile that has conflict markers'
  static override description =
    "Merges the two branches' locks package by package, as `lock merge` does. What they disagree about stays in conflict, with exit code 1, unless --take decides it."
  static override flags = {
    ...manifestFlag,
    take: Flags.option({
      options: ['ours', 'theirs'] as const,
      summary: 'the side that decides where both branches changed the same thing',
    })(),
    ...storeFlags,
  }
  static override examples = ['<%= config.bin %> lock resolve', '<%= config.bin %> lock resolve --take theirs']

  async run(): Promise<Answer> {
    const { flags } = await this.parse(LockResolve)
    const session = this.session(flags)
    const world = this.world()
    const project = projectOf(flags.file, world.workingFolder)
    const site = await siteOf({ ...flags, offline: true }, project, { session, world })
    const resolved = await resolveLock({ project, site, take: flags.take }, session, world)
    const { outcome } = resolved
    if (outcome.kind === 'merged') warnUnproven(outcome, session)
    return {
      result: { ...outcome, from: resolved.from, manifest: resolved.manifest },
      lines: [...linesOf(resolved), ...nextLines(resolved, flags.file)],
      fault: faultOf(resolved),
    }
  }
}

function linesOf({ outcome }: ResolvedLock): Line[] {
  switch (outcome.kind) {
    case 'sound':
      return [`${outcome.lockName} has no conflict markers.`]
    case 'taken':
      return [
        ...outcome.problems.map((problem): Line => ['  ', span('bad', '!'), ` ${problem}`]),
        `Merged ${outcome.lockName}; what was disputed is as ${outcome.side} had it.`,
      ]
    case 'merged':
    case 'conflict':
      return mergeLines(outcome)
    default:
      return unreachable(outcome)
  }
}

function nextLines({ outcome, manifest }: ResolvedLock, manifestName: string): Line[] {
  if (outcome.kind === 'sound' || outcome.kind === 'conflict') return []
  const file = manifestName === 'aptroot.yaml' ? '' : ` -f ${manifestName}`
  if (manifest === 'conflicted') return [`Next: resolve ${manifestName}, then aptroot lock check${file}`]
  return [`Next: aptroot lock ${outcome.kind === 'taken' ? 'update --keep' : 'check'}${file}`]
}

function faultOf({ outcome }: ResolvedLock): Fault | undefined {
  return outcome.kind === 'conflict' ? mergeFault(outcome) : undefined
}
