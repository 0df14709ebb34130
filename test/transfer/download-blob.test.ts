import assert from 'node:assert/strict'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, it } from 'vitest'
import type { FaultCode } from '../../src/kernel/index.ts'
import type { Store } from '../../src/store/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { type MirrorFault, startMirror } from '../support/loopback-mirror.ts'
import { quietSession, recordedSession, scratchFolder } from '../support/scratch.ts'
import { identityOf, patternBytes, transferScene } from '../support/transfer-world.ts'

const session = quietSession()
const deb = patternBytes(300_000)
const blob = identityOf(deb)
const path = 'debian/pool/main/n/nginx/nginx_1.22.1-9_amd64.deb'

/** What the store holds beside finished files. */
async function leftovers(folder: string): Promise<string[]> {
  const top = join(folder, 'store-v1')
  const names = await Promise.all(['temporary', 'partial'].map(name => readdir(join(top, name)).catch(() => [])))
  return names.flat()
}

/** How much of a broken answer was received before it broke is up to chance: what needs a beginning starts with one. */
const beginning = 150_000
const cut: MirrorFault = { kind: 'truncate', afterBytes: 10 }

async function leaveBeginning(store: Store): Promise<void> {
  const writer = await store.beginBlob(blob)
  await writer.write(deb.subarray(0, beginning))
  await writer.suspend()
}

/** Each fault, how the download ends, and why. */
const table: readonly {
  readonly name: string
  readonly faults: readonly MirrorFault[]
  /** An earlier run left a beginning, so that the first request asks for a range. */
  readonly begun?: true
  readonly ends: 'stored' | FaultCode
  readonly requests: number
  readonly why: string
}[] = [
  { name: 'none', faults: [], ends: 'stored', requests: 1, why: 'the plain case' },
  {
    name: 'truncated once',
    faults: [{ kind: 'truncate', afterBytes: 100_000 }],
    ends: 'stored',
    requests: 2,
    why: 'the rest is asked for',
  },
  {
    name: 'truncated at the start',
    faults: [{ kind: 'truncate', afterBytes: 0 }],
    ends: 'stored',
    requests: 2,
    why: 'nothing is a prefix too',
  },
  {
    name: 'ended early without a length',
    faults: [{ kind: 'end-early', afterBytes: 100_000 }],
    ends: 'stored',
    requests: 2,
    why: 'the lock knows the length',
  },
  {
    name: 'stalled once',
    faults: [{ kind: 'stall', afterBytes: 100_000 }],
    ends: 'stored',
    requests: 2,
    why: 'silence is given up',
  },
  {
    name: 'never answered once',
    faults: [{ kind: 'silent' }],
    ends: 'stored',
    requests: 2,
    why: 'silence is given up',
  },
  {
    name: 'reset once',
    faults: [{ kind: 'reset', afterBytes: 150_000 }],
    ends: 'stored',
    requests: 2,
    why: 'resets pass',
  },
  { name: 'cut three times', faults: [cut, cut, cut], ends: 'stored', requests: 4, why: 'four attempts' },
  {
    name: 'cut at the start, always',
    faults: Array(9).fill({ kind: 'truncate', afterBytes: 10 }),
    ends: 'NETWORK_TRUNCATED',
    requests: 4,
    why: 'four attempts, then the next provider',
  },
  {
    name: 'no HTTP, always',
    faults: Array(9).fill({ kind: 'garbage', text: 'hello\r\n' }),
    ends: 'NETWORK_UNREACHABLE',
    requests: 4,
    why: 'four attempts',
  },
  {
    name: '503, then fine',
    faults: [{ kind: 'status', status: 503 }],
    ends: 'stored',
    requests: 2,
    why: 'a busy server',
  },
  {
    name: '429 with Retry-After, then fine',
    faults: [{ kind: 'status', status: 429, headers: { 'retry-after': '7' } }],
    ends: 'stored',
    requests: 2,
    why: 'it said when',
  },
  {
    name: '429 for an hour',
    faults: Array(9).fill({ kind: 'status', status: 429, headers: { 'retry-after': '3600' } }),
    ends: 'NETWORK_STATUS',
    requests: 1,
    why: 'too long to wait for',
  },
  {
    name: '500, always',
    faults: Array(9).fill({ kind: 'status', status: 500 }),
    ends: 'NETWORK_STATUS',
    requests: 4,
    why: 'four attempts',
  },
  {
    name: '404',
    faults: [{ kind: 'status', status: 404 }],
    ends: 'NETWORK_STATUS',
    requests: 1,
    why: 'asking again does not help',
  },
  {
    name: '410',
    faults: [{ kind: 'status', status: 410 }],
    ends: 'NETWORK_STATUS',
    requests: 1,
    why: 'asking again does not help',
  },
  {
    name: '401',
    faults: [{ kind: 'status', status: 401 }],
    ends: 'NETWORK_STATUS',
    requests: 1,
    why: 'asking again does not help',
  },
  {
    name: '204',
    faults: [{ kind: 'status', status: 204 }],
    ends: 'NETWORK_STATUS',
    requests: 1,
    why: 'no contents are no file',
  },
  {
    name: 'wrong bytes once',
    faults: [{ kind: 'wrong-bytes' }],
    ends: 'stored',
    requests: 2,
    why: 'a cache on the way may be wrong',
  },
  {
    name: 'wrong bytes always',
    faults: Array(9).fill({ kind: 'wrong-bytes' }),
    ends: 'FETCH_INTEGRITY',
    requests: 2,
    why: 'the next provider may be right',
  },
  {
    name: 'an error page as a file',
    faults: Array(9).fill({ kind: 'other-bytes', bytes: Buffer.from('<html>sign in</html>') }),
    ends: 'FETCH_INTEGRITY',
    requests: 2,
    why: 'the length is refused',
  },
  {
    name: 'a smaller length than the file has',
    faults: Array(9).fill({ kind: 'wrong-length', announcedBytes: 10 }),
    ends: 'FETCH_INTEGRITY',
    requests: 2,
    why: 'the lock says otherwise',
  },
  {
    name: 'a longer length than the file has',
    faults: Array(9).fill({ kind: 'wrong-length', announcedBytes: 900_000 }),
    ends: 'FETCH_INTEGRITY',
    requests: 2,
    why: 'the lock says otherwise',
  },
  {
    name: 'an endless body',
    faults: Array(9).fill({ kind: 'endless' }),
    ends: 'FETCH_INTEGRITY',
    requests: 2,
    why: 'not one byte more than the lock says',
  },
  {
    name: 'gzip-encoded once',
    faults: [{ kind: 'gzip-encoded' }],
    ends: 'stored',
    requests: 2,
    why: 'other bytes than the lock says',
  },
  {
    name: 'a range that is ignored',
    begun: true,
    faults: [{ kind: 'ignore-range' }],
    ends: 'stored',
    requests: 1,
    why: 'the whole file is a good answer',
  },
  {
    name: 'a range that lies about its start',
    begun: true,
    faults: [{ kind: 'lying-range', contentRange: 'bytes 0-149999/300000' }],
    ends: 'stored',
    requests: 2,
    why: 'asked again without a range',
  },
  {
    name: 'a range that lies about its total',
    begun: true,
    faults: [{ kind: 'lying-range', contentRange: 'bytes 150000-299999/999999' }],
    ends: 'stored',
    requests: 2,
    why: 'asked again without a range',
  },
  {
    name: 'a range without its header',
    begun: true,
    faults: [{ kind: 'lying-range', contentRange: 'chunks 1-2' }],
    ends: 'stored',
    requests: 2,
    why: 'asked again without a range',
  },
  {
    name: 'a range with shifted bytes',
    begun: true,
    faults: [{ kind: 'shifted-range', byBytes: 5 }],
    ends: 'stored',
    requests: 2,
    why: 'the digest tells, and the whole is asked for',
  },
  {
    name: 'a refused range',
    begun: true,
    faults: [{ kind: 'status', status: 416 }],
    ends: 'stored',
    requests: 2,
    why: 'asked again without a range',
  },
  {
    name: 'a redirect in a circle',
    faults: Array(30).fill({ kind: 'redirect', location: `/${path}` }),
    ends: 'NETWORK_REDIRECT_REFUSED',
    requests: 11,
    why: 'ten redirects',
  },
  {
    name: 'a redirect to a file',
    faults: [{ kind: 'redirect', location: 'file:///etc/passwd' }],
    ends: 'NETWORK_REDIRECT_REFUSED',
    requests: 1,
    why: 'a server must not name our files',
  },
  {
    name: 'a redirect to ftp',
    faults: [{ kind: 'redirect', location: 'ftp://mirror.example.org/x' }],
    ends: 'NETWORK_REDIRECT_REFUSED',
    requests: 1,
    why: 'http and https only',
  },
  {
    name: 'a redirect to nothing',
    faults: [{ kind: 'redirect', location: 'http://[' }],
    ends: 'NETWORK_REDIRECT_REFUSED',
    requests: 1,
    why: 'no URL',
  },
]

describe('a download of a deb whose mirror is or does', () => {
  for (const { name, faults, begun, ends, requests, why } of table) {
    it(`${name}: ${ends}, since ${why}`, async () => {
      const mirror = await startMirror({ files: { [path]: deb } })
      mirror.next(path, ...faults)
      const { transfer, store } = await transferScene()
      if (begun) await leaveBeginning(store)
      const download = transfer.downloadBlob(`${mirror.url}/${path}`, blob, { store }, session)
      if (ends === 'stored') {
        await download
        assert.equal(await store.check(blob), 'sound')
        assert.deepEqual(await leftovers(store.folder), [])
      } else {
        const fault = await assertFault(download, ends)
        assert.ok((fault.hint ?? '').length > 0, 'a hint')
        assert.equal(await store.check(blob), 'absent')
      }
      assert.equal(mirror.requests.length, requests)
      assert.deepEqual((await store.verify(session)).removed, [])
    })
  }
})

describe('a download that is continued', () => {
  it('asks for the rest only, if the file is still the same', async () => {
    const mirror = await startMirror({ files: { [path]: deb } })
    mirror.next(path, { kind: 'stall', afterBytes: beginning })
    const { transfer, store } = await transferScene()
    await transfer.downloadBlob(`${mirror.url}/${path}`, blob, { store }, session)
    const second = mirror.requests[1]
    assert.equal(second?.headers.range, `bytes=${beginning}-`)
    assert.match(String(second?.headers['if-range']), /^"/)
  })

  it('goes on in the next run, also from another mirror', async () => {
    const [first, second] = [await startMirror(), await startMirror({ files: { [path]: deb } })]
    first.files.set(path, deb)
    first.next(path, { kind: 'stall', afterBytes: beginning }, { kind: 'status', status: 404 })
    const { transfer, store } = await transferScene()
    await assertFault(transfer.downloadBlob(`${first.url}/${path}`, blob, { store }, session), 'NETWORK_STATUS')
    assert.equal((await leftovers(store.folder)).length, 1)
    await transfer.downloadBlob(`${second.url}/${path}`, blob, { store }, session)
    assert.equal(second.requests[0]?.headers.range, `bytes=${beginning}-`)
    assert.equal(await store.check(blob), 'sound')
  })

  it('is left resumable when the user interrupts', async () => {
    const mirror = await startMirror({ files: { [path]: deb } })
    mirror.next(path, { kind: 'stall', afterBytes: 150_000 })
    const { transfer, store } = await transferScene()
    const interrupted = recordedSession()
    const journal = {
      emit(event: Parameters<typeof interrupted.journal.emit>[0]) {
        if (event.kind === 'progressed' && event.doneBytes >= 150_000) interrupted.abort(new Error('interrupted'))
      },
    }
    const download = transfer.downloadBlob(
      `${mirror.url}/${path}`,
      blob,
      { store },
      { ...interrupted, signal: interrupted.signal, journal },
    )
    await assert.rejects(download, /interrupted/)
    assert.deepEqual(await leftovers(store.folder), [blob.sha256])
    await transfer.downloadBlob(`${mirror.url}/${path}`, blob, { store }, session)
    assert.equal(mirror.requests[1]?.headers.range, 'bytes=150000-')
  })

  it('is not asked for again when only its last step is missing', async () => {
    const mirror = await startMirror({ files: { [path]: deb } })
    const { transfer, store } = await transferScene()
    const writer = await store.beginBlob(blob)
    await writer.write(deb)
    await writer.suspend()
    await transfer.downloadBlob(`${mirror.url}/${path}`, blob, { store }, session)
    assert.equal(mirror.requests.length, 0)
    assert.equal(await store.check(blob), 'sound')
  })
})

describe('waiting between attempts', () => {
  it('doubles, spread by chance', async () => {
    const mirror = await startMirror()
    mirror.always(path, { kind: 'status', status: 500 })
    const { transfer, store, clock } = await transferScene()
    await assertFault(transfer.downloadBlob(`${mirror.url}/${path}`, blob, { store }, session), 'NETWORK_STATUS')
    assert.deepEqual(clock.sleeps, [375, 750, 1500])
  })

  it('is as long as the server asked for, in seconds or until a date', async () => {
    const mirror = await startMirror({ files: { [path]: deb } })
    mirror.next(
      path,
      { kind: 'status', status: 429, headers: { 'retry-after': '7' } },
      { kind: 'status', status: 503, headers: { 'retry-after': 'Fri, 20 Nov 2026 00:00:17 GMT' } },
    )
    const { transfer, store, clock } = await transferScene()
    await transfer.downloadBlob(`${mirror.url}/${path}`, blob, { store }, session)
    assert.deepEqual(clock.sleeps, [7000, 10_000])
  })

  it('is told, in one line each', async () => {
    const mirror = await startMirror({ files: { [path]: deb } })
    mirror.next(path, { kind: 'status', status: 503 })
    const { transfer, store } = await transferScene()
    const recorded = recordedSession()
    await transfer.downloadBlob(`${mirror.url}/${path}`, blob, { store }, recorded)
    const notes = recorded.events.flatMap(event => (event.kind === 'noted' ? [event.message] : []))
    assert.deepEqual(notes, [`${mirror.url}/${path} answered 503 (unavailable); trying again in 375 ms`])
    assert.deepEqual(
      recorded.events.filter(event => event.kind !== 'progressed' && event.kind !== 'noted').map(event => event.kind),
      ['started', 'finished'],
    )
  })
})

describe('a download from a folder', () => {
  it('copies into the store and checks as much', async () => {
    const folder = await scratchFolder()
    await writeFile(join(folder, 'a+b c.deb'), deb)
    const { transfer, store } = await transferScene()
    await transfer.downloadBlob(pathToFileURL(join(folder, 'a+b c.deb')).href, blob, { store }, session)
    assert.equal(await store.check(blob), 'sound')
    await assertFault(
      transfer.downloadBlob(pathToFileURL(join(folder, 'absent.deb')).href, identityOf('x'), { store }, session),
      'NETWORK_STATUS',
      /absent\.deb does not exist/,
    )
    const wrong = { sha256: identityOf('x').sha256, sizeBytes: deb.length }
    await assertFault(
      transfer.downloadBlob(pathToFileURL(join(folder, 'a+b c.deb')).href, wrong, { store }, session),
      'FETCH_INTEGRITY',
    )
  })

  it('refuses what is no plain file, and a host', async () => {
    const folder = await scratchFolder()
    const { transfer, store } = await transferScene()
    await assertFault(
      transfer.downloadBlob(pathToFileURL(folder).href, blob, { store }, session),
      'NETWORK_UNREACHABLE',
      /no plain file/,
    )
    await assertFault(transfer.downloadBlob('file://server/share/x.deb', blob, { store }, session), 'SETTINGS_INVALID')
    await assertFault(
      transfer.downloadBlob('file:///dev/zero', blob, { store }, session),
      'NETWORK_UNREACHABLE',
      /no plain file/,
    )
  })
})
