/** Runs a job when a place is free, in the order in which the jobs came. */
export type Queue = <Result>(job: () => Promise<Result>) => Promise<Result>

/** At most `limit` jobs at a time. A job that fails frees its place and fails for its caller alone. */
export function createQueue(limit: number): Queue {
  let running = 0
  const waiting: (() => void)[] = []
  return async job => {
    // A place that becomes free is handed on directly, so that a newcomer cannot overtake those who wait.
    if (running < limit) running++
    else await new Promise<void>(resolve => waiting.push(resolve))
    try {
      return await job()
    } finally {
      const next = waiting.shift()
      if (next === undefined) running--
      else next()
    }
  }
}
