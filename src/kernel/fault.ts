import { type ExitCode, exitCodeByFaultCode, type FaultCode } from './fault-codes.ts'

/** Plain data only: it is printed under `--json`. Never a credential, never a host path outside the project or store. */
export type FaultContext = Readonly<Record<string, string | number | boolean | readonly string[]>>

export interface FaultDetails {
  /** One line: names the thing and shows both values. */
  readonly message: string
  /** One line: what to type or change next. */
  readonly hint?: string
  readonly context?: FaultContext
  readonly cause?: unknown
}

/**
 * The only error class that aptroot throws on purpose. Anything else that escapes is a bug (exit code 70).
 * An expected answer ("no solution", "differs") is a value, not a fault, until a command turns it into an exit code.
 */
export class Fault extends Error {
  readonly code: FaultCode
  readonly hint: string | undefined
  readonly context: FaultContext

  constructor(code: FaultCode, details: FaultDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'Fault'
    this.code = code
    this.hint = details.hint
    this.context = details.context ?? {}
  }

  get exitCode(): ExitCode {
    return exitCodeByFaultCode[this.code]
  }
}

/** A fault as plain data: what goes from one process or thread to another. Its cause stays behind. */
export interface PlainFault extends Omit<FaultDetails, 'cause'> {
  readonly code: FaultCode
  readonly context: FaultContext
}

export function plainFault({ code, message, hint, context }: Fault): PlainFault {
  return { code, message, context, ...(hint === undefined ? {} : { hint }) }
}

export function isFault(error: unknown, code?: FaultCode): error is Fault {
  return error instanceof Fault && (code === undefined || error.code === code)
}

/** Closes a switch over a discriminated union: a new alternative becomes a type error at every switch. */
export function unreachable(value: never): never {
  throw new Fault('INTERNAL', { message: `unreachable alternative: ${JSON.stringify(value)}` })
}
