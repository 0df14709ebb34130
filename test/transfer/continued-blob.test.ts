import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, it } from 'vitest'
import { assertFault } from '../support/assert-fault.ts'
import { beginning, blob, deb, leftovers, path } from '../support/deb-download.ts'
import { startMirror } from '../support/loopback-mirror.ts'
import { quietSession, recordedSession, scratchFolder } from '../support/scratch.ts'
import { identityOf, transferScene } from '../support/transfer-world.ts'

const session = quietSession()

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
