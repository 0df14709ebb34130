import assert from 'node:assert/strict'
import { lstatSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'vitest'
import { javaEnvironment, putProc } from '../../src/sandbox/proc-stand-in.ts'
import { scratchFolder } from '../support/scratch.ts'

function put(root: string, path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

describe('the /proc of a chroot', () => {
  test('says that it is mounted, and nothing of a machine or of processes; what a script wrote there is gone', async () => {
    const root = await scratchFolder()
    put(root, 'proc/self/fd/0', 'a trap')
    putProc(root)
    const mounts = readFileSync(join(root, 'proc/self/mountinfo'), 'utf8')
    assert.match(mounts, /^\d+ \d+ \d+:\d+ \/ \/proc rw - proc /m)
    assert.equal(readlinkSync(join(root, 'proc/mounts')), 'self/mounts')
    for (const gone of ['fd', 'exe'])
      assert.equal(lstatSync(join(root, 'proc/self', gone), { throwIfNoEntry: false }), undefined)
    assert.ok(lstatSync(join(root, 'proc/sys/net/ipv6')).isDirectory())
  })

  test('is open to every user of the root, whatever umask the builder has', async () => {
    const root = await scratchFolder()
    mkdirSync(join(root, 'proc'))
    const before = process.umask(0o077)
    try {
      putProc(root)
    } finally {
      process.umask(before)
    }
    const modes = ['self', 'sys/net/ipv6', 'self/mounts', 'version'].map(
      name => lstatSync(join(root, 'proc', name)).mode & 0o777,
    )
    assert.deepEqual(modes, [0o755, 0o755, 0o444, 0o444])
  })

  test('stays what a script made of it: a link is not followed out of the root', async () => {
    const [root, outside] = [await scratchFolder(), await scratchFolder()]
    put(outside, 'precious', 'kept')
    symlinkSync(outside, join(root, 'proc'))
    putProc(root)
    assert.equal(readFileSync(join(outside, 'precious'), 'utf8'), 'kept')
    assert.equal(lstatSync(join(outside, 'self'), { throwIfNoEntry: false }), undefined)
  })
})

describe('Java in a chroot', () => {
  test('finds its libraries beside the latest version', async () => {
    const root = await scratchFolder()
    for (const version of ['9', '17', '11']) put(root, `usr/lib/jvm/java-${version}-openjdk-amd64/bin/java`, '')
    put(root, 'usr/lib/jvm/java-99-openjdk-amd64:/evil/bin/java', '')
    mkdirSync(join(root, 'usr/lib/jvm/java-21-openjdk-amd64/bin/java'), { recursive: true })
    assert.deepEqual(javaEnvironment(root), { LD_ORIGIN_PATH: '/usr/lib/jvm/java-17-openjdk-amd64/bin' })
  })

  test('is not looked for where there is none, nor behind a link', async () => {
    const [root, outside] = [await scratchFolder(), await scratchFolder()]
    assert.deepEqual(javaEnvironment(root), {})
    put(outside, 'lib/jvm/java-17-openjdk-amd64/bin/java', '')
    symlinkSync(outside, join(root, 'usr'))
    assert.deepEqual(javaEnvironment(root), {})
  })
})
