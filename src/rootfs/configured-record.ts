import { createHash } from 'node:crypto'
import { encodeUtf8 } from '../kernel/index.ts'
import type { ImageSection } from '../manifest/index.ts'
import type { ObjectName } from '../store/index.ts'
import type { TreeEntry } from '../tree/index.ts'
import type { RootCustomisation } from './customise-root.ts'
import type { ContentPlace } from './pack-manifest.ts'
import type { DebIdentity } from './unpack-deb.ts'

/**
 * Part of the key of a configured root: raise it with every change of what `configureRoot` does with the same input, or of the JSON
 * below. It is the version of the engine.
 */
const configuredVersion = 3

/** All that decides what configuring gives. */
export interface ConfigureInputs {
  readonly debs: readonly DebIdentity[]
  readonly nativeArchitecture: string
  readonly foreignArchitectures: readonly string[]
  readonly image: Pick<ImageSection, 'excludePaths' | 'mergedUsr'>
  readonly sourceDateEpochSeconds: number
  /** `name:architecture` of the packages that are only dependencies, in byte order: apt may remove them when nothing needs them. */
  readonly automatic: readonly string[]
  readonly customisation: RootCustomisation
}

/** The store's name of a configured root. What isolated the scripts is no part of it: the bytes are the same. */
export function configuredObject({ debs, image, ...plain }: ConfigureInputs): ObjectName {
  const inputs = {
    version: configuredVersion,
    debs: debs.map(deb => deb.sha256).sort(),
    nativeArchitecture: plain.nativeArchitecture,
    foreignArchitectures: plain.foreignArchitectures,
    excludePaths: image.excludePaths,
    mergedUsr: image.mergedUsr ?? true,
    sourceDateEpochSeconds: plain.sourceDateEpochSeconds,
    automatic: plain.automatic,
    customisation: plain.customisation,
  }
  return { kind: 'configured', key: createHash('sha256').update(JSON.stringify(inputs)).digest('hex') }
}

/** A root after its scripts ran: all entries, and where those contents lie that no package has. */
export interface ConfiguredManifest {
  readonly tree: ReadonlyMap<string, TreeEntry>
  readonly places: ReadonlyMap<string, ContentPlace>
  readonly warnings: readonly string[]
}

interface ManifestJson {
  readonly entries: readonly (readonly [path: string, entry: TreeEntry, attributes?: readonly [string, string][]])[]
  readonly places: readonly (readonly [sha256: string, offset: number, sizeBytes: number])[]
  readonly warnings: readonly string[]
}

export function encodeConfigured({ tree, places, warnings }: ConfiguredManifest): Uint8Array {
  const json: ManifestJson = {
    entries: [...tree].map(([path, { extendedAttributes, ...entry }]) => {
      const plain = entry as TreeEntry
      if (extendedAttributes === undefined) return [path, plain]
      return [path, plain, [...extendedAttributes].map(([name, value]) => [name, Buffer.from(value).toString('hex')])]
    }),
    places: [...places].map(([sha256, { offset, sizeBytes }]) => [sha256, offset, sizeBytes]),
    warnings,
  }
  return encodeUtf8(JSON.stringify(json))
}

/** Only for bytes whose digest was compared: they are what `encodeConfigured` of this version wrote. */
export function decodeConfigured(bytes: Uint8Array): ConfiguredManifest {
  const json = JSON.parse(Buffer.from(bytes).toString('utf8')) as ManifestJson
  const entryOf = (entry: TreeEntry, attributes: readonly [string, string][] | undefined): TreeEntry => {
    // JSON has no undefined.
    const whole = entry.kind === 'file' ? { ...entry, inode: entry.inode } : entry
    if (attributes === undefined) return whole
    const values = attributes.map(([name, value]) => [name, Buffer.from(value, 'hex')] as const)
    return { ...whole, extendedAttributes: new Map(values) }
  }
  return {
    tree: new Map(json.entries.map(([path, entry, attributes]) => [path, entryOf(entry, attributes)])),
    places: new Map(json.places.map(([sha256, offset, sizeBytes]) => [sha256, { offset, sizeBytes }])),
    warnings: json.warnings,
  }
}
