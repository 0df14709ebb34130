import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { Store } from '../../src/store/index.ts'
import { programForTests, startProgram } from '../support/child-program.ts'
import { quietSession, scratchFolder } from '../support/scratch.ts'
import { virtualClock } from '../support/virtual-clock.ts'

const session = quietSession()
const { built, start } = programForTests('test/store/processes.program.ts')

describe('several processes with one store', () => {
  it('put and read the same blobs and records, and nobody sees anything half', async () => {
    const folder = await scratchFolder()
    const runs = [0, 1, 2].map(seed => start('fill', folder, String(seed)))
    for (const run of runs) {
      const { status, errorOutput } = await run.ended()
      assert.equal(errorOutput, '')
      assert.equal(status, 0)
    }
    const store = new Store({ folder, clock: virtualClock() })
    const found = await store.verify(session)
    assert.deepEqual([found.blobs, found.objects, found.removed, found.foreign], [30, 5, [], []])
    assert.deepEqual(await readdir(join(folder, 'store-v1/temporary')), [])
  })

  it('survive one that is killed while it writes', async () => {
    const folder = await scratchFolder()
    const killed = start('hold', folder)
    const other = start('fill', folder, '1')
    await Promise.all([killed.printed('holding'), other.printed('begun')])
    killed.child.kill('SIGKILL')
    await killed.ended()
    assert.equal((await other.ended()).status, 0)

    const store = new Store({ folder, clock: virtualClock() })
    const found = await store.verify(session)
    assert.deepEqual([found.removed, found.foreign], [[], []])
    assert.equal(await store.openObject({ kind: 'pack', key: 'held' }), undefined)
    const left = await readdir(join(folder, 'store-v1/temporary'))
    assert.equal(left.length, 2, 'its two files are still there under names that mean nothing')
    const inTwoDays = new Date(Date.now() + 2 * 24 * 60 * 60 * 1000)
    await store.prune({ now: inTwoDays, unusedForMilliseconds: Number.MAX_SAFE_INTEGER }, session)
    assert.deepEqual(await readdir(join(folder, 'store-v1/temporary')), [])
  })
})

describe('a store without room', () => {
  it('ends in DISK_FULL when the file may not grow any more, and nothing stays', async () => {
    const folder = await scratchFolder()
    // A limit of the shell's on file sizes is the one way to run out of room that needs no privilege; Node ignores SIGXFSZ.
    const script = 'ulimit -f 100 && exec "$0" "$1" write "$2" 1000000'
    const { status, output } = await startProgram('/bin/sh', [
      '-c',
      script,
      process.execPath,
      built.path,
      folder,
    ]).ended()
    assert.equal(status, 0)
    const fault = JSON.parse(output)
    assert.equal(fault.code, 'DISK_FULL')
    assert.equal(fault.exitCode, 7)
    assert.match(fault.message, /^no room left to write \S+: the file would be larger than this process's limit$/)
    assert.deepEqual(await readdir(join(folder, 'store-v1/temporary')), [])
    assert.equal((await new Store({ folder, clock: virtualClock() }).verify(session)).blobs, 0)
  })
})
