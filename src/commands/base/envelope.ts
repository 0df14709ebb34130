import type { Fault, FaultContext } from '../../kernel/index.ts'
import type { Line } from './text.ts'

/** What a command found out: the value for programs, the lines for people. */
export interface Answer {
  /** Plain data, printed under `--json`. */
  readonly result: unknown
  /** Printed on stdout without `--json`. */
  readonly lines: readonly Line[]
  /**
   * Instead of `lines` where no terminal could obey it: text for another program, byte for byte. In `lines` control characters are shown
   * (`\u001b`), which would be other bytes.
   */
  readonly document?: string
  /** Set when the answer is no: the result is printed all the same, and the exit code is the fault's. */
  readonly fault?: Fault | undefined
  /** Of a program that was run for the user, passed on; where there is no fault. */
  readonly exitCode?: number
}

export interface Warning {
  readonly message: string
  readonly hint?: string
}

/** The one JSON document on stdout of every command under `--json`. `aptroot` grows when a reader would have to change. */
export interface Envelope {
  readonly aptroot: 1
  readonly command: string
  readonly ok: boolean
  readonly exitCode: number
  readonly result?: unknown
  readonly fault?: {
    readonly code: string
    readonly message: string
    readonly hint?: string
    readonly context: FaultContext
  }
  readonly warnings: readonly Warning[]
}

export function envelopeOfAnswer(command: string, answer: Answer, warnings: readonly Warning[]): Envelope {
  return {
    aptroot: 1,
    command,
    ok: answer.fault === undefined,
    exitCode: answer.fault?.exitCode ?? answer.exitCode ?? 0,
    result: answer.result,
    ...(answer.fault === undefined ? {} : { fault: plainFault(answer.fault) }),
    warnings,
  }
}

export function envelopeOfFault(command: string, fault: Fault, warnings: readonly Warning[]): Envelope {
  return { aptroot: 1, command, ok: false, exitCode: fault.exitCode, fault: plainFault(fault), warnings }
}

function plainFault(fault: Fault): NonNullable<Envelope['fault']> {
  return {
    code: fault.code,
    message: fault.message,
    ...(fault.hint === undefined ? {} : { hint: fault.hint }),
    context: fault.context,
  }
}
