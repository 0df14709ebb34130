import { on } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { CompressionKind, DecompressionLimits } from '../codec/index.ts'
import { Fault, type PlainFault } from '../kernel/index.ts'

/** What the thread is told, once. */
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

/** A thread for one buffer. */
export interface DecompressionThread {
  /**
   * As `decompressBuffer`, while this thread does other work. The other one is never further ahead than its few buffers. A piece is the receiver's
   * until the next one is asked for.
   *
   * @param job its bytes go over to the thread, and are empty here afterwards, where their buffer holds nothing else
   * @throws {Fault} as `decompress`; `INTERNAL` when the thread dies
   */
  decompress(job: DecompressionJob): AsyncGenerator<Uint8Array>
  /** Ends the thread, whatever it does. */
  close(): Promise<void>
}

/**
 * Begins a thread. It starts while the bytes are still being fetched.
 *
 * @param script the built worker
 */
export function beginDecompression(script: string): DecompressionThread {
  const worker = new Worker(script, { resourceLimits })
  const answers = on(worker, 'message', { close: ['exit'] }) as AsyncIterable<[DecompressionAnswer]>
  return {
    async *decompress(job) {
      const { buffer, byteLength } = job.bytes
      const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength
      worker.postMessage(job, isWhole ? [buffer] : [])
      for await (const [answer] of answers) {
        if (answer.kind === 'end') return
        if (answer.kind === 'fault') throw new Fault(answer.fault.code, answer.fault)
        yield new Uint8Array(answer.buffer, 0, answer.length)
        worker.postMessage(answer.buffer, [answer.buffer])
      }
      throw new Fault('INTERNAL', { message: `the thread that decompresses ${job.limits.name} ended too early` })
    },
    async close() {
      await worker.terminate()
    },
  }
}
