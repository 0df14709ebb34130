import type { MultiArch } from '../debian/index.ts'
import type { ControlFile, UnpackedDeb, UnpackedEntry } from '../dpkg/index.ts'
import { encodeUtf8 } from '../kernel/index.ts'

/** Where a content lies in the payload of its pack. */
export interface ContentPlace {
  readonly offset: number
  readonly sizeBytes: number
}

/** What a pack says of its deb: all of it but the contents of the files. */
export interface PackManifest {
  readonly deb: UnpackedDeb
  /** By sha256; equal contents of one deb are kept once. */
  readonly places: ReadonlyMap<string, ContentPlace>
}

/**
 * Part of the key of a pack: a pack of another layout is another object. Raise it with every change of the JSON below, of what
 * `unpackDeb` refuses, or of how it reads a deb.
 */
export const packLayoutVersion = 1

interface ManifestJson {
  readonly name: string
  readonly version: string
  readonly architecture: string
  readonly multiArch: MultiArch
  readonly essential: boolean
  /** Bytes are base64 here. */
  readonly control: string
  readonly controlFiles: readonly (Omit<ControlFile, 'bytes'> & { readonly bytes: string })[]
  readonly entries: readonly UnpackedEntry[]
  readonly md5: readonly (readonly [sha256: string, md5: string])[]
  readonly places: readonly (readonly [sha256: string, offset: number, sizeBytes: number])[]
}

export function encodeManifest({ deb, places }: PackManifest): Uint8Array {
  const { controlFiles, control, md5BySha256, ...plain } = deb
  const json: ManifestJson = {
    ...plain,
    control: Buffer.from(control).toString('base64'),
    controlFiles: controlFiles.map(file => ({ ...file, bytes: Buffer.from(file.bytes).toString('base64') })),
    md5: [...md5BySha256],
    places: [...places].map(([sha256, { offset, sizeBytes }]) => [sha256, offset, sizeBytes]),
  }
  return encodeUtf8(JSON.stringify(json))
}

/** Only for bytes whose digest was compared: they are what `encodeManifest` of this layout wrote. */
export function decodeManifest(bytes: Uint8Array): PackManifest {
  const json = JSON.parse(Buffer.from(bytes).toString('utf8')) as ManifestJson
  const { control, controlFiles, md5, places, ...plain } = json
  return {
    deb: {
      ...plain,
      control: Buffer.from(control, 'base64'),
      controlFiles: controlFiles.map(file => ({ ...file, bytes: Buffer.from(file.bytes, 'base64') })),
      md5BySha256: new Map(md5),
    },
    places: new Map(places.map(([sha256, offset, sizeBytes]) => [sha256, { offset, sizeBytes }])),
  }
}
