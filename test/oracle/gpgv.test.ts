import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { isFault } from '../../src/kernel/index.ts'
import { keyringArmorOf } from '../../src/manifest/index.ts'
import { type Keyring, readKeyring, verifyClearSigned } from '../../src/openpgp/index.ts'
import { askGpgv, type GpgvVerdict, missingGpgv } from '../support/gpgv.ts'
import { frozenAsOf, missingForRealData, skippedForWantOf } from '../support/real-archive.ts'

const missing = missingForRealData() ?? missingGpgv
const folder = process.env.APTROOT_TEST_ARCHIVE ?? ''

describe.skipIf(skippedForWantOf(missing))("Debian's real InRelease files, beside gpgv", () => {
  let scratch: string
  let keyring: Keyring
  let ring: Uint8Array
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'aptroot-gpgv-'))
    keyring = await readKeyring(new TextEncoder().encode(keyringArmorOf('debian-archive')), 'debian-archive')
    ring = Buffer.concat(keyring.keys.map(key => key.write()))
  })
  afterAll(() => rm(scratch, { recursive: true, force: true }))

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
      assert.deepEqual(ours, await askGpgv({ file: bytes }, { scratch, ring }))
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
        else assert.equal(ours.text, (await askGpgv({ file: damaged }, { scratch, ring }))?.text, `byte ${at}`)
      }
      assert.ok(refused > 50, `only ${refused} of 60 damaged copies were refused`)
    })
  }

  test('a forged line is refused by both', async () => {
    const text = await readFile(join(folder, files[0] ?? ''), 'utf8')
    const forged = new TextEncoder().encode(text.replace('Origin: Debian', 'Origin: Debjan'))
    assert.deepEqual(
      [await askOurs(forged), await askGpgv({ file: forged }, { scratch, ring })],
      [undefined, undefined],
    )
  })
})
