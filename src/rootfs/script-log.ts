import { byteStringOf } from '../codec/index.ts'

/** What scripts print may be endless; what people read is its end. */
const keptBytes = 4 * 1024 * 1024
const lastLinesKept = 20

/** What all scripts of one root printed, in the order of their running. Byte strings: scripts print what they like. */
export class ScriptLog {
  readonly #chunks: string[] = []
  #bytes = 0
  #open = ''

  /** @param onLine gets every whole line */
  add(bytes: Uint8Array, onLine?: (line: string) => void): void {
    const text = byteStringOf(bytes)
    this.#chunks.push(text)
    this.#bytes += text.length
    while (this.#bytes > keptBytes && this.#chunks.length > 1) this.#bytes -= this.#chunks.shift()?.length ?? 0
    const lines = `${this.#open}${text}`.split('\n')
    this.#open = (lines.pop() ?? '').slice(-65_536)
    if (onLine !== undefined) for (const line of lines) onLine(line)
  }

  text(): string {
    return this.#chunks.join('')
  }

  /** The last lines that say something, each cut to what fits on a screen. */
  lastLines(): readonly string[] {
    return this.text()
      .split('\n')
      .map(line => line.trimEnd().slice(0, 500))
      .filter(line => line !== '')
      .slice(-lastLinesKept)
  }
}
