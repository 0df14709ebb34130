import { type NewerVersion, type ReviewedSource, stepText } from '../../../review/index.ts'
import type { HeldSource, Outdated } from '../../../workflows/find-outdated.ts'
import { count, type Line, span } from '../text.ts'

/** By group, then what is held back and why, then what an update would leave behind. */
export function outdatedLines(outdated: Outdated): Line[] {
  const { lockName, groups, held, along, newer } = outdated
  const moving = groups.reduce((sum, group) => sum + group.sources.length, 0)
  const withheld = newer.filter(({ because }) => because.kind !== 'priority')
  const elsewhere = newer.length - withheld.length
  return [
    ...groups.flatMap(({ name, sources }) => section(name, sources.map(sourceLine))),
    ...section('held back', [...held.map(heldLine), ...withheld.map(newerLine)]),
    [
      span('strong', lockName),
      moving === 0 ? ' is up to date' : `: ${count(moving, 'source package')} would move`,
      ...(held.length === 0 ? [] : [`; ${held.length} held back`]),
      ...(moving === 0 || along.length === 0 ? [] : [`; ${along.length} more come, go or change their place`]),
      '.',
    ],
    ...(elsewhere === 0
      ? []
      : [`Suites of lower priority have ${count(elsewhere, 'newer version')}; --json lists them.`]),
  ]
}

function section(title: string, lines: readonly Line[]): Line[] {
  if (lines.length === 0) return []
  return [
    [span('strong', title)],
    ...lines.map((line): Line => ['  ', ...(typeof line === 'string' ? [line] : line)]),
    '',
  ]
}

function sourceLine(source: ReviewedSource): Line {
  const step = source.step === undefined ? '' : stepText(source.step)
  const debs = source.debs.length === 1 ? '' : ` (${count(source.debs.length, 'deb')})`
  return [span('changed', source.source), ` ${versionsOf(source)}${step === '' ? '' : `: ${step}`}${debs}`]
}

function versionsOf({ versionsBefore, versionsAfter, debs }: ReviewedSource): string {
  const [had, has] = [versionsBefore.join(', '), versionsAfter.join(', ')]
  if (had !== has) return `${had} → ${has}`
  // A rebuild leaves the version of the source.
  const moved = debs.find(each => each.versionBefore !== each.versionAfter)
  return moved === undefined ? had : `${moved.versionBefore ?? ''} → ${moved.versionAfter ?? ''}`
}

function heldLine({ source, verdict }: HeldSource): Line {
  const title = `${source.source} ${versionsOf(source)}: `
  switch (verdict.kind) {
    case 'ignored':
      return [title, span('notice', 'ignored'), ` until ${verdict.rule.until}: ${verdict.rule.reason}`]
    case 'waits':
      return [title, span('notice', verdict.age === 'too-young' ? 'too young' : 'of unknown age'), agePhrase(verdict)]
    case 'other-bytes':
      return [title, span('bad', 'the same version with other bytes'), ', which an honest archive never has']
    default:
      return verdict satisfies never
  }
}

function agePhrase({ requiredSeconds, age }: { readonly requiredSeconds: number; readonly age: string }): string {
  const hours = requiredSeconds / 3600
  const wanted = hours % 24 === 0 ? count(hours / 24, 'day') : count(hours, 'hour')
  if (age === 'too-young') return `, ${wanted} are asked for`
  return `: no Release of ${wanted} ago is at hand that could show it`
}

function newerLine({ name, architecture, chosen, newer, from, because }: NewerVersion): Line {
  const title = `${name}:${architecture} ${chosen}, not ${newer} of ${from}: `
  switch (because.kind) {
    case 'pin': {
      const { pin } = because
      const end = pin.until === undefined ? '' : ` until ${pin.until}`
      return [title, span('notice', `pin of ${pin.package ?? pin.source ?? '*'}`), `${end}: ${pin.reason}`]
    }
    case 'relations':
      return [title, 'nothing that satisfies the manifest has it']
    case 'priority':
      return [title, `its suite has priority ${because.priority}`]
    default:
      return because satisfies never
  }
}
