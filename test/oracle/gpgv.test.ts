import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { isFault } from '../../src/kernel/index.ts'
import { keyringArmorOf } from '../../src/manifest/index.ts'
import { type Keyring, readKeyring, verifyClearSigned } from '../../src/openpgp/index.ts'
import { frozenAsOf, missingForRealData, skippedForWantOf } from '../support/real-archive.ts'

const run = promisify(execFile)
const gpgv = '/usr/bin/gpgv'
const missing = missingForRealData() ?? (existsSync(gpgv) ? undefined : 'gpgv is not installed')
const folder = process.env.APTROOT_TEST_ARCHIVE ?? ''

/** Primary fingerprints that GnuPG names for good signatures; undefined when it refuses the file. */
interface GpgvVerdict {
  readonly fingerprints: readonly string[]
  readonly text: string
}

describe.skipIf(skippedForWantOf(missing))("Debian's real InRelease files, beside gpgv", () => {
  let scratch: string
  let keyring: Keyring
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'aptroot-gpgv-'))
    keyring = await readKeyring(new TextEncoder().encode(keyringArmorOf('debian-archive')), 'debian-archive')
    await writeFile(join(scratch, 'ring.gpg'), Buffer.concat(keyring.keys.map(key => key.write())))
  })
  afterAll(() => rm(scratch, { recursive: true, force: true }))

  async function askGpgv(bytes: Uint8Array): Promise<GpgvVerdict | undefined> {
    const [input, output] = [join(scratch, 'InRelease'), join(scratch, 'Release')]
    await writeFile(input, bytes)
    await rm(output, { force: true })
    const options = ['--keyring', join(scratch, 'ring.gpg'), '--status-fd', '1', '--output', output, input]
    const answer = await run(gpgv, options).catch(() => undefined)
    if (answer === undefined) return undefined
    const fingerprints = [...answer.stdout.matchAll(/VALIDSIG .* ([0-9A-F]{40})$/gm)].map(match => match[1] ?? '')
    // gpgv writes the line break before the signature, which is not signed (RFC 9580, 7.2).
    const text = (await readFile(output, 'utf8')).replace(/\n$/, '')
    return { fingerprints: fingerprints.sort(), text }
  }

  async function askOurs(bytes: Uint8Array): Promise<GpgvVerdict | undefined> {
    try {
      const release = await verifyClearSigned(bytes, keyring, { at: new Date(frozenAsOf), name: 'InRelease' })
      return { fingerprints: release.signers.map(each => each.fingerprint), text: release.text }
    } catch (error) {
      if (isFault(error)) return undefined
      throw error
    }
  }

  const files = [
    'debian/dists/bookworm/InRelease',
    'debian/dists/bookworm-updates/InRelease',
    'debian-security/dists/bookworm-security/InRelease',
  ]
  for (const file of files) {
    test(`${file}: the same signers and the same text`, async () => {
      const bytes = await readFile(join(folder, file))
      const ours = await askOurs(bytes)
      assert.ok(ours !== undefined)
      assert.deepEqual(ours, await askGpgv(bytes))
    })

    test(`${file}: whatever we accept of damaged copies, gpgv accepts with the same text`, async () => {
      const bytes = await readFile(join(folder, file))
      let refused = 0
      for (let round = 0; round < 60; round++) {
        const damaged = Uint8Array.from(bytes)
        const at = (round * 7919 * 31) % bytes.length
        damaged[at] = (damaged[at] ?? 0) ^ (1 << (round % 8))
        const ours = await askOurs(damaged)
        if (ours === undefined) refused++
        else assert.equal(ours.text, (await askGpgv(damaged))?.text, `byte ${at}`)
      }
      assert.ok(refused > 50, `only ${refused} of 60 damaged copies were refused`)
    })
  }

  test('a forged line is refused by both', async () => {
    const text = await readFile(join(folder, files[0] ?? ''), 'utf8')
    const forged = new TextEncoder().encode(text.replace('Origin: Debian', 'Origin: Debjan'))
    assert.deepEqual([await askOurs(forged), await askGpgv(forged)], [undefined, undefined])
  })
})
