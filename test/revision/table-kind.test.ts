import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { Fault } from '../../src/kernel/index.ts'
import { agreedKind, kindOfRecord } from '../../src/revision/table-kind.ts'
import { assertFault } from '../support/assert-fault.ts'

const root = { mode: 'history', depth: 1 } as const
const extension = { mode: 'history', depth: 2 } as const
const write = { kind: 'write', mode: undefined, depth: 1 } as const

describe('what a table is made for', () => {
  it('is a service of its own with history, unless somebody says otherwise', () => {
    assert.deepEqual(agreedKind('x.db', undefined, write), root)
    assert.deepEqual(agreedKind('x.db', undefined, { ...write, mode: 'no-history' }), { ...root, mode: 'no-history' })
    assert.deepEqual(agreedKind('x.db', extension, { kind: 'read' }), extension)
  })

  it('never changes', async () => {
    const refused = (found: typeof root | typeof extension, use: Parameters<typeof agreedKind>[2], why: RegExp) =>
      assertFault(() => agreedKind('x.db', found, use), 'REVISION_TABLE_MISMATCH', why)
    await refused(root, { ...write, mode: 'no-history' }, /made with history, not with no-history/)
    await refused(root, { ...write, depth: 2 }, /cannot begin to extend/)
    await refused(extension, write, /extend those of another service/)
    await refused(extension, { ...write, depth: 3 }, /have 2 numbers/)
    await assertFault(
      () => agreedKind('x.db', undefined, { kind: 'read' }),
      'REVISION_TABLE_MISMATCH',
      /no revisions in/,
    )
  })

  it('need not be asked of the other service when it was there before', async () => {
    const error = new Fault('REVISION_UNAVAILABLE', { message: 'down' })
    assert.deepEqual(agreedKind('x.db', extension, { kind: 'extend', mode: undefined, error }), extension)
    for (const found of [undefined, root])
      await assertFault(
        () => agreedKind('x.db', found, { kind: 'extend', mode: undefined, error }),
        'REVISION_UNAVAILABLE',
      )
  })

  it('is not read from a record that a newer aptroot wrote, or nobody', async () => {
    assert.deepEqual(kindOfRecord('x.db', { layout: 1, mode: 'history', depth: 2 }), extension)
    await assertFault(() => kindOfRecord('x.db', { layout: 2 }), 'REVISION_TABLE_MISMATCH', /newer than 1/)
    for (const record of [undefined, {}, { layout: 1, mode: 'x', depth: 1 }, { layout: 1, mode: 'history', depth: 99 }])
      await assertFault(() => kindOfRecord('x.db', record), 'REVISION_TABLE_MISMATCH', /does not say how/)
  })
})
