import { on } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { CompressionKind, DecompressionLimits } from '../codec/index.ts'
import { Fault, type PlainFault } from '../kernel/index.ts'

/** What the thread is told when it begins. */
export interface DecompressionJob {
  readonly kind: CompressionKind
  readonly bytes: Uint8Array
  readonly limits: DecompressionLimits
}

/** What it answers. A buffer comes back to it, as a message, once its piece was taken. */
export type DecompressionAnswer =
  | { readonly kind: 'piece'; readonly buffer: ArrayBuffer; readonly length: number }
  | { readonly kind: 'fault'; readonly fault: PlainFault }
  | { readonly kind: 'end' }

/** Else the thread lets 16 MB of short-lived objects gather before it looks. */
const resourceLimits = { maxYoungGenerationSizeMb: 4 }

/**
 * As `decompressBuffer`, in a thread of its own, while this one does other work. The thread is never further ahead than its few buffers, and
 * ends with the iteration, however that ends. A piece is the receiver's until the next one is asked for.
 *
 * @param script the built worker
 * @param job its bytes go over to the thread, and are empty here afterwards, where their buffer holds nothing else
 * @throws {Fault} as `decompress`; `INTERNAL` when the thread dies
 */
export async function* decompressInThread(script: string, job: DecompressionJob): AsyncGenerator<Uint8Array> {
  const { buffer, byteLength } = job.bytes
  const transferList = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : []
  const worker = new Worker(script, { workerData: job, transferList, resourceLimits })
  const answers = on(worker, 'message', { close: ['exit'] })
  try {
    for await (const [answer] of answers as AsyncIterable<[DecompressionAnswer]>) {
      if (answer.kind === 'end') return
      if (answer.kind === 'fault') throw new Fault(answer.fault.code, answer.fault)
      yield new Uint8Array(answer.buffer, 0, answer.length)
      worker.postMessage(answer.buffer, [answer.buffer])
    }
    throw new Fault('INTERNAL', { message: `the thread that decompresses ${job.limits.name} ended too early` })
  } finally {
    await worker.terminate()
  }
}
