export const comma = 0x2c
export const slash = 0x2f
export const colon = 0x3a

export function isBlankByte(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09
}

type Slice = (this: Uint8Array, start: number, end: number) => string

/** What `toString` calls after two functions that judge its arguments; not in Node's documentation, so it may be gone one day. */
const { latin1Slice, hexSlice }: { readonly latin1Slice?: Slice; readonly hexSlice?: Slice } = Buffer.prototype

/** A range of bytes as a byte string: 20,000 of them in `lock update` of kde-full with Recommends. */
export function byteText(bytes: Uint8Array, start: number, end: number): string {
  return latin1Slice === undefined
    ? bufferOf(bytes).toString('latin1', start, end)
    : latin1Slice.call(bytes, start, end)
}

/** A range of bytes in lower-case hexadecimal digits. */
export function hexText(bytes: Uint8Array, start: number, end: number): string {
  return hexSlice === undefined ? bufferOf(bytes).toString('hex', start, end) : hexSlice.call(bytes, start, end)
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}
