import { asBuffer, bytesOfByteString, displayByteString } from './byte-string.ts'

/** Values by keyword, raw bytes. */
export type PaxRecords = ReadonlyMap<string, Uint8Array>

export const xattrKeyword = 'SCHILY.xattr.'

/** Says what is wrong; the tar reader knows the archive and the place. */
export class PaxProblem extends Error {}

/**
 * The records of a pax extended header: `LENGTH KEYWORD=VALUE\n` where LENGTH counts the whole record in decimal.
 *
 * @throws {PaxProblem} a length that is wrong or absurd, no `=`, no newline, a keyword given twice (readers disagree which counts)
 * @see POSIX.1-2017, pax, "pax Header Block"
 */
export function parsePaxRecords(bytes: Uint8Array): PaxRecords {
  const buffer = asBuffer(bytes)
  const records = new Map<string, Uint8Array>()
  let at = 0
  while (at < buffer.length) {
    const blank = buffer.indexOf(0x20, at)
    const lengthText = blank === -1 || blank - at > 10 ? '' : buffer.toString('latin1', at, blank)
    const length = /^[1-9][0-9]*$/.test(lengthText) ? Number(lengthText) : 0
    const end = at + length
    if (length < 5 || end > buffer.length || end <= blank + 1)
      throw new PaxProblem(`a pax record has the length ${displayByteString(buffer.toString('latin1', at, at + 12))}`)
    const equals = buffer.indexOf(0x3d, blank)
    if (equals === -1 || equals >= end - 1 || equals === blank + 1) throw new PaxProblem('a pax record has no keyword')
    if (buffer[end - 1] !== 0x0a) throw new PaxProblem('a pax record does not end with a newline')
    const keyword = buffer.toString('latin1', blank + 1, equals)
    if (records.has(keyword)) throw new PaxProblem(`the pax keyword ${displayByteString(keyword)} is given twice`)
    // A copy: the header's memory is reused for the next one.
    records.set(keyword, Uint8Array.from(buffer.subarray(equals + 1, end - 1)))
    at = end
  }
  return records
}

/** Writes records in byte order of their keywords. */
export function formatPaxRecords(records: PaxRecords): Uint8Array {
  const keywords = [...records.keys()].sort((left, right) => (left < right ? -1 : 1))
  return Buffer.concat(keywords.map(keyword => formatRecord(keyword, records.get(keyword) ?? new Uint8Array(0))))
}

function formatRecord(keyword: string, value: Uint8Array): Buffer {
  // " " + keyword + "=" + value + "\n", and the digits of the length, which count themselves.
  const rest = 3 + keyword.length + value.length
  let digits = String(rest).length
  while (String(rest + digits).length !== digits) digits++
  return Buffer.concat([bytesOfByteString(`${rest + digits} ${keyword}=`), value, bytesOfByteString('\n')])
}
