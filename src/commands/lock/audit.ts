import { Flags } from '@oclif/core'
import { didYouMean, Fault, groupBy, printable, quoted } from '../../kernel/index.ts'
import {
  type Audit,
  type AuditedVulnerability,
  type AuditGate,
  auditGates,
  dateWords,
  stoppedAudit,
} from '../../review/index.ts'
import { auditProject } from '../../workflows/audit-lock.ts'
import { projectOf } from '../../workflows/project.ts'
import { BaseCommand } from '../base/base-command.ts'
import type { Answer } from '../base/envelope.ts'
import { manifestFlag } from '../base/project-flags.ts'
import { requireSecurityData, securityDataFlag } from '../base/security-data-flag.ts'
import { siteOf } from '../base/settings.ts'
import { networkFlags, storeFlags } from '../base/settings-flags.ts'
import { count, type Line, span } from '../base/text.ts'

export default class LockAudit extends BaseCommand {
  static override summary = 'Known vulnerabilities of what is locked, and where a fix can be had'
  static override description =
    'Asks the data of the Debian security tracker or OSV records, given as a file or an address. Ends with exit code 1 when something is known that is neither ignored nor unimportant; with --fail-on only for what that names, with exit code 9.'
  static override flags = {
    ...manifestFlag,
    ...securityDataFlag,
    ignore: Flags.string({
      summary:
        'entries with `id`, `reason` and `until` that do not count [default: aptroot-audit.yaml beside the manifest]',
      helpValue: 'FILE',
    }),
    'fail-on': Flags.string({
      summary: `end with exit code 9 when there is one of these: ${auditGates.join(', ')}; an urgency includes what is graver`,
      helpValue: 'KIND,…',
    }),
    ...storeFlags,
    ...networkFlags,
  }
  static override examples = [
    '<%= config.bin %> lock audit --security-data https://security-tracker.debian.org/tracker/data/json',
    '<%= config.bin %> lock audit --security-data tracker.json --fail-on high,fixable',
    '<%= config.bin %> lock audit --security-data osv.json --json',
  ]

  async run(): Promise<Answer> {
    const { flags } = await this.parse(LockAudit)
    const gates = readGates(flags['fail-on'])
    const session = this.session(flags)
    const world = this.world()
    const project = projectOf(flags.file, world.workingFolder)
    const site = await siteOf(flags, project, { session, world })
    const securityData = requireSecurityData(site)
    const audit = await auditProject({ project, site, securityData, ignoreFile: flags.ignore }, session, world)
    for (const { id, until, reason } of audit.expired)
      session.journal.emit({
        kind: 'warned',
        stage: 'lock',
        message: `${id} is ignored no longer: that ended on ${until} (${printable(reason)})`,
      })
    return { result: audit, lines: linesOf(audit), fault: faultOf(audit, gates) }
  }
}

function readGates(text: string | undefined): readonly AuditGate[] | undefined {
  return text?.split(',').flatMap((word): AuditGate[] => {
    if (word === '') return []
    const gate = auditGates.find(each => each === word)
    if (gate !== undefined) return [gate]
    throw new Fault('USAGE_INVALID', {
      message: `--fail-on has ${quoted(word)}, which is nothing that a vulnerability can be`,
      hint: didYouMean(word, auditGates) ?? `It is one of ${auditGates.join(', ')}.`,
      context: { flag: '--fail-on', value: word },
    })
  })
}

function linesOf(audit: Audit): Line[] {
  const sources = groupBy(audit.vulnerabilities, each => each.source)
  return [
    ...[...sources].flatMap(([source, group]): Line[] => [
      [span('strong', source), ` ${group[0].versions.join(', ')} (${group[0].debs.join(', ')})`],
      ...group.map(vulnerabilityLine),
    ]),
    ...unjudgedLines(audit),
    ...audit.unused.map((each): Line => ['  ', span('notice', each.id), ` is ignored, and nothing locked has it`]),
    totalLine(audit, sources.size),
  ]
}

function vulnerabilityLine({ id, urgency, fixedVersion, fixedIn, note, ignored }: AuditedVulnerability): Line {
  const places = fixedIn.map(({ suite, version }) => (version === fixedVersion ? suite : `${suite} has ${version}`))
  const where = places.length === 0 ? '' : ` (${places.join(', ')})`
  const fix = fixedVersion === undefined ? 'no fix yet' : `fixed in ${fixedVersion}${where}`
  const words = `, ${urgency}: ${fix}${note === '' ? '' : `; ${note.slice(0, 200)}`}`
  if (ignored !== undefined)
    return ['  ', id, words, span('notice', `; ignored until ${ignored.until}: ${ignored.reason}`)]
  return ['  ', span(urgency === 'unimportant' ? 'notice' : 'bad', id), words]
}

/** So many are named; --json has all. */
const sourcesShown = 10

function unjudgedLines({ unjudged }: Audit): Line[] {
  if (unjudged.length === 0) return []
  const more = unjudged.length > sourcesShown ? ' and more' : ''
  const names = unjudged.slice(0, sourcesShown).map(each => each.source)
  const reasons = [...new Set(unjudged.map(each => each.reason))].slice(0, 3)
  return [
    [
      span('changed', `not known for ${count(unjudged.length, 'source package')}`),
      `: ${names.join(', ')}${more} (${reasons.join('; ')})`,
    ],
  ]
}

function totalLine({ lock, vulnerabilities, data }: Audit, sources: number): Line {
  const ignored = vulnerabilities.filter(each => each.ignored !== undefined).length
  const known = `${count(vulnerabilities.length, 'known vulnerability', 'known vulnerabilities')} in ${count(sources, 'source package')}`
  return `${lock}: ${known}${ignored === 0 ? '' : `, ${ignored} of them ignored`} (${dateWords[data.dateIs]} ${data.date}: ${data.name}).`
}

function faultOf(audit: Audit, gates: readonly AuditGate[] | undefined): Fault | undefined {
  const counted = stoppedAudit(audit, gates ?? ['low', 'unassigned', 'end-of-life'])
  const [first] = counted
  if (first === undefined) return undefined
  const more = counted.length > 1 ? ` and ${counted.length - 1} more` : ''
  const details = {
    message: `${audit.lock} has ${first.id} in ${first.source} ${first.versions.join(', ')}${more}`,
    hint: counted.some(each => each.fixedVersion !== undefined)
      ? 'Run `aptroot lock update --security-only`; what cannot be fixed yet can be ignored for a time in aptroot-audit.yaml.'
      : 'No fix is known; what you decide to live with can be ignored for a time in aptroot-audit.yaml.',
    context: { lock: audit.lock, vulnerabilities: counted.slice(0, 1000).map(each => `${each.id} ${each.source}`) },
  }
  return new Fault(gates === undefined ? 'LOCK_VULNERABLE' : 'REVIEW_GATE', details)
}
