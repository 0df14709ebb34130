import { createHash } from 'node:crypto'
import postgres from 'postgres'
import { type Clock, Fault, isFault } from '../kernel/index.ts'
import type { KnownRevisions } from './assign.ts'
import { assignBatch, isSameRow, lineOf, placeOf } from './assign-batch.ts'
import { contradiction } from './contradiction.ts'
import type { RevisionKey } from './key.ts'
import { revisionOfSortable, sortableOf } from './revision-number.ts'
import type { AssignmentRequest, RevisionRow, RevisionTable, TableAnswer, TableKind, TableUse } from './table.ts'
import { agreedKind, kindOfRecord, tableLayout } from './table-kind.ts'

export interface PostgresSettings {
  /** May hold a password: never printed. */
  readonly url: string
  readonly use: TableUse
  readonly clock: Clock
  readonly random: () => number
}

const patienceMilliseconds = 10_000
/** Of one process: a batch at a time writes, others read. */
const connections = 4
const rowsAtATime = 500
/** The client's own pauses grow to 20 seconds: longer than a request waits, and than a database needs to come back. */
const reconnectSeconds = 0.1

/** Held by whoever gives revisions, shared; by an import alone. Any two numbers that no other program of the database uses. */
const importLock = '4702394921427289928'
const creationLock = '4702394921427289929'

type Sql = postgres.Sql | postgres.TransactionSql

/**
 * A table in PostgreSQL, for several servers on several machines.
 *
 * Whoever gives a revision holds an advisory lock on its package and architecture until the commit, so that numbers are given one after the
 * other; primary key and unique index would refuse what slipped through. `synchronous_commit` is on whatever the server's default says: a
 * commit is on disk before anybody reads it.
 *
 * @throws {Fault} `REVISION_TABLE_MISMATCH`, `REVISION_UNAVAILABLE`
 */
export async function openPostgresTable(settings: PostgresSettings): Promise<RevisionTable> {
  const { use, clock } = settings
  const sql = clientOf(settings.url)
  const place = 'the PostgreSQL database'
  const persist = async <Result>(attempt: () => Promise<Result>): Promise<Result> => {
    const start = clock.now().getTime()
    for (;;) {
      try {
        return await attempt()
      } catch (error) {
        if (isFault(error)) throw error
        // A commit whose answer was lost is found by the next attempt: asking again never gives a second revision.
        const isLate = clock.now().getTime() - start > patienceMilliseconds
        if (!mayPass(error) || isLate) throw unavailable(error)
      }
      await clock.sleep(5 + settings.random() * 20, neverAborted)
    }
  }
  try {
    const kind = await persist(() => (use.kind === 'read' ? kindIn(sql, place, use) : prepare(sql, place, use)))
    return postgresTable({ sql, kind, persist })
  } catch (error) {
    await sql.end({ timeout: 1 }).catch(() => undefined)
    throw error
  }
}

const neverAborted = new AbortController().signal

function clientOf(url: string): postgres.Sql {
  try {
    return postgres(url, {
      max: connections,
      connect_timeout: 5,
      backoff: () => reconnectSeconds,
      idle_timeout: 60,
      onnotice: () => undefined,
      connection: { application_name: 'aptroot revision', synchronous_commit: 'on' },
    })
  } catch (cause) {
    throw new Fault('USAGE_INVALID', {
      message: 'the address of the PostgreSQL database is malformed',
      hint: 'Write postgres://USER@HOST/DATABASE; a password may stand in PGPASSWORD.',
      cause,
    })
  }
}

interface OpenTable {
  readonly sql: postgres.Sql
  readonly kind: TableKind
  readonly persist: <Result>(attempt: () => Promise<Result>) => Promise<Result>
}

function postgresTable({ sql, kind, persist }: OpenTable): RevisionTable {
  return {
    ...kind,
    lookUp: keys => persist(() => lookUp(sql, kind, keys)),
    assign: requests => persist(() => assign(sql, kind, requests)),
    async *rows() {
      const cursor = sql`SELECT * FROM aptroot_revisions ORDER BY package, architecture, revision`.cursor(rowsAtATime)
      try {
        for await (const rows of cursor) for (const row of rows) yield rowOf(row)
      } catch (error) {
        throw unavailable(error)
      }
    },
    add: rows =>
      persistOnce(() => sql.begin('isolation level read committed', transaction => add(transaction, kind, rows))),
    count: () => persist(async () => Number((await sql`SELECT count(*) AS amount FROM aptroot_revisions`)[0]?.amount)),
    close: () => sql.end({ timeout: 2 }),
  }
}

/** Rows come from a stream, which cannot be read twice. */
async function persistOnce<Result>(attempt: () => Promise<Result>): Promise<Result> {
  try {
    return await attempt()
  } catch (error) {
    throw isFault(error) ? error : unavailable(error)
  }
}

async function lookUp(sql: Sql, { mode }: TableKind, keys: readonly RevisionKey[]): Promise<readonly KnownRevisions[]> {
  // With history nobody asks for it, and no index would find it.
  const ofVersion =
    mode === 'history'
      ? sql`NULL`
      : sql`(SELECT max(revision) FROM aptroot_revisions r WHERE r.package = a.package AND r.architecture = a.architecture
             AND r.version = a.version)`
  const found = await sql`
    SELECT
      (SELECT max(revision) FROM aptroot_revisions r WHERE r.package = a.package AND r.architecture = a.architecture) AS newest,
      (SELECT max(revision) FROM aptroot_revisions r WHERE r.package = a.package AND r.architecture = a.architecture
        AND r.version = a.version AND r.checksum = a.checksum) AS of_checksum,
      ${ofVersion} AS of_version
    FROM unnest(${column(keys, 'package')}::text[], ${column(keys, 'architecture')}::text[], ${column(keys, 'version')}::text[],
      ${column(keys, 'checksum')}::text[]) WITH ORDINALITY AS a (package, architecture, version, checksum, place)
    ORDER BY a.place`
  return found.map(row => ({
    newest: revisionIn(row.newest),
    ofChecksum: revisionIn(row.of_checksum),
    ofVersion: revisionIn(row.of_version),
  }))
}

function assign(
  sql: postgres.Sql,
  kind: TableKind,
  requests: readonly AssignmentRequest[],
): Promise<readonly TableAnswer[]> {
  const keys = requests.map(({ key }) => key)
  // In one order everywhere, or two servers would wait for each other.
  const locks = [...new Set(keys.map(lockOf))].sort()
  return sql.begin('isolation level read committed', async transaction => {
    await transaction`SELECT pg_advisory_xact_lock_shared(${importLock}::bigint)`
    await transaction`SELECT pg_advisory_xact_lock(lock) FROM unnest(${locks}::bigint[]) AS lock`
    const known = await lookUp(transaction, kind, keys)
    const told = requests.flatMap(({ key, upstream }) =>
      upstream?.revision === undefined ? [] : [{ ...key, revision: upstream.revision }],
    )
    const bound = new Map((await rowsAt(transaction, told)).map(row => [placeOf(row), row]))
    const { answers, added } = assignBatch(kind, { requests, known, bound })
    await insert(transaction, added)
    return answers
  }) as Promise<readonly TableAnswer[]>
}

async function rowsAt(sql: Sql, rows: readonly RevisionRow[]): Promise<readonly RevisionRow[]> {
  if (rows.length === 0) return []
  const found = await sql`
    SELECT r.* FROM aptroot_revisions r
    JOIN unnest(${column(rows, 'package')}::text[], ${column(rows, 'architecture')}::text[], ${sortables(rows)}::text[])
      AS a (package, architecture, revision)
    ON r.package = a.package AND r.architecture = a.architecture AND r.revision = a.revision`
  return found.map(rowOf)
}

async function insert(sql: Sql, rows: readonly RevisionRow[]): Promise<void> {
  if (rows.length === 0) return
  await sql`
    INSERT INTO aptroot_revisions (package, architecture, revision, version, checksum)
    SELECT * FROM unnest(${column(rows, 'package')}::text[], ${column(rows, 'architecture')}::text[], ${sortables(rows)}::text[],
      ${column(rows, 'version')}::text[], ${column(rows, 'checksum')}::text[])`
}

async function add(sql: Sql, kind: TableKind, rows: AsyncIterable<RevisionRow>): Promise<number> {
  await sql`SELECT pg_advisory_xact_lock(${importLock}::bigint)`
  let added = 0
  let pending: RevisionRow[] = []
  const flush = async () => {
    added += await addRows(sql, kind, pending)
    pending = []
  }
  for await (const row of rows) {
    pending.push(row)
    if (pending.length === rowsAtATime) await flush()
  }
  await flush()
  return added
}

async function addRows(sql: Sql, kind: TableKind, rows: readonly RevisionRow[]): Promise<number> {
  const there = new Map((await rowsAt(sql, rows)).map(row => [placeOf(row), row]))
  const known = kind.mode === 'history' ? await lookUp(sql, kind, rows) : []
  const missing = rows.filter((row, at) => {
    const same = there.get(placeOf(row))
    if (same !== undefined && isSameRow(same, row)) return false
    if (same !== undefined) throw contradiction(same, row)
    const other = known[at]?.ofChecksum
    if (other !== undefined) throw contradiction({ ...row, revision: other }, row)
    return true
  })
  await insert(sql, missing)
  return missing.length
}

async function kindIn(sql: Sql, place: string, use: TableUse): Promise<TableKind> {
  const [exists] = await sql`SELECT to_regclass('aptroot_revision_table') IS NOT NULL AS found`
  if (exists?.found !== true) return agreedKind(place, undefined, use)
  const [record] = await sql`SELECT layout, mode, depth FROM aptroot_revision_table`
  return agreedKind(place, kindOfRecord(place, record), use)
}

function prepare(sql: postgres.Sql, place: string, use: TableUse): Promise<TableKind> {
  return sql.begin('isolation level read committed', async transaction => {
    // Servers that start together find the table that the first of them made.
    await transaction`SELECT pg_advisory_xact_lock(${creationLock}::bigint)`
    const [exists] = await transaction`SELECT to_regclass('aptroot_revision_table') IS NOT NULL AS found`
    if (exists?.found === true) return kindIn(transaction, place, use)
    const kind = agreedKind(place, undefined, use)
    await create(transaction, kind)
    return kind
  }) as Promise<TableKind>
}

async function create(sql: Sql, { mode, depth }: TableKind): Promise<void> {
  await sql`CREATE TABLE aptroot_revision_table (
    layout integer NOT NULL, mode text NOT NULL, depth integer NOT NULL, one boolean PRIMARY KEY DEFAULT true CHECK (one))`
  // Compared by bytes, as `sortableOf` wants, whatever the locale of the database.
  await sql`CREATE TABLE aptroot_revisions (
    package text COLLATE "C" NOT NULL,
    architecture text COLLATE "C" NOT NULL,
    revision text COLLATE "C" NOT NULL,
    version text COLLATE "C" NOT NULL,
    checksum text COLLATE "C" NOT NULL,
    PRIMARY KEY (package, architecture, revision))`
  const unique = mode === 'history' ? sql`UNIQUE` : sql``
  await sql`CREATE ${unique} INDEX aptroot_revisions_by_checksum ON aptroot_revisions (package, architecture, version, checksum)`
  if (mode === 'no-history')
    await sql`CREATE INDEX aptroot_revisions_by_version ON aptroot_revisions (package, architecture, version, revision)`
  await sql`INSERT INTO aptroot_revision_table (layout, mode, depth) VALUES (${tableLayout}, ${mode}, ${depth})`
}

/** 64 bits of a digest: two packages that share a lock only wait for each other. */
function lockOf(key: RevisionKey): string {
  return createHash('sha256').update(lineOf(key)).digest().readBigInt64BE().toString()
}

function column(keys: readonly RevisionKey[], name: keyof RevisionKey): string[] {
  return keys.map(key => key[name])
}

function sortables(rows: readonly RevisionRow[]): string[] {
  return rows.map(({ revision }) => sortableOf(revision))
}

function revisionIn(value: unknown): string | undefined {
  return typeof value === 'string' ? revisionOfSortable(value) : undefined
}

function rowOf(row: postgres.Row): RevisionRow {
  const { package: name, architecture, revision, version, checksum } = row
  return { package: name, architecture, revision: revisionOfSortable(revision), version, checksum }
}

/**
 * Serialisation, deadlock, what another was faster with, a server that restarts, a connection that broke.
 *
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
function mayPass(error: unknown): boolean {
  const code = codeOf(error)
  return (
    ['40001', '40P01', '23505', '42P07'].includes(code) ||
    /^(08|53|57P)/.test(code) ||
    /^(CONNECT|ECONN|EPIPE|ENOENT|ETIMEDOUT|CONNECTION_)/.test(code)
  )
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

/** A server's own words may name hosts and users, so only the code is told. */
function unavailable(cause: unknown): Fault {
  const code = codeOf(cause)
  return new Fault('REVISION_UNAVAILABLE', {
    message: `the PostgreSQL database cannot be used${code === '' ? '' : ` (${code})`}`,
    hint: 'Check its address, that it runs, and that the user may create tables; asking again does no harm.',
    context: { reason: code },
    cause,
  })
}
