import { writeFile } from 'node:fs/promises'
import { Fault, type Session, type Stage } from '../../kernel/index.ts'

/** What maintainer scripts printed, kept in a file of the user. */
export class LogFile {
  readonly #path: string
  readonly #stages: readonly Stage[]
  readonly #lines: string[] = []

  /** @param stages whose programs are listened to */
  constructor(path: string, stages: readonly Stage[] = ['configure']) {
    this.#path = path
    this.#stages = stages
  }

  /** The same session, with an ear for what scripts print. */
  listen(session: Session): Session {
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

  /** @throws {Fault} `OUTPUT_UNWRITABLE` */
  async write(): Promise<void> {
    try {
      await writeFile(this.#path, this.#lines.join(''))
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
