import { describePackage } from '../debian/index.ts'
import { Fault } from '../kernel/index.ts'
import type { LockedDeb } from '../lockfile/index.ts'
import { archiveOf } from './providers.ts'

/** Why a provider did not deliver. */
export interface Answer {
  readonly kind: 'absent' | 'wrong-bytes' | 'unreachable'
  /** Path or URL without secrets. */
  readonly provider: string
  readonly reason: string
  readonly fault: Fault
}

const shownDebs = 5

/** What it means for a deb that no provider delivered it: a retry may help, or the bytes are wrong, or it is gone. */
export function failureOf(deb: LockedDeb, answers: readonly Answer[]): Fault {
  const name = describePackage(deb)
  const context = { deb: name, sha256: deb.sha256, answers: answers.map(({ reason }) => reason) }
  const passing = answers.find(({ kind }) => kind === 'unreachable')
  if (passing !== undefined)
    return new Fault(passing.fault.code, {
      message: `${name} could not be fetched: ${passing.reason}${moreAnswers(answers)}`,
      hint: 'Try again: what was fetched stays in the store. Other places: `--mirror ID=URI`.',
      context,
      cause: passing.fault,
    })
  const wrong = answers.find(({ kind }) => kind === 'wrong-bytes')
  if (wrong !== undefined)
    return new Fault('FETCH_INTEGRITY', {
      message: `${name}: ${wrong.reason}${moreAnswers(answers)}`,
      hint: 'A mirror replaced the file. Run `aptroot lock update` only if you know why; else name another mirror.',
      context: { ...context, ...wrong.fault.context },
      cause: wrong.fault,
    })
  const nowhere = `the archive ${archiveOf(deb)} has no address`
  return new Fault('FETCH_GONE', {
    message: `${name} is gone from every provider: ${answers[0]?.reason ?? nowhere}${moreAnswers(answers)}`,
    hint: 'Give the archive a `snapshot:`, name a mirror that still has it, or run `aptroot lock update`.',
    context,
  })
}

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

function moreAnswers(answers: readonly Answer[]): string {
  if (answers.length < 2) return ''
  return ` (${answers.length} places were asked)`
}
