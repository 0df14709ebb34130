import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Often enough for whoever lives a tenth of a second, and cheap enough not to be in the way. */
const lookEveryMilliseconds = 20
const pageBytes = 4096

/** Looks at a process and all that it started until it has ended. @returns the most resident memory that they had together */
export async function peakMemoryOf(child: ChildProcess): Promise<number> {
  let peakBytes = 0
  const timer = setInterval(() => {
    peakBytes = Math.max(peakBytes, residentBytes(child.pid ?? 0))
  }, lookEveryMilliseconds)
  await new Promise(resolve => child.once('close', resolve))
  clearInterval(timer)
  return peakBytes
}

/** Shared pages count for each who has them: never less than what there is. */
function residentBytes(top: number): number {
  let sum = 0
  const pending = [top]
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    sum += Number(textOf(`/proc/${id}/statm`).split(' ')[1] ?? 0) * pageBytes
    for (const thread of textOf(`/proc/${id}/task/${id}/children`).split(' '))
      if (thread !== '') pending.push(Number(thread))
  }
  return sum
}

/** Empty for a process that is gone. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1').trim()
  } catch {
    return ''
  }
}
