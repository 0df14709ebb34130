import {
  canonicalJson,
  compareBytes,
  Fault,
  isFault,
  isJsonObject,
  type JsonObject,
  parsedJson,
  quoted,
} from '../kernel/index.ts'
import { lineOf } from './assign-batch.ts'
import { contradiction } from './contradiction.ts'
import { readRevisionKey } from './key.ts'
import { compareRevisions, depthOf, isRevision } from './revision-number.ts'
import type { RevisionRow, RevisionTable, TableKind } from './table.ts'
import { readKind } from './table-kind.ts'

/** Of the lines of an export. */
const format = 1

/**
 * A table as text: a line that says what it is, one for each revision, sorted, and one with their number, so that a torn file is told from a
 * whole one; JSON with sorted names. The same table gives the same bytes, in SQLite and in PostgreSQL.
 */
export async function* writeExport(table: RevisionTable): AsyncGenerator<string> {
  yield `${canonicalJson({ revisions: format, mode: table.mode, depth: table.depth })}\n`
  let rows = 0
  for await (const { package: name, version, architecture, checksum, revision } of table.rows()) {
    rows += 1
    yield `${canonicalJson({ package: name, version, architecture, checksum, revision })}\n`
  }
  yield `${canonicalJson({ rows })}\n`
}

export interface RevisionExport extends TableKind {
  readonly rows: AsyncIterable<RevisionRow>
}

/**
 * Reads what `writeExport` wrote. The rows are checked while they are read: their order, and that they do not contradict each other.
 *
 * @throws {Fault} `REVISION_EXPORT_MALFORMED` that names the line, `REVISION_CONTRADICTED`
 */
export async function readExport(lines: AsyncIterable<string>): Promise<RevisionExport> {
  const iterator = lines[Symbol.asyncIterator]()
  const first = await iterator.next()
  const header = first.done === true ? undefined : parsedLine(first.value, 1)
  if (header?.revisions !== format) throw malformed(1, `the export does not begin with {"revisions":${format}}`)
  const kind = readKind(header)
  if (kind === undefined) throw malformed(1, 'the first line does not say mode and depth')
  return { ...kind, rows: readRows(iterator, kind) }
}

async function* readRows(lines: AsyncIterator<string>, kind: TableKind): AsyncGenerator<RevisionRow> {
  let before: RevisionRow | undefined
  let keys = new Map<string, RevisionRow>()
  for (let number = 2; ; number++) {
    const line = await lines.next()
    if (line.done === true) throw malformed(number, 'the export ends without the number of its rows')
    const fields = parsedLine(line.value, number)
    if ('rows' in fields) return await checkEnd(fields.rows, number, lines)
    const row = readRow(fields, number, kind)
    if (before === undefined || lineOf(before) !== lineOf(row)) keys = new Map()
    if (before !== undefined && compareRows(before, row) >= 0) {
      if (compareRows(before, row) === 0) throw contradiction(before, row)
      throw malformed(number, 'the line is not after the one before it')
    }
    const key = `${row.version} ${row.checksum}`
    const same = kind.mode === 'history' ? keys.get(key) : undefined
    if (same !== undefined) throw contradiction(same, row)
    keys.set(key, row)
    before = row
    yield row
  }
}

async function checkEnd(rows: unknown, number: number, lines: AsyncIterator<string>): Promise<void> {
  if (rows !== number - 2)
    throw malformed(number, `the export has ${number - 2} rows, and says ${quoted(String(rows))}`)
  if ((await lines.next()).done !== true) throw malformed(number + 1, 'something follows the end')
}

function readRow({ revision, ...key }: JsonObject, number: number, { depth }: TableKind): RevisionRow {
  if (typeof revision !== 'string' || !isRevision(revision)) throw malformed(number, 'the line has no revision')
  if (depthOf(revision) > depth) throw malformed(number, `revision ${revision} has more than ${depth} numbers`)
  try {
    return { ...readRevisionKey(key), revision }
  } catch (error) {
    throw isFault(error, 'REVISION_KEY_INVALID') ? malformed(number, error.message) : error
  }
}

function compareRows(left: RevisionRow, right: RevisionRow): number {
  return (
    compareBytes(left.package, right.package) ||
    compareBytes(left.architecture, right.architecture) ||
    compareRevisions(left.revision, right.revision)
  )
}

function parsedLine(line: string, number: number): JsonObject {
  const value = parsedJson(line)
  if (isJsonObject(value)) return value
  throw malformed(number, 'the line is no JSON object')
}

function malformed(line: number, problem: string): Fault {
  return new Fault('REVISION_EXPORT_MALFORMED', {
    message: `line ${line}: ${problem}`,
    hint: 'Nothing was changed. Import a file that `aptroot revision export` wrote, whole and as it was.',
    context: { line },
  })
}
