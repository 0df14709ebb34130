import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, onTestFinished } from 'vitest'
import { systemClock } from '../../src/adapters/system-clock.ts'
import { openTable, type TableUse } from '../../src/revision/index.ts'
import { findSqliteDriver, type SqliteDriver, sqliteTrouble } from '../../src/revision/sqlite-driver.ts'
import { openSqliteTable } from '../../src/revision/sqlite-table.ts'
import { assertFault } from '../support/assert-fault.ts'
import { exported, imported, keyOf, memoryTable, skippedWithoutSqlite } from '../support/revision-table.ts'
import { scratchFolder } from '../support/scratch.ts'
import { tableRules, writing } from '../support/table-rules.ts'

const world = { clock: systemClock, random: Math.random }

async function place() {
  const path = join(await scratchFolder(), 'revisions.db')
  return async (use: TableUse = writing) => {
    const table = await openTable({ kind: 'sqlite', path }, use, world)
    onTestFinished(() => table.close())
    return table
  }
}

describe.skipIf(skippedWithoutSqlite())('SQLite', () => {
  tableRules('SQLite', { place })

  it('names a file that is no table of revisions', async () => {
    const path = join(await scratchFolder(), 'notes.txt')
    await writeFile(path, 'not a database, but long enough to look like one\n'.repeat(100))
    const opened = openTable({ kind: 'sqlite', path }, writing, world)
    await assertFault(opened, 'REVISION_TABLE_MISMATCH', /notes\.txt is no table of revisions/)
  })

  it('says that a folder cannot be written to', async () => {
    const path = join(await scratchFolder(), 'absent/revisions.db')
    await assertFault(openTable({ kind: 'sqlite', path }, writing, world), 'REVISION_UNAVAILABLE', /cannot be used/)
  })

  it('makes no file for those who only read', async () => {
    const path = join(await scratchFolder(), 'revisions.db')
    await assertFault(openTable({ kind: 'sqlite', path }, { kind: 'read' }, world), 'REVISION_TABLE_MISMATCH')
    assert.equal(existsSync(path), false)
  })

  const keys = Array.from({ length: 2000 }, (_, at) => keyOf(`w${at}`))

  it('says of a full disk that it is full, and has nothing of what was imported', async () => {
    const source = memoryTable()
    await source.assign(keys.map(key => ({ key, upstream: undefined })))
    const path = join(await scratchFolder(), 'revisions.db')
    const { name, open } = findSqliteDriver()
    const driver: SqliteDriver = {
      name,
      open: place => {
        const database = open(place)
        database.exec('PRAGMA cache_size=1; PRAGMA max_page_count=40')
        return database
      },
    }
    const table = await openSqliteTable({ ...world, path, use: writing, driver })
    onTestFinished(() => table.close())
    await assertFault(imported(table, await exported(source)), 'DISK_FULL', /no space left for the revisions/)
    assert.equal(await table.count(), 0)
  })

  it('says of a damaged file that it is damaged, also in its midst', async () => {
    const path = join(await scratchFolder(), 'revisions.db')
    const table = await openTable({ kind: 'sqlite', path }, writing, world)
    await table.assign(keys.map(key => ({ key, upstream: undefined })))
    await table.close()
    const bytes = await readFile(path)
    await writeFile(path, bytes.fill(0x5a, 4096 * 10, 4096 * 30))
    const damaged = await openTable({ kind: 'sqlite', path }, { kind: 'read' }, world)
    onTestFinished(() => damaged.close())
    await assertFault(exported(damaged), 'REVISION_TABLE_MISMATCH', /revisions\.db is no table .* or is damaged/)
  })

  it('waits for another writer, and gives up with a clear word', async () => {
    const path = join(await scratchFolder(), 'revisions.db')
    let now = 0
    const clock = {
      now: () => new Date(now),
      sleep: async (milliseconds: number) => {
        now += milliseconds * 100
        if (now > 2_000 && now < 4_000) writer.exec('ROLLBACK')
        if (now > 4_000) now += 10_000
      },
    }
    const table = await openTable({ kind: 'sqlite', path }, writing, { clock, random: () => 1 })
    const writer = findSqliteDriver().open(path)
    onTestFinished(async () => {
      writer.close()
      await table.close()
    })
    writer.exec('BEGIN IMMEDIATE')
    assert.equal((await table.assign([{ key: keyOf('a'), upstream: undefined }]))[0]?.revision, '1')
    assert.ok(now > 2_000)
    writer.exec('BEGIN IMMEDIATE')
    now = 4_001
    await assertFault(table.assign([{ key: keyOf('b'), upstream: undefined }]), 'REVISION_UNAVAILABLE', /busy/)
    writer.exec('ROLLBACK')
  })
})

describe('the driver of SQLite', () => {
  const Database = class {}

  it("is Node's own where there is one, else better-sqlite3", () => {
    const both = (name: string) => (name === 'node:sqlite' ? { DatabaseSync: Database } : Database)
    assert.equal(findSqliteDriver(both).name, 'node:sqlite')
    const installed = (name: string) => {
      if (name === 'node:sqlite') throw new Error('no such module')
      return Database
    }
    assert.equal(findSqliteDriver(installed).name, 'better-sqlite3')
  })

  it('is asked for by name where there is none', () =>
    assertFault(
      () =>
        findSqliteDriver(() => {
          throw new Error('no such module')
        }),
      'REVISION_DRIVER_MISSING',
      /better-sqlite3 is not installed/,
    ))

  it('tells its troubles in two ways', () => {
    const troubles = [{ errcode: 5 }, { errcode: 261 }, { code: 'SQLITE_BUSY_SNAPSHOT' }, { code: 'SQLITE_FULL' }, {}]
    assert.deepEqual(
      troubles.map(each => sqliteTrouble(Object.assign(new Error('x'), each))),
      ['busy', 'busy', 'busy', 'full', 'other'],
    )
  })
})
