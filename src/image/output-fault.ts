import { Fault } from '../kernel/index.ts'

/** Where an output goes. */
export interface OutputTarget {
  /** Absolute; checked by the caller to lie where outputs may lie. */
  readonly path: string
  /** As the manifest or the command line has it, for messages. */
  readonly name: string
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
  const reason = String(error.code)
  if (['ENOSPC', 'EDQUOT', 'EFBIG'].includes(reason))
    return new Fault('DISK_FULL', {
      message: `no room left to write ${target.name}: ${reason}`,
      hint: 'Make room, or choose another place with `--output`; what was there before is untouched.',
      context: { output: target.name, reason },
      cause: error,
    })
  return outputUnwritable(
    target,
    `${String(error.syscall)} gave ${reason}`,
    'Check the owner and the permissions of the folder, or choose another place with `--output`.',
    error,
  )
}
