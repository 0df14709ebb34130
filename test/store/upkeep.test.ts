import assert from 'node:assert/strict'
import { chmod, mkdir, readdir, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { type BlobIdentity, Store } from '../../src/store/index.ts'
import { quietSession, scratchFolder } from '../support/scratch.ts'
import { type VirtualClock, virtualClock } from '../support/virtual-clock.ts'

const session = quietSession()
const dayMilliseconds = 24 * 60 * 60 * 1000

async function emptyStore(): Promise<{ store: Store; clock: VirtualClock; top: string }> {
  const clock = virtualClock()
  const folder = await scratchFolder()
  return { store: new Store({ folder, clock }), clock, top: join(folder, 'store-v1') }
}

async function setAge(path: string, clock: VirtualClock, days: number): Promise<void> {
  const time = new Date(clock.now().getTime() - days * dayMilliseconds)
  await utimes(path, time, time)
}

describe('store verify', () => {
  it('counts what is sound, removes what is not, and leaves alone what is not ours', async () => {
    const { store, top } = await emptyStore()
    const sound = await store.putBytes(Buffer.from('sound'), session)
    const damaged = await store.putBytes(Buffer.from('damaged'), session)
    await store.putRecord({ kind: 'index', key: 'one' }, Buffer.from('record'))
    await chmod(store.pathOf(damaged), 0o644)
    await writeFile(store.pathOf(damaged), 'changed')
    await writeFile(join(top, 'sha256/README'), 'not ours')
    await mkdir(join(top, 'partial'), { recursive: true })
    await symlink('/etc/passwd', join(top, 'partial', sound.sha256))

    const found = await store.verify(session)
    assert.equal(found.blobs, 2)
    assert.equal(found.objects, 1)
    assert.deepEqual(
      found.removed.map(each => each.path),
      [`sha256/${damaged.sha256.slice(0, 2)}/${damaged.sha256.slice(2)}`],
    )
    assert.match(found.removed[0]?.reason ?? '', /has sha256/)
    assert.deepEqual(found.foreign, ['sha256/README', `partial/${sound.sha256}`])
    assert.equal(await store.has(sound), true)
    assert.equal(await store.has(damaged), false)
    assert.deepEqual((await store.verify(session)).removed, [])
  })

  it('finds nothing in a store that does not exist yet', async () => {
    const { store } = await emptyStore()
    const nothing = { blobs: 0, objects: 0, sizeBytes: 0, removed: [], left: [], foreign: [], layers: [] }
    assert.deepEqual(await store.verify(session), nothing)
  })

  it('reads every object against its own checksum', async () => {
    const { store, top } = await emptyStore()
    await store.putRecord({ kind: 'index', key: 'one' }, Buffer.from('record'))
    const files = await readdir(join(top, 'objects/index'), { recursive: true, withFileTypes: true })
    const file = files.find(each => each.isFile())
    assert.ok(file !== undefined)
    const path = join(file.parentPath, file.name)
    await chmod(path, 0o644)
    await writeFile(path, 'cut')
    const found = await store.verify(session)
    assert.deepEqual(
      found.removed.map(each => each.reason),
      ['is no object, or was cut short'],
    )
  })
})

describe('store prune', () => {
  async function putAged(store: Store, clock: VirtualClock, text: string, days: number): Promise<BlobIdentity> {
    const blob = await store.putBytes(Buffer.from(text), session)
    await setAge(store.pathOf(blob), clock, days)
    return blob
  }

  it('removes what was unused for long and keeps what a lock still names', async () => {
    const { store, clock } = await emptyStore()
    const young = await putAged(store, clock, 'young', 5)
    const old = await putAged(store, clock, 'old', 40)
    const named = await putAged(store, clock, 'named', 400)
    const result = await store.prune(
      { now: clock.now(), unusedForMilliseconds: 30 * dayMilliseconds, keep: { blobs: [named.sha256] } },
      session,
    )
    assert.deepEqual(result, { removedFiles: 1, freedBytes: 3, keptFiles: 2, keptBytes: 10 })
    assert.deepEqual(await Promise.all([young, old, named].map(blob => store.has(blob))), [true, false, true])
  })

  it('goes down to a size, beginning with what nobody used for longest, and leaves what a lock names', async () => {
    const { store, clock } = await emptyStore()
    const [young, older, named] = [
      await putAged(store, clock, 'y'.repeat(100), 1),
      await putAged(store, clock, 'o'.repeat(100), 2),
      await putAged(store, clock, 'n'.repeat(100), 3),
    ]
    const unusedForMilliseconds = 30 * dayMilliseconds
    const keep = { blobs: [named.sha256] }
    const result = await store.prune({ now: clock.now(), unusedForMilliseconds, maximumBytes: 250, keep }, session)
    assert.deepEqual(result, { removedFiles: 1, freedBytes: 100, keptFiles: 2, keptBytes: 200 })
    assert.deepEqual(await Promise.all([young, older, named].map(blob => store.has(blob))), [true, false, true])
    await store.prune({ now: clock.now(), unusedForMilliseconds, maximumBytes: 0, keep }, session)
    assert.deepEqual(await Promise.all([young, named].map(blob => store.has(blob))), [false, true])
  })

  it('counts a read as use', async () => {
    const { store, clock } = await emptyStore()
    const blob = await putAged(store, clock, 'old but read', 400)
    await store.read(blob)
    await store.prune({ now: clock.now(), unusedForMilliseconds: dayMilliseconds }, session)
    assert.equal(await store.has(blob), true)
  })

  it('keeps an object by its name', async () => {
    const { store, clock } = await emptyStore()
    const kept = { kind: 'pack', key: 'kept' }
    await store.putRecord(kept, Buffer.from('1'))
    await store.putRecord({ kind: 'pack', key: 'unused' }, Buffer.from('2'))
    clock.advance(10 * 365 * dayMilliseconds)
    const result = await store.prune(
      { now: clock.now(), unusedForMilliseconds: dayMilliseconds, keep: { objects: [kept] } },
      session,
    )
    assert.equal(result.removedFiles, 1)
    assert.ok(await store.readRecord(kept))
  })

  it('removes temporary files and partial downloads whose writer is gone, and no younger ones', async () => {
    const { store, clock, top } = await emptyStore()
    await store.putBytes(Buffer.from('x'), session)
    const abandoned = join(top, 'temporary', '0'.repeat(32))
    const written = join(top, 'temporary', '1'.repeat(32))
    await writeFile(abandoned, 'half')
    await writeFile(written, 'half')
    await setAge(abandoned, clock, 2)
    await setAge(written, clock, 0)
    await store.prune({ now: clock.now(), unusedForMilliseconds: 0 }, session)
    assert.deepEqual(await readdir(join(top, 'temporary')), ['1'.repeat(32)])
  })

  it('never touches a file that is not ours', async () => {
    const { store, clock, top } = await emptyStore()
    await store.putBytes(Buffer.from('x'), session)
    const foreign = join(top, 'sha256', 'notes.txt')
    await writeFile(foreign, 'mine')
    await setAge(foreign, clock, 1000)
    await store.prune({ now: clock.now(), unusedForMilliseconds: 0 }, session)
    assert.deepEqual(await readdir(join(top, 'sha256')).then(names => names.includes('notes.txt')), true)
  })
})
