import { Flags } from '@oclif/core'
import { Fault } from '../../kernel/index.ts'
import { findProjects } from '../../workflows/project.ts'
import { type LockQuestion, type LockVerification, verifyLock } from '../../workflows/verify-lock.ts'
import { BaseCommand } from '../base/base-command.ts'
import type { Answer } from '../base/envelope.ts'
import { choiceOf, manifestsFlags } from '../base/project-flags.ts'
import { siteOf } from '../base/settings.ts'
import { networkFlags, storeFlags, vendorFlags } from '../base/settings-flags.ts'
import { count, type Line, span } from '../base/text.ts'

/** Names in a line; --json has all of them. */
const shown = 10

export default class LockVerify extends BaseCommand {
  static override summary = 'Prove what the lockfile says with debs and signed indexes'
  static override description =
    'Relations are proven with the control fields of the debs, or with a signed index that lists them. Ends with exit code 1 when something is not proven.'
  static override flags = {
    ...manifestsFlags,
    origin: Flags.boolean({ summary: 'prove that each hash stood in an index under a trusted signature' }),
    fetchable: Flags.boolean({
      summary: 'ask every provider whether it still has the debs; warn when only a snapshot has',
    }),
    ...storeFlags,
    ...networkFlags,
    ...vendorFlags,
  }
  static override examples = [
    '<%= config.bin %> lock verify',
    '<%= config.bin %> lock verify --origin',
    '<%= config.bin %> lock verify --origin --offline --vendor vendor',
    '<%= config.bin %> lock verify --fetchable --json',
  ]

  async run(): Promise<Answer> {
    const { flags } = await this.parse(LockVerify)
    const session = this.session(flags)
    const world = this.world()
    if (flags.fetchable && flags.offline)
      throw new Fault('USAGE_INVALID', {
        message: '--fetchable asks the network, which --offline forbids',
        hint: 'Give one of the two.',
      })
    const questions = new Set<LockQuestion>()
    if (flags.origin) questions.add('origin')
    if (flags.fetchable) questions.add('fetchable')
    const results: LockVerification[] = []
    for (const project of await findProjects(choiceOf(flags), world.workingFolder)) {
      const site = await siteOf(flags, project, { session, world })
      const result = await verifyLock({ project, site, questions }, session, world)
      const rare = result.fetchable?.snapshotOnly ?? []
      if (rare.length > 0)
        session.journal.emit({
          kind: 'warned',
          stage: 'fetch',
          message: `only a snapshot still has ${count(rare.length, 'deb')} of ${result.lockName}: ${namesOf(rare)}`,
          hint: 'Run `aptroot lock update`, or keep them with `aptroot lock vendor DIR`.',
        })
      results.push(result)
    }
    return { result: { locks: results }, lines: results.flatMap(linesOf), fault: faultOf(results) }
  }
}

function linesOf({ lockName, debs, relations, origin, fetchable }: LockVerification): Line[] {
  const lines: Line[] = relations.problems.map((problem): Line => ['  ', span('bad', '!'), ` ${problem}`])
  const missing = (names: readonly string[]) => names.map((name): Line => ['  ', span('changed', '?'), ` ${name}`])
  lines.push(...missing(relations.unknown))
  lines.push(`${lockName}: the relations of ${count(debs, 'deb')} are ${wordsOf[relations.verdict]}.`)
  if (origin !== undefined) {
    lines.push(...missing(origin.unproven))
    const places = Object.entries(origin.sources).map(([place, proved]) => `${proved} by ${place}`)
    const by = places.length === 0 ? '' : ` (${places.join(', ')})`
    lines.push(`${lockName}: the origin of ${count(debs, 'deb')} is ${wordsOf[origin.verdict]}${by}.`)
  }
  if (fetchable !== undefined) {
    lines.push(...missing([...fetchable.gone, ...fetchable.unknown]))
    lines.push(`${lockName}: ${fetchableLine(fetchable, debs)}`)
  }
  return lines
}

const wordsOf = { proven: 'proven', refuted: 'refuted', 'not-proven': 'not proven' } as const

function fetchableLine({ verdict, gone, unknown }: NonNullable<LockVerification['fetchable']>, debs: number): string {
  switch (verdict) {
    case 'fetchable':
      return `${count(debs, 'deb')} can be fetched.`
    case 'gone':
      return `${count(gone.length, 'deb')} can be fetched from nowhere.`
    case 'not-known':
      return `whether ${count(unknown.length, 'deb')} can be fetched is not known: not every place answered.`
    default:
      return verdict satisfies never
  }
}

/** The gravest of all locks. */
function faultOf(results: readonly LockVerification[]): Fault | undefined {
  const refuted = results.find(each => each.relations.verdict === 'refuted')
  if (refuted !== undefined)
    return new Fault('LOCK_INCONSISTENT', {
      message: `${refuted.lockName}: ${refuted.relations.problems[0] ?? 'a relation does not hold'}`,
      hint: 'Run `aptroot lock update`; do not edit the lockfile by hand.',
      context: { lock: refuted.lockName, problems: refuted.relations.problems },
    })
  const gone = results.find(each => each.fetchable?.verdict === 'gone')
  if (gone !== undefined)
    return new Fault('FETCH_GONE', {
      message: `${gone.lockName}: no provider has ${namesOf(gone.fetchable?.gone ?? [])}`,
      hint: 'Name a place that has them with --vendor or --fallback, or run `aptroot lock update`.',
      context: { lock: gone.lockName, debs: gone.fetchable?.gone ?? [] },
    })
  for (const { lockName, relations, origin, fetchable } of results) {
    if (relations.verdict === 'not-proven') return notProven(lockName, 'the relations', relations.unknown)
    if (origin?.verdict === 'not-proven') return notProven(lockName, 'the origin', origin.unproven)
    if (fetchable?.verdict === 'not-known')
      return new Fault('NETWORK_UNREACHABLE', {
        message: `${lockName}: not every place answered that may have ${namesOf(fetchable.unknown)}`,
        hint: 'Try again later.',
        context: { lock: lockName, debs: fetchable.unknown },
      })
  }
  return undefined
}

function notProven(lockName: string, what: string, debs: readonly string[]): Fault {
  return new Fault('LOCK_NOT_PROVEN', {
    message: `${lockName}: ${what} of ${count(debs.length, 'deb')} could not be proven: ${namesOf(debs)}`,
    hint: 'Run it with network, with the store that `aptroot lock update` used, or with a vendor folder.',
    context: { lock: lockName, debs },
  })
}

function namesOf(names: readonly string[]): string {
  return names.length > shown ? `${names.slice(0, shown).join(', ')}, …` : names.join(', ')
}
