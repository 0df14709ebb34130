import { createHash } from 'node:crypto'
import type { ObjectName, ObjectSink, StoredObject } from '../store/index.ts'
import type { ContentPlace } from './pack-manifest.ts'

/**
 * An object of the store that holds the contents of files, one after the other, then a manifest that says what they are, and a trailer
 * that says where the manifest lies. See docs/decisions/0005-one-pack-per-deb.md.
 */
export interface ContentPack {
  /** For messages. */
  readonly name: string
  readonly object: ObjectName
  /** By sha256; equal contents are kept once. */
  readonly places: ReadonlyMap<string, ContentPlace>
}

/** What any of the packs holds. */
export function contentsOf(packs: readonly ContentPack[]): ReadonlySet<string> {
  const contents = new Set<string>()
  for (const { places } of packs) for (const sha256 of places.keys()) contents.add(sha256)
  return contents
}

/** `manifest OFFSET LENGTH SHA256\n` with 20, 20 and 64 digits: the end of a pack's payload. */
const trailerPattern = /^manifest ([0-9]{20}) ([0-9]{20}) ([0-9a-f]{64})\n$/
const trailerBytes = 'manifest '.length + 21 + 21 + 65

/** Ends a pack. */
export async function writePackManifest(sink: ObjectSink, manifest: Uint8Array): Promise<void> {
  const digits = (value: number) => String(value).padStart(20, '0')
  const trailer = `manifest ${digits(sink.position)} ${digits(manifest.length)} ${sha256Of(manifest)}\n`
  await sink.write(manifest)
  await sink.write(Buffer.from(trailer, 'latin1'))
}

/** @returns undefined when the object is no whole pack */
export function readPackManifest(object: StoredObject): Uint8Array | undefined {
  if (object.sizeBytes < trailerBytes) return undefined
  const trailer = Buffer.from(object.read(object.sizeBytes - trailerBytes, trailerBytes)).toString('latin1')
  const [, offset, length, sha256] = trailerPattern.exec(trailer) ?? []
  if (offset === undefined || length === undefined) return undefined
  const bytes = object.read(Number(offset), Number(length))
  return sha256Of(bytes) === sha256 ? bytes : undefined
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
