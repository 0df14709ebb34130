import { userInfo } from 'node:os'
import { diagnoseHost, type Finding } from '../workflows/diagnose-host.ts'
import { BaseCommand } from './base/base-command.ts'
import type { Answer } from './base/envelope.ts'
import { settingsOf } from './base/settings.ts'
import { ownStoreFlags } from './base/settings-flags.ts'
import { count, type Line, type Span, span } from './base/text.ts'

export default class Doctor extends BaseCommand {
  static readonly readsConfig = true
  static override summary = 'Say what this machine can do for aptroot, and what to install for more'
  static override description = 'Changes nothing and uses no network. Ends with exit code 0 whatever it finds.'
  static override flags = { ...ownStoreFlags }
  static override examples = ['<%= config.bin %> doctor', '<%= config.bin %> doctor --json']

  async run(): Promise<Answer> {
    const { flags } = await this.parse(Doctor)
    const world = this.world()
    const settings = await settingsOf(flags, world)
    const { uid, username } = userInfo()
    const findings = await diagnoseHost(
      {
        nodeVersion: process.versions.node,
        platform: process.platform,
        machine: process.arch,
        user: { id: uid, name: username },
        storeFolder: settings.storeFolder,
        systemFolder: '/',
      },
      world,
    )
    return {
      result: { aptroot: this.config.version, findings, settings: settings.sources },
      lines: linesOf(findings, settings.sources),
    }
  }
}

function linesOf(findings: readonly Finding[], settingsSources: readonly string[]): Line[] {
  const width = Math.max(...findings.map(each => each.name.length))
  const lines = findings.flatMap((finding): Line[] => {
    const first: Line = [markOf(finding), ` ${finding.name.padEnd(width)}  ${finding.found}`]
    if (finding.status === 'ok') return [first]
    return [first, `        ${' '.repeat(width)}  for ${finding.purpose}: ${finding.advice ?? ''}`]
  })
  const problems = findings.filter(each => each.status === 'problem').length
  const absent = findings.filter(each => each.status === 'absent').length
  return [
    ...lines,
    '',
    `Settings: ${settingsSources.length === 0 ? 'only defaults' : settingsSources.join(', ')}.`,
    `${problems === 0 ? 'No problems' : count(problems, 'problem')}, ${count(absent, 'optional part')} absent.`,
  ]
}

function markOf({ status }: Finding): Span {
  switch (status) {
    case 'ok':
      return span('good', 'ok     ')
    case 'absent':
      return span('notice', 'absent ')
    case 'problem':
      return span('bad', 'PROBLEM')
    default:
      return status satisfies never
  }
}
