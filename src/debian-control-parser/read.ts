import { ControlSyntaxError } from './control-syntax-error.ts'
import { type CommentPolicy, scanStanzas } from './scan.ts'
import { type Stanza, viewStanza } from './stanza.ts'

export interface ReadOptions {
  /** Default `refused`. */
  readonly comments?: CommentPolicy
}

/**
 * All stanzas of a control file, every one checked, no value decoded yet.
 *
 * @throws {ControlSyntaxError} as `viewStanza`
 */
export function readStanzas(bytes: Uint8Array, { comments = 'refused' }: ReadOptions = {}): readonly Stanza[] {
  const { count, starts, ends } = scanStanzas(bytes, comments)
  const stanzas: Stanza[] = []
  let line = 1
  let counted = 0
  for (let index = 0; index < count; index++) {
    const start = starts[index] ?? 0
    for (; counted < start; counted++) if (bytes[counted] === 0x0a) line++
    stanzas.push(viewStanza(bytes, { start, end: ends[index] ?? start, comments, firstLine: line }))
  }
  return stanzas
}

/**
 * The only stanza of a control file: a deb's `control`, a Release file.
 *
 * @throws {ControlSyntaxError} as `viewStanza`, and when there is no stanza or a second one
 */
export function readSingleStanza(bytes: Uint8Array, options: ReadOptions = {}): Stanza {
  const [only, second] = readStanzas(bytes, options)
  if (only === undefined) throw new ControlSyntaxError(1, 'there is no stanza')
  if (second !== undefined) throw new ControlSyntaxError(second.line, 'a second stanza where one was expected')
  return only
}
