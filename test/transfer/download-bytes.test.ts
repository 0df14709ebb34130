import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import type { Transport, TransportRequest } from '../../src/kernel/index.ts'
import { isAbsent } from '../../src/transfer/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { startMirror } from '../support/loopback-mirror.ts'
import { quietSession } from '../support/scratch.ts'
import { patternBytes, transferScene } from '../support/transfer-world.ts'
import { virtualClock } from '../support/virtual-clock.ts'

const session = quietSession()
const path = 'dists/bookworm/InRelease'

describe('a file in memory', () => {
  it('comes as it is, without any content coding asked for', async () => {
    const mirror = await startMirror({ files: { [path]: 'Origin: Debian\n' } })
    const { transfer } = await transferScene()
    const bytes = await transfer.downloadBytes(`${mirror.url}/${path}`, { maximumBytes: 100 }, session)
    assert.equal(Buffer.from(bytes).toString(), 'Origin: Debian\n')
    assert.equal(mirror.requests[0]?.headers['accept-encoding'], 'identity')
  })

  it('of several pieces is whole, although a connection is read into one buffer', async () => {
    const content = patternBytes(3_000_000)
    const mirror = await startMirror({ files: { [path]: content } })
    const { transfer } = await transferScene()
    const bytes = await transfer.downloadBytes(`${mirror.url}/${path}`, { maximumBytes: 3e6 }, session)
    assert.ok(Buffer.from(content).equals(bytes))
  })

  it('that is longer than allowed is refused at its announced length', async () => {
    const mirror = await startMirror({ files: { [path]: 'x'.repeat(101) } })
    const { transfer } = await transferScene()
    await assertFault(
      transfer.downloadBytes(`${mirror.url}/${path}`, { maximumBytes: 100 }, session),
      'FETCH_INTEGRITY',
      /has 101 bytes, but at most 100 are wanted/,
    )
  })

  it('without an end is refused at the first byte too many', async () => {
    const mirror = await startMirror()
    mirror.always(path, { kind: 'endless' })
    const { transfer } = await transferScene()
    await assertFault(
      transfer.downloadBytes(`${mirror.url}/${path}`, { maximumBytes: 1e6 }, session),
      'FETCH_INTEGRITY',
      /more than/,
    )
  })

  it('of another length than the Release lists is refused', async () => {
    const mirror = await startMirror({ files: { [path]: 'x'.repeat(99) } })
    const { transfer } = await transferScene()
    const request = { maximumBytes: 1000, sizeBytes: 100 }
    await assertFault(
      transfer.downloadBytes(`${mirror.url}/${path}`, request, session),
      'FETCH_INTEGRITY',
      /99 bytes, but 100/,
    )
  })

  it('that arrives encoded although that was not asked for is refused, since nothing else would tell', async () => {
    const mirror = await startMirror({ files: { [path]: 'x'.repeat(99) } })
    mirror.always(path, { kind: 'gzip-encoded' })
    const { transfer } = await transferScene()
    await assertFault(
      transfer.downloadBytes(`${mirror.url}/${path}`, { maximumBytes: 1000 }, session),
      'FETCH_INTEGRITY',
      /encoded as gzip/,
    )
  })

  it('is continued only with a promise that it is the same', async () => {
    const bytes = patternBytes(200_000)
    const mirror = await startMirror({ files: { [path]: bytes } })
    mirror.next(path, { kind: 'stall', afterBytes: 100_000 })
    const { transfer } = await transferScene()
    const got = await transfer.downloadBytes(`${mirror.url}/${path}`, { maximumBytes: 1e6 }, session)
    assert.ok(Buffer.from(got).equals(bytes))
    assert.ok(mirror.requests[1]?.headers['if-range'] !== undefined)
  })

  it('that changed between two attempts is not put together from both', async () => {
    const [old, fresh] = [patternBytes(200_000), patternBytes(200_001).fill(7)]
    const mirror = await startMirror({ files: { [path]: old } })
    mirror.next(path, { kind: 'stall', afterBytes: 100_000 })
    const { transfer, clock } = await transferScene({
      clock: { ...virtualClock(), sleep: async () => void mirror.files.set(path, fresh) },
    })
    assert.deepEqual(clock.sleeps, [])
    const got = await transfer.downloadBytes(`${mirror.url}/${path}`, { maximumBytes: 1e6 }, session)
    assert.ok(Buffer.from(got).equals(fresh))
  })

  it('that is not there is told apart from a server that is not there', async () => {
    const mirror = await startMirror()
    const { transfer } = await transferScene()
    const absent = await assertFault(
      transfer.downloadBytes(`${mirror.url}/${path}`, { maximumBytes: 1 }, session),
      'NETWORK_STATUS',
      /answered 404 \(not found\)/,
    )
    assert.ok(isAbsent(absent))
    await mirror.close()
    const unreachable = await assertFault(
      transfer.downloadBytes(`${mirror.url}/${path}`, { maximumBytes: 1 }, session),
      'NETWORK_UNREACHABLE',
    )
    assert.ok(!isAbsent(unreachable))
  })

  it('from a server that sends a byte now and then is given up', async () => {
    const clock = virtualClock()
    const dripping: Transport = {
      async request() {
        async function* body(): AsyncGenerator<Uint8Array> {
          for (;;) {
            clock.advance(10_000)
            yield Buffer.from('x')
          }
        }
        return { status: 200, headers: {}, body: body() }
      },
      close: async () => undefined,
    }
    const { transfer } = await transferScene({ transport: dripping, clock })
    await assertFault(
      transfer.downloadBytes('http://mirror.example.org/x', { maximumBytes: 1e6 }, session),
      'NETWORK_TIMEOUT',
      /sent 6 bytes in 60 s/,
    )
  })

  it('that is not there is told although the page that says so comes a byte at a time, without end', async () => {
    const clock = virtualClock()
    const dripping: Transport = {
      async request() {
        async function* body(): AsyncGenerator<Uint8Array> {
          for (let bytes = 0; bytes < 1000; bytes++) {
            clock.advance(500)
            yield Buffer.from('x')
          }
          assert.fail('the whole page was waited for')
        }
        return { status: 404, headers: {}, body: body() }
      },
      close: async () => undefined,
    }
    const { transfer } = await transferScene({ transport: dripping, clock })
    const start = clock.now().getTime()
    await assertFault(
      transfer.downloadBytes('http://mirror.example.org/x', { maximumBytes: 1e6 }, session),
      'NETWORK_STATUS',
    )
    assert.ok(clock.now().getTime() - start < 10_000)
  })

  it('of a URL of another kind is a wrong setting, and its password is not printed', async () => {
    const { transfer } = await transferScene()
    for (const url of [
      'ftp://user:secret@mirror.example.org/x',
      'http://me:top/secret@mirror.example.org/x',
      'no url',
      'javascript:alert(1)',
    ]) {
      const fault = await assertFault(transfer.downloadBytes(url, { maximumBytes: 1 }, session), 'SETTINGS_INVALID')
      assert.ok(!fault.message.includes('secret'))
    }
  })
})

describe('redirects', () => {
  /** A transport that answers by a table, for hosts that loopback cannot have. */
  function answering(table: Readonly<Record<string, string>>): { transport: Transport; requests: TransportRequest[] } {
    const requests: TransportRequest[] = []
    const transport: Transport = {
      async request(request) {
        requests.push(request)
        const location = table[request.url.href]
        async function* body(): AsyncGenerator<Uint8Array> {
          yield Buffer.from('body')
        }
        return location === undefined
          ? { status: 200, headers: {}, body: body() }
          : { status: 302, headers: { location }, body: body() }
      },
      close: async () => undefined,
    }
    return { transport, requests }
  }

  it('from https to http are refused', async () => {
    const { transport } = answering({ 'https://a.example.org/x': 'http://a.example.org/x' })
    const { transfer } = await transferScene({ transport })
    await assertFault(
      transfer.downloadBytes('https://a.example.org/x', { maximumBytes: 9 }, session),
      'NETWORK_REDIRECT_REFUSED',
      /from https to http/,
    )
  })

  it('from http to https and to relative places are followed', async () => {
    const { transport, requests } = answering({
      'http://a.example.org/x/y': '../z',
      'http://a.example.org/z': 'https://b.example.org/z',
    })
    const { transfer } = await transferScene({ transport })
    await transfer.downloadBytes('http://a.example.org/x/y', { maximumBytes: 9 }, session)
    assert.deepEqual(
      requests.map(request => request.url.href),
      ['http://a.example.org/x/y', 'http://a.example.org/z', 'https://b.example.org/z'],
    )
  })

  it('never take credentials to another host', async () => {
    const { transport, requests } = answering({
      'https://a.example.org/x': 'https://evil:one@b.example.org/x',
      'https://b.example.org/x': 'https://c.example.org/x',
    })
    const asked: string[] = []
    const { transfer } = await transferScene({
      transport,
      credentialsOf: url => {
        asked.push(url.host)
        return url.host === 'c.example.org' ? { user: 'c', password: 'c' } : undefined
      },
    })
    await transfer.downloadBytes('https://user:p%40ss@a.example.org/x', { maximumBytes: 9 }, session)
    assert.deepEqual(
      requests.map(request => request.headers.authorization),
      [`Basic ${btoa('user:p@ss')}`, undefined, `Basic ${btoa('c:c')}`],
    )
    assert.deepEqual(
      requests.map(request => `${request.url.username}${request.url.password}`),
      ['', '', ''],
    )
    assert.deepEqual(asked, ['b.example.org', 'c.example.org'])
  })
})

describe('credentials', () => {
  it('of the archive are sent, and their absence is said without any secret', async () => {
    const mirror = await startMirror({ files: { [path]: 'x' } })
    mirror.demand('user', 'secret')
    const { transfer } = await transferScene({
      credentialsOf: url => (url.pathname.startsWith('/dists') ? { user: 'user', password: 'secret' } : undefined),
    })
    await transfer.downloadBytes(`${mirror.url}/${path}`, { maximumBytes: 9 }, session)
    const fault = await assertFault(
      transfer.downloadBytes(
        `${mirror.url.replace('//', '//user:wrongsecret@')}/other?sig=secret`,
        { maximumBytes: 9 },
        session,
      ),
      'NETWORK_STATUS',
      /401 \(credentials are wanted\)/,
    )
    assert.ok(!JSON.stringify([fault.message, fault.hint, fault.context]).includes('secret'))
  })
})
