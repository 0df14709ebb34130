import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type PrivateKey, type PublicKey, revokeKey } from 'openpgp'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { type FaultCode, isFault } from '../../src/kernel/index.ts'
import { readKeyring, verifyClearSigned, verifyDetached } from '../../src/openpgp/index.ts'
import { askGpgv, missingGpgv, type SignedFile } from '../support/gpgv.ts'
import { skippedForWantOf } from '../support/real-archive.ts'
import { type SeededRandom, seededRandom } from '../support/seeded-random.ts'
import { clearSign, detachedSign, detachedSignUntil, makeTestKey, spliceSignatures } from '../support/signing.ts'

// gpgv knows no other time than now, so the keys and signatures of this test are made around now.
const now = new Date()
const day = 86400
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000)
const date = ago(2 * day)

const text = 'Origin: Test\nSuite: stable\n- a dash\nDate: Thu, 15 Jan 2026 10:00:00 UTC\n'
const bytesOf = (content: string): Uint8Array => new TextEncoder().encode(content)
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

interface Signed extends SignedFile {
  /** Default: the key named alice. */
  readonly ring?: readonly { write(): Uint8Array | object }[]
}

type Verdict = 'accepts' | 'refuses'
/** What it is, what we say (a fault code where we refuse it), what gpgv says, and how it is made. */
type Row = readonly [what: string, ours: 'accepts' | FaultCode, theirs: Verdict, make: () => Promise<Signed>]

const seed = 20260115
const mutants = 1500

/** Pieces that have confused parsers of signed texts. */
const pieces = [
  ...['\r', '\n', ' ', '\t', '\f', '\v', '\u0000', '\u0085', '\u2028', '\ufeff', '- ', '-', 'Suite: evil'],
  ...['-----BEGIN PGP SIGNED MESSAGE-----', '-----BEGIN PGP SIGNATURE-----', '-----END PGP SIGNATURE-----'],
  ...['Hash: SHA256', 'Hash: SHA1,SHA256', 'Hash:', 'Version: 1', 'Comment: x', 'Charset: UTF-8'],
] as const

/** gpgv writes line ends as they are in the file; what is signed has none of their blanks (RFC 9580, 7.2). */
function signedLines(text: string): string {
  const lines = text.split('\n')
  return lines.map(line => line.replace(/[ \t\r]+$/, '')).join('\n')
}

/** One to three small damages: a piece put in, a line doubled, dropped, moved or ended differently. */
function mutant(text: string, random: SeededRandom): string {
  let lines = text.split('\n')
  for (let left = 1 + random.below(3); left > 0; left--) {
    const at = random.below(lines.length)
    const line = lines[at] ?? ''
    const column = random.below(line.length + 1)
    const piece = random.pick(pieces)
    const others = lines.toSpliced(at, 1)
    const damages = [
      () => lines.with(at, line.slice(0, column) + piece + line.slice(column)),
      () => lines.toSpliced(at, 0, piece),
      () => lines.toSpliced(at, 0, line),
      () => others,
      () => others.toSpliced(random.below(lines.length), 0, line),
      () => lines.with(at, line + random.pick([' ', '\t', '\r', ' \r', '\u00a0', '\f'])),
      () => lines.with(at, line.trimEnd()),
    ] as const
    lines = random.pick(damages)()
  }
  return lines.join('\n')
}

describe.skipIf(skippedForWantOf(missingGpgv))('signed files of all kinds, beside gpgv', () => {
  let scratch: string
  let alice: PrivateKey
  let bob: PrivateKey
  let rsa: PrivateKey
  let small: PrivateKey
  let expired: PrivateKey
  let subkeyed: PrivateKey
  let revoked: PublicKey
  let good: string
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'aptroot-gpgv-'))
    const make = (name: string, more: Partial<Parameters<typeof makeTestKey>[0]> = {}) =>
      makeTestKey({ name, createdAt: ago(100 * day), ...more })
    alice = await make('Alice')
    bob = await make('Bob')
    rsa = await make('Rsa', { algorithm: 'rsa2048' })
    small = await make('Small', { algorithm: 'rsa1024' })
    expired = await make('Expired', { expiresAfterSeconds: 99 * day })
    subkeyed = await make('Carol', { withSigningSubkey: 'yes' })
    revoked = (await revokeKey({ key: bob, format: 'object' })).publicKey
    good = textOf(await clearSign(text, [alice], { date }))
  })
  afterAll(() => rm(scratch, { recursive: true, force: true }))

  const inline = (forge: (good: string) => string) => async () => ({ file: bytesOf(forge(good)) })
  const signedBy = (options: { readonly hash: 'md5' | 'sha1' | 'sha512' }) => async () => ({
    file: await clearSign(text, [rsa], { date, ...options }),
    ring: [rsa.toPublic()],
  })

  const rows: readonly Row[] = [
    ['a text by a trusted key', 'accepts', 'accepts', inline(file => file)],
    ['a text over SHA512', 'accepts', 'accepts', signedBy({ hash: 'sha512' })],
    [
      'a text by a subkey',
      'accepts',
      'accepts',
      async () => ({ file: await clearSign(text, [subkeyed], { date }), ring: [subkeyed.toPublic()] }),
    ],
    [
      'a text by two trusted keys',
      'accepts',
      'accepts',
      async () => ({ file: await clearSign(text, [alice, bob], { date }), ring: [alice.toPublic(), bob.toPublic()] }),
    ],
    [
      'a text by a trusted key and a stranger',
      'accepts',
      'accepts',
      async () => ({ file: await clearSign(text, [bob, alice], { date }) }),
    ],
    [
      'a text by a trusted key and one that expired',
      'accepts',
      'accepts',
      async () => ({
        file: await clearSign(text, [expired, alice], { date }),
        ring: [expired.toPublic(), alice.toPublic()],
      }),
    ],
    ['CRLF line ends', 'accepts', 'accepts', inline(file => file.replaceAll('\n', '\r\n'))],
    ['blank lines before and after', 'accepts', 'accepts', inline(file => `\n\n${file}\n\n`)],
    ['blanks at the end of a signed line', 'accepts', 'accepts', inline(file => file.replace('stable', 'stable  '))],
    ['Release.gpg in armor', 'accepts', 'accepts', () => detached('armored')],
    ['Release.gpg in binary', 'accepts', 'accepts', () => detached('binary')],

    ['a changed line', 'RELEASE_SIGNATURE_BAD', 'refuses', inline(file => file.replace('Test', 'Evil'))],
    ['an added line', 'RELEASE_SIGNATURE_BAD', 'refuses', inline(file => file.replace('Suite', 'Extra: 1\nSuite'))],
    ['a line less', 'RELEASE_SIGNATURE_BAD', 'refuses', inline(file => file.replace('Suite: stable\n', ''))],
    ['no signature', 'RELEASE_UNSIGNED', 'refuses', inline(() => text)],
    ['an empty file', 'RELEASE_UNSIGNED', 'refuses', inline(() => '')],
    ['a signature cut short', 'RELEASE_MALFORMED', 'refuses', inline(file => file.slice(0, -60))],
    ['a stranger', 'RELEASE_KEY_UNKNOWN', 'refuses', async () => ({ file: await clearSign(text, [bob], { date }) })],
    [
      'an expired key',
      'RELEASE_KEY_UNUSABLE',
      'refuses',
      async () => ({ file: await clearSign(text, [expired], { date }), ring: [expired.toPublic()] }),
    ],
    [
      'a revoked key',
      'RELEASE_KEY_UNUSABLE',
      'refuses',
      async () => ({ file: await clearSign(text, [bob], { date }), ring: [revoked] }),
    ],
    [
      'a signature that expired',
      'RELEASE_EXPIRED',
      'refuses',
      async () => ({
        file: bytesOf(text),
        signature: await detachedSignUntil(bytesOf(text), alice, { date, seconds: day }),
      }),
    ],
    ['a signature over MD5', 'RELEASE_WEAK_HASH', 'refuses', signedBy({ hash: 'md5' })],
    [
      'a signature by a trusted key over other bytes beside a good one',
      'RELEASE_SIGNATURE_BAD',
      'refuses',
      async () => {
        const other = textOf(await clearSign('Origin: Other\n', [bob], { date }))
        return { file: await spliceSignatures(good, other), ring: [alice.toPublic(), bob.toPublic()] }
      },
    ],
    [
      'Release.gpg over other bytes',
      'RELEASE_SIGNATURE_BAD',
      'refuses',
      async () => ({
        file: bytesOf(text),
        signature: await detachedSign(bytesOf('Origin: Other\n'), [alice], { date }),
      }),
    ],
    [
      'Release.gpg of nothing',
      'RELEASE_MALFORMED',
      'refuses',
      async () => ({ file: bytesOf(text), signature: bytesOf('') }),
    ],
    [
      'a header that is none',
      'RELEASE_MALFORMED',
      'refuses',
      inline(file => file.replace('Hash:', 'Suite: evil\nHash:')),
    ],
    [
      'a block within the block',
      'RELEASE_MALFORMED',
      'refuses',
      inline(file => file.replace('Origin', '-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nOrigin')),
    ],
    ['two blocks', 'RELEASE_MALFORMED', 'refuses', inline(file => file + file)],

    // Here we are stricter, as apt is.
    [
      'a signature of tomorrow',
      'RELEASE_FUTURE',
      'accepts',
      async () => ({ file: await clearSign(text, [alice], { date: ago(-day) }) }),
    ],
    ['junk before the block', 'RELEASE_MALFORMED', 'accepts', inline(file => `Suite: evil\n${file}`)],
    ['junk after the block', 'RELEASE_MALFORMED', 'accepts', inline(file => `${file}Suite: evil\n`)],
    ['a signature over SHA1', 'RELEASE_WEAK_HASH', 'accepts', signedBy({ hash: 'sha1' })],
    [
      'a key of RSA with 1024 bits',
      'RELEASE_KEY_WEAK',
      'accepts',
      async () => ({ file: await clearSign(text, [small], { date }), ring: [small.toPublic()] }),
    ],
    [
      'forty signatures',
      'RELEASE_MALFORMED',
      'accepts',
      async () => ({
        file: await clearSign(
          text,
          Array.from({ length: 40 }, () => alice),
          { date },
        ),
      }),
    ],
  ]

  for (const [what, ours, theirs, make] of rows)
    test(`${what}: ${ours === 'accepts' ? 'we accept it' : `we refuse it (${ours})`}, gpgv ${theirs} it`, async () => {
      const signed = await make()
      const ring = await ringOf(signed)
      const answer = await askGpgv(signed, { scratch, ring })
      const found = { ours: await askOurs(signed, ring), theirs: answer === undefined ? 'refuses' : 'accepts' }
      assert.deepEqual(found, { ours, theirs })
    })

  test('nothing is accepted that gpgv refuses', () => {
    assert.ok(rows.length >= 30)
    assert.deepEqual(
      rows.filter(([, ours, theirs]) => ours === 'accepts' && theirs === 'refuses'),
      [],
    )
  })

  test(`nor of ${mutants} mutants (seed ${seed}), and what both accept has the same text`, async () => {
    const ring = await ringOf({ file: new Uint8Array() })
    const keyring = await readKeyring(ring, 'ring')
    const random = seededRandom(seed)
    const disagreements: string[] = []
    let accepted = 0
    for (let round = 0; round < mutants; round++) {
      const file = bytesOf(mutant(good, random))
      const release = await verifyClearSigned(file, keyring, { at: now, name: 'InRelease' }).catch(error => {
        if (isFault(error)) return undefined
        throw error
      })
      if (release === undefined) continue
      accepted++
      const theirs = await askGpgv({ file }, { scratch, ring })
      const signed = theirs === undefined ? undefined : signedLines(theirs.text)
      if (signed !== release.text) disagreements.push(JSON.stringify(textOf(file)))
    }
    assert.deepEqual(disagreements, [])
    assert.ok(accepted > 10 && accepted < mutants / 2, `${accepted} of ${mutants} were accepted`)
  })

  async function detached(form: 'armored' | 'binary'): Promise<Signed> {
    return { file: bytesOf(text), signature: await detachedSign(bytesOf(text), [alice], { date, form }) }
  }

  async function ringOf({ ring = [alice.toPublic()] }: Signed): Promise<Uint8Array> {
    return Buffer.concat(ring.map(key => key.write() as Uint8Array)) // a stream only of what was read from one
  }

  async function askOurs({ file, signature }: Signed, ring: Uint8Array): Promise<'accepts' | string> {
    const keyring = await readKeyring(ring, 'ring')
    const place = { at: now, name: 'InRelease' }
    try {
      await (signature === undefined
        ? verifyClearSigned(file, keyring, place)
        : verifyDetached(file, signature, keyring, place))
      return 'accepts'
    } catch (error) {
      if (isFault(error)) return error.code
      throw error
    }
  }
})
