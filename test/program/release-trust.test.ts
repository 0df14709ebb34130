import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { PrivateKey } from 'openpgp'
import { beforeAll, describe, test } from 'vitest'
import { envelopeOf, runAptroot } from '../support/aptroot-program.ts'
import { packagesFile } from '../support/packages-file.ts'
import { scratchFolder } from '../support/scratch.ts'
import { type SuiteRequest, signedSuite } from '../support/signed-suite.ts'
import { makeTestKey } from '../support/signing.ts'

let keys: readonly [PrivateKey, PrivateKey, PrivateKey]
beforeAll(async () => {
  keys = [await makeTestKey({ name: 'One' }), await makeTestKey({ name: 'Two' }), await makeTestKey({ name: 'Three' })]
})

const fingerprintOf = (key: PrivateKey) => key.getFingerprint().toUpperCase()

/** A project whose key ring trusts three keys, and an archive in a folder beside it. */
async function situation(trust = 'signed-by: keys/test.asc') {
  const folder = await scratchFolder()
  const write = async (name: string, content: string | Uint8Array) => {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), content)
  }
  await write('keys/test.asc', keys.map(key => key.toPublic().armor()).join('\n'))
  const lines = [
    'manifest: 1',
    'architectures: [amd64]',
    'archives:',
    '  - id: test',
    `    uri: file://${folder}/archive`,
  ]
  const rest = ['    suites: [stable]', '    components: [main]', `    ${trust}`, 'base: none', 'packages: [nginx]', '']
  await write('aptroot.yaml', [...lines, ...rest].join('\n'))
  return {
    folder,
    publish: async (version: string, suite: Omit<SuiteRequest, 'indexes'>) => {
      const indexes = { 'main/binary-amd64': packagesFile({ [`nginx ${version}`]: {} }) }
      for (const [path, bytes] of Object.entries(await signedSuite({ indexes, ...suite })))
        await write(`archive/${path}`, bytes)
    },
    update: (...flags: string[]) => runAptroot(['lock', 'update', '--as-of', '2026-01-20', ...flags], { folder }),
    lock: () => readFile(join(folder, 'aptroot.lock'), 'utf8'),
  }
}

const dated = (day: number) => ({ fields: { Date: `${day} Jan 2026 10:00:00 UTC` } })

describe('lock update, when the signers of an archive change', () => {
  test('says nothing of a lost co-signer, and rewrites nothing', async () => {
    const { publish, update, lock } = await situation()
    await publish('1.22', { keys: [keys[0], keys[1]] })
    await update()
    const before = await lock()
    for (const key of [keys[0], keys[1]]) assert.ok(before.includes(`"${fingerprintOf(key)}"`))
    await publish('1.22', { keys: [keys[1]] })
    const result = await update()
    assert.deepEqual([result.exitCode, /is up to date/.test(result.output)], [0, true], result.errorOutput)
    assert.equal(await lock(), before)
  })

  test('refuses a wholly new set with exit code 6 until the new key is accepted, which the lock then shows', async () => {
    const { publish, update, lock } = await situation()
    await publish('1.22', { keys: [keys[0], keys[1]] })
    await update()
    const before = await lock()
    await publish('1.23', { keys: [keys[2]] })
    const refused = await update('--json')
    assert.deepEqual([refused.exitCode, envelopeOf(refused).fault?.code], [6, 'RELEASE_SIGNERS_NEW'])
    assert.equal(await lock(), before)
    const fingerprint = fingerprintOf(keys[2])
    const spaced = fingerprint.replace(/(.{4})/g, '$1 ').toLowerCase()
    const accepted = await update('--accept-key', spaced)
    assert.equal(accepted.exitCode, 0, accepted.errorOutput)
    assert.match(accepted.output, new RegExp(`Signing key added: test: ${fingerprint}`))
    assert.ok((await lock()).includes(`keys:\n  "test":\n    - "${fingerprint}"\n`))
    assert.equal((await update()).exitCode, 0)
  })

  test('wants a whole fingerprint, since two keys may share an id', async () => {
    const { update } = await situation()
    const result = await update('--accept-key', fingerprintOf(keys[0]).slice(-16), '--json')
    assert.deepEqual([result.exitCode, envelopeOf(result).fault?.code], [2, 'USAGE_INVALID'])
  })
})

describe('lock update, when an archive went back in time', () => {
  test('refuses with exit code 6 and leaves the lock; with --allow-rollback it goes back', async () => {
    const { publish, update, lock } = await situation()
    await publish('1.23', { keys: [keys[0]], ...dated(12) })
    await update()
    const before = await lock()
    await publish('1.22', { keys: [keys[0]], ...dated(11) })
    const refused = await update('--json')
    assert.deepEqual([refused.exitCode, envelopeOf(refused).fault?.code], [6, 'RELEASE_ROLLBACK'])
    assert.equal(await lock(), before)
    const allowed = await update('--allow-rollback')
    assert.equal(allowed.exitCode, 0, allowed.errorOutput)
    assert.match(await lock(), /version: "1\.22"/)
  })

  test('goes by the lock where the store is new', async () => {
    const { publish, update } = await situation()
    await publish('1.23', { keys: [keys[0]], ...dated(12) })
    await update('--store', 'first')
    await publish('1.22', { keys: [keys[0]], ...dated(11) })
    const refused = await update('--store', 'second')
    assert.match(refused.errorOutput, /the lock holds debs of stable as of 20260112T100000Z \[RELEASE_ROLLBACK\]/)
    assert.equal(refused.exitCode, 6)
  })

  test('goes by the store where there is no lock yet', async () => {
    const { publish, update, folder } = await situation()
    await publish('1.23', { keys: [keys[0]], ...dated(12) })
    await update('--dry-run')
    await publish('1.22', { keys: [keys[0]], ...dated(11) })
    const refused = await update()
    assert.match(refused.errorOutput, /this store has seen stable as of 20260112T100000Z \[RELEASE_ROLLBACK\]/)
    assert.ok(!existsSync(join(folder, 'aptroot.lock')))
  })
})

describe('lock update of an archive without signatures', () => {
  test('is refused while the manifest does not say why it is trusted', async () => {
    const { publish, update } = await situation()
    await publish('1.22', { keys: [], signature: 'none' })
    const result = await update('--json')
    assert.deepEqual([result.exitCode, envelopeOf(result).fault?.code], [6, 'RELEASE_UNSIGNED'])
  })

  test('warns with the reason, and the request of the lock says so to reviewers', async () => {
    const { publish, update, lock } = await situation('trusted: {reason: "built on this machine"}')
    await publish('1.22', { keys: [], signature: 'none' })
    const result = await update()
    assert.equal(result.exitCode, 0, result.errorOutput)
    assert.match(result.errorOutput, /^warning: .* is not verified: test is trusted without a signature \(built on/m)
    assert.match(await lock(), /^ {4}- "test stable main \[unsigned\]"$/m)
  })
})
