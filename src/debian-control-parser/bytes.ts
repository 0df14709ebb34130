export const tab = 0x09
export const newline = 0x0a
export const carriageReturn = 0x0d
export const space = 0x20
export const hash = 0x23
export const hyphen = 0x2d
export const colon = 0x3a

/** A `Buffer` over the same memory: its native search and slices are what makes 50 MB of Packages bearable. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

export function isBlank(byte: number | undefined): boolean {
  return byte === space || byte === tab
}

/** The offset after the line that starts at `start`, its newline included. */
export function endOfLine(buffer: Buffer, start: number, end: number): number {
  const found = buffer.indexOf(newline, start)
  return found === -1 || found >= end ? end : found + 1
}

/** Lines before `offset`, plus one. */
export function lineNumberAt(bytes: Uint8Array, offset: number): number {
  let line = 1
  for (let at = 0; at < offset; at++) if (bytes[at] === newline) line++
  return line
}
