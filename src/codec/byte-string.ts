/**
 * Names inside archives are byte strings: one character per byte (U+0000 to U+00FF), so that a name that is not UTF-8
 * survives and byte order is plain string order. Only display decodes them.
 */
export function byteStringOf(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('latin1')
}

/** @throws {RangeError} a character above U+00FF: text that was not turned into a byte string with `byteStringOf` */
export function bytesOfByteString(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'latin1')
  if (/[^\0-\u00ff]/.test(text)) throw new RangeError(`${JSON.stringify(text)} is not a byte string`)
  return bytes
}

/** For messages: UTF-8 where it is valid, control characters escaped, at most 120 characters. */
export function displayByteString(text: string): string {
  const decoded = Buffer.from(text.slice(0, 480), 'latin1').toString('utf8')
  const shown = decoded.length > 120 ? `${decoded.slice(0, 120)}…` : decoded
  return JSON.stringify(shown).replace(
    /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    each => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** A `Buffer` over the same memory. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
