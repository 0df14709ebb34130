import assert from 'node:assert/strict'
import type { PrivateKey } from 'openpgp'
import { beforeAll, describe, test } from 'vitest'
import { type Continuity, listArchives } from '../../src/archive/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { startMirror } from '../support/loopback-mirror.ts'
import { archivesRequestOf } from '../support/opened-archives.ts'
import { quietSession, recordedSession } from '../support/scratch.ts'
import { archiveOf, type SuiteRequest, signedSuite } from '../support/signed-suite.ts'
import { keyringOf, makeTestKey } from '../support/signing.ts'

let keys: readonly [old: PrivateKey, other: PrivateKey, next: PrivateKey]
beforeAll(async () => {
  keys = [await makeTestKey({ name: 'Old' }), await makeTestKey({ name: 'Other' }), await makeTestKey({ name: 'Next' })]
})

const fingerprintOf = (key: PrivateKey) => key.getFingerprint().toUpperCase()

/** A mirror of one suite whose key ring trusts all three keys, as a distribution's ring holds the keys of many years. */
async function scene(suite: Omit<SuiteRequest, 'keys'> & { readonly keys?: readonly PrivateKey[] }) {
  const publish = async (changes: typeof suite) => signedSuite({ keys: [keys[0]], ...suite, ...changes })
  const mirror = await startMirror({ files: await publish({}) })
  const armor = keys.map(key => key.toPublic().armor()).join('\n')
  assert.equal((await keyringOf(...keys)).fingerprints.length, 3)
  const trust = { kind: 'signed-by', signedBy: { kind: 'inline', armor } } as const
  const request = await archivesRequestOf([archiveOf(mirror.url, undefined, { trust })])
  return {
    mirror,
    request,
    /** The mirror now serves this instead. */
    change: async (changes: typeof suite) => {
      for (const [path, bytes] of Object.entries(await publish(changes))) mirror.files.set(path, bytes)
    },
    list: (past: Partial<Continuity> = {}, session = quietSession()) =>
      listArchives({ ...request, continuity: continuity(past) }, session),
  }
}

function continuity(past: Partial<Continuity>): Continuity {
  return { keys: new Map(), newestLocked: () => undefined, acceptedKeys: [], rollback: 'refuse', ...past }
}

const locked = (...signers: readonly PrivateKey[]) => ({ keys: new Map([['test', signers.map(fingerprintOf)]]) })

describe('the signers of an archive', () => {
  test('may be any of the key ring for a first lock', async () => {
    const { list } = await scene({ keys: [keys[2]] })
    assert.deepEqual((await list()).releases[0]?.signers, [fingerprintOf(keys[2])])
  })

  test('may lose one of two, and gain one', async () => {
    assert.ok(await (await scene({ keys: [keys[0]] })).list(locked(keys[0], keys[1])))
    assert.ok(await (await scene({ keys: [keys[0], keys[2]] })).list(locked(keys[0], keys[1])))
  })

  test('may not all be new: the fault has both sets, and names the flag', async () => {
    const { list } = await scene({ keys: [keys[2]] })
    const fault = await assertFault(list(locked(keys[0], keys[1])), 'RELEASE_SIGNERS_NEW')
    for (const key of keys) assert.ok(fault.message.includes(fingerprintOf(key)), fault.message)
    assert.ok(fault.hint?.includes(`--accept-key ${fingerprintOf(keys[2])}`), fault.hint)
  })

  test('may all be new when one of them was accepted', async () => {
    const { list } = await scene({ keys: [keys[1], keys[2]] })
    assert.ok(await list({ ...locked(keys[0]), acceptedKeys: [fingerprintOf(keys[2])] }))
    const fault = list({ ...locked(keys[0]), acceptedKeys: ['0'.repeat(40)] })
    await assertFault(fault, 'RELEASE_SIGNERS_NEW')
  })

  test('of another archive of the lock say nothing about this one', async () => {
    const { list } = await scene({ keys: [keys[2]] })
    assert.ok(await list({ keys: new Map([['debian', [fingerprintOf(keys[0])]]]) }))
  })
})

const january = (day: number) => ({ fields: { Date: `${day} Jan 2026 10:00:00 UTC` } })
const lockedAt = (at: string) => ({
  newestLocked: (archive: string, suite: string) => (archive === 'test' && suite === 'stable' ? at : undefined),
})

describe('a Release that is older', () => {
  test('than what is locked from its suite is refused, and taken when asked for', async () => {
    const { list } = await scene(january(10))
    const fault = await assertFault(list(lockedAt('20260110T100001Z')), 'RELEASE_ROLLBACK', /20260110T100000Z/)
    assert.match(fault.message, /the lock holds debs of stable as of 20260110T100001Z/)
    assert.match(fault.hint ?? '', /--allow-rollback/)
    assert.equal(fault.exitCode, 6)
    const session = recordedSession()
    assert.ok(await list({ ...lockedAt('20260110T100001Z'), rollback: 'allow' }, session))
    assert.match(JSON.stringify(session.events), /is taken as you asked/)
  })

  test('is one of a second before; the same Date is good', async () => {
    const { list } = await scene(january(10))
    assert.ok(await list(lockedAt('20260110T100000Z')))
  })

  test('than another suite of the archive is no rollback', async () => {
    const { list } = await scene(january(10))
    const newestLocked = (_archive: string, suite: string) => (suite === 'testing' ? '20260119T100000Z' : undefined)
    assert.ok(await list({ newestLocked }))
  })

  test('than what this store has seen is refused although nothing is locked', async () => {
    const { list, change } = await scene(january(12))
    await list()
    await change(january(11))
    await assertFault(list(), 'RELEASE_ROLLBACK', /this store has seen stable as of 20260112T100000Z/)
    assert.ok(await list({ rollback: 'allow' }))
    await assertFault(list(), 'RELEASE_ROLLBACK', /20260112/)
  })

  test('is refused also from another mirror of the same archive', async () => {
    const { list, request } = await scene(january(12))
    await list()
    const older = await startMirror({ files: await signedSuite({ keys: [keys[0]], ...january(11) }) })
    const moved = listArchives({ ...request, urisOf: () => [older.url], continuity: continuity({}) }, quietSession())
    await assertFault(moved, 'RELEASE_ROLLBACK')
  })

  test('does not make the store forget, nor does a refused one become what a run offline uses', async () => {
    const { list, change, request } = await scene(january(12))
    await list()
    await change({ fields: { Date: '18 Jan 2026 10:00:00 UTC', 'Valid-Until': '19 Jan 2026 10:00:00 UTC' } })
    await assertFault(list(), 'RELEASE_EXPIRED')
    await change(january(11))
    await assertFault(list(), 'RELEASE_ROLLBACK', /20260112/)
    const offline = await listArchives({ ...request, mode: 'offline', continuity: continuity({}) }, quietSession())
    assert.equal(offline.releases[0]?.facts.at, '20260112T100000Z')
  })

  test('from a snapshot neither moves the note of what was seen', async () => {
    const { list, request } = await scene(january(12))
    const files = await signedSuite({ keys: [keys[0]], folder: '20260119T000000Z/dists/stable', ...january(18) })
    const snapshots = await startMirror({ files })
    const archives = request.archives.map(each => ({ ...each, snapshot: `${snapshots.url}/{timestamp}` }))
    const past = continuity({ rollback: 'allow' })
    assert.ok(
      await listArchives({ ...request, archives, snapshot: '20260119T000000Z', continuity: past }, quietSession()),
    )
    assert.ok(await list())
  })
})

describe('a mirror that stands still', () => {
  const stale: readonly [what: string, code: 'RELEASE_EXPIRED' | 'RELEASE_ROLLBACK', suite: Partial<SuiteRequest>][] = [
    ['expired', 'RELEASE_EXPIRED', { fields: { 'Valid-Until': '17 Jan 2026 10:00:00 UTC' } }],
    ['is older than the lock', 'RELEASE_ROLLBACK', january(10)],
  ]
  for (const [what, code, suite] of stale) {
    test(`since it ${what} is passed by for the next, and named in a warning`, async () => {
      const { mirror, request } = await scene(suite)
      const current = await startMirror({ files: await signedSuite({ keys: [keys[0]], ...january(18) }) })
      const session = recordedSession()
      const urisOf = () => [mirror.url, current.url] as const
      const past = continuity(lockedAt('20260112T100000Z'))
      const { releases } = await listArchives({ ...request, urisOf, continuity: past }, session)
      assert.equal(releases[0]?.facts.at, '20260118T100000Z')
      const warnings = session.events.flatMap(event => (event.kind === 'warned' ? [event.message] : []))
      assert.match(warnings.join('\n'), new RegExp(`^${mirror.url}/.*; asking the next mirror$`))
    })

    test(`since it ${what} is what is told when no other can be asked`, async () => {
      const { mirror, request } = await scene(suite)
      const urisOf = () => ['http://127.0.0.1:9/debian', mirror.url, 'http://127.0.0.1:9/other'] as const
      const past = continuity(lockedAt('20260112T100000Z'))
      await assertFault(listArchives({ ...request, urisOf, continuity: past }, quietSession()), code)
    })
  }

  test('is not what it is when nobody trusted has signed: then no other is asked', async () => {
    const { mirror, request } = await scene({ keys: [await makeTestKey({ name: 'Stranger' })] })
    const current = await startMirror({ files: await signedSuite({ keys: [keys[0]] }) })
    const urisOf = () => [mirror.url, current.url] as const
    await assertFault(listArchives({ ...request, urisOf }, quietSession()), 'RELEASE_KEY_UNKNOWN')
    assert.deepEqual(current.requests, [])
  })
})
