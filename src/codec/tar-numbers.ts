/**
 * A numeric field of a tar header: octal digits that end with a blank or NUL, or GNU's base 256 where the first bit is set
 * (two's complement, big endian). An empty field is 0, as in v7 archives.
 *
 * @returns undefined when it is neither, or beyond 2^53
 */
export function parseTarNumber(field: Uint8Array): number | undefined {
  const first = field[0] ?? 0
  if (first === 0x80 || first === 0xff) return parseBase256(field, first === 0xff ? 'negative' : 'positive')
  let at = 0
  while (field[at] === 0x20) at++
  let value = 0
  for (; at < field.length; at++) {
    const digit = (field[at] ?? 0) - 0x30
    if (digit < 0 || digit > 7) break
    value = value * 8 + digit
  }
  // 12 octal digits are 36 bits, so the sum is exact. What follows the digits must be filling.
  for (; at < field.length; at++) if (field[at] !== 0 && field[at] !== 0x20) return undefined
  return value
}

function parseBase256(field: Uint8Array, sign: 'positive' | 'negative'): number | undefined {
  const inverted = sign === 'negative' ? 0xff : 0
  let value = 0
  for (let at = 1; at < field.length; at++) {
    value = value * 256 + ((field[at] ?? 0) ^ inverted)
    if (value >= Number.MAX_SAFE_INTEGER) return undefined
  }
  return sign === 'negative' ? -value - 1 : value
}

/** Octal digits with leading zeros and a NUL at the end; undefined when the number does not fit. */
export function formatOctal(value: number, width: number): string | undefined {
  if (!Number.isSafeInteger(value) || value < 0 || value >= 8 ** (width - 1)) return undefined
  return `${value.toString(8).padStart(width - 1, '0')}\0`
}
