import type { Warning } from './envelope.ts'
import type { Output } from './output.ts'

/** One run of the program, as a command sees it. */
export interface Invocation {
  readonly format: 'text' | 'json'
  readonly signal: AbortSignal
  readonly stdout: Output
  readonly stderr: Output
  readonly environment: Readonly<Record<string, string>>
  readonly packageFolder: string
  /** Filled while the command runs; the envelope repeats them. */
  readonly warnings: Warning[]
  /** Whatever must be closed before the answer is printed: journals, connections. */
  readonly closers: (() => void | Promise<void>)[]
}
