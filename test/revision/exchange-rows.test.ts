import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { readExport } from '../../src/revision/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { exported, imported, keyOf, linesOf, memoryTable } from '../support/revision-table.ts'

const checksum = keyOf('a').checksum
const other = keyOf('b').checksum
const row = (revision: string, of = checksum, name = 'hello') =>
  `{"architecture":"amd64","checksum":"${of}","package":"${name}","revision":"${revision}","version":"2.10"}`
const text = (...lines: readonly string[]) => `{"depth":1,"mode":"history","revisions":1}\n${lines.join('\n')}\n`

async function readAll(whole: string) {
  const rows = []
  for await (const each of (await readExport(linesOf(whole))).rows) rows.push(each)
  return rows
}

describe('an export of revisions', () => {
  it('is one line of sorted JSON for each, between what it is and how many there are', async () => {
    const table = memoryTable()
    assert.equal(await exported(table), '{"depth":1,"mode":"history","revisions":1}\n{"rows":0}\n')
    for (const word of ['b', 'a']) await table.assign([{ key: keyOf(word), upstream: undefined }])
    const written = await exported(table)
    assert.equal(written, text(row('1', other), row('2'), '{"rows":2}'))
    const copy = memoryTable()
    assert.equal(await imported(copy, written), 2)
    assert.equal(await exported(copy), written)
  })

  it('has 10 after 9', async () => {
    assert.equal((await readAll(text(row('9'), row('10', other), '{"rows":2}'))).length, 2)
  })

  const refused: readonly [string, string, RegExp][] = [
    ['nothing', '', /does not begin|no JSON/],
    ['another document', '{"lock":1}', /does not begin/],
    ['a newer format', '{"depth":1,"mode":"history","revisions":2}', /does not begin/],
    ['an unknown mode', '{"depth":1,"mode":"sometimes","revisions":1}', /mode and depth/],
    ['no depth', '{"mode":"history","revisions":1}', /mode and depth/],
    ['a file that was cut off', text(row('1')), /line 3: the export ends without/],
    ['a file that lost a line', text(row('1'), '{"rows":2}'), /has 1 rows, and says "2"/],
    ['something after the end', text('{"rows":0}', row('1')), /something follows/],
    ['rows in another order', text(row('2'), row('1', other), '{"rows":2}'), /line 3: the line is not after/],
    ['text revisions in the order of text', text(row('10'), row('9', other), '{"rows":2}'), /not after/],
    ['a revision that is none', text(row('4.0'), '{"rows":1}'), /no revision/],
    ['a revision of a service that extends one', text(row('4.1'), '{"rows":1}'), /more than 1 numbers/],
    ['a name that is none', text(row('1', checksum, '../x'), '{"rows":1}'), /line 2: package/],
    ['a line that is no JSON', text('{"a'), /line 2: the line is no JSON object/],
  ]
  for (const [what, whole, why] of refused)
    it(`is not ${what}`, () => assertFault(readAll(whole), 'REVISION_EXPORT_MALFORMED', why))

  it('that contradicts itself is refused', async () => {
    await assertFault(
      readAll(text(row('1'), row('1', other), '{"rows":2}')),
      'REVISION_CONTRADICTED',
      /revision 1 of hello/,
    )
    await assertFault(readAll(text(row('1'), row('2'), '{"rows":2}')), 'REVISION_CONTRADICTED', /has revision 1, not 2/)
    const without = text(row('1'), row('2'), '{"rows":2}').replace('"history"', '"no-history"')
    assert.equal((await readAll(without)).length, 2, 'without history an old checksum comes back')
  })
})
