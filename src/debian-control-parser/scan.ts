import { asBuffer, carriageReturn, newline } from './bytes.ts'
import { NumberList } from './number-list.ts'
import { StanzaScanner } from './stanza-scanner.ts'

/** `allowed` where Debian Policy 5.1 permits `#` lines (debian/control, sources); `refused` in Packages, Release and debs. */
export type CommentPolicy = 'allowed' | 'refused'

/** Where the stanzas of a control file lie; `starts[i]` to `ends[i]` are whole lines, the last newline included. */
export interface StanzaOffsets {
  readonly count: number
  readonly starts: Uint32Array
  readonly ends: Uint32Array
}

/** Where wanted fields lie: for stanza `s` and wanted name `n`, at index `s * names.length + n`. */
export interface FieldOffsets extends StanzaOffsets {
  /** First byte of the value, leading blanks skipped; 0 when the stanza lacks the field. */
  readonly valueStarts: Uint32Array
  /** After the last byte of the value, continuation lines included, trailing blanks and newline not; 0 when absent. */
  readonly valueEnds: Uint32Array
}

/**
 * Finds the stanzas without looking at their fields: an empty line (LF or CRLF) ends a stanza. What is inside a stanza
 * is judged by `viewStanza`, so a malformed stanza costs nothing to those who never look at it.
 *
 * @throws {RangeError} when the bytes are 4 GiB or more
 */
export function scanStanzas(bytes: Uint8Array, comments: CommentPolicy = 'refused'): StanzaOffsets {
  checkSize(bytes)
  const buffer = asBuffer(bytes)
  // Only files written on other systems have CR; without one, the native search for an empty line finds the 63,440
  // stanzas of bookworm (50 MB) in 20 ms, where the loop over lines takes 90.
  if (comments === 'refused' && !buffer.includes(carriageReturn)) return scanByEmptyLines(buffer)
  return scanFields(bytes, [], comments)
}

/**
 * Finds the stanzas and the values of a few fields in one pass over the bytes: what an index of a Packages file needs.
 * Field names match in any case; of a field that is given twice the first counts here, and `viewStanza` refuses it.
 *
 * @throws {RangeError} when the bytes are 4 GiB or more
 */
export function scanFields(
  bytes: Uint8Array,
  names: readonly string[],
  comments: CommentPolicy = 'refused',
): FieldOffsets {
  const scanner = new StanzaScanner(bytes, names, comments)
  const [starts, ends] = [new NumberList(), new NumberList()]
  const [valueStarts, valueEnds] = [new NumberList(), new NumberList()]
  scanner.arrived(bytes.length)
  while (scanner.next('the end')) {
    starts.push(scanner.start)
    ends.push(scanner.end)
    for (const each of scanner.valueStarts) valueStarts.push(each)
    for (const each of scanner.valueEnds) valueEnds.push(each)
  }
  return {
    count: starts.length,
    starts: starts.toArray(),
    ends: ends.toArray(),
    valueStarts: valueStarts.toArray(),
    valueEnds: valueEnds.toArray(),
  }
}

function scanByEmptyLines(buffer: Buffer): StanzaOffsets {
  const starts = new NumberList()
  const ends = new NumberList()
  let at = skipNewlines(buffer, 0)
  while (at < buffer.length) {
    starts.push(at)
    const found = buffer.indexOf('\n\n', at, 'latin1')
    const end = found === -1 ? buffer.length : found + 1
    ends.push(end)
    at = skipNewlines(buffer, end)
  }
  return { count: starts.length, starts: starts.toArray(), ends: ends.toArray() }
}

function skipNewlines(bytes: Uint8Array, start: number): number {
  let at = start
  while (bytes[at] === newline) at++
  return at
}

function checkSize(bytes: Uint8Array): void {
  if (bytes.length >= 2 ** 32) throw new RangeError(`a control file of ${bytes.length} bytes is too large to index`)
}
