import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { compareRevisions, type RevisionTable, type TableUse } from '../../src/revision/index.ts'
import { assertFault } from './assert-fault.ts'
import { exported, imported, keyOf, memoryTable } from './revision-table.ts'
import { seededRandom } from './seeded-random.ts'

/** A place for tables: each is new, and can be opened several times at once. */
export interface TableGround {
  /** Opens tables at one place that is this test's own; they are closed when it ends. */
  readonly place: () => Promise<(use?: TableUse) => Promise<RevisionTable>>
}

export const writing: TableUse = { kind: 'write', mode: undefined, depth: undefined }

const seed = Number(process.env.APTROOT_SEED ?? 20261121)

/** What holds for a table in whatever database. */
export function tableRules(name: string, { place }: TableGround): void {
  describe(`a table of revisions in ${name}`, () => {
    it('gives a known checksum its revision and a new one the next, and remembers both', async () => {
      const open = await place()
      const table = await open()
      const ask = async (word: string) => (await table.assign([{ key: keyOf(word), upstream: undefined }]))[0]
      assert.deepEqual(await ask('a'), { kind: 'new', revision: '1' })
      assert.deepEqual(await ask('b'), { kind: 'new', revision: '2' })
      assert.deepEqual(await ask('a'), { kind: 'known', revision: '1' })
      const again = await open()
      assert.deepEqual(await again.lookUp([keyOf('b'), keyOf('z')]), [
        { newest: '2', ofChecksum: '2', ofVersion: undefined },
        { newest: '2', ofChecksum: undefined, ofVersion: undefined },
      ])
      assert.equal(await again.count(), 2)
    })

    it('counts 9, 10, 11, and 4.9, 4.10', async () => {
      const table = await (await place())()
      const words = Array.from({ length: 11 }, (_, at) => `w${at}`)
      const answers = await table.assign(words.map(word => ({ key: keyOf(word), upstream: undefined })))
      assert.deepEqual(answers.map(({ revision }) => revision).slice(8), ['9', '10', '11'])
      const extension = await (await place())({ kind: 'write', mode: 'history', depth: 2 })
      const upstream = { revision: undefined, newest: '4' }
      const extended = await extension.assign(words.map(word => ({ key: keyOf(word), upstream })))
      assert.deepEqual(extended.map(({ revision }) => revision).slice(8), ['4.9', '4.10', '4.11'])
    })

    for (const mode of ['history', 'no-history'] as const)
      it(`answers with ${mode} as the plainest table does, in batches (seed ${seed})`, async () => {
        const random = seededRandom(seed)
        const table = await (await place())({ kind: 'write', mode, depth: 2 })
        const plain = memoryTable({ mode, depth: 2 })
        for (let batch = 0; batch < 25; batch++) {
          const requests = Array.from({ length: 1 + random.below(12) }, () => ({
            key: keyOf(`c${random.below(20)}`, {
              package: random.pick(['hello', 'hello-2', 'x.y+z']),
              version: random.pick(['1.0', '1:2.0-1']),
              architecture: random.pick(['amd64', 'all']),
            }),
            upstream: {
              revision: random.below(6) === 0 ? String(1 + random.below(4)) : undefined,
              newest: String(1 + random.below(9)),
            },
          }))
          assert.deepEqual(await table.assign(requests), await plain.assign(requests), `batch ${batch}`)
        }
        const rows = await listed(table)
        assert.deepEqual(rows, await listed(plain))
        assert.ok(rows.length > 50, `only ${rows.length} rows`)
      })

    it('refuses to be what it was not made for', async () => {
      const open = await place()
      await assertFault(open({ kind: 'read' }), 'REVISION_TABLE_MISMATCH', /there are no revisions/)
      await open({ kind: 'write', mode: 'no-history', depth: 1 })
      assert.equal((await open()).mode, 'no-history')
      assert.equal((await open({ kind: 'read' })).mode, 'no-history')
      await assertFault(
        open({ kind: 'write', mode: 'history', depth: 1 }),
        'REVISION_TABLE_MISMATCH',
        /with no-history/,
      )
      await assertFault(open({ kind: 'write', mode: undefined, depth: 2 }), 'REVISION_TABLE_MISMATCH', /of its own/)
    })

    it('gives each revision once, to however many ask at the same time', async () => {
      const open = await place()
      const tables = [await open(), await open(), await open()]
      const asked = Array.from({ length: 150 }, (_, at) => ({
        table: tables[at % 3] as RevisionTable,
        key: keyOf(`w${at % 40}`),
      }))
      const answers = await Promise.all(
        asked.map(async ({ table, key }) => {
          const [answer] = await table.assign([{ key, upstream: undefined }])
          return `${answer?.revision} ${key.checksum}`
        }),
      )
      assert.equal(new Set(answers).size, 40)
      const revisions = (await listed(tables[0] as RevisionTable)).map(({ revision }) => revision)
      assert.deepEqual(
        revisions.sort(compareRevisions),
        Array.from({ length: 40 }, (_, at) => String(at + 1)),
      )
    })

    it('is exported and imported with the same bytes, all of it or nothing', async () => {
      const table = await (await place())()
      const keys = ['a', 'b', 'c'].flatMap(word => [keyOf(word), keyOf(word, { package: 'zlib', architecture: 'all' })])
      await table.assign(keys.map(key => ({ key, upstream: undefined })))
      const text = await exported(table)
      const copy = await (await place())()
      assert.equal(await imported(copy, text), 6)
      assert.equal(await exported(copy), text)
      assert.equal(await imported(copy, text), 0)
      // The last of the rows is one that the other table has given to something else.
      const other = await (await place())()
      await other.assign([{ key: keyOf('other', { package: 'zlib', architecture: 'all' }), upstream: undefined }])
      await assertFault(imported(other, text), 'REVISION_CONTRADICTED', /revision 1 of zlib on all/)
      assert.equal(await other.count(), 1)
      const [, first, ...rest] = text.trimEnd().split('\n')
      const moved = [text.split('\n')[0], first?.replace('"revision":"1"', '"revision":"9"'), ...rest.slice(2)].join(
        '\n',
      )
      await assertFault(
        imported(copy, `${moved.replace('{"rows":6}', '{"rows":4}')}\n`),
        'REVISION_CONTRADICTED',
        /has revision 1, not 9/,
      )
      assert.equal(await exported(copy), text)
    })
  })
  return

  async function listed(table: RevisionTable) {
    const rows = []
    for await (const row of table.rows()) rows.push(row)
    return rows
  }
}
