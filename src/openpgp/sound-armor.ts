/**
 * Whether an armored block has the form that every reader takes for the same bytes: headers, one blank line, base64 without gaps, and a checksum
 * that is right where there is one.
 *
 * The checksum proves nothing (RFC 9580 lets readers pass over it), but GnuPG refuses a block whose checksum differs, and what GnuPG
 * refuses is not accepted here: a parser may skip what follows a good signature.
 *
 * @param block lines from BEGIN to END, without blanks at their ends
 * @see RFC 4880, 6.2
 */
export function isSoundArmor(block: readonly string[]): boolean {
  const blank = block.indexOf('')
  if (blank === -1 || !block.slice(1, blank).every(line => /^[A-Za-z-]+: [\x20-\x7e]*$/.test(line))) return false
  const content = block.slice(blank + 1, -1)
  const last = content.at(-1) ?? ''
  const checksum = last.startsWith('=') ? last.slice(1) : undefined
  const lines = checksum === undefined ? content : content.slice(0, -1)
  // Decoders stop at a padding in the middle, each in its own way.
  const text = lines.join('')
  if (lines.includes('') || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return false
  if (checksum === undefined) return true
  const isFourDigits = /^[A-Za-z0-9+/]{4}$/.test(checksum)
  return isFourDigits && Buffer.from(checksum, 'base64').readUIntBE(0, 3) === crc24(Buffer.from(text, 'base64'))
}

function crc24(bytes: Uint8Array): number {
  let crc = 0xb704ce
  for (const byte of bytes) {
    crc ^= byte << 16
    for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ ((crc & 0x800000) === 0 ? 0 : 0x1864cfb)
  }
  return crc & 0xffffff
}
