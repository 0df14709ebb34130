import assert from 'node:assert/strict'
import { describe, it, test } from 'vitest'
import { debFileName, fetchDebs } from '../../src/fetch/index.ts'
import type { LockedDeb } from '../../src/lockfile/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { filesOf, locked, scene } from '../support/fetch-scene.ts'
import { startMirror } from '../support/loopback-mirror.ts'
import { quietSession } from '../support/scratch.ts'

const session = quietSession()

describe('a lockfile that somebody edited', () => {
  const table: readonly (readonly [Partial<LockedDeb>, string])[] = [
    [{ directory: '../../etc' }, 'a folder above the archive'],
    [{ directory: '/etc' }, 'an absolute folder'],
    [{ directory: 'pool//x' }, 'an empty name'],
    [{ directory: 'pool/\u0000' }, 'a NUL'],
    [{ file: '../x.deb' }, 'a file above its folder'],
    [{ file: 'a/b.deb' }, 'a file name with a folder'],
    [{ file: '' }, 'no file name'],
    [{ version: '1/../../x' }, 'a version that is a path'],
    [{ name: '../nginx' }, 'a name that is a path'],
  ]
  for (const [edit, what] of table)
    it(`to name ${what} is refused before anything is asked for`, async () => {
      const mirror = await startMirror()
      const { request } = await scene()
      const fetching = fetchDebs([locked('bash'), locked('nginx', edit)], request({ uris: [mirror.url] }), session)
      await assertFault(fetching, 'LOCK_MALFORMED', /no plain relative path/)
      assert.equal(mirror.requests.length, 0)
    })

  it('to another digest gets FETCH_INTEGRITY, and nothing stays', async () => {
    const mirror = await startMirror({ files: filesOf('nginx') })
    const { request, store } = await scene()
    const deb = locked('nginx', { sha256: 'f'.repeat(64) })
    await assertFault(fetchDebs([deb], request({ uris: [mirror.url] }), session), 'FETCH_INTEGRITY')
    assert.deepEqual((await store.verify(session)).blobs, 0)
  })
})

describe('the file name of a deb', () => {
  test('has no epoch', () => assert.equal(debFileName(locked('nginx')), 'nginx_1.0-1_amd64.deb'))
  test('is what the lock says where the archive names it otherwise', () =>
    assert.equal(debFileName(locked('nginx', { file: 'nginx.deb' })), 'nginx.deb'))
})
