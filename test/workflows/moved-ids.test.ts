import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { lineOfIds, movedIds, reportMovedIds } from '../../src/workflows/moved-ids.ts'
import { plainImage } from '../support/configure-host.ts'
import { recordedSession } from '../support/scratch.ts'
import { scratchStore } from '../support/stored-debs.ts'
import { file, treeOf } from '../support/trees.ts'

const accounts = (users: Record<string, number>, groups: Record<string, number>) => ({
  users: new Map(Object.entries(users)),
  groups: new Map(Object.entries(groups)),
})

describe('an id that moved', () => {
  test('is one that a name had in both builds, with another number', () => {
    const before = accounts({ sshd: 101, _apt: 100, gone: 102 }, { _ssh: 103, messagebus: 104 })
    const after = accounts({ sshd: 105, _apt: 100, fresh: 101 }, { _ssh: 106, messagebus: 104 })
    assert.deepEqual(movedIds(before, after), [
      { name: '_ssh', user: undefined, group: { before: 103, after: 106 } },
      { name: 'sshd', user: { before: 101, after: 105 }, group: undefined },
    ])
  })

  test('is kept by a line of the manifest, short where user and group had one number', () => {
    const before = accounts({ app: 110, sshd: 101, web: 120 }, { app: 110, _ssh: 103, web: 121 })
    const after = accounts({ app: 111, sshd: 105, web: 122 }, { app: 111, _ssh: 106, web: 123 })
    assert.equal(
      lineOfIds(movedIds(before, after)),
      'ids: {_ssh: {gid: 103}, app: 110, sshd: {uid: 101}, web: {uid: 120, gid: 121}}',
    )
  })

  test('is a warning of the build that moved it, once, and never one that the manifest gave', async () => {
    const store = await scratchStore()
    const build = async (sshd: number, fixed: number) => {
      const session = recordedSession()
      const passwd = `root:x:0:0::/root:/bin/sh\nsshd:x:${sshd}:65534::/run/sshd:/usr/sbin/nologin\napp:x:${fixed}:1::/:/bin/sh\n`
      const root = treeOf({ 'etc/passwd': file(passwd), 'etc/group': file('root:x:0:\n') })
      const ids = [{ name: 'app', userId: fixed, groupId: undefined }]
      const customisation = { ...plainImage, programs: { ...plainImage.programs, ids } }
      const place = { lockPath: '/srv/web/aptroot.lock', lockName: 'aptroot.lock', architecture: 'amd64' }
      await reportMovedIds({ ...place, root, customisation }, store, session)
      return session.events.flatMap(event => (event.kind === 'warned' ? [event] : []))
    }
    assert.deepEqual(await build(101, 200), [])
    const [warning, ...more] = await build(105, 300)
    assert.deepEqual(more, [])
    assert.match(
      warning?.message ?? '',
      /^aptroot.lock, amd64: the user sshd moved from 101 to 105 since the last build/,
    )
    assert.match(warning?.hint ?? '', /under `image:` of the manifest: ids: \{sshd: \{uid: 101\}\}$/)
    assert.deepEqual(await build(105, 300), [])
  })
})
