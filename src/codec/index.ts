export { type ArContent, type ArHeader, type ArMember, type ArOptions, readAr, writeAr } from './ar.ts'
export type { PieceOwner } from './byte-decoder.ts'
export { byteStringOf, bytesOfByteString, displayByteString } from './byte-string.ts'
export { compressGzip, compressGzipBytes, type GzipLevel, type GzipSettings } from './compress.ts'
export { type CompressionKind, compressionOfName, detectCompression, detectionBytes } from './compression-kind.ts'
export {
  type BufferLimits,
  type BytesObserver,
  type DecompressionLimits,
  decompress,
  decompressBuffer,
  decompressBytes,
  gatherBytes,
} from './decompress.ts'
export { paddingBytes, type TarEntry, type TarEntryKind } from './tar-entry.ts'
export {
  readTar,
  readTarEvents,
  type TarEvent,
  type TarMember,
  type TarOptions,
  TarParser,
} from './tar-reader.ts'
export { formatTarEnd, formatTarHeader, formatTarPadding, type TarContent, writeTar } from './tar-writer.ts'
