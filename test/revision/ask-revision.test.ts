import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { decodeUtf8, encodeUtf8, type TransportChange } from '../../src/kernel/index.ts'
import { askRevision, type RevisionService } from '../../src/revision/index.ts'
import { assertFault } from '../support/assert-fault.ts'

const key = { package: 'hello', version: '2.10', architecture: 'amd64', checksum: 'a'.repeat(64) }
const signal = new AbortController().signal

interface Reply {
  readonly status: number
  readonly body: unknown
}

/** A service that gives these answers one after the other. */
function serviceOf(...replies: readonly Reply[]) {
  const asked: TransportChange[] = []
  const waits: number[] = []
  const service: RevisionService = {
    transport: {
      send: async change => {
        const reply = replies[Math.min(asked.length, replies.length - 1)]
        asked.push(change)
        const text = typeof reply?.body === 'string' ? reply.body : JSON.stringify(reply?.body)
        return { status: reply?.status ?? 500, headers: {}, body: bytesOf(text) }
      },
    },
    clock: {
      now: () => new Date(0),
      sleep: async milliseconds => {
        waits.push(milliseconds)
      },
    },
    url: new URL('http://127.0.0.1:8090/team/'),
    token: 'secret-of-a-writer',
  }
  return { service, asked, waits }
}

async function* bytesOf(text: string) {
  yield encodeUtf8(text)
}

const faultOf = (code: string, message = 'because') => ({ code, message, hint: 'look' })

describe('a client of the revision service', () => {
  it('sends the key and its token, and gets a revision', async () => {
    const { service, asked } = serviceOf({ status: 200, body: { revision: '4', known: true } })
    assert.deepEqual(await askRevision(service, key, signal), { revision: '4', known: true })
    const [question] = asked
    assert.equal(question?.url.href, 'http://127.0.0.1:8090/team/v1/revision')
    assert.equal(question?.headers.authorization, 'Bearer secret-of-a-writer')
    assert.deepEqual(JSON.parse(decodeUtf8(question?.body ?? new Uint8Array()) ?? ''), key)
  })

  it('asks again after a failure that may pass, a few times', async () => {
    const busy = { status: 503, body: faultOf('REVISION_UNAVAILABLE') }
    const { service, asked, waits } = serviceOf(
      busy,
      { status: 502, body: '<html>' },
      { status: 200, body: { revision: '1', known: false } },
    )
    assert.equal((await askRevision(service, key, signal)).revision, '1')
    assert.equal(asked.length, 3)
    assert.deepEqual(waits, [200, 400])
    const down = serviceOf(busy)
    await assertFault(askRevision(down.service, key, signal), 'REVISION_UNAVAILABLE', /503: because/)
    assert.equal(down.asked.length, 5)
  })

  for (const [status, code] of [
    [400, 'REVISION_KEY_INVALID'],
    [401, 'REVISION_DENIED'],
    [404, 'REVISION_UNKNOWN'],
    [409, 'REVISION_CONTRADICTED'],
  ] as const)
    it(`passes ${code} on, once, and shows neither the token nor control characters`, async () => {
      const { service, asked } = serviceOf({ status, body: faultOf(code, 'no secret-of-a-writer\u001b[2J') })
      const fault = await assertFault(askRevision(service, key, signal), code, 'no (token)\\u001b[2J')
      assert.equal(fault.hint, 'look')
      assert.equal(asked.length, 1)
    })

  for (const body of [
    '',
    '<html>',
    '7',
    'null',
    '{}',
    '{"revision":4,"known":true}',
    '{"revision":"4; rm -rf","known":true}',
    '{"revision":"4"}',
  ])
    it(`does not take ${body === '' ? 'nothing' : body} for an answer`, async () => {
      const { service } = serviceOf({ status: 200, body })
      await assertFault(askRevision(service, key, signal), 'USAGE_INVALID', 'is no revision service')
    })

  it('stops where an answer never ends, or something else answers', async () => {
    const endless = serviceOf({ status: 200, body: ' '.repeat(70_000) })
    await assertFault(askRevision(endless.service, key, signal), 'USAGE_INVALID', /more than 65536 bytes/)
    const other = serviceOf({ status: 404, body: 'not here' })
    await assertFault(askRevision(other.service, key, signal), 'USAGE_INVALID', /answered 404/)
    assert.equal(other.asked.length, 1)
    const sick = serviceOf({ status: 500, body: 'oops' })
    await assertFault(askRevision(sick.service, key, signal), 'NETWORK_STATUS', /answered 500/)
  })
})
