export const comma = 0x2c
export const slash = 0x2f
export const colon = 0x3a

export function isBlankByte(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09
}
