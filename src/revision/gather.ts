import { Fault, nextTurn } from '../kernel/index.ts'

export interface Gathering<Item, Result> {
  /** One result for each item, in this order. */
  readonly work: (items: readonly Item[]) => Promise<readonly Result[]>
  /** Told after each batch. */
  readonly onBatch: (items: number) => void
}

/** Of one batch: some milliseconds of work, so that others get their turn. */
const greatestBatch = 256
/** Beyond these the sender is faster than the disk will ever be. */
const greatestQueue = 8192

interface Waiting<Item, Result> {
  readonly item: Item
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

/**
 * Does what arrives together in one piece of work: one commit, one wait for the disk. While a batch is worked on, the next one gathers.
 *
 * @returns the function to call for each item; it throws what the work of its batch threw, or `REVISION_UNAVAILABLE` when too much waits
 */
export function gather<Item, Result>({ work, onBatch }: Gathering<Item, Result>): (item: Item) => Promise<Result> {
  const waiting: Waiting<Item, Result>[] = []
  let isWorking = false

  async function workOff(): Promise<void> {
    isWorking = true
    try {
      // What this turn of the event loop brings belongs together.
      await nextTurn()
      while (waiting.length > 0) {
        const batch = waiting.splice(0, greatestBatch)
        await settle(batch)
        onBatch(batch.length)
      }
    } finally {
      isWorking = false
    }
  }

  async function settle(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await work(batch.map(({ item }) => item))
      for (const [at, { resolve }] of batch.entries()) resolve(results[at] as Result)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  return item =>
    new Promise((resolve, reject) => {
      if (waiting.length >= greatestQueue) {
        reject(
          new Fault('REVISION_UNAVAILABLE', {
            message: `more than ${greatestQueue} requests are waiting`,
            hint: 'Ask again in a moment.',
          }),
        )
        return
      }
      waiting.push({ item, resolve, reject })
      if (!isWorking) void workOff()
    })
}
