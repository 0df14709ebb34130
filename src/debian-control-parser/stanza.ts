import { asBuffer, carriageReturn, hash, isBlank, lineNumberAt, newline } from './bytes.ts'
import { ControlSyntaxError, quoteText } from './control-syntax-error.ts'
import type { CommentPolicy } from './scan.ts'

/** One stanza (paragraph) of a control file. Its shape was checked; its values are decoded when asked for. */
export interface Stanza {
  /** Line of the first field, counted from 1 in the whole file. */
  readonly line: number
  /**
   * The value of a field, whose name matches in any case; undefined when the stanza lacks it.
   *
   * Leading and trailing blanks are gone and CRLF became LF; continuation lines follow after `\n` with their leading
   * blank, as dpkg keeps them (`unfold` and `linesOf` take them apart); comment lines are left out. Bytes that are
   * not UTF-8 become U+FFFD; `fieldBytes` has them as they are.
   */
  field(name: string): string | undefined
  /** The bytes of the value from the first to the last that is no blank, as they stand in the file. */
  fieldBytes(name: string): Uint8Array | undefined
  has(name: string): boolean
  /** Line of the field's name; undefined when the stanza lacks it. */
  lineOf(name: string): number | undefined
  /** As written, in the order of the file. */
  fieldNames(): readonly string[]
  /** All lines of the stanza as they stand in the file. */
  readonly bytes: Uint8Array
}

export interface StanzaPlace {
  readonly start: number
  readonly end: number
  /** Default `refused`. */
  readonly comments?: CommentPolicy
  /**
   * Line of `start`. When it is not given, the newlines before `start` are counted, and only when a line is asked for:
   * an error in the last stanza of 50 MB costs 60 ms, all others nothing.
   */
  readonly firstLine?: number
}

const beyondAscii = /[\u0080-\u00ff]/

/** Offsets in the stanza. */
interface FieldPlace {
  readonly name: string
  readonly lineStart: number
  readonly valueStart: number
  /** Mutable: grows with each continuation line. */
  valueEnd: number
  lines: 'single' | 'folded'
}

/**
 * Checks the shape of one stanza and gives access to its fields.
 *
 * @throws {ControlSyntaxError} a line that is neither a field nor a continuation, a name that Debian Policy 5.1 does not
 *   allow, a field given twice, a line of blanks only, a comment where none is allowed, NUL or a lone CR, no field at all
 */
export function viewStanza(bytes: Uint8Array, place: StanzaPlace): Stanza {
  const buffer = asBuffer(bytes)
  const comments = place.comments ?? 'refused'
  const { start, end } = place
  let firstLine = place.firstLine
  // One byte per character: one conversion and the string's own searches cost less than a look at every byte.
  const text = buffer.toString('latin1', start, end)
  const lineAt = (offset: number): number => {
    firstLine ??= lineNumberAt(bytes, start)
    return firstLine - 1 + lineNumberAt(buffer.subarray(start, start + offset), offset)
  }
  const fields = findFields(text, comments, lineAt)
  const find = (name: string): FieldPlace | undefined => fields.get(name) ?? fields.get(name.toLowerCase())
  const first: FieldPlace | undefined = fields.values().next().value
  if (first === undefined) throw new ControlSyntaxError(lineAt(start), 'the stanza has no field')

  return {
    get line() {
      return lineAt(first.lineStart)
    },
    field(name) {
      const found = find(name)
      return found === undefined ? undefined : valueText(text, found)
    },
    fieldBytes(name) {
      const found = find(name)
      return found === undefined ? undefined : bytes.subarray(start + found.valueStart, start + found.valueEnd)
    },
    has: name => find(name) !== undefined,
    lineOf(name) {
      const found = find(name)
      return found === undefined ? undefined : lineAt(found.lineStart)
    },
    fieldNames: () => [...fields.values()].map(each => each.name),
    bytes: bytes.subarray(start, end),
  }
}

/** Fields by lower-case name, in the order of the file. */
function findFields(
  text: string,
  comments: CommentPolicy,
  lineAt: (offset: number) => number,
): ReadonlyMap<string, FieldPlace> {
  const fields = new Map<string, FieldPlace>()
  let open: FieldPlace | undefined
  for (let lineStart = 0; lineStart < text.length; ) {
    const lineBreak = text.indexOf('\n', lineStart)
    const next = lineBreak === -1 ? text.length : lineBreak + 1
    const first = text.charCodeAt(lineStart)
    const lineEnd = withoutLineBreak(text, lineStart, next)
    if (first === hash) {
      if (comments === 'refused') throw new ControlSyntaxError(lineAt(lineStart), 'comments are not allowed here')
    } else if (isBlank(first)) {
      const contentEnd = withoutTrailingBlanks(text, lineStart, lineEnd)
      if (contentEnd === lineStart)
        throw new ControlSyntaxError(lineAt(lineStart), 'a line of blanks neither ends a stanza nor continues a field')
      if (open === undefined)
        throw new ControlSyntaxError(lineAt(lineStart), 'a continuation line without a field before it')
      open.valueEnd = contentEnd
      open.lines = 'folded'
    } else {
      open = readField(text, lineStart, lineEnd, lineAt)
      const key = open.name.toLowerCase()
      const earlier = fields.get(key)
      if (earlier !== undefined) {
        const where = `the field ${quoteText(open.name)} is given twice, first on line ${lineAt(earlier.lineStart)}`
        throw new ControlSyntaxError(lineAt(lineStart), where)
      }
      fields.set(key, open)
    }
    lineStart = next
  }
  refuseStrayBytes(text, lineAt)
  return fields
}

function readField(text: string, lineStart: number, lineEnd: number, lineAt: (offset: number) => number): FieldPlace {
  fieldStart.lastIndex = lineStart
  if (!fieldStart.test(text)) {
    const line = quoteText(decoded(text.slice(lineStart, Math.min(lineEnd, lineStart + 256))))
    throw new ControlSyntaxError(lineAt(lineStart), `${line} is not a field: a name, a colon and a value were expected`)
  }
  const valueStart = fieldStart.lastIndex
  const name = text.slice(lineStart, text.indexOf(':', lineStart))
  const valueEnd = withoutTrailingBlanks(text, valueStart, lineEnd)
  return { name, lineStart, valueStart, valueEnd, lines: 'single' }
}

/**
 * U+0021 to U+007E but the colon, no `-` first (Debian Policy 5.1; a leading `#` is judged by the caller), then the colon and blanks.
 * A native search: a loop over the characters of a name runs interpreted in a process that lives for half a second.
 */
const fieldStart = /[!-,.-9;-~][!-9;-~]*:[ \t]*/y

/** dpkg, apt and terminals disagree on where a line with NUL or a lone CR ends. */
function refuseStrayBytes(text: string, lineAt: (offset: number) => number): void {
  const zero = text.indexOf('\0')
  if (zero !== -1) throw new ControlSyntaxError(lineAt(zero), 'a NUL byte')
  for (let at = text.indexOf('\r'); at !== -1; at = text.indexOf('\r', at + 1)) {
    if (text.charCodeAt(at + 1) !== newline)
      throw new ControlSyntaxError(lineAt(at), 'a carriage return in the middle of a line')
  }
}

function withoutLineBreak(text: string, lineStart: number, next: number): number {
  if (next === lineStart || text.charCodeAt(next - 1) !== newline) return next
  return next - 2 >= lineStart && text.charCodeAt(next - 2) === carriageReturn ? next - 2 : next - 1
}

function withoutTrailingBlanks(text: string, start: number, end: number): number {
  let at = end
  while (at > start && isBlank(text.charCodeAt(at - 1))) at--
  return at
}

function valueText(bytes: string, field: FieldPlace): string {
  const text = decoded(bytes.slice(field.valueStart, field.valueEnd))
  if (field.lines === 'single') return text
  const lines = text.split('\n').filter((line, index) => index === 0 || !line.startsWith('#'))
  return lines.map(line => (line.endsWith('\r') ? line.slice(0, -1) : line)).join('\n')
}

/** From one byte per character to UTF-8; what is ASCII, nearly everything, is itself. */
function decoded(bytes: string): string {
  return beyondAscii.test(bytes) ? Buffer.from(bytes, 'latin1').toString('utf8') : bytes
}
