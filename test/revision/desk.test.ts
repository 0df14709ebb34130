import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { decodeUtf8, encodeUtf8, Fault } from '../../src/kernel/index.ts'
import { openDesk, type RevisionDesk, type ServiceAccess } from '../../src/revision/desk.ts'
import {
  type RevisionMode,
  type RevisionService,
  type RevisionTable,
  readRevisionKey,
} from '../../src/revision/index.ts'
import { createMetrics } from '../../src/revision/metrics.ts'
import { askUpstream, depthBelow } from '../../src/revision/upstream.ts'
import { assertFault } from '../support/assert-fault.ts'
import { keyOf, memoryTable } from '../support/revision-table.ts'

function deskOf(table: RevisionTable, upstream?: RevisionService, access: ServiceAccess = 'write'): RevisionDesk {
  return openDesk({ table, access, upstream, metrics: createMetrics() })
}

/** A desk as another service reaches it, which can be away. */
function serviceOf(desk: RevisionDesk) {
  const state = { isAway: false, asked: 0 }
  const service: RevisionService = {
    transport: {
      send: async ({ body, url }) => {
        state.asked += 1
        if (state.isAway) throw new Fault('NETWORK_UNREACHABLE', { message: 'nobody is there' })
        assert.equal(url.pathname, '/v1/lookup')
        const answer = await desk.lookUp(readRevisionKey(JSON.parse(decodeUtf8(body) ?? '')))
        return { status: 200, headers: {}, body: bytesOf(JSON.stringify(answer)) }
      },
    },
    clock: { now: () => new Date(0), sleep: async () => undefined },
    url: new URL('http://127.0.0.1:8090'),
    token: undefined,
  }
  return { service, state }
}

async function* bytesOf(text: string) {
  yield encodeUtf8(text)
}

function chain(mode: RevisionMode) {
  const upstreamTable = memoryTable({ mode, depth: 1 })
  const upstream = deskOf(upstreamTable)
  const { service, state } = serviceOf(upstream)
  const table = memoryTable({ mode, depth: 2 })
  return { upstream, upstreamTable, service, state, table, local: deskOf(table, service) }
}

const told = async (desk: RevisionDesk, word: string) => (await desk.answer(keyOf(word))).revision

describe('a revision service', () => {
  it('answers all who ask at the same time, each key once', async () => {
    const table = memoryTable()
    const desk = deskOf(table)
    const answers = await Promise.all(Array.from({ length: 500 }, (_, at) => desk.answer(keyOf(`w${at % 50}`))))
    assert.equal(new Set(answers.map(({ revision }) => revision)).size, 50)
    assert.equal(table.all.length, 50)
    assert.equal(answers.filter(({ known }) => !known).length, 50)
  })

  it('that only reads answers what it knows', async () => {
    const table = memoryTable()
    await told(deskOf(table), 'a')
    const reader = deskOf(table, undefined, 'read-only')
    assert.equal(await told(reader, 'a'), '1')
    await assertFault(reader.answer(keyOf('b')), 'REVISION_UNKNOWN', /this service gives none/)
    assert.equal(table.all.length, 1)
  })

  it('passes on that its database is away', async () => {
    const away = async () => {
      throw new Fault('REVISION_UNAVAILABLE', { message: 'away' })
    }
    await assertFault(deskOf({ ...memoryTable(), lookUp: away }).answer(keyOf('a')), 'REVISION_UNAVAILABLE')
    await assertFault(deskOf({ ...memoryTable(), assign: away }).answer(keyOf('a')), 'REVISION_UNAVAILABLE')
  })
})

describe('a service that extends another', () => {
  it('answers as the other does where that knows, and adds 4.1, 4.2 after its newest, then 5.1', async () => {
    const { upstream, local } = chain('history')
    for (const word of ['a', 'b', 'c', 'd']) await told(upstream, word)
    assert.equal(await told(local, 'b'), '2')
    assert.equal(await told(local, 'mine'), '4.1')
    assert.equal(await told(local, 'mine too'), '4.2')
    await told(upstream, 'e')
    assert.equal(await told(local, 'mine too'), '4.2')
    assert.equal(await told(local, 'e'), '5')
    assert.equal(await told(local, 'later'), '5.1')
    // What it said once stays, though the other has given the same checksum a revision of its own since.
    await told(upstream, 'mine')
    assert.equal(await told(local, 'mine'), '4.1')
  })

  it('never writes to the other', async () => {
    const { upstreamTable, local } = chain('history')
    assert.equal(await told(local, 'mine'), '0.1')
    assert.equal(upstreamTable.all.length, 0)
  })

  it('answers what it knows while the other is away, and nothing else', async () => {
    const { upstream, local, state } = chain('history')
    await told(upstream, 'a')
    assert.equal(await told(local, 'a'), '1')
    assert.equal(await told(local, 'mine'), '1.1')
    state.isAway = true
    assert.equal(await told(local, 'a'), '1')
    assert.equal(await told(local, 'mine'), '1.1')
    await assertFault(local.answer(keyOf('b')), 'REVISION_UNAVAILABLE', /cannot be asked: nobody is there/)
  })

  it('without history asks the other each time, since its answers may have been overtaken', async () => {
    const { upstream, local, state } = chain('no-history')
    for (const word of ['a', 'b']) await told(upstream, word)
    assert.equal(await told(local, 'b'), '2')
    assert.equal(await told(local, 'mine'), '2.1')
    assert.equal(await told(local, 'b'), '2.2')
    assert.equal(await told(upstream, 'a'), '3')
    assert.equal(await told(local, 'a'), '3')
    state.isAway = true
    await assertFault(local.answer(keyOf('a')), 'REVISION_UNAVAILABLE')
  })

  it('refuses another that contradicts what it has, or has become another', async () => {
    const { upstream, upstreamTable, local, table, service } = chain('history')
    await told(upstream, 'a')
    await told(local, 'a')
    // Restored from an old copy, the other gives revision 1 again, to something else.
    upstreamTable.all.length = 0
    await told(upstream, 'b')
    await assertFault(local.answer(keyOf('b')), 'REVISION_CONTRADICTED', /another build's here/)
    const strange = deskOf({ ...table, depth: 3 }, service)
    await assertFault(strange.answer(keyOf('z')), 'REVISION_CONTRADICTED', /1 numbers, where history and 2/)
  })

  it('has one number more than the other', async () => {
    const { service, local } = chain('no-history')
    assert.deepEqual(await depthBelow(service), { mode: 'no-history', depth: 2 })
    assert.deepEqual(await depthBelow(serviceOf(local).service), { mode: 'no-history', depth: 3 })
    const deepest = serviceOf(deskOf(memoryTable({ mode: 'history', depth: 8 }))).service
    await assertFault(depthBelow(deepest), 'USAGE_INVALID', /the last of 8/)
  })

  for (const body of [
    '{}',
    '[]',
    '{"mode":"history"}',
    '{"mode":"history","depth":1,"revision":4}',
    '{"mode":"history","depth":1,"newest":"4.1"}',
    '{"mode":"history","depth":1e9}',
  ])
    it(`does not take ${body} for an answer`, async () => {
      const { service } = chain('history')
      const send = async () => ({ status: 200, headers: {}, body: bytesOf(body) })
      await assertFault(
        askUpstream({ ...service, transport: { send } }, keyOf('a')),
        'REVISION_UNAVAILABLE',
        /is no revision service/,
      )
    })
})
