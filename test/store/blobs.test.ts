import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { chmod, mkdir, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { type BlobIdentity, Store } from '../../src/store/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { quietSession, recordedSession, scratchFolder } from '../support/scratch.ts'
import { virtualClock } from '../support/virtual-clock.ts'

const session = quietSession()

function identityOf(bytes: Uint8Array): BlobIdentity {
  return { sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes: bytes.length }
}

async function emptyStore(): Promise<Store> {
  return new Store({ folder: await scratchFolder(), clock: virtualClock() })
}

async function temporaryFiles(store: Store): Promise<string[]> {
  return readdir(join(store.folder, 'store-v1/temporary'))
}

describe('a blob', () => {
  it('is read back as it was put, whatever the bytes and the chunks', async () => {
    const store = await emptyStore()
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 2000 }), { maxLength: 5 }), async chunks => {
        const whole = Buffer.concat(chunks)
        const blob = identityOf(whole)
        assert.equal((await store.put(chunks, blob, session)).kind, 'stored')
        assert.deepEqual(Buffer.from((await store.read(blob)) ?? []), whole)
      }),
      { seed: 4711, numRuns: 40 },
    )
  })

  it('lies under its sha256 in a folder of the layout version, read-only', async () => {
    const store = await emptyStore()
    const blob = await store.putBytes(Buffer.from('hello'), session)
    const expected = 'store-v1/sha256/2c/f24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'
    assert.equal(store.pathOf(blob), join(store.folder, expected))
    const { mode } = await stat(store.pathOf(blob))
    assert.equal(mode & 0o222, 0)
  })

  it('is absent from an empty store, and asking creates nothing', async () => {
    const store = await emptyStore()
    const blob = identityOf(Buffer.from('absent'))
    assert.equal(await store.has(blob), false)
    assert.equal(await store.check(blob), 'absent')
    assert.equal(await store.read(blob), undefined)
    assert.deepEqual(await readdir(store.folder), [])
  })

  it('with other bytes than promised is refused, and nothing stays', async () => {
    const store = await emptyStore()
    const wanted = identityOf(Buffer.from('right'))
    const wrong = identityOf(Buffer.from('wrong'))
    const outcome = await store.put([Buffer.from('wrong')], wanted, session)
    assert.deepEqual(outcome, { kind: 'wrong-digest', sha256: wrong.sha256 })
    assert.equal(await store.has(wanted), false)
    assert.deepEqual(await temporaryFiles(store), [])
  })

  it('that ends early or goes on too long is refused, and an endless one is not read to its end', async () => {
    const store = await emptyStore()
    const wanted = identityOf(Buffer.from('12345'))
    assert.deepEqual(await store.put([Buffer.from('123')], wanted, session), { kind: 'too-short', sizeBytes: 3 })
    let chunks = 0
    function* endless(): Generator<Uint8Array> {
      for (;;) {
        chunks++
        yield Buffer.from('12')
      }
    }
    assert.deepEqual(await store.put(endless(), wanted, session), { kind: 'too-long' })
    assert.equal(chunks, 3)
    assert.deepEqual(await temporaryFiles(store), [])
  })

  it('whose source fails is not there, and the failure arrives unchanged', async () => {
    const store = await emptyStore()
    const wanted = identityOf(Buffer.from('12345'))
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('123')
      throw new RangeError('the source broke')
    }
    await assert.rejects(store.put(failing(), wanted, session), RangeError)
    assert.equal(await store.has(wanted), false)
    assert.deepEqual(await temporaryFiles(store), [])
  })

  it('being written is given up when the session is interrupted', async () => {
    const store = await emptyStore()
    const interrupted = recordedSession()
    const wanted = identityOf(Buffer.from('12345'))
    async function* source(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('123')
      interrupted.abort(new Error('interrupted'))
      yield Buffer.from('45')
    }
    await assert.rejects(store.put(source(), wanted, interrupted), /interrupted/)
    assert.deepEqual(await temporaryFiles(store), [])
  })

  it('that was put twice at the same time is there once', async () => {
    const store = await emptyStore()
    const bytes = Buffer.alloc(300_000, 'x')
    const blobs = await Promise.all(Array.from({ length: 8 }, () => store.putBytes(bytes, session)))
    assert.equal(new Set(blobs.map(blob => blob.sha256)).size, 1)
    assert.deepEqual(await readdir(dirname(store.pathOf(blobs[0]!))), [blobs[0]!.sha256.slice(2)])
    assert.deepEqual(await temporaryFiles(store), [])
  })
})

describe('a blob that changed on the disk', () => {
  async function damaged(change: (bytes: Buffer) => Buffer): Promise<{ store: Store; blob: BlobIdentity }> {
    const store = await emptyStore()
    const blob = await store.putBytes(Buffer.alloc(100_000, 'deb'), session)
    const path = store.pathOf(blob)
    await chmod(path, 0o644)
    await writeFile(path, change(await readFile(path)))
    return { store, blob }
  }
  const flipped = (bytes: Buffer) => {
    bytes[50_000] = 0
    return bytes
  }

  it('is found corrupt by a check, and removed so that it can be fetched again', async () => {
    const { store, blob } = await damaged(flipped)
    assert.equal(await store.check(blob), 'corrupt')
    assert.equal(await store.check(blob), 'absent')
  })

  it('and became a terabyte long is found corrupt without being read', async () => {
    const { store, blob } = await damaged(flipped)
    await truncate(store.pathOf(blob), 2 ** 40)
    assert.equal(await store.check(blob), 'corrupt')
    assert.equal(await store.check(blob), 'absent')
  })

  it('is never returned by a read', async () => {
    const { store, blob } = await damaged(flipped)
    const fault = await assertFault(store.read(blob), 'STORE_CORRUPT', /has sha256 [0-9a-f]{64}$/)
    assert.match(fault.hint ?? '', /store verify/)
    assert.equal(await store.has(blob), false)
  })

  it('and became shorter is not there for `has`, and a fault for who streams it', async () => {
    const { store, blob } = await damaged(bytes => bytes.subarray(0, 10))
    assert.equal(await store.has(blob), false)
    await assertFault(store.stream(blob).next(), 'STORE_CORRUPT', /10 bytes, but 100000/)
  })
})

describe('an interrupted blob', () => {
  const bytes = Buffer.alloc(200_000, 'abc')
  const blob = identityOf(bytes)

  it('goes on where it stopped, and is hashed as a whole', async () => {
    const store = await emptyStore()
    const first = await store.beginBlob(blob)
    await first.write(bytes.subarray(0, 150_000))
    await first.suspend()
    const second = await store.beginBlob(blob)
    assert.equal(second.sizeBytes, 150_000)
    await second.write(bytes.subarray(150_000))
    assert.deepEqual(await second.commit(), { kind: 'stored', path: store.pathOf(blob) })
    assert.deepEqual(Buffer.from((await store.read(blob)) ?? []), bytes)
  })

  it('is taken over by one writer only', async () => {
    const store = await emptyStore()
    const first = await store.beginBlob(blob)
    await first.write(bytes.subarray(0, 150_000))
    await first.suspend()
    const [second, third] = await Promise.all([store.beginBlob(blob), store.beginBlob(blob)])
    assert.deepEqual([second.sizeBytes, third.sizeBytes].sort(), [0, 150_000])
    await second.discard()
    await third.discard()
  })

  it('with a damaged beginning is refused at the end and can start again', async () => {
    const store = await emptyStore()
    const first = await store.beginBlob(blob)
    await first.write(Buffer.alloc(150_000, 'z'))
    await first.suspend()
    const second = await store.beginBlob(blob)
    await second.write(bytes.subarray(150_000))
    assert.equal((await second.commit()).kind, 'wrong-digest')
    await second.restart()
    await second.write(bytes)
    assert.equal((await second.commit()).kind, 'stored')
  })

  it('of a few bytes is not kept', async () => {
    const store = await emptyStore()
    const first = await store.beginBlob(blob)
    await first.write(bytes.subarray(0, 1000))
    await first.suspend()
    assert.equal((await store.beginBlob(blob)).sizeBytes, 0)
  })
})

describe('a store that cannot be used', () => {
  it('because a file lies where its folder should be says so', async () => {
    const folder = await scratchFolder()
    await writeFile(join(folder, 'file'), '')
    const store = new Store({ folder: join(folder, 'file'), clock: virtualClock() })
    const fault = await assertFault(store.putBytes(Buffer.from('x'), session), 'STORE_UNUSABLE', /not a folder/)
    assert.equal(fault.exitCode, 7)
    await assertFault(store.has(identityOf(Buffer.from('x'))), 'STORE_UNUSABLE')
  })

  it.skipIf(process.getuid?.() === 0)('because its folder is read-only says so', async () => {
    const folder = await scratchFolder()
    await mkdir(join(folder, 'store-v1'), { mode: 0o555 })
    const store = new Store({ folder, clock: virtualClock() })
    await assertFault(store.putBytes(Buffer.from('x'), session), 'STORE_UNUSABLE', /permission denied/)
  })

  it('is never reached by a digest that is none', async () => {
    const store = await emptyStore()
    await assertFault(store.has({ sha256: '../../etc/passwd', sizeBytes: 1 }), 'INTERNAL', /no sha256/)
  })
})
