import assert from 'node:assert/strict'
import { encryptKey } from 'openpgp'
import { describe, it } from 'vitest'
import { readKeyring, readSigningKey, verifyClearSigned, verifyDetached } from '../../src/openpgp/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { makeTestKey, signingDay } from '../support/signing.ts'

const text = 'Suite: bookworm\nDate: Thu, 15 Jan 2026 12:00:00 UTC\n'
const source = { name: 'repository.asc', passphrase: undefined, at: signingDay }

describe('a signing key', () => {
  it.each(['ed25519', 'rsa2048'] as const)('signs with %s what readers accept, the same each time', async algorithm => {
    const key = await makeTestKey({ name: 'Repository', algorithm })
    const signer = await readSigningKey(Buffer.from(key.armor()), source)
    const ring = await readKeyring(Buffer.from(signer.publicKey), 'archive-key.asc')
    assert.deepEqual(ring.fingerprints, [signer.fingerprint])
    const signed = await signer.clearSign(text, signingDay)
    assert.deepEqual(await signer.clearSign(text, signingDay), signed)
    const place = { at: signingDay, name: 'InRelease' }
    const release = await verifyClearSigned(signed, ring, place)
    assert.equal(release.text.trimEnd(), text.trimEnd())
    await verifyDetached(Buffer.from(text), await signer.signDetached(text, signingDay), ring, place)
  })

  it('is read in binary form and with a passphrase', async () => {
    const key = await makeTestKey({ name: 'Repository' })
    const locked = await encryptKey({ privateKey: key, passphrase: 'secret' })
    const signer = await readSigningKey(locked.write(), { ...source, passphrase: 'secret' })
    assert.equal(signer.fingerprint, key.getFingerprint().toUpperCase())
    await assertFault(readSigningKey(locked.write(), source), 'SIGNING_KEY_UNUSABLE', /none was given/)
    const fault = await assertFault(
      readSigningKey(locked.write(), { ...source, passphrase: 'wrong-word' }),
      'SIGNING_KEY_UNUSABLE',
      /does not unlock/,
    )
    assert.doesNotMatch(JSON.stringify(fault), /wrong-word/)
  })

  it('is refused when it is public, weak, expired, one of several, or no key', async () => {
    const key = await makeTestKey({ name: 'Repository' })
    const refuse = (bytes: Uint8Array) => assertFault(readSigningKey(bytes, source), 'SIGNING_KEY_UNUSABLE')
    await refuse(Buffer.from(key.toPublic().armor()))
    await refuse(Buffer.from((await makeTestKey({ name: 'Weak', algorithm: 'rsa1024' })).armor()))
    await refuse(Buffer.from((await makeTestKey({ name: 'Old', expiresAfterSeconds: 3600 })).armor()))
    await refuse(Buffer.concat([key.write(), (await makeTestKey({ name: 'Second' })).write()]))
    await refuse(Buffer.from('no key'))
    await refuse(Buffer.of())
  })
})
