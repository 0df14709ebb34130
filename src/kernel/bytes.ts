const encoder = new TextEncoder()
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Orders two strings by their UTF-8 bytes, as `LC_ALL=C sort` does.
 *
 * Comparing UTF-16 units agrees with bytes except where a surrogate pair meets U+E000..U+FFFF; those two are swapped.
 */
export function compareBytes(left: string, right: string): number {
  if (left === right) return 0
  // V8 compares units in native code: nearly every text, a hundredth of the time that a loop takes while it is interpreted.
  if (!highUnit.test(left)) return left < right ? -1 : 1
  const length = Math.min(left.length, right.length)
  for (let at = 0; at < length; at++) {
    const a = left.charCodeAt(at)
    const b = right.charCodeAt(at)
    if (a !== b) return codePointRank(a) - codePointRank(b)
  }
  return left.length - right.length
}

/** Where at least one of two texts has none of these, units are in the order of bytes. */
const highUnit = /[\ud800-\uffff]/

/** Surrogates (U+D800..U+DFFF) stand for code points above U+FFFF, so they rank after U+E000..U+FFFF. */
function codePointRank(unit: number): number {
  if (unit < 0xd800) return unit
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}

/** Sorted copy by bytes. */
export function sortedByBytes(names: Iterable<string>): string[] {
  return [...names].sort(compareBytes)
}

export function encodeUtf8(text: string): Uint8Array {
  return encoder.encode(text)
}

/** @returns undefined when the bytes are not UTF-8 */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return strictDecoder.decode(bytes)
  } catch {
    return undefined
  }
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const whole = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

const sha256Pattern = /^[0-9a-f]{64}$/

/** 64 lower-case hex digits. */
export function isSha256(text: string): boolean {
  return sha256Pattern.test(text)
}
