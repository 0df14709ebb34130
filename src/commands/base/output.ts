import { Fault } from '../../kernel/index.ts'
import { type Colour, type Line, renderLine } from './text.ts'

/**
 * One of the two standard streams. A reader that went away (`| head`) is not an error: what follows is dropped. Any other
 * failure is remembered until `flush`.
 */
export class Output {
  readonly #stream: NodeJS.WriteStream
  readonly #colour: Colour
  readonly #name: string
  #failure: NodeJS.ErrnoException | undefined
  #closed = false

  constructor(stream: NodeJS.WriteStream, colour: Colour, name: string) {
    this.#stream = stream
    this.#colour = colour
    this.#name = name
    stream.on('error', (error: NodeJS.ErrnoException) => {
      this.#closed = true
      if (error.code !== 'EPIPE') this.#failure ??= error
    })
  }

  line(line: Line): void {
    this.raw(`${renderLine(line, this.#colour)}\n`)
  }

  lines(lines: readonly Line[]): void {
    if (lines.length > 0) this.raw(`${lines.map(line => renderLine(line, this.#colour)).join('\n')}\n`)
  }

  /** For text that is aptroot's own, escapes included, and for JSON. */
  raw(text: string): void {
    if (!this.#closed) this.#stream.write(text)
  }

  /**
   * Waits until everything was taken by the system.
   *
   * @throws {Fault} `OUTPUT_UNWRITABLE`, for example when stdout is a file on a full disk
   */
  async flush(): Promise<void> {
    if (!this.#closed) {
      await new Promise<void>(resolve => {
        this.#stream.write('', () => {
          // The stream's error event comes one turn after the callback of the write that failed.
          setImmediate(resolve)
        })
      })
    }
    if (this.#failure === undefined) return
    throw new Fault('OUTPUT_UNWRITABLE', {
      message: `cannot write to ${this.#name}: ${this.#failure.code ?? this.#failure.message}`,
      hint: 'Point the output elsewhere or make room, then run the command again.',
      context: { stream: this.#name, reason: this.#failure.code ?? this.#failure.message },
      cause: this.#failure,
    })
  }
}
