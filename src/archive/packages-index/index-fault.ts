import { ControlSyntaxError } from '../../debian-control-parser/index.ts'
import { Fault, isFault } from '../../kernel/index.ts'
import type { IndexOrigin } from '../verified-index.ts'

/**
 * `INDEX_MALFORMED` with the archive, the file and the line.
 *
 * @param line of the problem; where `cause` is a `ControlSyntaxError`, the line that its line 1 stands for
 */
export function indexFault(origin: IndexOrigin, line: number, problem: string, cause?: unknown): Fault {
  const exactLine = cause instanceof ControlSyntaxError ? line - 1 + cause.line : line
  const detail = cause instanceof ControlSyntaxError ? cause.problem : isFault(cause) ? cause.message : undefined
  return new Fault('INDEX_MALFORMED', {
    message: `${origin.archive}: ${origin.fileName}, line ${exactLine}: ${detail === undefined ? problem : `${problem}: ${detail}`}`,
    hint: 'The archive signed an index that is malformed: report it there, or leave the archive or the package out.',
    context: { archive: origin.archive, suite: origin.suite, file: origin.fileName, line: exactLine },
    ...(cause === undefined ? {} : { cause }),
  })
}
