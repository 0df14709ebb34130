import { join } from 'node:path'
import { type Clock, Fault, type Session } from '../kernel/index.ts'
import { claimName } from './claim.ts'
import type { ProcessPlaces } from './layout.ts'
import { Presence } from './presence.ts'

const firstWaitMilliseconds = 5
const longestWaitMilliseconds = 200

/**
 * A lock among processes that may be killed at any moment: that of a dead one is taken over. On one machine death is seen at once;
 * a process of another machine that shares the folder counts as dead after two minutes without a heartbeat.
 */
export class ProcessLock {
  readonly #folder: string
  readonly #places: ProcessPlaces
  readonly #presence: Presence
  readonly #clock: Clock

  /** @param folder where the processes leave their marks; made if it is not there, emptied by nobody */
  constructor(folder: string, clock: Clock) {
    this.#folder = folder
    this.#places = {
      temporaries: join(folder, 'temporary'),
      running: join(folder, 'running'),
      claims: join(folder, 'claim'),
    }
    this.#presence = new Presence(this.#places, clock)
    this.#clock = clock
  }

  /**
   * Does work that nobody else does at the same time, waiting as long as somebody does.
   *
   * @param name a file name
   * @throws {Fault} `OUTPUT_UNWRITABLE` where no lock can be made; the signal's reason when aborted while waiting
   */
  async hold<Result>(name: string, session: Session, work: () => Promise<Result>): Promise<Result> {
    const path = join(this.#places.claims, name)
    const world = { layout: this.#places, presence: this.#presence, now: () => this.#clock.now() }
    let waitMilliseconds = firstWaitMilliseconds
    for (;;) {
      session.signal.throwIfAborted()
      const claim = await claimName(world, path)
      if (claim === 'impossible') throw unlockable(this.#folder)
      if (claim !== 'held') {
        try {
          return await work()
        } finally {
          claim.release()
        }
      }
      await this.#clock.sleep(waitMilliseconds, session.signal)
      waitMilliseconds = Math.min(waitMilliseconds * 2, longestWaitMilliseconds)
    }
  }
}

function unlockable(folder: string): Fault {
  return new Fault('OUTPUT_UNWRITABLE', {
    message: `cannot write ${folder}: no lock can be made there`,
    hint: 'Check its owner and permissions; the file system must have hard links.',
    context: { output: folder },
  })
}
