import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { openPacks, type Unpacking } from '../../src/rootfs/coming-packs.ts'
import { type DebIdentity, type Pack, unpackDeb } from '../../src/rootfs/index.ts'
import { encodeManifest } from '../../src/rootfs/pack-manifest.ts'
import type { Store } from '../../src/store/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { quietSession } from '../support/scratch.ts'
import { scratchStore, storeDeb } from '../support/stored-debs.ts'
import { debs } from './sample-debs.ts'

/** A thread that takes a deb apart when it is asked for, and notes what it was told. */
function lateThread(store: Store, work: (deb: DebIdentity) => Promise<unknown>) {
  const told: string[] = []
  const unpacking: Unpacking = {
    has: () => true,
    unpacked: async deb => {
      told.push(`unpacked ${deb.name}`)
      await work(deb)
    },
    prefer: wanted => told.push(`prefer ${wanted.map(({ name }) => name).join(' ')}`),
    leaveOneProcessor: () => told.push('leave one processor'),
  }
  return { store, unpacking, told }
}

function textOf(pack: Pack): string {
  return Buffer.from(encodeManifest(pack)).toString()
}

async function storedSamples() {
  const store = await scratchStore()
  const locked: DebIdentity[] = []
  for (const description of debs) locked.push(await storeDeb(store, description))
  return { store, locked }
}

describe('a pack that a thread is still making', () => {
  it('has the control files of its deb, and nothing else until it is waited for', async () => {
    const { store, locked } = await storedSamples()
    const { unpacking, told } = lateThread(store, deb => unpackDeb(deb, store, quietSession()))
    const coming = await openPacks({ debs: locked, store, unpacking }, quietSession())
    const [first, ...others] = coming.packs
    assert.ok(first !== undefined && others.length > 0)
    assert.match(Buffer.from(first.deb.control).toString(), new RegExp(`^Package: ${first.name}$`, 'm'))
    await assertFault(async () => first.deb.entries, 'INTERNAL')
    await assertFault(async () => first.places, 'INTERNAL')

    coming.prefer(others)
    await coming.bring([first])
    assert.deepEqual(told, [
      `prefer ${others.map(({ name }) => name).join(' ')}`,
      `unpacked ${first.name}`,
      'leave one processor',
    ])
    const plain = await unpackDeb(first.locked, store, quietSession())
    assert.equal(textOf(first), textOf(plain))
    for (const pack of others) await assertFault(async () => pack.deb.entries, 'INTERNAL')
  })

  it('is waited for once', async () => {
    const { store, locked } = await storedSamples()
    const { unpacking, told } = lateThread(store, deb => unpackDeb(deb, store, quietSession()))
    const coming = await openPacks({ debs: locked, store, unpacking }, quietSession())
    await coming.bring(coming.packs)
    await coming.bring(coming.packs)
    assert.equal(told.filter(each => each.startsWith('unpacked ')).length, locked.length)
  })

  it('is not believed when the store has another one in the end', async () => {
    const { store, locked } = await storedSamples()
    const { unpacking } = lateThread(store, async () => undefined)
    const coming = await openPacks({ debs: locked, store, unpacking }, quietSession())
    await assertFault(coming.bring(coming.packs), 'STORE_CORRUPT')
  })
})

describe('a pack that is there', () => {
  it('is whole at once, whatever threads do', async () => {
    const { store, locked } = await storedSamples()
    const made: Pack[] = []
    for (const deb of locked) made.push(await unpackDeb(deb, store, quietSession()))
    const { unpacking, told } = lateThread(store, async () => undefined)
    const coming = await openPacks({ debs: locked, store, unpacking }, quietSession())
    await coming.bring(coming.packs)
    assert.deepEqual(coming.packs.map(textOf), made.map(textOf))
    assert.deepEqual(told, ['leave one processor'])
  })
})
