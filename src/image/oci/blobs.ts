import { createHash } from 'node:crypto'
import { rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { canonicalJson, encodeUtf8, type Json } from '../../kernel/index.ts'
import { makeFolder } from '../../store/index.ts'
import { temporaryBeside, writeSyncedFile } from '../whole-file.ts'

/** @see OCI image specification, descriptor */
export interface Descriptor {
  readonly mediaType: string
  /** `sha256:` and 64 hex digits. */
  readonly digest: string
  readonly size: number
}

/** Where the blob of a digest lies in a layout. */
export function blobFolder(layout: string): string {
  return join(layout, 'blobs', 'sha256')
}

/** Adds a blob; where it is already, it stays as it is. */
export async function addBlob(
  layout: string,
  mediaType: string,
  source: AsyncIterable<Uint8Array>,
): Promise<Descriptor> {
  const folder = blobFolder(layout)
  makeFolder(folder)
  const temporary = temporaryBeside(join(folder, 'blob'))
  const hash = createHash('sha256')
  const hashed = async function* () {
    for await (const bytes of source) {
      hash.update(bytes)
      yield bytes
    }
  }
  try {
    const size = await writeSyncedFile(temporary, hashed())
    const sha256 = hash.digest('hex')
    const place = join(folder, sha256)
    const known = await stat(place).catch(() => undefined)
    if (known?.size !== size) await rename(temporary, place)
    return { mediaType, digest: `sha256:${sha256}`, size }
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined)
  }
}

export async function addJsonBlob(layout: string, mediaType: string, value: Json): Promise<Descriptor> {
  const bytes = encodeUtf8(canonicalJson(value))
  return await addBlob(
    layout,
    mediaType,
    (async function* () {
      yield bytes
    })(),
  )
}
