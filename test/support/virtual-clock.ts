import type { Clock } from '../../src/kernel/index.ts'

/** A clock on which sleeping takes no time and is written down. */
export interface VirtualClock extends Clock {
  /** Milliseconds of each `sleep`, in order. */
  readonly sleeps: readonly number[]
  advance(milliseconds: number): void
}

export function virtualClock(start = '2026-11-20T00:00:00Z'): VirtualClock {
  let now = Date.parse(start)
  const sleeps: number[] = []
  return {
    sleeps,
    now: () => new Date(now),
    async sleep(milliseconds, signal) {
      signal.throwIfAborted()
      sleeps.push(milliseconds)
      now += milliseconds
    },
    advance(milliseconds) {
      now += milliseconds
    },
  }
}
