import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, it, onTestFinished } from 'vitest'
import { systemClock } from '../../src/adapters/system-clock.ts'
import { openTable, type TablePlace, type TableUse } from '../../src/revision/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { type PostgresServer, startPostgres, whyNoPostgres } from '../support/postgres-server.ts'
import { skippedForWantOf } from '../support/real-archive.ts'
import { exported, imported, keyOf, whyNoSqlite } from '../support/revision-table.ts'
import { scratchFolder } from '../support/scratch.ts'
import { tableRules, writing } from '../support/table-rules.ts'

const world = { clock: systemClock, random: Math.random }

function opener(place: TablePlace) {
  return async (use: TableUse = writing) => {
    const table = await openTable(place, use, world)
    onTestFinished(() => table.close())
    return table
  }
}

describe.skipIf(skippedForWantOf(whyNoSqlite()))('in a file', () => {
  tableRules('SQLite', {
    place: async () => opener({ kind: 'sqlite', path: join(await scratchFolder(), 'revisions.db') }),
  })
})

describe.skipIf(skippedForWantOf(whyNoPostgres()))('on a server', () => {
  let server: PostgresServer
  let databases = 0
  const newDatabase = async () => {
    databases += 1
    return server.database(`rules${databases}`)
  }
  beforeAll(async () => {
    server = await startPostgres()
  })
  afterAll(() => server.close())

  tableRules('PostgreSQL', { place: async () => opener({ kind: 'postgres', url: await newDatabase() }) })

  it('keeps what it told when the database crashes, and answers again when it is back', async () => {
    // A database of a busy machine takes longer to recover than the service would wait.
    const clock = { ...systemClock, now: () => new Date(Date.now() / 50) }
    const place = { kind: 'postgres', url: await newDatabase() } as const
    const table = await openTable(place, writing, { ...world, clock })
    onTestFinished(() => table.close())
    await table.assign([{ key: keyOf('a'), upstream: undefined }])
    await server.crash()
    const asked = table.assign([{ key: keyOf('b'), upstream: undefined }])
    await server.start()
    assert.equal((await asked)[0]?.revision, '2')
    assert.deepEqual((await table.assign([{ key: keyOf('a'), upstream: undefined }]))[0], {
      kind: 'known',
      revision: '1',
    })
  })

  it('has the same export in both databases', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'aptroot-revisions-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const table = await opener({ kind: 'postgres', url: await newDatabase() })()
    const names = ['b', 'a.b', 'a-b', 'a+b', 'a', 'B0', 'a0']
    const keys = names.flatMap(name => [
      keyOf('x', { package: name }),
      keyOf('y', { package: name, architecture: 'all' }),
    ])
    await table.assign(keys.map(key => ({ key, upstream: undefined })))
    const text = await exported(table)
    const copy = await opener({ kind: 'sqlite', path: join(folder, 'copy.db') })()
    assert.equal(await imported(copy, text), keys.length)
    assert.equal(await exported(copy), text)
  })

  it('says that a server cannot be reached, and no word of the password', async () => {
    let now = 0
    let attempts = 0
    const clock = {
      now: () => new Date(now),
      sleep: async () => {
        attempts += 1
        now += 1000
      },
    }
    const start = performance.now()
    const place = { kind: 'postgres', url: 'postgres://me:secret@127.0.0.1:1/revisions' } as const
    const fault = await assertFault(
      openTable(place, writing, { clock, random: Math.random }),
      'REVISION_UNAVAILABLE',
      /cannot be used \(ECONNREFUSED\)/,
    )
    assert.equal(attempts, 11)
    assert.ok(performance.now() - start < 10_000, 'each attempt is made at once')
    assert.doesNotMatch(JSON.stringify([fault.message, fault.hint, fault.context]), /secret/)
  })
})
