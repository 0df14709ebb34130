import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { type DebIdentity, isUnpacked } from '../../src/rootfs/index.ts'
import { createUnpackWorkers } from '../../src/rootfs/unpack-workers.ts'
import type { Store } from '../../src/store/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { quietSession, recordedSession } from '../support/scratch.ts'
import { scratchStore, storeDeb } from '../support/stored-debs.ts'

const script = join(process.cwd(), 'dist/workers/unpack-deb.js')

function place(store: Store) {
  return { storeFolder: store.folder, storeLayers: store.layers }
}

async function stored(store: Store, names: readonly string[]): Promise<readonly DebIdentity[]> {
  const locked: DebIdentity[] = []
  for (const name of names)
    locked.push(
      await storeDeb(store, {
        control: { Package: name },
        files: [{ kind: 'file', path: `/usr/share/${name}`, content: name }],
      }),
    )
  return locked
}

describe('threads that take debs apart', () => {
  test('begin with what is preferred, as soon as they are through with what they have', async () => {
    const store = await scratchStore()
    const debs = await stored(store, ['one', 'two', 'three', 'four'])
    const session = recordedSession()
    const workers = createUnpackWorkers({ script, threads: 1, place: place(store) }, session)
    try {
      for (const deb of debs) workers.add(deb)
      workers.prefer(debs.toReversed())
      workers.leaveOneProcessor()
      await Promise.all(debs.map(deb => workers.unpacked(deb)))
    } finally {
      await workers.close()
    }
    for (const deb of debs) assert.equal(await isUnpacked(deb, store), true)
    const finished = session.events.flatMap(event => (event.kind === 'finished' ? [event.name] : []))
    assert.deepEqual(finished, ['one', 'four', 'three', 'two'])
  })

  test('give the fault of a deb that is none to whoever waits for it, however late', async () => {
    const store = await scratchStore()
    const [sound] = await stored(store, ['sound'])
    assert.ok(sound !== undefined)
    const bytes = await store.putBytes(Buffer.from('no deb'), quietSession())
    const broken = { ...sound, name: 'broken', ...bytes }
    const workers = createUnpackWorkers({ script, threads: 1, place: place(store) }, quietSession())
    try {
      workers.add(broken)
      workers.add(sound)
      await assertFault(workers.unpacked(broken), 'AR_MALFORMED')
      await assertFault(workers.unpacked(broken), 'AR_MALFORMED')
      await assertFault(workers.finish(), 'AR_MALFORMED')
    } finally {
      await workers.close()
    }
  })
})
