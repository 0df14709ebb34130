import assert from 'node:assert/strict'
import { connect, createServer } from 'node:net'
import { describe, onTestFinished, test } from 'vitest'
import { createUndiciTransport, defaultTransportSettings } from '../../src/adapters/undici-transport.ts'
import type { Routes, TlsMaterial } from '../../src/kernel/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { startHttpsMirror, tlsFixture } from '../support/https-mirror.ts'

const nothing: TlsMaterial = { ca: undefined, certificate: undefined, key: undefined }
const authority: TlsMaterial = { ...nothing, ca: tlsFixture('authority.pem') }
const client: TlsMaterial = { ...authority, certificate: tlsFixture('client.pem'), key: tlsFixture('client.key') }

async function get(url: string, routes: Routes): Promise<string> {
  const transport = createUndiciTransport({ ...defaultTransportSettings, ...routes })
  onTestFinished(() => transport.close())
  const { signal } = new AbortController()
  const response = await transport.request({ method: 'GET', url: new URL(url), headers: {}, signal })
  let text = ''
  for await (const chunk of response.body) text += new TextDecoder().decode(chunk)
  return text
}

describe('an https mirror', () => {
  test('whose authority nobody knows is refused, and the hint says where to name it', async () => {
    const mirror = await startHttpsMirror({ a: 'contents' }, 'needless')
    const fault = await assertFault(get(`${mirror.url}/a`, {}), 'NETWORK_UNREACHABLE', /no trusted authority vouches/)
    assert.match(fault.hint ?? '', /`ca`.*`tls`/)
  })

  test('is trusted by the authority that the settings name for it', async () => {
    const mirror = await startHttpsMirror({ a: 'contents' }, 'needless')
    assert.equal(await get(`${mirror.url}/a`, { tlsOf: () => authority }), 'contents')
    assert.deepEqual(mirror.clients, [''])
  })

  test('whose name is not in its certificate is refused', async () => {
    const mirror = await startHttpsMirror({ a: 'contents' }, 'needless')
    const url = `${mirror.url}/a`.replace('127.0.0.1', '127.0.0.2')
    const tunnel = await tunnelTo(new URL(mirror.url).port)
    const proxyOf = () => new URL(tunnel)
    await assertFault(get(url, { tlsOf: () => authority, proxyOf }), 'NETWORK_UNREACHABLE', /for another host/)
  })

  test('that wants to know its clients is shown the certificate of the settings', async () => {
    const mirror = await startHttpsMirror({ a: 'contents' }, 'demanded')
    assert.equal(await get(`${mirror.url}/a`, { tlsOf: () => client }), 'contents')
    assert.deepEqual(mirror.clients, ['aptroot test client'])
    await assertFault(get(`${mirror.url}/a`, { tlsOf: () => authority }), 'NETWORK_UNREACHABLE')
  })

  test('is shown it through a proxy too, which sees nothing of it', async () => {
    const mirror = await startHttpsMirror({ a: 'contents' }, 'demanded')
    const tunnel = await tunnelTo(new URL(mirror.url).port)
    const routes = { tlsOf: () => client, proxyOf: () => new URL(tunnel) }
    assert.equal(await get(`${mirror.url}/a`, routes), 'contents')
    assert.deepEqual(mirror.clients, ['aptroot test client'])
  })

  test('gets no certificate that is meant for another host', async () => {
    const mirror = await startHttpsMirror({ a: 'contents' }, 'needless')
    const tlsOf = (url: URL) => (url.hostname === 'localhost' ? client : authority)
    assert.equal(await get(`${mirror.url}/a`, { tlsOf }), 'contents')
    assert.deepEqual(mirror.clients, [''])
  })
})

describe('files that are no certificates', () => {
  const wrong: readonly [string, TlsMaterial][] = [
    ['an authority of plain text', { ...nothing, ca: 'no certificate' }],
    ['a key of another certificate', { ...client, key: tlsFixture('server.key') }],
    ['a key of noise', { ...client, key: 'secret' }],
  ]
  for (const [what, material] of wrong)
    test(`${what} is a wrong setting, and nothing of it is printed`, async () => {
      const given = get('https://127.0.0.1:9/a', { tlsOf: () => material })
      const fault = await assertFault(given, 'SETTINGS_INVALID', /`tls` for 127\.0\.0\.1/)
      assert.doesNotMatch(JSON.stringify([fault.message, fault.hint, fault.context]), /secret|BEGIN/)
    })
})

/** A proxy that tunnels whatever it is asked for to one port of this machine. */
async function tunnelTo(port: string): Promise<string> {
  const server = createServer(downstream => {
    downstream.once('data', () => {
      const upstream = connect(Number(port), '127.0.0.1', () => {
        downstream.write('HTTP/1.1 200 Connection established\r\n\r\n')
        downstream.pipe(upstream).pipe(downstream)
      })
      upstream.on('error', () => downstream.destroy())
      downstream.on('error', () => upstream.destroy())
      onTestFinished(() => void [downstream.destroy(), upstream.destroy()])
    })
  })
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(() => void server.close())
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}
