import { setTimeout } from 'node:timers/promises'
import type { Clock } from '../kernel/index.ts'

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => new Date(),
  async sleep(milliseconds, signal) {
    try {
      // A signal of its own: listeners of many sleepers on one signal make Node warn of a leak.
      await setTimeout(milliseconds, undefined, { signal: AbortSignal.any([signal]) })
    } catch (error) {
      signal.throwIfAborted()
      throw error
    }
  },
}
