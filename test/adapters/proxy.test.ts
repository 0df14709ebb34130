import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { describe, onTestFinished, test } from 'vitest'
import { createUndiciTransport, defaultTransportSettings } from '../../src/adapters/undici-transport.ts'
import { createTransfer } from '../../src/transfer/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { startHttpsMirror, tlsFixture } from '../support/https-mirror.ts'
import { startMirror } from '../support/loopback-mirror.ts'
import { quietSession } from '../support/scratch.ts'
import { virtualClock } from '../support/virtual-clock.ts'

interface Seen {
  /** `GET http://…` or `CONNECT host:port`. */
  readonly line: string
  readonly headers: IncomingHttpHeaders
}

/** A proxy that wants `me:secret`, forwards http, and tunnels https. */
async function startProxy(
  scheme: 'http' | 'https' = 'http',
): Promise<{ readonly address: string; readonly seen: readonly Seen[] }> {
  const seen: Seen[] = []
  const wanted = `Basic ${btoa('me:secret')}`
  const server =
    scheme === 'http'
      ? createServer()
      : createHttpsServer({ key: tlsFixture('server.key'), cert: tlsFixture('server.pem') })
  server.on('request', async (request: IncomingMessage, response: ServerResponse) => {
    seen.push({ line: `${request.method} ${request.url}`, headers: request.headers })
    if (request.headers['proxy-authorization'] !== wanted) return void response.writeHead(407).end()
    const forwarded = await fetch(request.url ?? '', {
      headers: { authorization: request.headers.authorization ?? '' },
    })
    response.writeHead(forwarded.status).end(await forwarded.text())
  })
  server.on('connect', (request: IncomingMessage, downstream: Duplex) => {
    seen.push({ line: `CONNECT ${request.url}`, headers: request.headers })
    downstream.on('error', () => undefined)
    if (request.headers['proxy-authorization'] !== wanted)
      return void downstream.end('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n')
    const upstream = connect(Number(request.url?.split(':')[1]), '127.0.0.1', () => {
      downstream.write('HTTP/1.1 200 Connection established\r\n\r\n')
      downstream.pipe(upstream).pipe(downstream)
    })
    upstream.on('error', () => downstream.destroy())
    onTestFinished(() => void upstream.destroy())
  })
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, seen } // a TCP server's address is no string
}

async function download(url: string, proxy: string): Promise<string> {
  const ca = tlsFixture('authority.pem')
  const transport = createUndiciTransport({
    ...defaultTransportSettings,
    proxyOf: () => new URL(proxy),
    tlsOf: () => ({ ca, certificate: undefined, key: undefined }),
  })
  onTestFinished(() => transport.close())
  const transfer = createTransfer({
    transport,
    clock: virtualClock(),
    random: () => 0.5,
    credentialsOf: () => undefined,
    parallelism: 1,
  })
  return new TextDecoder().decode(await transfer.downloadBytes(url, { maximumBytes: 99 }, quietSession()))
}

describe('a proxy', () => {
  test('that does not answer is given up when a server would be, be it asked to forward or for a tunnel', async () => {
    const server = createTcpServer()
    await new Promise<void>(resolve => {
      server.listen(0, '127.0.0.1', resolve)
    })
    const sockets = new Set<Socket>()
    server.on('connection', socket => sockets.add(socket.on('error', () => undefined)))
    onTestFinished(() => {
      for (const each of sockets) each.destroy()
      server.close()
    })
    const proxy = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    const transport = createUndiciTransport({
      ...defaultTransportSettings,
      stallTimeoutMilliseconds: 300,
      proxyOf: () => proxy,
    })
    onTestFinished(() => transport.close())
    const urls = ['http://mirror.example.org/a', 'https://mirror.example.org/a']
    const { signal } = quietSession()
    const answers = urls.map(url => transport.request({ method: 'GET', url: new URL(url), headers: {}, signal }))
    await Promise.all(answers.map(each => assertFault(each, 'NETWORK_TIMEOUT')))
  })

  test('of https is known by the authorities of the settings, whatever goes through it', async () => {
    const mirror = await startMirror({ files: { a: 'contents' } })
    const secure = await startHttpsMirror({ a: 'contents' }, 'needless')
    const { address, seen } = await startProxy('https')
    const warnings: Error[] = []
    const warned = (warning: Error) => void warnings.push(warning)
    process.on('warning', warned)
    onTestFinished(() => void process.off('warning', warned))
    assert.equal(await download(`${mirror.url}/a`, `https://me:secret@${address}`), 'contents')
    assert.equal(await download(`${secure.url}/a`, `https://me:secret@${address}`), 'contents')
    assert.equal(seen.length, 2)
    assert.deepEqual(warnings, [])
  })

  test('may want a user alone', async () => {
    const { address, seen } = await startProxy()
    await assertFault(download('http://mirror.example.org/a', `http://token@${address}`), 'NETWORK_UNREACHABLE', /407/)
    assert.equal(seen[0]?.headers['proxy-authorization'], `Basic ${btoa('token:')}`)
  })
})

describe('a proxy with a password', () => {
  test('may have a percent sign in it that nobody encoded', async () => {
    const mirror = await startMirror({ files: { a: 'contents' } })
    const { address, seen } = await startProxy()
    await assertFault(download(`${mirror.url}/a`, `http://me:50%@${address}`), 'NETWORK_UNREACHABLE', /407/)
    assert.equal(seen[0]?.headers['proxy-authorization'], `Basic ${btoa('me:50%')}`)
  })

  test('forwards http as apt sends it, with its own credentials beside those of the mirror', async () => {
    const mirror = await startMirror({ files: { a: 'contents' } })
    mirror.demand('user', 'word')
    const { address, seen } = await startProxy()
    const url = `${mirror.url}/a`.replace('//', '//user:word@')
    assert.equal(await download(url, `http://me:secret@${address}`), 'contents')
    assert.deepEqual(
      seen.map(each => each.line),
      [`GET ${mirror.url}/a`],
    )
    assert.equal(mirror.requests[0]?.headers['proxy-authorization'], undefined)
  })

  test('tunnels https, and sees neither path nor credentials of the mirror', async () => {
    const mirror = await startHttpsMirror({ a: 'contents' }, 'needless')
    const { address, seen } = await startProxy()
    const url = `${mirror.url}/a`.replace('//', '//user:word@')
    assert.equal(await download(url, `http://me:secret@${address}`), 'contents')
    assert.deepEqual(
      seen.map(each => [each.line, each.headers.authorization]),
      [[`CONNECT ${new URL(mirror.url).host}`, undefined]],
    )
  })

  test('that is not given it says so, without any secret', async () => {
    const mirror = await startMirror({ files: { a: 'contents' } })
    const { address } = await startProxy()
    const given = download(`${mirror.url}/a`, `http://me:wrongsecret@${address}`)
    const fault = await assertFault(given, 'NETWORK_UNREACHABLE', /the proxy wants credentials \(407\)/)
    assert.doesNotMatch(JSON.stringify([fault.message, fault.hint, fault.context]), /wrongsecret/)
    assert.deepEqual(mirror.requests, [])
  })

  test('that is not given it for a tunnel says so too', async () => {
    const mirror = await startHttpsMirror({ a: 'contents' }, 'needless')
    const { address } = await startProxy()
    const given = download(`${mirror.url}/a`, `http://me:wrongsecret@${address}`)
    const fault = await assertFault(given, 'NETWORK_UNREACHABLE', /the proxy wants credentials \(407\)/)
    assert.doesNotMatch(JSON.stringify([fault.message, fault.hint, fault.context]), /wrongsecret/)
  })
})
