import assert from 'node:assert/strict'
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { Store } from '../../src/store/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { quietSession, scratchFolder } from '../support/scratch.ts'
import { virtualClock } from '../support/virtual-clock.ts'

const session = quietSession()
const record = { kind: 'index', key: 'one' }

/** Root may write anywhere, so the test becomes somebody else for a while. */
async function asOrdinaryUser(action: () => Promise<void>): Promise<void> {
  if (process.getuid?.() !== 0) return action()
  process.seteuid?.(65534)
  try {
    await action()
  } finally {
    process.seteuid?.(0)
  }
}

/** A store that others fill, and one of our own that looks into it. */
async function layered() {
  const clock = virtualClock()
  const [lower, folder] = await Promise.all([scratchFolder(), scratchFolder()])
  const shared = new Store({ folder: lower, clock })
  return { shared, lower, own: new Store({ folder, layers: [lower], clock }), folder, clock }
}

/** Every file with its contents and times: what a reader must not change. */
async function stateOf(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder, { recursive: true })
  const files = names.sort().map(async name => {
    const path = join(folder, name)
    const { mtimeMs, mode, size } = await stat(path)
    const text = (await stat(path)).isFile() ? (await readFile(path)).toString('base64') : ''
    return `${name} ${mode} ${size} ${mtimeMs} ${text}`
  })
  return Promise.all(files)
}

async function drain(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of chunks);
}

async function overwrite(path: string, text: string): Promise<void> {
  await chmod(path, 0o644)
  await writeFile(path, text)
}

describe('a layer of the store', () => {
  it('serves blobs and objects that the own folder lacks, and nothing is ever written to it', async () => {
    const { shared, lower, own, clock } = await layered()
    const blob = await shared.putBytes(Buffer.from('shared'), session)
    await shared.putRecord(record, Buffer.from('record'))
    clock.advance(400 * 24 * 60 * 60 * 1000)
    const before = await stateOf(lower)

    assert.equal(await own.has(blob), true)
    assert.equal(await own.check(blob), 'sound')
    assert.equal(Buffer.from((await own.read(blob)) ?? []).toString(), 'shared')
    assert.equal(Buffer.from((await own.readRecord(record)) ?? []).toString(), 'record')
    await own.putBytes(Buffer.from('new'), session)
    await own.prune({ now: clock.now(), unusedForMilliseconds: 0 }, session)
    await own.verify(session)
    assert.deepEqual(await stateOf(lower), before)
    assert.equal(await shared.has(blob), true)
  })

  it('comes after the own folder, and after the layers named before it', async () => {
    const { shared, own, lower, folder, clock } = await layered()
    await shared.putRecord(record, Buffer.from('shared'))
    await own.putRecord(record, Buffer.from('own'))
    const textIn = async (store: Store) => Buffer.from((await store.readRecord(record)) ?? []).toString()
    assert.equal(await textIn(own), 'own')
    const [empty, other] = await Promise.all([scratchFolder(), scratchFolder()])
    await new Store({ folder: other, clock }).putRecord(record, Buffer.from('other'))
    assert.equal(await textIn(new Store({ folder: empty, layers: [lower, folder, other], clock })), 'shared')
    assert.equal(await textIn(new Store({ folder: empty, layers: [join(empty, 'absent'), other], clock })), 'other')
  })

  it('that holds a damaged blob is not believed and not repaired; the next layer may have it sound', async () => {
    const { shared, lower, own, folder, clock } = await layered()
    const blob = await shared.putBytes(Buffer.from('shared'), session)
    await overwrite(shared.pathOf(blob), 'shaved')
    assert.equal(await own.check(blob), 'corrupt')
    assert.equal(await own.read(blob), undefined)
    const fault = await assertFault(drain(own.stream(blob)), 'STORE_CORRUPT', /in the store has sha256/)
    assert.match(fault.hint ?? '', /store-layers/)
    assert.equal((await readFile(shared.pathOf(blob))).toString(), 'shaved')

    const other = await scratchFolder()
    await new Store({ folder: other, clock }).putBytes(Buffer.from('shared'), session)
    const both = new Store({ folder, layers: [lower, other], clock })
    assert.equal(await both.check(blob), 'sound')
    assert.equal(Buffer.from((await both.read(blob)) ?? []).toString(), 'shared')

    await own.putBytes(Buffer.from('shared'), session)
    assert.equal(await own.check(blob), 'sound')
  })

  it('that holds a damaged object is not believed; what is made anew lies in the own folder', async () => {
    const { shared, lower, own } = await layered()
    await shared.putRecord(record, Buffer.from('record'))
    const [file] = (await readdir(join(lower, 'store-v1/objects'), { recursive: true, withFileTypes: true })).filter(
      each => each.isFile(),
    )
    const path = join(file?.parentPath ?? '', file?.name ?? '')
    await overwrite(path, (await readFile(path)).toString().replace('record', 'recoil'))
    assert.equal(await own.readRecord(record), undefined)
    await own.putRecord(record, Buffer.from('record'))
    assert.equal(Buffer.from((await own.readRecord(record)) ?? []).toString(), 'record')
    assert.match((await readFile(path)).toString(), /recoil$/)
  })

  it('that is no folder is STORE_UNUSABLE, and the hint names the setting', async () => {
    const { own, lower, clock } = await layered()
    const blob = await own.putBytes(Buffer.from('own'), session)
    await writeFile(join(lower, 'file'), '')
    const store = new Store({ folder: await scratchFolder(), layers: [join(lower, 'file')], clock })
    const fault = await assertFault(store.has(blob), 'STORE_UNUSABLE', /a part of the path is not a folder/)
    assert.match(fault.hint ?? '', /leave it out of --store-layer/)
  })

  it('is verified too: its damage is told, and left', async () => {
    const { shared, lower, own } = await layered()
    const blob = await shared.putBytes(Buffer.from('shared'), session)
    await overwrite(shared.pathOf(blob), 'shaved')
    const { removed, left, layers } = await own.verify(session)
    assert.deepEqual([removed, left], [[], []])
    assert.deepEqual(
      layers.map(each => [each.folder, each.blobs, each.removed, each.left.map(({ sha256 }) => sha256)]),
      [[lower, 1, [], [blob.sha256]]],
    )
    assert.equal((await readFile(shared.pathOf(blob))).toString(), 'shaved')
  })
})

describe('a store of another user', () => {
  it('serves what it has, and refuses the rest with the way out', async () => {
    const { shared, lower, clock } = await layered()
    const blob = await shared.putBytes(Buffer.from('shared'), session)
    const damaged = await shared.putBytes(Buffer.from('whole'), session)
    await overwrite(shared.pathOf(damaged), 'other')
    await shared.putRecord(record, Buffer.from('record'))
    for (const name of ['.', ...(await readdir(lower, { recursive: true }))]) {
      const path = join(lower, name)
      await chmod(path, (await stat(path)).isDirectory() ? 0o555 : 0o444)
    }
    clock.advance(400 * 24 * 60 * 60 * 1000)
    const before = await stateOf(lower)
    await asOrdinaryUser(async () => {
      const store = new Store({ folder: lower, clock })
      assert.equal(await store.check(blob), 'sound')
      assert.equal(await store.check(damaged), 'corrupt')
      assert.equal(Buffer.from((await store.readRecord(record)) ?? []).toString(), 'record')
      assert.deepEqual(
        (await store.verify(session)).left.map(({ sha256 }) => sha256),
        [damaged.sha256],
      )
      const fault = await assertFault(
        store.putBytes(Buffer.from('new'), session),
        'STORE_UNUSABLE',
        /permission denied/,
      )
      assert.match(fault.hint ?? '', /--store-layer DIR/)
    })
    // Run by an ordinary user, that user owns the store, and may note its use.
    if (process.getuid?.() === 0) assert.deepEqual(await stateOf(lower), before)
  })
})
