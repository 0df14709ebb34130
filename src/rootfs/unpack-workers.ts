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
  /** Whether it was added. */
  has(deb: DebIdentity): boolean
  /** Waits for one that was added. @throws {Fault} the first of any deb */
  unpacked(deb: DebIdentity): Promise<void>
  /** Of what still waits, these come first, in this order. */
  prefer(debs: readonly DebIdentity[]): void
  /** Nothing more is added, and other work goes on beside: one thread less if there are several, and none that has nothing to do. */
  leaveOneProcessor(): void
  /** Waits for all that was added. @throws {Fault} as `unpackDeb` */
  finish(): Promise<void>
  /** Ends the threads, whatever they do. */
  close(): Promise<void>
}

/** Else each thread lets 16 MB of short-lived objects gather before it looks. */
const resourceLimits = { maxYoungGenerationSizeMb: 4 }

interface Ending {
  readonly ended: Promise<void>
  readonly end: () => void
}

function newEnding(): Ending {
  let end: () => void = () => undefined
  const ended = new Promise<void>(resolve => {
    end = resolve
  })
  return { ended, end }
}

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
  let waiting: DebIdentity[] = []
  let { threads } = options
  let isLast = false
  const debOf = new Map<Worker, DebIdentity>()
  /** By sha256. */
  const added = new Map<string, Ending>()
  let fail: (reason: unknown) => void = () => undefined
  const failed = new Promise<never>((_, reject) => {
    fail = reject
  })
  failed.catch(() => undefined)
  let open = 0
  let settled: () => void = () => undefined

  const next = (worker: Worker): void => {
    const deb = workers.length > threads ? undefined : waiting.shift()
    if (deb !== undefined) {
      debOf.set(worker, deb)
      worker.postMessage(deb)
    } else if (isLast) retire(worker)
    else idle.push(worker)
  }
  const retire = (worker: Worker): void => {
    workers.splice(workers.indexOf(worker), 1)
    worker.removeAllListeners('exit')
    worker.terminate().catch(fail)
  }
  const begin = (): Worker => {
    const worker = new Worker(options.script, { workerData: options.place, resourceLimits })
    workers.push(worker)
    worker.on('message', (message: string) => {
      if (message !== 'done') {
        const fault = hearAnswer(message, session)
        if (fault === undefined) return
        // Nobody waits for what will not come.
        debOf.delete(worker)
        fail(fault)
        return
      }
      open -= 1
      const deb = debOf.get(worker)
      if (deb !== undefined) added.get(deb.sha256)?.end()
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
      added.set(deb.sha256, newEnding())
      isLast = false
      const worker = idle.pop() ?? (workers.length < threads ? begin() : undefined)
      if (worker !== undefined) next(worker)
    },
    has: deb => added.has(deb.sha256),
    async unpacked(deb) {
      await Promise.race([added.get(deb.sha256)?.ended, failed])
    },
    prefer(debs) {
      const rank = new Map(debs.map(({ sha256 }, at) => [sha256, at]))
      const rankOf = ({ sha256 }: DebIdentity) => rank.get(sha256) ?? rank.size
      waiting = waiting.toSorted((left, right) => rankOf(left) - rankOf(right))
    },
    leaveOneProcessor() {
      isLast = true
      threads = Math.max(1, options.threads - 1)
      for (const worker of idle.splice(0)) retire(worker)
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
