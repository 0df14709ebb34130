import { assignRevision, type KnownRevisions } from './assign.ts'
import type { RevisionKey } from './key.ts'
import { laterOf, type Revision } from './revision-number.ts'
import type { AssignmentRequest, RevisionRow, TableAnswer, TableKind } from './table.ts'

export interface Batch {
  readonly requests: readonly AssignmentRequest[]
  /** Of each request, as the table is before the batch. */
  readonly known: readonly KnownRevisions[]
  /** Of what the table has, those rows whose revision a request says is its own: `placeOf` → the row. */
  readonly bound: ReadonlyMap<string, RevisionRow>
}

export interface BatchOutcome {
  readonly answers: readonly TableAnswer[]
  /** In the order in which they were given. */
  readonly added: readonly RevisionRow[]
}

/** Assigns one after the other: each sees what those before it were given. */
export function assignBatch(kind: TableKind, { requests, known, bound }: Batch): BatchOutcome {
  const latest = new Map<string, Revision | undefined>()
  const places = new Map<string, RevisionRow>(bound)
  const added: RevisionRow[] = []
  const answers = requests.map(({ key, upstream }, at): TableAnswer => {
    const names = { newest: lineOf(key), ofVersion: `${lineOf(key)} ${key.version}`, ofChecksum: textOfKey(key) }
    const before = known[at]
    const now = (name: keyof KnownRevisions) => laterOf(before?.[name], latest.get(names[name]))
    const facts = { newest: now('newest'), ofVersion: now('ofVersion'), ofChecksum: now('ofChecksum') }
    const assignment = assignRevision({ ...kind, known: facts, upstream })
    if (assignment.kind === 'known') return assignment
    const row: RevisionRow = { ...key, revision: assignment.revision }
    const holder = places.get(placeOf(row))
    if (holder !== undefined) {
      if (isSameRow(holder, row)) return { kind: 'known', revision: row.revision }
      return { kind: 'contradicted', revision: row.revision }
    }
    places.set(placeOf(row), row)
    for (const name of Object.values(names)) latest.set(name, laterOf(latest.get(name), row.revision))
    added.push(row)
    return assignment
  })
  return { answers, added }
}

/** What shares its numbers; a blank occurs in no name. */
export function lineOf(key: Pick<RevisionKey, 'package' | 'architecture'>): string {
  return `${key.package} ${key.architecture}`
}

export function placeOf(row: RevisionRow): string {
  return `${lineOf(row)} ${row.revision}`
}

export function textOfKey(key: RevisionKey): string {
  return `${lineOf(key)} ${key.version} ${key.checksum}`
}

export function isSameRow(left: RevisionRow, right: RevisionRow): boolean {
  return placeOf(left) === placeOf(right) && left.version === right.version && left.checksum === right.checksum
}
