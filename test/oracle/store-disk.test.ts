import assert from 'node:assert/strict'
import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { Fault } from '../../src/kernel/index.ts'
import { Store } from '../../src/store/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { makeReadOnly, mountedFolder } from '../support/mounted-folder.ts'
import { quietSession } from '../support/scratch.ts'
import { virtualClock } from '../support/virtual-clock.ts'

const session = quietSession()

describe('a store on a real file system', () => {
  it('that fills up ends in DISK_FULL at every level, and what was stored before stays sound', async context => {
    const folder = await mountedFolder('size=1m')
    if (folder === undefined) return context.skip('tmpfs cannot be mounted here')
    const store = new Store({ folder, clock: virtualClock() })
    const kept = await store.putBytes(Buffer.alloc(100_000, 'kept'), session)
    let full = 0
    for (let level = 0; level < 50; level++) {
      const bytes = Buffer.alloc(850_000 + level * 4096, `level ${level}`)
      try {
        const blob = await store.putBytes(bytes, session)
        await rm(store.pathOf(blob), { force: true })
      } catch (error) {
        assert.ok(error instanceof Fault, String(error))
        assert.equal(error.code, 'DISK_FULL')
        assert.match(error.message, /the disk is full/)
        full++
      }
      assert.deepEqual(await readdir(join(folder, 'store-v1/temporary')), [])
    }
    assert.ok(full > 10 && full < 50, `${full} of 50 levels were full`)
    const found = await store.verify(session)
    assert.deepEqual([found.blobs, found.removed], [1, []])
    assert.equal(await store.check(kept), 'sound')
  })

  it('that is read-only serves what it has, and refuses the rest as STORE_UNUSABLE', async context => {
    const folder = await mountedFolder('size=1m')
    if (folder === undefined) return context.skip('tmpfs cannot be mounted here')
    await mkdir(folder, { recursive: true })
    const store = new Store({ folder, clock: virtualClock() })
    const kept = await store.putBytes(Buffer.from('kept'), session)
    makeReadOnly(folder)
    assert.equal(Buffer.from((await store.read(kept)) ?? []).toString(), 'kept')
    await assertFault(store.putBytes(Buffer.from('new'), session), 'STORE_UNUSABLE', /file system is read-only/)
  })

  it('that is read-only tells what is damaged in it, and treats that as absent', async context => {
    const folder = await mountedFolder('size=1m')
    if (folder === undefined) return context.skip('tmpfs cannot be mounted here')
    const store = new Store({ folder, clock: virtualClock() })
    const damaged = await store.putBytes(Buffer.from('whole'), session)
    await chmod(store.pathOf(damaged), 0o644)
    await writeFile(store.pathOf(damaged), 'other')
    makeReadOnly(folder)
    assert.equal(await store.check(damaged), 'corrupt')
    const { removed, left } = await store.verify(session)
    assert.deepEqual([removed, left.map(({ sha256 }) => sha256)], [[], [damaged.sha256]])
  })
})
