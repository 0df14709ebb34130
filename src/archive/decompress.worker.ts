/** A thread that decompresses one buffer: its first message is the job, the others are buffers that come back. */
import { parentPort } from 'node:worker_threads'
import { decompressBuffer } from '../codec/index.ts'
import { isFault, plainFault } from '../kernel/index.ts'
import type { DecompressionAnswer, DecompressionJob } from './decompression-thread.ts'

/** Two megabytes on the way: the receiver may do other work for 30 ms before this thread waits. */
const buffers = 4
const bufferBytes = 512 * 1024

const free: ArrayBuffer[] = Array.from({ length: buffers }, () => new ArrayBuffer(bufferBytes))
let wake: () => void = () => undefined
parentPort?.once('message', async (job: DecompressionJob) => {
  parentPort?.on('message', (buffer: ArrayBuffer) => {
    free.push(buffer)
    wake()
  })
  await answer(job)
  parentPort?.close()
})

async function freeBuffer(): Promise<ArrayBuffer> {
  for (;;) {
    const buffer = free.pop()
    if (buffer !== undefined) return buffer
    await new Promise<void>(resolve => {
      wake = resolve
    })
  }
}

function say(answer: DecompressionAnswer): void {
  parentPort?.postMessage(answer, answer.kind === 'piece' ? [answer.buffer] : [])
}

async function work({ kind, bytes, limits }: DecompressionJob): Promise<void> {
  let buffer = await freeBuffer()
  let length = 0
  for await (const piece of decompressBuffer(kind, bytes, limits)) {
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + bufferBytes - length)
      new Uint8Array(buffer).set(part, length)
      at += part.length
      length += part.length
      if (length < bufferBytes) continue
      say({ kind: 'piece', buffer, length })
      buffer = await freeBuffer()
      length = 0
    }
  }
  if (length > 0) say({ kind: 'piece', buffer, length })
  say({ kind: 'end' })
}

async function answer(job: DecompressionJob): Promise<void> {
  try {
    await work(job)
  } catch (error) {
    // Whatever is not a fault is a bug, and ends the thread.
    if (!isFault(error)) throw error
    say({ kind: 'fault', fault: plainFault(error) })
  }
}
