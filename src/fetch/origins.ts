import type { Fault } from '../kernel/index.ts'

/** What is known of a host in one run. */
interface Origin {
  state: 'unknown' | 'answers' | 'down'
  failures: number
  /** While the host is unknown, one asks and the others wait for what it learns. */
  probe: Promise<void> | undefined
}

/** Failures in a row of a host that answered before, after which it is not asked again. */
const toleratedFailures = 3

/** What a provider's answer says of its host; `failed`: it spoke, and may serve the next deb no better. */
export type OriginSign = 'answered' | 'failed' | 'silent'

/** What may pass, and what a host says that has too much to do. */
const busyStatuses: ReadonlySet<unknown> = new Set([408, 425, 429])

/** A host that refuses one file at once (403 is how object stores say 404) costs no waiting time, and may have the next one. */
export function signOf({ code, context }: Fault): OriginSign {
  if (code === 'NETWORK_UNREACHABLE' || code === 'NETWORK_TIMEOUT') return 'silent'
  const { status } = context
  const refuses = typeof status === 'number' && status >= 400 && status < 500 && !busyStatuses.has(status)
  return refuses ? 'answered' : 'failed'
}

/**
 * Which hosts answer, so that a dead one costs its waiting time once a run and not once a deb. A host that was never heard of is given up
 * after the first failure (with its retries), one that answered before after three in a row.
 */
export class Origins {
  readonly #origins = new Map<string, Origin>()

  isDown(name: string): boolean {
    return this.#origins.get(name)?.state === 'down'
  }

  /**
   * Asks a host through `ask`, which calls `heard` as soon as there is any sign of life; before the first sign only one asks.
   *
   * @returns `skipped` when the host is down
   */
  async ask<Result>(
    name: string,
    ask: (heard: () => void) => Promise<{ readonly result: Result; readonly sign: OriginSign }>,
  ): Promise<Result | 'skipped'> {
    const origin = this.#originOf(name)
    while (origin.state === 'unknown' && origin.probe !== undefined) await origin.probe
    if (origin.state === 'down') return 'skipped'
    let opened: () => void = () => undefined
    if (origin.state === 'unknown')
      origin.probe = new Promise(resolve => {
        opened = resolve
      })
    const heard = () => {
      origin.state = 'answers'
      opened()
    }
    try {
      const { result, sign } = await ask(heard)
      this.#note(origin, sign)
      return result
    } finally {
      origin.probe = undefined
      opened()
    }
  }

  #note(origin: Origin, sign: OriginSign): void {
    if (sign === 'answered') {
      origin.state = 'answers'
      origin.failures = 0
      return
    }
    origin.failures += 1
    const isGivenUp = origin.failures >= toleratedFailures || (sign === 'silent' && origin.state === 'unknown')
    origin.state = isGivenUp ? 'down' : 'answers'
  }

  #originOf(name: string): Origin {
    const known = this.#origins.get(name)
    if (known !== undefined) return known
    const origin: Origin = { state: 'unknown', failures: 0, probe: undefined }
    this.#origins.set(name, origin)
    return origin
  }
}
