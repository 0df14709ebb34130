import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { connect, createServer as createTcpServer } from 'node:net'
import { describe, it, onTestFinished } from 'vitest'
import { createHttpTransport, defaultTransportSettings } from '../../src/adapters/http-transport.ts'
import { systemClock } from '../../src/adapters/system-clock.ts'
import { isFault, type Transport, type TransportResponse } from '../../src/kernel/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { startMirror } from '../support/loopback-mirror.ts'
import { startRawMirror } from '../support/raw-mirror.ts'

function transport(overrides: Partial<typeof defaultTransportSettings> = {}): Transport {
  const created = createHttpTransport({ ...defaultTransportSettings, ...overrides })
  onTestFinished(() => created.close())
  return created
}

function get(through: Transport, url: string, signal = new AbortController().signal): Promise<TransportResponse> {
  return through.request({ method: 'GET', url: new URL(url), headers: {}, signal })
}

async function bodyOf(response: TransportResponse): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of response.body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

describe('an HTTP exchange', () => {
  it('gives status, headers in lower case and the bytes', async () => {
    const mirror = await startMirror({ files: { 'a/b.deb': 'contents' } })
    const response = await get(transport(), `${mirror.url}/a/b.deb`)
    assert.equal(response.status, 200)
    assert.equal(response.headers['content-length'], '8')
    assert.equal((await bodyOf(response)).toString(), 'contents')
  })

  it('keeps connections for the next requests to the same host', async () => {
    const mirror = await startMirror({ files: { a: 'a' } })
    const through = transport({ connectionsPerHost: 1 })
    for (let count = 0; count < 5; count++) await bodyOf(await get(through, `${mirror.url}/a`))
    assert.equal(new Set(mirror.requests.map(request => request.port)).size, 1)
  })

  it('is sent once more when the server had closed the idle connection that it went over', async () => {
    let connections = 0
    const server = createTcpServer(socket => {
      const first = connections++ === 0
      let requests = 0
      socket.on('error', () => undefined)
      socket.on('data', () => {
        if (first && ++requests === 2) socket.resetAndDestroy()
        else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
      })
    })
    const port = await new Promise<number>(resolve => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
    })
    onTestFinished(() => void server.close())
    const through = transport({ connectionsPerHost: 1 })
    for (let count = 0; count < 2; count++)
      assert.equal((await bodyOf(await get(through, `http://127.0.0.1:${port}/a`))).toString(), 'ok')
    assert.equal(connections, 2)
  })

  it('neither decodes contents nor follows redirects', async () => {
    const mirror = await startMirror({ files: { a: 'a'.repeat(1000) } })
    mirror.next('a', { kind: 'gzip-encoded' }, { kind: 'redirect', location: '/elsewhere' })
    const through = transport()
    assert.deepEqual([...(await bodyOf(await get(through, `${mirror.url}/a`))).subarray(0, 2)], [0x1f, 0x8b])
    const redirect = await get(through, `${mirror.url}/a`)
    await bodyOf(redirect)
    assert.equal(redirect.status, 302)
    assert.equal(redirect.headers.location, '/elsewhere')
  })

  it('gives a server up that sends interim answers without end', async () => {
    const mirror = await startRawMirror(new Map(), () => ({ socket }) => {
      socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(100))
    })
    onTestFinished(() => mirror.close())
    const exchange = get(transport({ stallTimeoutMilliseconds: 1000 }), `${mirror.url}/a`)
    await assert.rejects(exchange, error => isFault(error) && error.exitCode === 4)
  })

  it('with a host that does not listen is NETWORK_UNREACHABLE, and no secret of the URL is printed', async () => {
    const server = createTcpServer()
    const port = await new Promise<number>(resolve => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
    })
    await new Promise(resolve => server.close(resolve))
    const fault = await assertFault(
      get(transport(), `http://127.0.0.1:${port}/x?token=secret`),
      'NETWORK_UNREACHABLE',
      /connection was refused/,
    )
    assert.ok(!JSON.stringify([fault.message, fault.context]).includes('secret'))
  })

  it('that is never answered is NETWORK_TIMEOUT', async () => {
    const mirror = await startMirror({ files: { a: 'a' } })
    mirror.next('a', { kind: 'silent' })
    await assertFault(get(transport({ stallTimeoutMilliseconds: 60 }), `${mirror.url}/a`), 'NETWORK_TIMEOUT')
  })

  const broken = [
    ['stalls', { kind: 'stall', afterBytes: 3 }, 'NETWORK_TIMEOUT'],
    ['is reset', { kind: 'reset', afterBytes: 3 }, 'NETWORK_TRUNCATED'],
    ['ends before its length', { kind: 'truncate', afterBytes: 3 }, 'NETWORK_TRUNCATED'],
  ] as const
  for (const [what, fault, code] of broken) {
    it(`whose body ${what} is ${code}`, async () => {
      const mirror = await startMirror({ files: { a: '0123456789' } })
      mirror.next('a', fault)
      const through = transport({ stallTimeoutMilliseconds: 100 })
      await assertFault(async () => bodyOf(await get(through, `${mirror.url}/a`)), code)
    })
  }

  it('with something that speaks no HTTP is NETWORK_UNREACHABLE', async () => {
    const mirror = await startMirror()
    mirror.next('a', { kind: 'garbage', text: 'SSH-2.0-OpenSSH_9.2\r\n' })
    await assertFault(get(transport(), `${mirror.url}/a`), 'NETWORK_UNREACHABLE')
  })

  it('ends with the reason of the signal when the session is interrupted', async () => {
    const mirror = await startMirror({ files: { a: '0123456789' } })
    mirror.next('a', { kind: 'stall', afterBytes: 3 })
    const controller = new AbortController()
    const response = await get(transport(), `${mirror.url}/a`, controller.signal)
    const reading = bodyOf(response)
    controller.abort(new Error('interrupted by the user'))
    await assert.rejects(reading, /interrupted by the user/)
  })

  it('that waits for its answer over a connection used before is interrupted like any other, and not sent again', async () => {
    const mirror = await startMirror({ files: { a: 'a' } })
    mirror.next('a', { kind: 'none' }, { kind: 'silent' })
    const through = transport({ connectionsPerHost: 1 })
    const controller = new AbortController()
    await bodyOf(await get(through, `${mirror.url}/a`, controller.signal))
    const asked = get(through, `${mirror.url}/a`, controller.signal)
    while (mirror.requests.length < 2) await new Promise(setImmediate)
    controller.abort(new Error('interrupted by the user'))
    await assert.rejects(asked, /interrupted by the user/)
    assert.equal(mirror.requests.length, 2)
  })

  it('whose reader takes its time is no fault of the server', async () => {
    const mirror = await startMirror({ files: { a: 'a'.repeat(1_000_000) } })
    const response = await get(transport({ stallTimeoutMilliseconds: 300 }), `${mirror.url}/a`)
    let bytes = 0
    for await (const chunk of response.body) {
      if (bytes === 0) await systemClock.sleep(400, new AbortController().signal)
      bytes += chunk.length
    }
    assert.equal(bytes, 1_000_000)
  })
})

describe('many exchanges at a time', () => {
  it('under one signal print no warning of a leak, nor do many sleepers', async () => {
    const mirror = await startMirror({ files: { a: 'a' } })
    const through = transport({ connectionsPerHost: 30 })
    const warnings: string[] = []
    const onWarning = (warning: Error) => warnings.push(warning.name)
    process.on('warning', onWarning)
    onTestFinished(() => void process.off('warning', onWarning))
    const { signal } = new AbortController()
    const requests = Array.from({ length: 30 }, async () => bodyOf(await get(through, `${mirror.url}/a`, signal)))
    const sleepers = Array.from({ length: 30 }, () => systemClock.sleep(1, signal))
    await Promise.all([...requests, ...sleepers])
    await new Promise(resolve => setImmediate(resolve))
    assert.deepEqual(warnings, [])
  })
})

describe('a proxy', () => {
  it('gets plain http requests with the whole address and its own credentials, without a tunnel', async () => {
    const seen: { method: string | undefined; url: string | undefined; authorization: string | undefined }[] = []
    const proxy = createServer((request, response) => {
      seen.push({
        method: request.method,
        url: request.url,
        authorization: request.headers['proxy-authorization'],
      })
      response.end('through the proxy')
    })
    await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void proxy.close())
    const { port } = proxy.address() as { port: number }
    const through = createHttpTransport({
      ...defaultTransportSettings,
      proxyOf: () => new URL(`http://user:p%40ss@127.0.0.1:${port}`),
    })
    onTestFinished(() => through.close())
    const response = await get(through, 'http://mirror.example.org/debian/dists/bookworm/InRelease')
    assert.equal((await bodyOf(response)).toString(), 'through the proxy')
    assert.deepEqual(seen, [
      {
        method: 'GET',
        url: 'http://mirror.example.org/debian/dists/bookworm/InRelease',
        authorization: `Basic ${Buffer.from('user:p@ss').toString('base64')}`,
      },
    ])
  })

  it('is asked for a tunnel for https', async () => {
    const asked: string[] = []
    const proxy = createServer().on('connect', (request, socket) => {
      asked.push(request.url ?? '')
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
    })
    await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void proxy.close())
    const { port } = proxy.address() as { port: number }
    const through = createHttpTransport({
      ...defaultTransportSettings,
      proxyOf: () => new URL(`http://127.0.0.1:${port}`),
    })
    onTestFinished(() => through.close())
    await assertFault(get(through, 'https://mirror.example.org/x'), 'NETWORK_UNREACHABLE')
    assert.deepEqual(asked, ['mirror.example.org:443'])
  })

  it('that is no http proxy is a wrong setting', async () => {
    const through = createHttpTransport({
      ...defaultTransportSettings,
      proxyOf: () => new URL('socks5://user:secret@127.0.0.1:1080'),
    })
    const fault = await assertFault(get(through, 'http://mirror.example.org/'), 'SETTINGS_INVALID')
    assert.ok(!fault.message.includes('secret'))
  })
})

describe('the loopback mirror', () => {
  it('listens on 127.0.0.1 only', async () => {
    const mirror = await startMirror()
    assert.match(mirror.url, /^http:\/\/127\.0\.0\.1:\d+$/)
    const socket = connect(Number(new URL(mirror.url).port), '127.0.0.1')
    await new Promise(resolve => socket.once('connect', resolve))
    socket.destroy()
  })
})
