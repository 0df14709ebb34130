import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { keyringArmorOf } from '../../src/manifest/index.ts'
import { readKeyring } from '../../src/openpgp/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { makeTestKey } from '../support/signing.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('a key ring', () => {
  test('in several blocks of ASCII armor with notes between them has the keys of all', async () => {
    const [one, two] = await Promise.all([makeTestKey({ name: 'One' }), makeTestKey({ name: 'Two' })])
    const text = `First key:\n${one.toPublic().armor()}\nSecond key:\n${two.toPublic().armor()}`
    const keyring = await readKeyring(bytesOf(text), 'keys/test.asc')
    assert.deepEqual(
      keyring.fingerprints,
      [one, two].map(key => key.getFingerprint().toUpperCase()),
    )
  })

  test('in binary form, as in /usr/share/keyrings, reads the same', async () => {
    const [one, two] = await Promise.all([makeTestKey({ name: 'One' }), makeTestKey({ name: 'Two' })])
    const bytes = Buffer.concat([one.toPublic().write(), two.toPublic().write()])
    const keyring = await readKeyring(bytes, 'keys/test.gpg')
    assert.equal(keyring.fingerprints.length, 2)
  })

  test('of Debian that ships with aptroot has nine keys', async () => {
    const keyring = await readKeyring(bytesOf(keyringArmorOf('debian-archive') ?? ''), 'debian-archive')
    assert.equal(keyring.fingerprints.length, 9)
  })

  const refused: readonly [string, RegExp, () => Promise<Uint8Array> | Uint8Array][] = [
    ['empty', /it is empty/, () => new Uint8Array()],
    ['a text without a key', /no "-----BEGIN PGP PUBLIC KEY BLOCK-----"/, () => bytesOf('deb http://… stable main\n')],
    [
      'noise in armor',
      /no OpenPGP key ring/,
      () => bytesOf('-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----\n'),
    ],
    ['binary noise', /no OpenPGP key ring/, () => Uint8Array.from({ length: 300 }, (_, at) => 0x80 | (at * 7))],
    ['a keybox of GnuPG', /keybox/, () => bytesOf('\0\0\0 \u0001\u0001\0\u0002KBXf')],
    ['a private key', /private key/, async () => bytesOf((await makeTestKey({ name: 'Secret' })).armor())],
    ['a private key in binary form', /private key/, async () => (await makeTestKey({ name: 'Secret' })).write()],
    ['too large', /the limit is/, () => new Uint8Array(8 * 1024 * 1024 + 1)],
  ]
  for (const [what, message, make] of refused)
    test(`that is ${what} is refused`, async () => {
      await assertFault(readKeyring(await make(), 'keys/test.asc'), 'KEYRING_MALFORMED', message)
    })
})
