import { existsSync } from 'node:fs'
import { type Clock, Fault, isFault } from '../kernel/index.ts'
import type { KnownRevisions } from './assign.ts'
import { assignBatch, isSameRow, placeOf } from './assign-batch.ts'
import { contradiction } from './contradiction.ts'
import type { RevisionKey } from './key.ts'
import { type Revision, revisionOfSortable, sortableOf } from './revision-number.ts'
import { findSqliteDriver, type SqliteDatabase, type SqliteDriver, sqliteTrouble } from './sqlite-driver.ts'
import type { AssignmentRequest, RevisionRow, RevisionTable, TableAnswer, TableKind, TableUse } from './table.ts'
import { agreedKind, kindOfRecord, tableLayout } from './table-kind.ts'

export interface SqliteSettings {
  readonly path: string
  readonly use: TableUse
  readonly clock: Clock
  /** Spreads the attempts of several processes. */
  readonly random: () => number
  readonly driver?: SqliteDriver
}

/** Several processes write in turns of some milliseconds. */
const patienceMilliseconds = 10_000
/** Opening switches to write-ahead logging, which needs the file for itself for a moment. */
const openingBusyMilliseconds = 5_000

/**
 * A table in an SQLite file.
 *
 * Write-ahead logging with `synchronous=FULL`: a commit is on disk before others can read it, so that no answer is lost when power fails. NORMAL
 * would lose the last commits then, and the next asker would be given a revision that somebody has under another checksum.
 *
 * @throws {Fault} `REVISION_DRIVER_MISSING`, `REVISION_TABLE_MISMATCH`, `REVISION_UNAVAILABLE`
 * @see https://www.sqlite.org/pragma.html#pragma_synchronous
 */
export async function openSqliteTable(settings: SqliteSettings): Promise<RevisionTable> {
  const { path, use, clock } = settings
  // SQLite would make the file.
  if (use.kind === 'read' && !existsSync(path)) agreedKind(path, undefined, use)
  const driver = settings.driver ?? findSqliteDriver()
  const { database, kind } = translated(path, () => {
    const opened = driver.open(path)
    try {
      opened.exec(`PRAGMA busy_timeout=${openingBusyMilliseconds}`)
      return { database: opened, kind: prepared(opened, path, use) }
    } catch (error) {
      opened.close()
      throw error
    }
  })
  const persist = async <Result>(attempt: () => Result): Promise<Result> => {
    const start = clock.now().getTime()
    for (;;) {
      try {
        return translated(path, attempt)
      } catch (error) {
        const isLate = clock.now().getTime() - start > patienceMilliseconds
        if (!isFault(error, 'REVISION_UNAVAILABLE') || error.context.reason !== 'busy' || isLate) throw error
      }
      // Waiting here instead of in SQLite lets other requests be read meanwhile.
      await clock.sleep(1 + settings.random() * 4, neverAborted)
    }
  }
  return sqliteTable({ path, database, kind, persist })
}

const neverAborted = new AbortController().signal

interface OpenTable {
  readonly path: string
  readonly database: SqliteDatabase
  readonly kind: TableKind
  readonly persist: <Result>(attempt: () => Result) => Promise<Result>
}

function sqliteTable({ path, database, kind, persist }: OpenTable): RevisionTable {
  const of = 'FROM revisions WHERE package = ? AND architecture = ?'
  const newest = database.prepare(`SELECT max(revision) AS revision ${of}`)
  const ofVersion = database.prepare(`SELECT max(revision) AS revision ${of} AND version = ?`)
  const ofChecksum = database.prepare(`SELECT max(revision) AS revision ${of} AND version = ? AND checksum = ?`)
  const atPlace = database.prepare(`SELECT * ${of} AND revision = ?`)
  const insert = database.prepare(
    'INSERT INTO revisions (package, architecture, revision, version, checksum) VALUES (?, ?, ?, ?, ?)',
  )
  const all = database.prepare('SELECT * FROM revisions ORDER BY package, architecture, revision')
  const counted = database.prepare('SELECT count(*) AS amount FROM revisions')

  const knownOf = ({ package: name, architecture, version, checksum }: RevisionKey): KnownRevisions => ({
    newest: revisionIn(newest.get(name, architecture)),
    ofChecksum: revisionIn(ofChecksum.get(name, architecture, version, checksum)),
    // With history nobody asks for it, and no index would find it.
    ofVersion: kind.mode === 'history' ? undefined : revisionIn(ofVersion.get(name, architecture, version)),
  })
  const rowAt = (row: RevisionRow): RevisionRow | undefined => {
    const found = atPlace.get(row.package, row.architecture, sortableOf(row.revision))
    return found === undefined || found === null ? undefined : rowOf(found)
  }
  const insertRow = ({ package: name, architecture, revision, version, checksum }: RevisionRow) =>
    insert.run(name, architecture, sortableOf(revision), version, checksum)
  const assign = (requests: readonly AssignmentRequest[]): readonly TableAnswer[] =>
    inTransaction(database, () => {
      const bound = new Map<string, RevisionRow>()
      for (const { key, upstream } of requests) {
        const row = upstream?.revision === undefined ? undefined : rowAt({ ...key, revision: upstream.revision })
        if (row !== undefined) bound.set(placeOf(row), row)
      }
      const known = requests.map(({ key }) => knownOf(key))
      const { answers, added } = assignBatch(kind, { requests, known, bound })
      for (const row of added) insertRow(row)
      return answers
    })

  return {
    ...kind,
    lookUp: keys => persist(() => keys.map(knownOf)),
    assign: requests => persist(() => assign(requests)),
    // One statement reads one state, whatever is written meanwhile.
    async *rows() {
      const found = translated(path, () => all.iterate())
      for (;;) {
        const next = translated(path, () => found.next())
        if (next.done === true) return
        yield rowOf(next.value)
      }
    },
    async add(rows) {
      await persist(() => database.exec('BEGIN IMMEDIATE'))
      try {
        let added = 0
        for await (const row of rows) added += translated(path, () => addRow(row))
        translated(path, () => database.exec('COMMIT'))
        return added
      } catch (error) {
        rollBack(database)
        throw error
      }
    },
    count: () => persist(() => Number((counted.get() as { readonly amount: number }).amount)),
    async close() {
      database.close()
    },
  }

  function addRow(row: RevisionRow): number {
    const there = rowAt(row)
    if (there !== undefined && isSameRow(there, row)) return 0
    if (there !== undefined) throw contradiction(there, row)
    const other = kind.mode === 'history' ? knownOf(row).ofChecksum : undefined
    if (other !== undefined) throw contradiction({ ...row, revision: other }, row)
    insertRow(row)
    return 1
  }
}

/** Makes the table or reads what it was made for. */
function prepared(database: SqliteDatabase, path: string, use: TableUse): TableKind {
  const found = (): TableKind | undefined => {
    const table = database
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'revision_table'")
      .get()
    if (table === undefined || table === null) return undefined
    return kindOfRecord(path, database.prepare('SELECT layout, mode, depth FROM revision_table').get())
  }
  if (use.kind === 'read') {
    const kind = agreedKind(path, found(), use)
    database.exec('PRAGMA query_only=ON')
    database.exec('PRAGMA busy_timeout=0')
    return kind
  }
  database.exec('PRAGMA journal_mode=WAL')
  database.exec('PRAGMA synchronous=FULL')
  const kind = inTransaction(database, () => {
    const before = found()
    const agreed = agreedKind(path, before, use)
    if (before === undefined) create(database, agreed)
    return agreed
  })
  database.exec('PRAGMA busy_timeout=0')
  return kind
}

function create(database: SqliteDatabase, { mode, depth }: TableKind): void {
  database.exec(`
    CREATE TABLE revision_table (layout INTEGER NOT NULL, mode TEXT NOT NULL, depth INTEGER NOT NULL) STRICT;
    CREATE TABLE revisions (
      package TEXT NOT NULL,
      architecture TEXT NOT NULL,
      revision TEXT NOT NULL,
      version TEXT NOT NULL,
      checksum TEXT NOT NULL,
      PRIMARY KEY (package, architecture, revision)
    ) STRICT, WITHOUT ROWID;
    CREATE ${mode === 'history' ? 'UNIQUE ' : ''}INDEX revisions_by_checksum ON revisions (package, architecture, version, checksum);
    ${mode === 'history' ? '' : 'CREATE INDEX revisions_by_version ON revisions (package, architecture, version, revision);'}
  `)
  database.prepare('INSERT INTO revision_table VALUES (?, ?, ?)').run(tableLayout, mode, depth)
}

/** Written at once or not at all; the lock is taken first, so that what was read stays true until the commit. */
function inTransaction<Result>(database: SqliteDatabase, work: () => Result): Result {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    rollBack(database)
    throw error
  }
}

function rollBack(database: SqliteDatabase): void {
  try {
    database.exec('ROLLBACK')
  } catch {
    // SQLite has already done so, as on a full disk.
  }
}

function revisionIn(row: unknown): Revision | undefined {
  const { revision } = row as { readonly revision: string | null }
  return revision === null ? undefined : revisionOfSortable(revision)
}

function rowOf(row: unknown): RevisionRow {
  const { package: name, architecture, revision, version, checksum } = row as RevisionRow
  return { package: name, architecture, revision: revisionOfSortable(revision), version, checksum }
}

/** Turns SQLite's errors into faults. */
function translated<Result>(path: string, work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    if (isFault(error)) throw error
    const trouble = sqliteTrouble(error)
    const reason = error instanceof Error ? error.message : String(error)
    if (trouble === 'full')
      throw new Fault('DISK_FULL', {
        message: `there is no space left for the revisions: ${reason}`,
        hint: 'Make room on the disk of the database; what was answered is safe.',
        cause: error,
      })
    if (trouble === 'no database')
      throw new Fault('REVISION_TABLE_MISMATCH', {
        message: `${path} is no table of revisions, or is damaged: ${reason}`,
        hint: 'Name another file with `--database`, or restore it: `aptroot revision import` reads what `revision export` wrote.',
        cause: error,
      })
    throw new Fault('REVISION_UNAVAILABLE', {
      message: trouble === 'busy' ? 'the database is busy' : `the database cannot be used: ${reason}`,
      hint:
        trouble === 'busy'
          ? 'Ask again; another process writes to it.'
          : 'Check that the file and its folder can be written, and that they are on a local disk.',
      context: { reason: trouble },
      cause: error,
    })
  }
}
