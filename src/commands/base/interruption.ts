import { Fault } from '../../kernel/index.ts'

export interface Interruption {
  readonly signal: AbortSignal
  /** Restores what SIGINT and SIGTERM do by themselves. */
  release(): void
}

/**
 * The first SIGINT or SIGTERM asks the work to stop and clean up after itself; the second one ends the process at once.
 */
export function listenForInterruption(): Interruption {
  const controller = new AbortController()
  const listen = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(130)
    controller.abort(
      new Fault('INTERRUPTED', {
        message: `interrupted by ${name}`,
        hint: 'Nothing was left half-written. Run the command again to go on; finished downloads are kept.',
        context: { signal: name },
      }),
    )
  }
  process.on('SIGINT', listen)
  process.on('SIGTERM', listen)
  return {
    signal: controller.signal,
    release: () => {
      process.off('SIGINT', listen)
      process.off('SIGTERM', listen)
    },
  }
}
