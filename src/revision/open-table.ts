import { type Clock, Fault } from '../kernel/index.ts'
import { openSqliteTable } from './sqlite-table.ts'
import type { RevisionTable, TablePlace, TableUse } from './table.ts'

export interface TableWorld {
  readonly clock: Clock
  readonly random: () => number
}

/** PostgreSQL's client is loaded only where it is asked for. */
export async function openTable(place: TablePlace, use: TableUse, world: TableWorld): Promise<RevisionTable> {
  if (place.kind === 'sqlite') return openSqliteTable({ ...world, path: place.path, use })
  const { openPostgresTable } = await import('./postgres-table.ts')
  return openPostgresTable({ ...world, url: place.url, use })
}

/**
 * Where a table is: a file, or `postgres://USER@HOST/DATABASE`.
 *
 * @param resolvePath makes a path absolute
 */
export function readTablePlace(text: string, resolvePath: (path: string) => string): TablePlace {
  if (/^postgres(ql)?:\/\//.test(text)) return { kind: 'postgres', url: text }
  if (text === '' || /^[a-z][a-z0-9+.-]*:\/\//i.test(text))
    throw new Fault('USAGE_INVALID', {
      message: '--database is neither a file nor a PostgreSQL address',
      hint: 'Write revisions.db, or postgres://USER@HOST/DATABASE.',
    })
  return { kind: 'sqlite', path: resolvePath(text) }
}
