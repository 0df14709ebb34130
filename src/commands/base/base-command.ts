import { Command, Flags, type Interfaces } from '@oclif/core'
import { Fault, type Journal, type Session } from '../../kernel/index.ts'
import type { World } from '../../workflows/world.ts'
import type { Answer } from './envelope.ts'
import type { Invocation } from './invocation.ts'
import { collectWarnings, lineJournal, terminalJournal, type Verbosity } from './journals.ts'
import { canRedraw, columnsOf, factsOf } from './terminal.ts'
import { createWorld } from './world.ts'

export type GeneralFlags = Interfaces.InferredFlags<typeof BaseCommand.baseFlags>

/** A command is a translation: flags in, request out, value back. It prints nothing itself. */
export abstract class BaseCommand extends Command {
  static override baseFlags = {
    json: Flags.boolean({ summary: 'print one JSON document instead of text', helpGroup: 'GENERAL' }),
    quiet: Flags.boolean({
      char: 'q',
      summary: 'print only the answer, warnings and errors',
      helpGroup: 'GENERAL',
      exclusive: ['verbose'],
    }),
    verbose: Flags.boolean({ char: 'v', summary: 'print every step on stderr', helpGroup: 'GENERAL' }),
    'no-progress': Flags.boolean({ summary: 'print plain lines instead of a progress display', helpGroup: 'GENERAL' }),
  }

  #invocation: Invocation | undefined

  abstract override run(): Promise<Answer>

  /** What the program calls instead of oclif's `_run`, so that every answer and every fault is printed in one place. */
  async start(invocation: Invocation): Promise<Answer> {
    this.#invocation = invocation
    return await this.run()
  }

  protected get invocation(): Invocation {
    if (this.#invocation === undefined) throw new Fault('INTERNAL', { message: `${this.id} was run without start()` })
    return this.#invocation
  }

  protected session(flags: GeneralFlags): Session {
    const { signal, warnings, closers } = this.invocation
    const journal = collectWarnings(warnings, this.#journal(flags))
    closers.push(() => journal.close())
    return { signal, journal }
  }

  protected world(): World {
    const { environment, packageFolder, closers } = this.invocation
    const { world, close } = createWorld({ environment, packageFolder, workingFolder: process.cwd() })
    closers.push(close)
    return world
  }

  #journal(flags: GeneralFlags): ReturnType<typeof lineJournal> {
    const { stderr, format, environment } = this.invocation
    const verbosity: Verbosity = flags.quiet ? 'quiet' : flags.verbose ? 'verbose' : 'normal'
    const options = {
      verbosity,
      nowMilliseconds: () => performance.now(),
      writeLine: stderr.line.bind(stderr),
    }
    // Under --json the warnings stand in the document; steps are printed only when asked for.
    if (format === 'json' && verbosity !== 'verbose') return { ...silent, close: () => undefined }
    if (
      verbosity === 'quiet' ||
      flags['no-progress'] ||
      format === 'json' ||
      !canRedraw(factsOf(process.stderr), environment)
    )
      return lineJournal(options)
    return terminalJournal({
      ...options,
      writeRaw: stderr.raw.bind(stderr),
      columns: () => columnsOf(process.stderr),
      every: (milliseconds, tick) => {
        const timer = setInterval(tick, milliseconds)
        timer.unref()
        return () => clearInterval(timer)
      },
    })
  }
}

const silent: Journal = { emit: () => undefined }
