import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** Sends a signal to a program that may have ended, or never begun, and waits for its end. */
export async function endChild(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'close')
  child.kill(signal)
  await ended
}
