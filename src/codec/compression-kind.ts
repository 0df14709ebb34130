/** By the endings of Debian's file names; `gz` also stands for what gzip(1) calls by other names. */
export type CompressionKind = 'none' | 'gz' | 'xz' | 'zst' | 'bz2' | 'lzma'

/** Longest magic, so that many bytes are enough for `detectCompression`. */
export const detectionBytes = 13

/**
 * The kind that the first bytes show; `none` when no magic matches.
 *
 * `.lzma` has no magic: the usual properties (0x5d, as every encoder of Debian's wrote them), a dictionary of 2^n or 2^n + 2^(n-1)
 * bytes and a plausible size stand for one, as in liblzma.
 */
export function detectCompression(firstBytes: Uint8Array): CompressionKind {
  const starts = (...magic: readonly number[]) => magic.every((byte, at) => firstBytes[at] === byte)
  if (starts(0x1f, 0x8b, 0x08)) return 'gz'
  if (starts(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00)) return 'xz'
  if (starts(0x28, 0xb5, 0x2f, 0xfd)) return 'zst'
  if (starts(0x42, 0x5a, 0x68) && isBetween(firstBytes[3], 0x31, 0x39)) return 'bz2'
  if (starts(0x5d, 0x00, 0x00) && isLzmaHeader(firstBytes)) return 'lzma'
  return 'none'
}

/** The kind that a file name's ending promises: `Packages.xz`, `data.tar.zst`; `none` for any other ending. */
export function compressionOfName(name: string): CompressionKind {
  const ending = /\.(gz|xz|zst|bz2|lzma)$/.exec(name)?.[1]
  switch (ending) {
    case 'gz':
    case 'xz':
    case 'zst':
    case 'bz2':
    case 'lzma':
      return ending
    default:
      return 'none'
  }
}

function isBetween(byte: number | undefined, low: number, high: number): boolean {
  return byte !== undefined && byte >= low && byte <= high
}

function isLzmaHeader(bytes: Uint8Array): boolean {
  if (bytes.length < detectionBytes) return false
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const dictionaryBytes = view.getUint32(1, true)
  const highest = 2 ** (31 - Math.clz32(dictionaryBytes))
  if (dictionaryBytes !== highest && dictionaryBytes !== highest * 1.5) return false
  const sizeBytes = view.getBigUint64(5, true)
  return sizeBytes === 0xffff_ffff_ffff_ffffn || sizeBytes < 1n << 38n
}
