/** Bytes that are not a control file. Not aptroot's `Fault`: this folder imports nothing, so that it can be published alone. */
export class ControlSyntaxError extends Error {
  /** Counted from 1 in the bytes that were read. */
  readonly line: number
  /** The message without the line. */
  readonly problem: string

  constructor(line: number, problem: string) {
    super(`line ${line}: ${problem}`)
    this.name = 'ControlSyntaxError'
    this.line = line
    this.problem = problem
  }
}

/** Untrusted text for a one-line message: short, quoted, no control characters. */
export function quoteText(text: string): string {
  const printable = [...text.slice(0, 60)].map(each => (isPrintable(each) ? each : '\ufffd')).join('')
  return `"${printable}${text.length > 60 ? '…' : ''}"`
}

function isPrintable(character: string): boolean {
  const code = character.codePointAt(0) ?? 0
  return code >= 0x20 && (code < 0x7f || code > 0x9f) && !/[\u2028\u2029\u202a-\u202e\u2066-\u2069]/.test(character)
}
