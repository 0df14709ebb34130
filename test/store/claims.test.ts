import assert from 'node:assert/strict'
import { chmod, readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { Store } from '../../src/store/index.ts'
import { programForTests } from '../support/child-program.ts'
import { startMirror } from '../support/loopback-mirror.ts'
import { quietSession, scratchFolder } from '../support/scratch.ts'
import { identityOf, patternBytes, transferScene } from '../support/transfer-world.ts'
import { virtualClock } from '../support/virtual-clock.ts'
import { numberedBlob } from './numbered-blob.ts'

const session = quietSession()
const dayMilliseconds = 24 * 60 * 60 * 1000
const { start } = programForTests('test/store/processes.program.ts')
const storeIn = (folder: string) => new Store({ folder, clock: { now: () => new Date() } })

describe('a claim to make a blob', () => {
  const { blob } = numberedBlob(1000)

  it('is refused while another process that runs has it, and taken over when that was killed', async () => {
    const folder = await scratchFolder()
    const other = start('claim', folder)
    await other.printed('claimed')
    const store = storeIn(folder)
    assert.equal(await store.claimBlob(blob), 'held')
    assert.notEqual(await store.claimBlob(numberedBlob(2).blob), 'held', 'other blobs are free')
    other.child.kill('SIGKILL')
    await other.ended()
    const claim = await store.claimBlob(blob)
    assert.ok(claim !== 'held')
    assert.equal(await storeIn(folder).claimBlob(blob), 'held')
    claim.release()
    assert.notEqual(await storeIn(folder).claimBlob(blob), 'held')
  })

  it('of a process of another machine counts as long as it gives signs of life', async () => {
    const folder = await scratchFolder()
    const store = storeIn(folder)
    await store.claimBlob(numberedBlob(2).blob)
    const path = join(folder, 'store-v1/claim', blob.sha256)
    await writeFile(path, 'aptroot-process 1\npid 1\nstart 7\nplace another-boot pid:[4026531836]\n')
    assert.equal(await store.claimBlob(blob), 'held')
    const longAgo = new Date(Date.now() - 10 * 60 * 1000)
    await utimes(path, longAgo, longAgo)
    assert.notEqual(await store.claimBlob(blob), 'held')
  })

  it('that was cut short, or is no claim at all, holds nobody up', async () => {
    const folder = await scratchFolder()
    const store = storeIn(folder)
    await store.claimBlob(numberedBlob(2).blob)
    await writeFile(join(folder, 'store-v1/claim', blob.sha256), 'aptroot-process 1\npid 1')
    assert.notEqual(await store.claimBlob(blob), 'held')
  })

  it('is gone without where none can be written', async () => {
    const folder = await scratchFolder()
    const store = storeIn(folder)
    await writeFile(join(folder, 'store-v1'), 'a file where the store belongs')
    assert.notEqual(await store.claimBlob(blob), 'held')
  })

  it('lets a download wait for the process that has it, and then take its result', async () => {
    const bytes = patternBytes(100_000)
    const mirror = await startMirror({ files: { 'a.deb': bytes } })
    const deb = identityOf(bytes)
    const { transfer, store } = await transferScene()
    const claim = await store.claimBlob(deb)
    assert.ok(claim !== 'held')
    const download = transfer.downloadBlob(`${mirror.url}/a.deb`, deb, { store }, session)
    await store.put([bytes], deb, session)
    claim.release()
    await download
    assert.equal(mirror.requests.length, 0)
    assert.equal(await store.check(deb), 'sound')
  })
})

describe('a store with running processes', () => {
  it('is not pruned of what one of them may have used, and knows its dead', async () => {
    const folder = await scratchFolder()
    const store = storeIn(folder)
    const [used, unused] = [numberedBlob(1), numberedBlob(2)]
    for (const each of [used, unused]) await store.put([each.bytes], each.blob, session)
    const lastWeek = new Date(Date.now() - 7 * dayMilliseconds)
    for (const each of [used, unused]) await utimes(store.pathOf(each.blob), lastWeek, lastWeek)
    const other = start('claim', folder)
    await other.printed('claimed')
    const everything = { now: new Date(), unusedForMilliseconds: 0 }
    await store.prune(everything, session)
    assert.deepEqual([await store.has(used.blob), await store.has(unused.blob)], [true, false])

    other.child.kill('SIGKILL')
    await other.ended()
    await store.prune(everything, session)
    assert.equal(await store.has(used.blob), false)
    assert.deepEqual(await readdir(join(folder, 'store-v1/claim')), [])
    assert.equal((await readdir(join(folder, 'store-v1/running'))).length, 1, 'only this process is left')
    const { foreign, removed } = await store.verify(session)
    assert.deepEqual([foreign, removed], [[], []])
  })

  it('forgets a process that ends by itself', async () => {
    const folder = await scratchFolder()
    await start('fill', folder, '1').ended()
    assert.deepEqual(await readdir(join(folder, 'store-v1/running')), [])
  })

  it('serves what it has when nothing can be written', async () => {
    const folder = await scratchFolder()
    const { bytes, blob } = numberedBlob(3)
    await storeIn(folder).put([bytes], blob, session)
    await chmod(join(folder, 'store-v1'), 0o555)
    const store = new Store({ folder, clock: virtualClock() })
    assert.equal(await store.check(blob), 'sound')
  })
})
