import { type FieldText, formatStanza, type Stanza } from '../debian-control-parser/index.ts'

/** Where a deb lies and how it is recognised: what an index adds to its control fields. */
export interface DebPlace {
  /** Relative to the archive's address. */
  readonly fileName: string
  readonly sizeBytes: number
  readonly sha256: string
}

/** What only the maker of the index may say; a deb that says it of itself is not listened to. */
const placeFields: ReadonlySet<string> = new Set(['filename', 'size', 'md5sum', 'sha1', 'sha256', 'sha512'])

/**
 * A deb's stanza of a Packages file: its control fields as they stand there, then where it is. Ends in a newline, without an
 * empty line after it.
 *
 * @see the wiki page DebianRepository/Format, "Packages" Indices
 */
export function packagesStanza(control: Stanza, { fileName, sizeBytes, sha256 }: DebPlace): Uint8Array {
  const place = formatStanza([
    ['Filename', fileName],
    ['Size', String(sizeBytes)],
    ['SHA256', sha256],
  ])
  return Buffer.concat([controlLines(control), Buffer.from(place)])
}

function controlLines(control: Stanza): Uint8Array {
  if (!control.fieldNames().some(isPlaceField)) {
    const end = control.bytes.at(-1) === 0x0a ? '' : '\n'
    return Buffer.concat([control.bytes, Buffer.from(end)])
  }
  const kept = control.fieldNames().filter(name => !isPlaceField(name))
  return Buffer.from(formatStanza(kept.map((name): FieldText => [name, control.field(name) ?? ''])))
}

function isPlaceField(name: string): boolean {
  return placeFields.has(name.toLowerCase())
}
