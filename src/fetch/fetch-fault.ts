import { describePackage } from '../debian/index.ts'
import { Fault } from '../kernel/index.ts'
import type { LockedDeb } from '../lockfile/index.ts'
import { archiveOf, type Provider } from './providers.ts'

/** Why a provider did not deliver. */
export interface Answer {
  readonly kind: 'absent' | 'wrong-bytes' | 'unreachable'
  readonly provider: Provider
  /** Without secrets. */
  readonly reason: string
  readonly fault: Fault
}

const shownDebs = 5

/** Three dozen places are more than any chain has; a hostile setting may name thousands. */
const shownReasons = 40

/**
 * What it means for a deb that no provider delivered it: wrong bytes, gone, or a retry may help. It is gone when a mirror, the
 * archive or, where none of them was asked, any other provider says so; silence of all of them says nothing.
 */
export function failureOf(deb: LockedDeb, answers: readonly Answer[]): Fault {
  const name = describePackage(deb)
  const context = { deb: name, sha256: deb.sha256, answers: reasonsOf(answers) }
  const wrong = answers.find(({ kind }) => kind === 'wrong-bytes')
  if (wrong !== undefined)
    return new Fault('FETCH_INTEGRITY', {
      message: `${name}: ${wrong.reason}${moreAnswers(answers)}`,
      hint: 'A mirror replaced the file. Run `aptroot lock update` only if you know why; else name another mirror.',
      context: { ...wrong.fault.context, ...context },
      cause: wrong.fault,
    })
  const silent = silenceOf(answers)
  if (silent !== undefined)
    return new Fault(silent.fault.code, {
      message: `${name} could not be fetched: ${silent.reason}${moreAnswers(answers)}`,
      hint: 'Try again: what was fetched stays in the store. Other places: `--mirror ID=URI`.',
      context,
      cause: silent.fault,
    })
  const [first] = answers.filter(({ kind }) => kind === 'absent')
  const unheard = answers.find(({ kind }) => kind === 'unreachable')
  return new Fault('FETCH_GONE', {
    message: `${name} is gone from every provider: ${first?.reason ?? `the archive ${archiveOf(deb)} has no address`}${moreAnswers(answers)}`,
    hint:
      unheard === undefined
        ? 'Give the archive a `snapshot:`, name a mirror that still has it, or run `aptroot lock update`.'
        : `Not every provider answered (${unheard.reason}): try again later, name a mirror that still has it, or run \`aptroot lock update\`.`,
    context,
  })
}

/** The silence that leaves everything open: of all that should have it, when no one of them said that it is gone. */
function silenceOf(answers: readonly Answer[]): Answer | undefined {
  const remote = answers.filter(({ provider }) => provider.kind !== 'vendor')
  const near = remote.filter(({ provider }) => provider.kind === 'remote' && nearRoles.has(provider.role))
  const asked = near.length === 0 ? remote : near
  return asked.every(({ kind }) => kind === 'unreachable') ? asked[0] : undefined
}

const nearRoles: ReadonlySet<string> = new Set(['mirror', 'pool'])

/** One fault for the debs of a run that cannot be had; the code of the first in the order of the lock. */
export function goneSummary(failures: readonly { readonly deb: LockedDeb; readonly fault: Fault }[]): Fault {
  const [first, ...others] = failures
  if (first === undefined) throw new Fault('INTERNAL', { message: 'a summary of no failure' })
  if (others.length === 0) return first.fault
  return new Fault(first.fault.code, {
    message: `${first.fault.message} (and ${others.length} more: ${listed(others.map(({ deb }) => deb))})`,
    ...(first.fault.hint === undefined ? {} : { hint: first.fault.hint }),
    context: { ...first.fault.context, debs: failures.map(({ deb }) => describePackage(deb)) },
    cause: first.fault,
  })
}

export function missingOffline(debs: readonly LockedDeb[]): Fault {
  return new Fault('FETCH_OFFLINE', {
    message: `${debs.length} debs are neither in the store nor in a vendor folder: ${listed(debs)}`,
    hint: 'Run `aptroot lock install --fetch-only` with network first, or name a vendor folder.',
    context: { debs: debs.map(describePackage) },
  })
}

function listed(debs: readonly LockedDeb[]): string {
  const names = debs.slice(0, shownDebs).map(describePackage).join(', ')
  return debs.length > shownDebs ? `${names}, …` : names
}

/** A line for each place that was asked. */
function reasonsOf(answers: readonly Answer[]): readonly string[] {
  const reasons = answers.map(({ reason }) => reason)
  const more = reasons.length - shownReasons
  return more > 0 ? [...reasons.slice(0, shownReasons), `… and ${more} more`] : reasons
}

function moreAnswers(answers: readonly Answer[]): string {
  if (answers.length < 2) return ''
  return ` (${answers.length} places were asked)`
}
