import { versionProblem } from '../../debian/index.ts'
import { type Stanza, viewStanza } from '../../debian-control-parser/index.ts'
import { type Fault, isSha256, quoted } from '../../kernel/index.ts'
import { indexFault } from './index-fault.ts'
import type { PackagesIndex } from './packages-index.ts'
import { type ListField, listFields, type SingleField, singleFields } from './stanza-fields.ts'

/** With the names that a stanza finds at its first look. */
const keptFields: readonly (readonly [SingleField | ListField, string])[] = [...singleFields, ...listFields].map(
  name => [name, name.toLowerCase()],
)

/** One stanza of an index, by its place there. */
export interface StanzaPlaceInIndex {
  readonly index: PackagesIndex
  readonly row: number
}

/** What a stanza says when it is read: the fields that `BinaryPackage` needs as text; its bytes are let go. */
export interface IndexedStanza {
  readonly version: string
  readonly architecture: string
  /** Lower case. */
  readonly sha256: string
  readonly fields: Readonly<Partial<Record<SingleField | ListField, string>>>
}

/**
 * Reads one stanza.
 *
 * @throws {Fault} `INDEX_MALFORMED` when it is malformed, or lacks Version, Architecture or SHA256: without these
 *   the deb cannot be told from another
 */
export function readIndexedStanza(place: StanzaPlaceInIndex): IndexedStanza {
  const stanza = viewRow(place)
  const version = required(place, stanza, 'Version')
  const problem = versionProblem(version)
  if (problem !== undefined) throw fieldFault(place, 'Version', `${quoted(version)} is no version: ${problem}`)
  const architecture = required(place, stanza, 'Architecture')
  const sha256 = required(place, stanza, 'SHA256').toLowerCase()
  if (!isSha256(sha256))
    throw fieldFault(place, 'SHA256', `${quoted(sha256)} is not a SHA-256 of 64 hexadecimal digits`)
  const fields: Partial<Record<SingleField | ListField, string>> = {}
  for (const [name, key] of keptFields) {
    const value = stanza.field(key)
    if (value !== undefined) fields[name] = value
  }
  return { version, architecture, sha256, fields }
}

/** `INDEX_MALFORMED` at the line of a field, or of the stanza where it lacks the field. */
export function fieldFault(place: StanzaPlaceInIndex, field: string, problem: string, cause?: unknown): Fault {
  const { index, row } = place
  const stanza = viewRow(place)
  const line = index.text.lineAt(index.table.stanzaStarts[row] ?? 0) - 1 + (stanza.lineOf(field) ?? stanza.line)
  const name = stanza.field('Package') ?? ''
  return indexFault(index.origin, line, `the ${field} of ${quoted(name)}: ${problem}`, cause)
}

/** Lines are counted from the stanza's first: those before it would have to be read. */
function viewRow({ index, row }: StanzaPlaceInIndex): Stanza {
  const start = index.table.stanzaStarts[row] ?? 0
  const bytes = index.text.read(start, index.table.stanzaEnds[row] ?? start)
  try {
    return viewStanza(bytes, { start: 0, end: bytes.length, firstLine: 1 })
  } catch (error) {
    throw indexFault(index.origin, index.text.lineAt(start), 'the stanza is malformed', error)
  }
}

function required(place: StanzaPlaceInIndex, stanza: Stanza, field: string): string {
  const value = stanza.field(field)
  if (value !== undefined && value !== '') return value
  throw fieldFault(place, field, 'it is missing, so the deb cannot be pinned')
}
