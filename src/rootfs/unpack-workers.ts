import { Worker } from 'node:worker_threads'
import { Fault, type Session } from '../kernel/index.ts'
import { hearAnswer } from './namespace-job.ts'
import type { DebIdentity } from './unpack-deb.ts'

/** What a worker thread is told when it begins, and then for each deb. Its answers are lines of `answerJob`, and `done`. */
export interface UnpackPlace {
  readonly storeFolder: string
  readonly storeLayers: readonly string[]
}

/** Takes debs apart in threads of their own. */
export interface UnpackWorkers {
  /** Begins; the fault of the first deb that has one is thrown by `finish`. */
  add(deb: DebIdentity): void
  /** Waits for all that was added. @throws {Fault} as `unpackDeb` */
  finish(): Promise<void>
  /** Ends the threads, whatever they do. */
  close(): Promise<void>
}

/** Else each thread lets 16 MB of short-lived objects gather before it looks. */
const resourceLimits = { maxYoungGenerationSizeMb: 4 }

/**
 * @param script the built worker
 * @param threads at most; each is begun when there is a deb for it
 */
export function createUnpackWorkers(
  options: { readonly script: string; readonly threads: number; readonly place: UnpackPlace },
  session: Session,
): UnpackWorkers {
  const workers: Worker[] = []
  const idle: Worker[] = []
  const waiting: DebIdentity[] = []
  let fail: (reason: unknown) => void = () => undefined
  const failed = new Promise<never>((_, reject) => {
    fail = reject
  })
  failed.catch(() => undefined)
  let open = 0
  let settled: () => void = () => undefined

  const next = (worker: Worker): void => {
    const deb = waiting.shift()
    if (deb === undefined) idle.push(worker)
    else worker.postMessage(deb)
  }
  const begin = (): Worker => {
    const worker = new Worker(options.script, { workerData: options.place, resourceLimits })
    workers.push(worker)
    worker.on('message', (message: string) => {
      if (message !== 'done') {
        const fault = hearAnswer(message, session)
        if (fault !== undefined) fail(fault)
        return
      }
      open -= 1
      if (open === 0) settled()
      next(worker)
    })
    worker.on('error', fail)
    worker.on('exit', code => fail(new Fault('INTERNAL', { message: `a thread that unpacks ended with ${code}` })))
    return worker
  }
  const stop = () => fail(session.signal.reason)
  session.signal.addEventListener('abort', stop, { once: true })
  return {
    add(deb) {
      open += 1
      waiting.push(deb)
      const worker = idle.pop() ?? (workers.length < options.threads ? begin() : undefined)
      if (worker !== undefined) next(worker)
    },
    async finish() {
      const all = new Promise<void>(resolve => {
        settled = resolve
        if (open === 0) resolve()
      })
      await Promise.race([all, failed])
    },
    async close() {
      session.signal.removeEventListener('abort', stop)
      await Promise.all(workers.map(worker => worker.terminate()))
    },
  }
}
