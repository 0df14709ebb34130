import { versionProblem } from '../../debian/index.ts'
import { type Stanza, viewStanza } from '../../debian-control-parser/index.ts'
import { compareBytes, type Fault, isSha256, quoted } from '../../kernel/index.ts'
import { indexFault } from './index-fault.ts'
import { nameAt } from './name-table.ts'
import type { PackagesIndex } from './packages-index.ts'

/** Everything that `BinaryPackage` needs of a stanza; fields are kept as text, and the stanza's bytes are let go. */
const keptFields = [
  'Source',
  'Essential',
  'Important',
  'Protected',
  'Priority',
  'Section',
  'Multi-Arch',
  'Pre-Depends',
  'Depends',
  'Recommends',
  'Conflicts',
  'Breaks',
  'Replaces',
  'Provides',
  'Filename',
  'Size',
  'Installed-Size',
  'Phased-Update-Percentage',
] as const

export type KeptField = (typeof keptFields)[number]

/** With the name that a stanza finds at its first look. */
const keptFieldKeys = keptFields.map(name => name.toLowerCase())

/** What the table knows of a stanza that was not read: enough to rank a deb, or to leave it alone. */
export interface StanzaRow {
  readonly index: PackagesIndex
  readonly row: number
  readonly name: string
  readonly version: string
  readonly architecture: string
}

/** One stanza of an index: what identifies the deb, and its other fields as text. */
export interface IndexedStanza extends StanzaRow {
  /** Lower case. */
  readonly sha256: string
  readonly fields: Readonly<Partial<Record<KeptField, string>>>
}

/**
 * Looks at one stanza as far as the table goes; the text is read only where that shows something wrong.
 *
 * @throws {Fault} `INDEX_MALFORMED` when it lacks a Version that is one, or an Architecture
 */
export function lookAtRow(
  index: PackagesIndex,
  { row, name, architecture }: Pick<StanzaRow, 'row' | 'name' | 'architecture'>,
): StanzaRow {
  const version = nameAt(index.table.versions, row)
  if (architecture === '' || versionProblem(version) !== undefined) return readIndexedStanza({ index, row })
  return { index, row, name, version, architecture }
}

/**
 * Reads one stanza.
 *
 * @throws {Fault} `INDEX_MALFORMED` when it is malformed, or lacks Version, Architecture or SHA256: without these
 *   the deb cannot be told from another
 */
export function readIndexedStanza({ index, row }: Pick<StanzaRow, 'index' | 'row'>): IndexedStanza {
  const stanza = viewRow(index, row)
  const version = required(index, row, stanza, 'Version')
  const problem = versionProblem(version)
  if (problem !== undefined) throw fieldFault({ index, row }, 'Version', `${quoted(version)} is no version: ${problem}`)
  const architecture = required(index, row, stanza, 'Architecture')
  const sha256 = required(index, row, stanza, 'SHA256').toLowerCase()
  if (!isSha256(sha256))
    throw fieldFault({ index, row }, 'SHA256', `${quoted(sha256)} is not a SHA-256 of 64 hexadecimal digits`)
  const fields: Partial<Record<KeptField, string>> = {}
  for (let at = 0; at < keptFields.length; at++) {
    const value = stanza.field(keptFieldKeys[at] ?? '')
    if (value !== undefined) fields[keptFields[at] as KeptField] = value
  }
  return { index, row, name: required(index, row, stanza, 'Package'), version, architecture, sha256, fields }
}

/** By archive, suite, component and path, so that which stanza speaks for a deb does not depend on any file's order. */
export function compareStanzas(left: IndexedStanza, right: IndexedStanza): number {
  const a = left.index.origin
  const b = right.index.origin
  return (
    compareBytes(a.archive, b.archive) ||
    compareBytes(a.suite, b.suite) ||
    compareBytes(a.component, b.component) ||
    compareBytes(left.fields.Filename ?? '', right.fields.Filename ?? '') ||
    compareBytes(a.fileName, b.fileName) ||
    // Twice in one file: by what they say, since the order of stanzas must not show.
    compareBytes(JSON.stringify(left.fields), JSON.stringify(right.fields))
  )
}

/** `INDEX_MALFORMED` at the line of a field, or of the stanza where it lacks the field. */
export function fieldFault(
  { index, row }: Pick<StanzaRow, 'index' | 'row'>,
  field: string,
  problem: string,
  cause?: unknown,
): Fault {
  const stanza = viewRow(index, row)
  const line = index.text.lineAt(index.table.stanzaStarts[row] ?? 0) - 1 + (stanza.lineOf(field) ?? stanza.line)
  const name = stanza.field('Package') ?? ''
  return indexFault(index.origin, line, `the ${field} of ${quoted(name)}: ${problem}`, cause)
}

/** Lines are counted from the stanza's first: those before it would have to be read. */
function viewRow(index: PackagesIndex, row: number): Stanza {
  const start = index.table.stanzaStarts[row] ?? 0
  const bytes = index.text.read(start, index.table.stanzaEnds[row] ?? start)
  try {
    return viewStanza(bytes, { start: 0, end: bytes.length, firstLine: 1 })
  } catch (error) {
    throw indexFault(index.origin, index.text.lineAt(start), 'the stanza is malformed', error)
  }
}

function required(index: PackagesIndex, row: number, stanza: Stanza, field: string): string {
  const value = stanza.field(field)
  if (value !== undefined && value !== '') return value
  throw fieldFault({ index, row }, field, 'it is missing, so the deb cannot be pinned')
}
