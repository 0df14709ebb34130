import type { Session } from '../../kernel/index.ts'
import type { MergeOutcome } from '../../workflows/merge-locks.ts'
import { count, type Line, span } from './text.ts'

export function mergeLines(outcome: MergeOutcome): Line[] {
  if (outcome.kind === 'conflict') return outcome.conflicts.map((line): Line => ['  ', span('bad', '!'), ` ${line}`])
  const proof = outcome.relations === 'proven' ? ', and all relations hold' : ''
  return [`Merged ${outcome.lockName}: ${count(outcome.debs, 'deb')}${proof}.`]
}

/** A merge that nobody could look into must not pass for one that was. */
export function warnUnproven(outcome: MergeOutcome, session: Session): void {
  if (outcome.kind === 'conflict' || outcome.relations !== 'not-proven') return
  session.journal.emit({
    kind: 'warned',
    stage: 'resolve',
    message: `${outcome.lockName} was merged, but the store has no indexes to prove that what both branches chose goes together`,
    hint: 'Run `aptroot lock verify`.',
  })
}
