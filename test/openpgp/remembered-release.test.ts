import assert from 'node:assert/strict'
import type { PrivateKey } from 'openpgp'
import { beforeAll, describe, test } from 'vitest'
import {
  readKeyring,
  readRememberedRelease,
  rememberedReleaseKey,
  type VerifiedRelease,
  verifyClearSigned,
  writeRememberedRelease,
} from '../../src/openpgp/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { clearSign, keyringOf, makeTestKey, signingDay } from '../support/signing.ts'

const text = 'Suite: stable\n- a dash\nDescription: Ünïcödé\n'
const name = 'http://mirror.example.org/dists/stable/InRelease'
const at = new Date('2026-01-20T00:00:00Z')
const dayMilliseconds = 86_400_000
const later = (date: Date | undefined, milliseconds: number) => new Date((date?.getTime() ?? Number.NaN) + milliseconds)

let key: PrivateKey
/** Ends on 2026-06-01. */
let mortal: PrivateKey
beforeAll(async () => {
  key = await makeTestKey({ name: 'Archive' })
  mortal = await makeTestKey({ name: 'Mortal', expiresAfterSeconds: 365 * 86_400 })
})

async function verified(signer: PrivateKey, date = at): Promise<VerifiedRelease> {
  return verifyClearSigned(await clearSign(text, [signer]), await keyringOf(signer), { at: date, name })
}

describe('a remembered verdict', () => {
  test('says what the verification said', async () => {
    const release = await verified(key)
    assert.deepEqual(readRememberedRelease(writeRememberedRelease(release), at), release)
  })

  test('speaks of no date on which the key has expired', async () => {
    const release = await verified(mortal)
    const record = writeRememberedRelease(release)
    const { until } = release.period
    assert.ok(until !== undefined && until < new Date('2026-06-01T00:00:00Z'), `${until}`)
    assert.notEqual(readRememberedRelease(record, until), undefined)
    assert.equal(readRememberedRelease(record, later(until, 1)), undefined)
    assert.equal(readRememberedRelease(record, new Date('2026-06-02T00:00:00Z')), undefined)
  })

  test('speaks of no date before the signature was made', async () => {
    const record = writeRememberedRelease(await verified(key))
    assert.equal(readRememberedRelease(record, later(signingDay, -2 * dayMilliseconds)), undefined)
  })

  test('has a period in which every verification finds the same', async () => {
    const signed = await clearSign(text, [mortal])
    const ring = await keyringOf(mortal)
    const release = await verifyClearSigned(signed, ring, { at, name })
    const { from, until } = release.period
    assert.ok(from !== undefined && until !== undefined)
    for (const date of [from, later(from, dayMilliseconds), later(until, -dayMilliseconds), until])
      assert.equal((await verifyClearSigned(signed, ring, { at: date, name })).signers.length, 1, `${date}`)
    const expired = { at: later(until, 2 * 3_600_000), name }
    await assertFault(() => verifyClearSigned(signed, ring, expired), 'RELEASE_KEY_UNUSABLE')
  })

  test('belongs to these bytes, this signature and this key ring', async () => {
    const [file, other] = [new Uint8Array([1]), new Uint8Array([2])]
    const names = [
      rememberedReleaseKey({ files: [file], keyring: file }),
      rememberedReleaseKey({ files: [file], keyring: other }),
      rememberedReleaseKey({ files: [other], keyring: file }),
      rememberedReleaseKey({ files: [file, file], keyring: file }),
      rememberedReleaseKey({ files: [file, other], keyring: file }),
    ]
    assert.equal(new Set(names).size, names.length)
  })

  test.each(['', '{}', '{"signers":[]}\ntext', 'no JSON\ntext'])('is not read from %j', record => {
    assert.equal(readRememberedRelease(new TextEncoder().encode(record), at), undefined)
  })

  test('of a ring with an unused key that expires ends there too', async () => {
    const armor = `${key.toPublic().armor()}\n${mortal.toPublic().armor()}`
    const ring = await readKeyring(new TextEncoder().encode(armor), 'keys/both.asc')
    const release = await verifyClearSigned(await clearSign(text, [key]), ring, { at, name })
    assert.ok((release.period.until ?? at) < new Date('2026-06-01T00:00:00Z'))
  })
})
