import assert from 'node:assert/strict'
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { concatBytes } from '../../src/kernel/index.ts'
import { type ObjectName, Store } from '../../src/store/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { scratchFolder } from '../support/scratch.ts'
import { virtualClock } from '../support/virtual-clock.ts'

const name: ObjectName = { kind: 'pack', key: 'v1 of a deb' }

async function emptyStore(): Promise<Store> {
  return new Store({ folder: await scratchFolder(), clock: virtualClock() })
}

/** The file of the only object in the store. */
async function objectFile(store: Store): Promise<string> {
  const folder = join(store.folder, 'store-v1/objects')
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter(entry => entry.isFile())
  assert.equal(files.length, 1)
  return join(files[0]!.parentPath, files[0]!.name)
}

async function change(path: string, edit: (bytes: Buffer) => Buffer): Promise<void> {
  await chmod(path, 0o644)
  await writeFile(path, edit(await readFile(path)))
}

describe('an object', () => {
  it('gives back every part of what was written, small writes and large ones', async () => {
    const store = await emptyStore()
    const piece = fc.oneof(
      { weight: 9, arbitrary: fc.uint8Array({ maxLength: 5000 }) },
      {
        weight: 1,
        arbitrary: fc.integer({ min: 900_000, max: 2_200_000 }).map(length => new Uint8Array(length).fill(length)),
      },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 8 }), fc.nat(), fc.nat(), async (pieces, from, to) => {
        await store.putObject(name, async sink => {
          for (const bytes of pieces) await sink.write(bytes)
        })
        const whole = concatBytes(pieces)
        const object = await store.openObject(name)
        assert.ok(object !== undefined)
        try {
          assert.equal(object.sizeBytes, whole.length)
          const offset = from % (whole.length + 1)
          const length = to % (whole.length - offset + 1)
          assert.ok(Buffer.from(object.read(offset, length)).equals(whole.subarray(offset, offset + length)))
          const streamed: Uint8Array[] = []
          for await (const chunk of object.stream(offset, length)) streamed.push(chunk)
          assert.ok(Buffer.concat(streamed).equals(whole.subarray(offset, offset + length)))
          await object.check()
        } finally {
          await object.close()
        }
      }),
      { seed: 4712, numRuns: 30 },
    )
  })

  it('knows its position while it is written, for those who note where things begin', async () => {
    const store = await emptyStore()
    const positions: number[] = []
    await store.putObject(name, async sink => {
      for (const length of [10, 2_000_000, 5]) {
        positions.push(sink.position)
        await sink.write(new Uint8Array(length))
      }
    })
    assert.deepEqual(positions, [0, 10, 2_000_010])
  })

  it('is undefined where none was written', async () => {
    assert.equal(await (await emptyStore()).openObject(name), undefined)
  })

  it('is replaced as a whole, and a failing writer leaves the old one', async () => {
    const store = await emptyStore()
    await store.putRecord(name, Buffer.from('old'))
    const failing = store.putObject(name, async sink => {
      await sink.write(Buffer.from('new'))
      throw new RangeError('the writer broke')
    })
    await assert.rejects(failing, RangeError)
    assert.equal(Buffer.from((await store.readRecord(name)) ?? []).toString(), 'old')
    assert.deepEqual(await readdir(join(store.folder, 'store-v1/temporary')), [])
    await store.putRecord(name, Buffer.from('new'))
    assert.equal(Buffer.from((await store.readRecord(name)) ?? []).toString(), 'new')
  })

  it('does not answer for a part it does not have', async () => {
    const store = await emptyStore()
    await store.putRecord(name, Buffer.from('12345'))
    const object = await store.openObject(name)
    await assertFault(() => object?.read(3, 3), 'STORE_CORRUPT', /has 5 bytes, but 3 at 3/)
    await assertFault(() => object?.read(-1, 3), 'STORE_CORRUPT')
    await object?.close()
  })

  it('of a kind that is no plain word is refused before a path is made of it', async () => {
    const store = await emptyStore()
    await assertFault(store.putRecord({ kind: '../x', key: 'k' }, Buffer.from('')), 'INTERNAL', /no kind/)
  })
})

describe('an object that changed on the disk', () => {
  const damages: readonly (readonly [string, (bytes: Buffer) => Buffer])[] = [
    ['lost its end', bytes => bytes.subarray(0, bytes.length - 1)],
    ['lost all its bytes', () => Buffer.alloc(0)],
    ['grew', bytes => Buffer.concat([bytes, Buffer.from('x')])],
    ['is something else', bytes => Buffer.alloc(bytes.length, 'x')],
  ]
  for (const [what, edit] of damages) {
    it(`is as good as absent when it ${what}`, async () => {
      const store = await emptyStore()
      await store.putRecord(name, Buffer.from('12345'))
      const path = await objectFile(store)
      await change(path, edit)
      assert.equal(await store.openObject(name), undefined)
      await assert.rejects(readFile(path), { code: 'ENOENT' })
    })
  }

  it('is found by a check when one bit of the payload differs, and a record is absent then', async () => {
    const store = await emptyStore()
    const flip = (bytes: Buffer) => {
      bytes[bytes.length - 1]! ^= 1
      return bytes
    }
    await store.putRecord(name, Buffer.from('12345'))
    await change(await objectFile(store), flip)
    const object = await store.openObject(name)
    await assertFault(object?.check() ?? Promise.resolve(), 'STORE_CORRUPT', /payload sha256/)
    await object?.close()
    assert.equal(await store.openObject(name), undefined)

    await store.putRecord(name, Buffer.from('12345'))
    await change(await objectFile(store), flip)
    assert.equal(await store.readRecord(name), undefined)
  })

  it('is not believed under the name of another', async () => {
    const store = await emptyStore()
    await store.putRecord(name, Buffer.from('12345'))
    const first = await objectFile(store)
    const bytes = await readFile(first)
    const other: ObjectName = { kind: 'pack', key: 'v1 of another deb' }
    await store.putRecord(other, Buffer.from('67890'))
    const folder = join(store.folder, 'store-v1/objects')
    const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter(entry => entry.isFile())
    for (const file of files) {
      const path = join(file.parentPath, file.name)
      if (path !== first) await change(path, () => bytes)
    }
    assert.equal(await store.openObject(other), undefined)
    assert.ok(await store.openObject(name).then(object => object?.close().then(() => true)))
  })

  it('under the same key of another kind is another object', async () => {
    const store = await emptyStore()
    await store.putRecord(name, Buffer.from('12345'))
    assert.equal(await store.readRecord({ ...name, kind: 'index' }), undefined)
  })
})
