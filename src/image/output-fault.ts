import { Fault } from '../kernel/index.ts'

/** Where an output goes. */
export interface OutputTarget {
  /** Absolute; checked by the caller to lie where outputs may lie. */
  readonly path: string
  /** As the manifest or the command line has it, for messages. */
  readonly name: string
  /** How another place is named, for hints; default: by `--output`. */
  readonly elsewhere?: string
}

export function outputUnwritable({ name }: OutputTarget, problem: string, hint: string, cause?: unknown): Fault {
  return new Fault('OUTPUT_UNWRITABLE', {
    message: `cannot write ${name}: ${problem}`,
    hint,
    context: { output: name, problem },
    ...(cause === undefined ? {} : { cause }),
  })
}

/** Errors of the file system become faults; anything else, faults included, stays what it is. */
export function outputFault(error: unknown, target: OutputTarget): unknown {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return error
  return refusedBySystem(target, { call: String(error.syscall), reason: String(error.code), cause: error })
}

/** What strerror(3) says in the locale C. */
const reasonsByWords: readonly (readonly [words: string, reason: string])[] = [
  ['No space left on device', 'ENOSPC'],
  ['Disk quota exceeded', 'EDQUOT'],
  ['File too large', 'EFBIG'],
  ['Read-only file system', 'EROFS'],
  ['Permission denied', 'EACCES'],
]

/** The same from the words of a program of the locale C that writes the output; undefined when it failed for another reason. */
export function outputFaultOfProgram(
  program: string,
  errorOutput: Uint8Array,
  target: OutputTarget,
): Fault | undefined {
  const text = Buffer.from(errorOutput).toString('latin1')
  const reason = reasonsByWords.find(([words]) => text.includes(words))?.[1]
  return reason === undefined ? undefined : refusedBySystem(target, { call: program, reason })
}

function refusedBySystem(
  target: OutputTarget,
  { call, reason, cause }: { readonly call: string; readonly reason: string; readonly cause?: unknown },
): Fault {
  const elsewhere = target.elsewhere ?? 'choose another place with `--output`'
  if (['ENOSPC', 'EDQUOT', 'EFBIG'].includes(reason))
    return new Fault('DISK_FULL', {
      message: `no room left to write ${target.name}: ${reason}`,
      hint: `Make room, or ${elsewhere}; what was there before is untouched.`,
      context: { output: target.name, reason },
      ...(cause === undefined ? {} : { cause }),
    })
  return outputUnwritable(
    target,
    `${call} gave ${reason}`,
    `Check the owner and the permissions of the folder, or ${elsewhere}.`,
    cause,
  )
}
