import { nextTurn, type Session } from '../kernel/index.ts'

/**
 * Drives a search to its end and lets timers and signals run whenever it yields.
 *
 * The search itself knows no time: what it answers does not depend on how often it is interrupted.
 *
 * @throws the signal's reason when the session is aborted
 */
export async function runSearch<Result>(steps: Generator<void, Result>, session: Session): Promise<Result> {
  for (;;) {
    session.signal.throwIfAborted()
    const step = steps.next()
    if (step.done === true) return step.value
    await nextTurn()
  }
}
