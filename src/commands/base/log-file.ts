import { writeFile } from 'node:fs/promises'
import { Fault, type Session, type Stage } from '../../kernel/index.ts'

/** What maintainer scripts printed, kept in a file of the user. */
export class LogFile {
  readonly #path: string
  readonly #stages: readonly Stage[]
  readonly #lines: string[] = []
  #session: Session | undefined

  /** @param stages whose programs are listened to */
  constructor(path: string, stages: readonly Stage[] = ['configure']) {
    this.#path = path
    this.#stages = stages
  }

  /** The same session, with an ear for what scripts print. */
  listen(session: Session): Session {
    this.#session = session
    return {
      signal: session.signal,
      journal: {
        emit: event => {
          if (event.kind === 'traced' && this.#stages.includes(event.stage)) this.#lines.push(`${event.message}\n`)
          session.journal.emit(event)
        },
      },
    }
  }

  /** Where nothing ran, what the file had of an earlier run stays, and a warning says so. @throws {Fault} `OUTPUT_UNWRITABLE` */
  async write(): Promise<void> {
    const isSilent = this.#lines.length === 0
    if (isSilent)
      this.#session?.journal.emit({
        kind: 'warned',
        stage: this.#stages[0] ?? 'configure',
        message: 'no script printed anything: `--log` has nothing of this run',
        hint: 'What was configured or built before is taken from the store; `lock install --check` runs every script again.',
      })
    try {
      await writeFile(this.#path, this.#lines.join(''), { flag: isSilent ? 'a' : 'w' })
    } catch (cause) {
      throw new Fault('OUTPUT_UNWRITABLE', {
        message: `the log cannot be written to ${JSON.stringify(this.#path)}`,
        hint: 'Choose another file with --log.',
        context: { path: this.#path },
        cause,
      })
    }
  }
}
