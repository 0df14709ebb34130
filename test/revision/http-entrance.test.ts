import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, it, onTestFinished } from 'vitest'
import { Fault } from '../../src/kernel/index.ts'
import { openDesk } from '../../src/revision/desk.ts'
import { defaultLimits, type EntranceLimits, openEntrance } from '../../src/revision/http-entrance.ts'
import { createMetrics } from '../../src/revision/metrics.ts'
import type { RevisionTable } from '../../src/revision/table.ts'
import { isAuthorised, readTokens } from '../../src/revision/tokens.ts'
import { assertFault } from '../support/assert-fault.ts'
import { keyOf, memoryTable } from '../support/revision-table.ts'

const token = 'first-token-of-a-writer'
const tokens = readTokens(`# two, while one takes over from the other\n${token}\n\nsecond-token-of-a-writer\n`)

interface Scene {
  readonly table?: RevisionTable
  readonly limits?: Partial<EntranceLimits>
  readonly access?: 'write' | 'read-only'
}

async function entrance({ table = memoryTable(), limits = {}, access = 'write' }: Scene = {}) {
  const metrics = createMetrics()
  const failures: unknown[] = []
  const opened = await openEntrance(
    {
      desk: openDesk({ table, access, upstream: undefined, metrics }),
      table,
      metrics,
      access,
      tokens: () => tokens,
      limits: { ...defaultLimits, ...limits },
      nowMilliseconds: () => performance.now(),
      onFailure: error => failures.push(error),
    },
    { address: '127.0.0.1', port: 0 },
  )
  onTestFinished(() => opened.close())
  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`${opened.url}${path}`, init)
    return { status: response.status, headers: response.headers, text: await response.text() }
  }
  const post = (body: string, headers: Readonly<Record<string, string>> = {}) =>
    ask('/v1/revision', {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...headers },
    })
  /** Sends bytes as they are, and reads until the connection ends. */
  const send = async (...parts: readonly string[]) => {
    const socket = connect(Number(new URL(opened.url).port), '127.0.0.1')
    let text = ''
    socket.setEncoding('utf8').on('data', part => {
      text += part
    })
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    for (const part of parts) socket.write(part)
    await once(socket, 'close')
    return text
  }
  const isHealthy = async () => (await ask('/health')).status === 200
  return { ...opened, table, failures, ask, post, send, isHealthy }
}

const bodyOf = ({ text }: { readonly text: string }) => JSON.parse(text)

describe('the revision service over HTTP', () => {
  it('gives a writer a revision, and tells it again', async () => {
    const { post, ask } = await entrance()
    const first = await post(JSON.stringify(keyOf('a')))
    assert.deepEqual([first.status, bodyOf(first)], [200, { revision: '1', known: false }])
    const again = await post(JSON.stringify(keyOf('a')), { authorization: 'bearer second-token-of-a-writer' })
    assert.deepEqual(bodyOf(again), { revision: '1', known: true })
    const metrics = await ask('/metrics')
    assert.match(metrics.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
    assert.match(metrics.text, /^aptroot_revision_requests_total\{outcome="given"\} 1$/m)
    assert.match(metrics.text, /^aptroot_revision_requests_total\{outcome="known"\} 1$/m)
    assert.match(metrics.text, /^aptroot_revision_rows 1$/m)
    assert.match(metrics.text, /^aptroot_revision_request_seconds_bucket\{le="\+Inf"\} 2$/m)
  })

  it('tells everybody what it knows, and gives nothing for that', async () => {
    const { post, ask, table } = await entrance()
    await post(JSON.stringify(keyOf('a')))
    const look = (word: string) =>
      ask('/v1/lookup', {
        method: 'POST',
        body: JSON.stringify(keyOf(word)),
        headers: { 'content-type': 'application/json' },
      })
    assert.deepEqual(bodyOf(await look('a')), { mode: 'history', depth: 1, revision: '1', newest: '1' })
    assert.deepEqual(bodyOf(await look('b')), { mode: 'history', depth: 1, newest: '1' })
    assert.equal(await table.count(), 1)
    assert.deepEqual(bodyOf(await ask('/health')), { status: 'ok', mode: 'history', depth: 1, access: 'write' })
  })

  it('wants no token where it only reads, and gives nothing', async () => {
    const { post } = await entrance({ access: 'read-only' })
    const refused = await post(JSON.stringify(keyOf('a')), { authorization: '' })
    assert.deepEqual([refused.status, bodyOf(refused).code], [404, 'REVISION_UNKNOWN'])
  })

  it('says 503 when the database is away, so that it is asked again', async () => {
    const away = async () => {
      throw new Fault('REVISION_UNAVAILABLE', { message: 'the database is busy' })
    }
    const { post, failures } = await entrance({ table: { ...memoryTable(), assign: away } })
    const refused = await post(JSON.stringify(keyOf('a')))
    assert.deepEqual([refused.status, bodyOf(refused).code], [503, 'REVISION_UNAVAILABLE'])
    assert.equal(refused.headers.get('retry-after'), '1')
    assert.equal(failures.length, 1)
  })

  it('says 500 to a bug, and tells no one else what it said', async () => {
    const broken = async () => {
      throw new Error('password=secret')
    }
    const { post, failures, ask } = await entrance({ table: { ...memoryTable(), lookUp: broken } })
    const failed = await post(JSON.stringify(keyOf('a')))
    assert.deepEqual([failed.status, bodyOf(failed).code], [500, 'INTERNAL'])
    assert.doesNotMatch(failed.text, /secret/)
    assert.equal((await ask('/health')).status, 500)
    assert.equal(failures.length, 2)
  })
})

describe('a bad request to the revision service', () => {
  const key = JSON.stringify(keyOf('a'))
  const big = JSON.stringify({ ...keyOf('a'), version: '1'.repeat(5000) })
  const rows: readonly [
    what: string,
    body: string,
    headers: Record<string, string>,
    status: number,
    message: RegExp,
  ][] = [
    ['without a token', key, { authorization: '' }, 401, /no token/],
    ['with another token', key, { authorization: 'Bearer first-token-of-a-writes' }, 401, /no token/],
    ['with two tokens', key, { authorization: `Bearer ${token} ${token}` }, 401, /no token/],
    ['with a token as a password', key, { authorization: `Basic ${token}` }, 401, /no token/],
    ['that is too large', big, {}, 413, /larger than 4096/],
    ['that is no JSON', '{"package":', {}, 400, /no JSON/],
    ['that is empty', '', {}, 400, /no JSON/],
    ['that is a list', `[${key}]`, {}, 400, /a list/],
    [
      'that is a form',
      'package=hello',
      { 'content-type': 'application/x-www-form-urlencoded' },
      415,
      /not sent as JSON/,
    ],
    ['that a web page could send', key, { 'content-type': 'text/plain' }, 415, /not sent as JSON/],
    ['with a prototype', `{"__proto__":{"package":"x"},${key.slice(1)}`, {}, 400, /no JSON/],
    ['with a number for a name', key.replace('"hello"', '7'), {}, 400, /package: is a number/],
    ['with SQL for a name', key.replace('hello', "x' OR '1'='1"), {}, 400, /is no name of a package/],
    ['with SQL for a version', key.replace('2.10', '1); DROP TABLE revisions;--'), {}, 400, /is no version/],
    ['with NUL in a name', key.replace('hello', 'he\\u0000llo'), {}, 400, /is no name/],
    ['with half a character', key.replace('hello', 'he\\ud800llo'), {}, 400, /is no name/],
    ['with a field too many', key.replace('{', '{"admin":true,'), {}, 400, /"admin": is no field/],
    ['nested deeply', '['.repeat(2000), {}, 400, /no JSON/],
  ]
  for (const [what, body, headers, status, message] of rows)
    it(`${what} gets ${status} and is told why`, async () => {
      const { post, isHealthy, table } = await entrance()
      const refused = await post(body, headers)
      const { code, message: why, hint } = bodyOf(refused)
      assert.equal(refused.status, status, refused.text)
      assert.equal(code, status === 401 ? 'REVISION_DENIED' : 'REVISION_KEY_INVALID')
      assert.match(why, message)
      assert.ok(hint.length > 10)
      assert.ok(await isHealthy())
      assert.equal(await table.count(), 0)
    })

  it('to another address or with another method gets 404', async () => {
    const { ask } = await entrance()
    for (const [path, method] of [
      ['/', 'GET'],
      ['/v1/revision', 'GET'],
      ['/v1/revision', 'DELETE'],
      ['/../etc/passwd', 'GET'],
      ['/health', 'POST'],
    ] as const)
      assert.equal((await ask(path, { method })).status, 404, `${method} ${path}`)
  })

  const head = `POST /v1/revision HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer ${token}\r\n`

  it('that arrives too slowly gets 408, whether header or body', async () => {
    const { send, isHealthy } = await entrance({ limits: { requestMilliseconds: 400 } })
    for (const part of ['POST /v1/rev', `${head}Content-Length: 100\r\n\r\n{"pack`]) {
      const text = await send(part)
      assert.match(text, /^HTTP\/1\.1 408 /)
      assert.match(text, /did not arrive in time/)
    }
    assert.ok(await isHealthy())
  })

  it('that is junk, or behind a good one, gets 400, and the connection ends', async () => {
    const { send, isHealthy } = await entrance()
    assert.match(await send('\x16\x03\x01 this is no HTTP\r\n\r\n'), /^HTTP\/1\.1 400 [\s\S]*no HTTP request/)
    const good = `${head}Content-Length: ${key.length}\r\n\r\n${key}`
    const text = await send(good, good, 'and now for something else\r\n\r\n')
    assert.match(text, /HTTP\/1\.1 400 /)
    assert.match(
      await send(`${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`),
      /^HTTP\/1\.1 400 /,
    )
    assert.match(await send(`${head}X: ${'y'.repeat(20_000)}\r\n\r\n`), /^HTTP\/1\.1 431 [\s\S]*header/)
    assert.ok(await isHealthy())
  })

  it('does not keep others out: connections beyond the limit are closed', async () => {
    const { send, url } = await entrance({ limits: { connections: 1 } })
    const first = connect(Number(new URL(url).port), '127.0.0.1')
    onTestFinished(() => {
      first.destroy()
    })
    await once(first, 'connect')
    first.write('GET /health HTTP/1.1\r\n')
    assert.equal(await send('GET /health HTTP/1.1\r\nHost: x\r\n\r\n'), '')
  })
})

describe('the end of the revision service', () => {
  it('comes after what is under way was answered', async () => {
    let release: () => void = () => undefined
    const held = new Promise<void>(resolve => {
      release = resolve
    })
    const table = memoryTable()
    let isReached: () => void = () => undefined
    const asked = new Promise<void>(resolve => {
      isReached = resolve
    })
    const slow: RevisionTable = {
      ...table,
      lookUp: async keys => {
        isReached()
        await held
        return table.lookUp(keys)
      },
    }
    const { post, close } = await entrance({ table: slow })
    const answer = post(JSON.stringify(keyOf('a')))
    await asked
    const closed = close()
    release()
    assert.equal((await answer).status, 200)
    await closed
    await assert.rejects(post(JSON.stringify(keyOf('b'))))
  })

  it('does not wait for ever', async () => {
    const never = new Promise<never>(() => undefined)
    let isReached: () => void = () => undefined
    const asked = new Promise<void>(resolve => {
      isReached = resolve
    })
    const lookUp = () => {
      isReached()
      return never
    }
    const { post, close } = await entrance({
      table: { ...memoryTable(), lookUp },
      limits: { drainMilliseconds: 100 },
    })
    const answer = post(JSON.stringify(keyOf('a'))).catch(() => 'cut off')
    await asked
    await close()
    assert.equal(await answer, 'cut off')
  })
})

describe('the tokens of writers', () => {
  it('are lines of a file', () => {
    assert.equal(tokens.length, 2)
    assert.ok(isAuthorised(tokens, `Bearer ${token}`))
    for (const wrong of [undefined, '', 'Bearer', 'Bearer ', token, `Bearer ${token}x`, 'Bearer # two'])
      assert.equal(isAuthorised(tokens, wrong), false, wrong)
  })

  for (const [text, why] of [
    ['', /has none/],
    ['# none\n', /has none/],
    ['short\n', /line 1 .* is no token/],
    [`${token}\nwith a blank in it\n`, /line 2/],
  ] as const)
    it(`are not ${JSON.stringify(text)}`, async () => {
      const fault = await assertFault(() => readTokens(text), 'SETTINGS_INVALID', why)
      assert.doesNotMatch(fault.message, /short|blank/)
    })
})
