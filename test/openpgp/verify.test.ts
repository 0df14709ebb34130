import assert from 'node:assert/strict'
import { type PrivateKey, reformatKey, revokeKey } from 'openpgp'
import { beforeAll, describe, test } from 'vitest'
import type { FaultCode } from '../../src/kernel/index.ts'
import { type Keyring, readKeyring, verifyClearSigned, verifyDetached } from '../../src/openpgp/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import {
  clearSign,
  detachedSign,
  detachedSignUntil,
  keyringOf,
  makeTestKey,
  signingDay,
  spliceSignatures,
} from '../support/signing.ts'

const text = 'Origin: Test\nSuite: stable\nDescription: a dash at the start of a line\n - is escaped\n- so is this\n'
const name = 'http://mirror.example.org/dists/stable/InRelease'
const at = new Date('2026-01-20T00:00:00Z')

let alice: PrivateKey
let bob: PrivateKey
let trusted: Keyring
let signed: Uint8Array

beforeAll(async () => {
  alice = await makeTestKey({ name: 'Alice' })
  bob = await makeTestKey({ name: 'Bob' })
  trusted = await keyringOf(alice)
  signed = await clearSign(text, [alice])
})

const bytesOf = (content: string): Uint8Array => new TextEncoder().encode(content)
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const fingerprintOf = (key: PrivateKey): string => key.getFingerprint().toUpperCase()
const verifyAt = (bytes: Uint8Array, keyring: Keyring, date: Date = at) =>
  verifyClearSigned(bytes, keyring, { at: date, name })

describe('an InRelease file', () => {
  test('signed by a trusted key gives exactly the text that was signed', async () => {
    const release = await verifyAt(signed, trusted)
    assert.equal(release.text, text)
    assert.deepEqual(release.signers, [
      { fingerprint: fingerprintOf(alice), userId: 'Alice <alice@example.org>', signedAt: signingDay },
    ])
    assert.deepEqual(release.uncounted, [])
  })

  test('signed by a subkey names the primary key', async () => {
    const carol = await makeTestKey({ name: 'Carol', withSigningSubkey: 'yes' })
    const release = await verifyAt(await clearSign(text, [carol]), await keyringOf(carol))
    assert.equal(release.signers[0].fingerprint, fingerprintOf(carol))
  })

  test('signed by two keys names both, in the order of their fingerprints', async () => {
    const release = await verifyAt(await clearSign(text, [bob, alice]), await keyringOf(alice, bob))
    assert.deepEqual(
      release.signers.map(each => each.fingerprint),
      [fingerprintOf(alice), fingerprintOf(bob)].sort(),
    )
  })

  test('with a co-signer that is not trusted is good and names the stranger', async () => {
    const release = await verifyAt(await clearSign(text, [bob, alice]), trusted)
    assert.deepEqual(release.uncounted, [
      { keyId: fingerprintOf(bob).slice(-16), reason: 'the key is not in the key ring' },
    ])
  })

  test('with CRLF line ends is the same text', async () => {
    const release = await verifyAt(bytesOf(textOf(signed).replaceAll('\n', '\r\n')), trusted)
    assert.equal(release.text, text)
  })

  test('with a million blanks before a letter is judged as soon as any other', async () => {
    const forged = bytesOf(textOf(signed).replace('Origin: Test', `Origin: Test${' '.repeat(1_000_000)}s`))
    await assertFault(verifyAt(forged, trusted), 'RELEASE_SIGNATURE_BAD')
  })

  test('may have blank lines around the block', async () => {
    const release = await verifyAt(bytesOf(`\n \r\n${textOf(signed)}\n\n`), trusted)
    assert.equal(release.text, text)
  })
})

describe('a forged InRelease file', () => {
  const forgeries: readonly [string, FaultCode, RegExp, (good: string) => string][] = [
    ['a changed line', 'RELEASE_SIGNATURE_BAD', /does not match the signed text/, good => good.replace('Test', 'Evil')],
    ['an added line', 'RELEASE_SIGNATURE_BAD', /does not match/, good => good.replace('Suite', 'Extra: 1\nSuite')],
    ['no block at all', 'RELEASE_UNSIGNED', /no signature/, () => text],
    ['a web page', 'RELEASE_UNSIGNED', /no signature/, () => '<html><body>Please log in</body></html>'],
    ['no bytes', 'RELEASE_UNSIGNED', /no signature/, () => ''],
    [
      'junk before the block',
      'RELEASE_MALFORMED',
      /line 1, "Suite: evil", stands before/,
      good => `Suite: evil\n${good}`,
    ],
    ['a byte order mark', 'RELEASE_UNSIGNED', /./, good => `\ufeff${good}`],
    ['junk after the block', 'RELEASE_MALFORMED', /stands after the signed block/, good => `${good}Suite: evil\n`],
    ['a second block', 'RELEASE_MALFORMED', /stands after the signed block/, good => good + good],
    [
      'a block within the block',
      'RELEASE_MALFORMED',
      /unescaped hyphen/,
      good => good.replace('Origin', '-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nOrigin'),
    ],
    [
      'a line of its signature twice',
      'RELEASE_MALFORMED',
      /signature block is damaged/,
      good => good.replace(/(\n[^\n]+)(\n=[^\n]{4}\n)/, '$1$1$2'),
    ],
    ['a carriage return within a line', 'RELEASE_MALFORMED', /a control character/, good => good.replace('Te', 'T\re')],
    ['no Hash header', 'RELEASE_MALFORMED', /has no Hash header/, good => good.replace(/^Hash: .*\n/m, '')],
    ['an unknown header', 'RELEASE_MALFORMED', /no Hash header/, good => good.replace('Hash:', 'Suite: evil\nHash:')],
    [
      'text where headers are read by some and not by others',
      'RELEASE_MALFORMED',
      /no Hash header/,
      good => good.replace(/(Hash: \w+\n)/, '$1\u2028Suite: evil\n'),
    ],
    ['a signature cut short', 'RELEASE_MALFORMED', /ends before/, good => good.slice(0, -40)],
    [
      'a signature of noise',
      'RELEASE_MALFORMED',
      /cannot be read/,
      good => good.replace(/\n\nwn[\s\S]*?\n-----END/, '\n\nAAAA\n-----END'),
    ],
    ['an empty signature', 'RELEASE_MALFORMED', /./, good => good.replace(/\n\nw[\s\S]*?\n-----END/, '\n\n\n-----END')],
    ['text that is not UTF-8', 'RELEASE_MALFORMED', /not UTF-8/, good => good],
  ]
  for (const [what, code, message, forge] of forgeries)
    test(`with ${what} is refused as ${code}`, async () => {
      let bytes = bytesOf(forge(textOf(signed)))
      if (what === 'text that is not UTF-8') bytes = Uint8Array.from(bytes, byte => (byte === 0x54 ? 0xe9 : byte))
      await assertFault(verifyAt(bytes, trusted), code, message)
    })

  test('is refused at every single flipped bit of text and signature, or means the same', async () => {
    const good = await verifyAt(signed, trusted)
    for (let at = 0; at < signed.length; at += 7) {
      const bytes = Uint8Array.from(signed)
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 7))
      const found = await verifyAt(bytes, trusted).catch((error: unknown) => error)
      if (found instanceof Error) assert.match((found as { code?: string }).code ?? found.message, /^RELEASE_/)
      else assert.deepEqual({ at, text: (found as typeof good).text }, { at, text: good.text })
    }
  })

  test('with a thousand signatures costs nothing', async () => {
    const many = await clearSign(
      text,
      Array.from({ length: 40 }, () => alice),
    )
    await assertFault(verifyAt(many, trusted), 'RELEASE_MALFORMED', /40 signatures/)
  })
})

describe('a signature', () => {
  test('by an unknown key names that key and the fingerprints that are trusted', async () => {
    const fault = await assertFault(verifyAt(await clearSign(text, [bob]), trusted), 'RELEASE_KEY_UNKNOWN')
    assert.ok(fault.message.includes(fingerprintOf(bob).slice(-16)), fault.message)
    assert.ok(fault.message.includes(fingerprintOf(alice)), fault.message)
    assert.match(fault.hint ?? '', /signed-by/)
  })

  test('by a trusted key over other bytes is refused even beside a good one, as apt refuses it', async () => {
    const other = textOf(await clearSign('Origin: Other\n', [bob]))
    const spliced = await spliceSignatures(textOf(signed), other)
    await assertFault(verifyAt(spliced, await keyringOf(alice, bob)), 'RELEASE_SIGNATURE_BAD')
  })

  for (const hash of ['md5', 'sha1'] as const)
    test(`over ${hash.toUpperCase()} is refused, since such texts can be forged`, async () => {
      const rsa = await makeTestKey({ name: 'Rsa', algorithm: 'rsa2048' })
      const weak = await clearSign(text, [rsa], { hash })
      await assertFault(verifyAt(weak, await keyringOf(rsa)), 'RELEASE_WEAK_HASH', new RegExp(hash, 'i'))
    })

  test('over SHA1 beside one over SHA256 changes nothing', async () => {
    const rsa = await makeTestKey({ name: 'Rsa', algorithm: 'rsa2048' })
    const weak = textOf(await clearSign(text, [rsa], { hash: 'sha1' }))
    const release = await verifyAt(await spliceSignatures(textOf(signed), weak), await keyringOf(alice, rsa))
    assert.equal(release.signers.length, 1)
    assert.match(release.uncounted[0]?.reason ?? '', /SHA1/)
  })

  test('by RSA of 1024 bits is refused', async () => {
    const small = await makeTestKey({ name: 'Small', algorithm: 'rsa1024' })
    await assertFault(
      verifyAt(await clearSign(text, [small]), await keyringOf(small)),
      'RELEASE_KEY_WEAK',
      /rsa1024, at least rsa2048/,
    )
  })

  test('by a key that expired since is refused: expiry is judged now, not when it was made', async () => {
    const brief = await makeTestKey({ name: 'Brief', expiresAfterSeconds: 240 * 86400 })
    const release = await clearSign(text, [brief])
    const keyring = await keyringOf(brief)
    assert.ok(await verifyAt(release, keyring, new Date('2026-01-16T00:00:00Z')), 'good while the key lives')
    const fault = await assertFault(
      verifyAt(release, keyring, new Date('2026-02-01T00:00:00Z')),
      'RELEASE_KEY_UNUSABLE',
      /expired on 2026-01-27/,
    )
    assert.match(fault.hint ?? '', /--as-of/)
  })

  test('by a key whose life was prolonged after signing is good', async () => {
    const prolonged = await reformatKey({
      privateKey: alice,
      userIDs: [{ name: 'Alice', email: 'alice@example.org' }],
      date: new Date('2026-01-18T00:00:00Z'),
      format: 'object',
    })
    assert.ok(await verifyAt(signed, await keyringOf(prolonged.privateKey)))
  })

  test('by a revoked key is refused whenever it was made', async () => {
    const { publicKey } = await revokeKey({ key: alice, format: 'object' })
    const keyring = await readKeyring(publicKey.write() as Uint8Array, 'revoked')
    await assertFault(verifyAt(signed, keyring), 'RELEASE_KEY_UNUSABLE', /is revoked/)
  })

  test('that says when it expires is refused from then on', async () => {
    const bytes = bytesOf(text)
    const signature = await detachedSignUntil(bytes, alice, { date: signingDay, seconds: 3 * 86400 })
    const judge = (date: string) => verifyDetached(bytes, signature, trusted, { at: new Date(date), name })
    assert.ok(await judge('2026-01-17T00:00:00Z'))
    const fault = await assertFault(judge('2026-01-19T00:00:00Z'), 'RELEASE_EXPIRED', /expired on 2026-01-18/)
    assert.match(fault.hint ?? '', /--as-of/)
  })

  test('from the next hour is a slow clock, from tomorrow it is refused', async () => {
    assert.ok(await verifyAt(signed, trusted, new Date(signingDay.getTime() - 1800_000)))
    await assertFault(
      verifyAt(signed, trusted, new Date(signingDay.getTime() - 86400_000)),
      'RELEASE_FUTURE',
      /2026-01-15T12:00:00/,
    )
  })
})

describe('Release with Release.gpg', () => {
  const bytes = bytesOf(text)
  for (const form of ['armored', 'binary'] as const)
    test(`is verified by a signature in ${form} form`, async () => {
      const release = await verifyDetached(bytes, await detachedSign(bytes, [alice], { form }), trusted, { at, name })
      assert.equal(release.text, text)
      assert.equal(release.signers[0].fingerprint, fingerprintOf(alice))
    })

  test('is refused when a byte of Release differs', async () => {
    const signature = await detachedSign(bytes, [alice])
    await assertFault(
      verifyDetached(bytesOf(text.replace('Test', 'Evil')), signature, trusted, { at, name }),
      'RELEASE_SIGNATURE_BAD',
    )
  })

  const noSignatures: readonly [string, string][] = [
    ['nothing', ''],
    ['a web page', '<html></html>'],
    ['two blocks', '-----BEGIN PGP SIGNATURE-----\n-----BEGIN PGP SIGNATURE-----\n'],
  ]
  for (const [what, content] of noSignatures)
    test(`is refused when Release.gpg is ${what}`, async () => {
      await assertFault(verifyDetached(bytes, bytesOf(content), trusted, { at, name }), 'RELEASE_MALFORMED')
    })
})
