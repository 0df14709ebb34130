import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import type { FaultCode } from '../../src/kernel/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { blob, cut, deb, leaveBeginning, leftovers, path } from '../support/deb-download.ts'
import { type MirrorFault, startMirror } from '../support/loopback-mirror.ts'
import { quietSession } from '../support/scratch.ts'
import { transferScene } from '../support/transfer-world.ts'

const session = quietSession()

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
