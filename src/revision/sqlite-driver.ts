import { createRequire } from 'node:module'
import { Fault } from '../kernel/index.ts'

/** What `node:sqlite` and better-sqlite3 have in common. */
export interface SqliteDatabase {
  exec(sql: string): unknown
  prepare(sql: string): SqliteStatement
  close(): void
}

export interface SqliteStatement {
  get(...values: readonly (string | number)[]): unknown
  iterate(...values: readonly (string | number)[]): IterableIterator<unknown>
  run(...values: readonly (string | number)[]): unknown
}

/** Loads a module, or throws when there is none of this name. */
export type ModuleLoader = (name: string) => unknown

export interface SqliteDriver {
  readonly name: 'node:sqlite' | 'better-sqlite3'
  open(path: string): SqliteDatabase
}

type DatabaseClass = new (path: string) => SqliteDatabase

/**
 * SQLite as it comes with Node 22.13 and later; before, better-sqlite3, where somebody installed it beside aptroot. It is compiled when it is
 * installed, so that aptroot itself does not ask for it.
 *
 * @throws {Fault} `REVISION_DRIVER_MISSING`
 */
export function findSqliteDriver(load: ModuleLoader = createRequire(import.meta.url)): SqliteDriver {
  const embedded = loaded(load, 'node:sqlite') as { readonly DatabaseSync?: DatabaseClass } | undefined
  const Embedded = embedded?.DatabaseSync
  if (Embedded !== undefined) return { name: 'node:sqlite', open: path => new Embedded(path) }
  const Installed = loaded(load, 'better-sqlite3') as DatabaseClass | undefined
  if (Installed !== undefined) return { name: 'better-sqlite3', open: path => new Installed(path) }
  throw new Fault('REVISION_DRIVER_MISSING', {
    message: `Node ${process.versions.node} has no SQLite, and better-sqlite3 is not installed`,
    hint: 'Use Node 22.13 or later, run `npm install better-sqlite3` beside aptroot, or name a PostgreSQL with `--database postgres://…`.',
    context: { node: process.versions.node },
  })
}

function loaded(load: ModuleLoader, name: string): unknown {
  try {
    return load(name)
  } catch {
    // Absent, or compiled for another Node.
    return undefined
  }
}

/** SQLite's primary result codes, which both drivers tell in their own way. */
export type SqliteTrouble = 'busy' | 'full' | 'no database' | 'unwritable' | 'constraint' | 'other'

const troubleByCode: Readonly<Record<number, SqliteTrouble>> = {
  5: 'busy',
  6: 'busy',
  8: 'unwritable',
  11: 'no database',
  13: 'full',
  14: 'unwritable',
  19: 'constraint',
  26: 'no database',
}
const troubleByName: readonly (readonly [string, SqliteTrouble])[] = [
  ['SQLITE_BUSY', 'busy'],
  ['SQLITE_LOCKED', 'busy'],
  ['SQLITE_READONLY', 'unwritable'],
  ['SQLITE_CORRUPT', 'no database'],
  ['SQLITE_FULL', 'full'],
  ['SQLITE_CANTOPEN', 'unwritable'],
  ['SQLITE_CONSTRAINT', 'constraint'],
  ['SQLITE_NOTADB', 'no database'],
]

/** @see https://www.sqlite.org/rescode.html */
export function sqliteTrouble(error: unknown): SqliteTrouble {
  if (!(error instanceof Error)) return 'other'
  if ('errcode' in error && typeof error.errcode === 'number') return troubleByCode[error.errcode & 0xff] ?? 'other'
  const name = 'code' in error ? String(error.code) : ''
  return troubleByName.find(([prefix]) => name.startsWith(prefix))?.[1] ?? 'other'
}
