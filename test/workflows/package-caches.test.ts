import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { beforeAll, describe, onTestFinished, test } from 'vitest'
import { createHttpTransport, defaultTransportSettings } from '../../src/adapters/http-transport.ts'
import { readSigningKey } from '../../src/openpgp/index.ts'
import { type BuildRecord, writeBuildRecord } from '../../src/package-build/index.ts'
import { Store } from '../../src/store/index.ts'
import { findInCaches, writeToCache } from '../../src/workflows/package-caches.ts'
import type { Site } from '../../src/workflows/site.ts'
import type { World } from '../../src/workflows/world.ts'
import { startMirror } from '../support/loopback-mirror.ts'
import { recordedSession, scratchFolder } from '../support/scratch.ts'
import { clearSign, makeTestKey } from '../support/signing.ts'
import { virtualClock } from '../support/virtual-clock.ts'

const key = 'a'.repeat(64)
const bytes = Buffer.from('the bytes of a deb')
const sha256 = createHash('sha256').update(bytes).digest('hex')
const record: BuildRecord = {
  key,
  packageName: 'tool',
  version: '1.0',
  architecture: 'amd64',
  outputs: [{ name: 'tool_1.0_amd64.deb', sha256, sizeBytes: bytes.length }],
}
const text = writeBuildRecord(record)
const name = createHash('sha256').update(`${key} 1.0`).digest('hex')
const recordPath = `package-builds-v1/records/${name.slice(0, 2)}/${name}.asc`
const outputPath = `package-builds-v1/outputs/${sha256.slice(0, 2)}/${sha256}`

describe('a build of somebody else', () => {
  let farm: Awaited<ReturnType<typeof makeTestKey>>
  let stranger: typeof farm
  let signed: Uint8Array
  beforeAll(async () => {
    farm = await makeTestKey({ name: 'Farm' })
    stranger = await makeTestKey({ name: 'Stranger' })
    signed = await clearSign(text, [farm])
  })

  async function scene() {
    const top = await scratchFolder()
    const cache = join(top, 'cache')
    const write = async (path: string, content: string | Uint8Array) => {
      await mkdir(dirname(join(top, path)), { recursive: true })
      await writeFile(join(top, path), content)
    }
    await write('farm.asc', farm.toPublic().armor())
    await write(`cache/${recordPath}`, signed)
    await write(`cache/${outputPath}`, bytes)
    const clock = virtualClock()
    const store = new Store({ folder: join(top, 'store'), clock })
    const session = recordedSession()
    const site: Partial<Site> = {
      storeFolder: store.folder,
      mode: 'online',
      parallelism: 1,
      credentialText: '',
      proxyOf: undefined,
    }
    const world: Partial<World> = {
      packageFolder: process.cwd(),
      clock: { ...clock, now: () => new Date('2026-02-01T00:00:00Z') },
      random: () => 0.5,
      openTransport: async () => ({
        request: () => Promise.reject(new Error('no network')),
        send: () => Promise.reject(new Error('no network')),
        close: async () => undefined,
      }),
    }
    const surroundings = { store, session, site: site as Site, world: world as World }
    const find = (keyFiles = [join(top, 'farm.asc')]) =>
      findInCaches(record, { places: [cache], keyFiles }, surroundings)
    const warnings = () => session.events.flatMap(each => (each.kind === 'warned' ? [each.message] : []))
    return { cache, write, find, warnings, store, surroundings }
  }

  test('is taken into the store under the signature of a trusted key', async () => {
    const { find, store, warnings, cache } = await scene()
    const found = await find()
    assert.deepEqual(found, { record, from: cache })
    assert.deepEqual(Buffer.from((await store.read({ sha256, sizeBytes: bytes.length })) ?? []), bytes)
    assert.deepEqual(warnings(), [])
  })

  test('is no matter for a warning where nobody has it', async () => {
    const { find, cache, warnings } = await scene()
    await rm(cache, { recursive: true })
    assert.equal(await find(), undefined)
    assert.deepEqual(warnings(), [])
  })

  const hostile: readonly (readonly [string, () => string | Uint8Array | Promise<Uint8Array>])[] = [
    ['has no signature', () => text],
    ['is signed by another key', () => clearSign(text, [stranger])],
    ['has one byte flipped', () => Buffer.from(signed).toString().replace('"version":"1.0"', '"version":"1.1"')],
    ['was cut short', () => signed.subarray(0, signed.length - 40)],
    ['is empty', () => ''],
    ['is for other inputs', () => clearSign(writeBuildRecord({ ...record, key: 'b'.repeat(64) }), [farm])],
    ['is of another version', () => clearSign(writeBuildRecord({ ...record, version: '1.1' }), [farm])],
    ['is signed and no record', () => clearSign('{}\n', [farm])],
  ]
  for (const [what, make] of hostile)
    test(`is not used, and named, where its record ${what}`, async () => {
      const { write, find, warnings } = await scene()
      await write(`cache/${recordPath}`, await make())
      assert.equal(await find(), undefined)
      assert.match(warnings().join('\n'), /^the build in .*cache is not used: .+$/)
    })

  test('is not used where an output is not what the record says, or not there', async () => {
    const { cache, write, find, warnings, store } = await scene()
    await write(`cache/${outputPath}`, Buffer.from(bytes).fill(0, 3, 4))
    assert.equal(await find(), undefined)
    await rm(join(cache, outputPath))
    assert.equal(await find(), undefined)
    assert.equal(warnings().filter(each => each.includes('cache is not used')).length, 2)
    assert.equal(await store.check({ sha256, sizeBytes: bytes.length }), 'absent')
  })

  test('is not even looked at where no key is trusted', async () => {
    const { find, warnings } = await scene()
    assert.equal(await find([]), undefined)
    assert.match(warnings().join('\n'), /^no key is set for the caches of builds/)
  })

  test('is taken over http as from a folder: compared on its way, with the credentials of the address, and not offline', async () => {
    const { cache, warnings, store, surroundings } = await scene()
    const server = await startMirror({ folder: cache })
    server.demand('reader', 'secret')
    const transport = createHttpTransport(defaultTransportSettings)
    onTestFinished(() => transport.close())
    const world = { ...surroundings.world, openTransport: async () => transport }
    const keyFiles = [join(cache, '../farm.asc')]
    const find = (mode: Site['mode'], wanted = record) => {
      const places = [server.url.replace('//', '//reader:secret@')]
      return findInCaches(
        wanted,
        { places, keyFiles },
        { ...surroundings, world, site: { ...surroundings.site, mode } },
      )
    }
    assert.equal(await find('offline'), undefined)
    assert.equal(server.requests.length, 0)
    assert.equal(await find('online', { ...record, version: '2.0' }), undefined, 'nobody built that')
    assert.deepEqual(warnings(), [])

    server.always(outputPath, { kind: 'wrong-bytes' })
    assert.equal(await find('online'), undefined)
    assert.match(warnings().join('\n'), /^the build in http:\/\/127\.0\.0\.1:\d+\/ is not used: /m)
    assert.equal(await store.check({ sha256, sizeBytes: bytes.length }), 'absent')
    server.always(outputPath, { kind: 'none' })
    assert.deepEqual(await find('online'), { record, from: `${server.url}/` })
    assert.equal(await store.check({ sha256, sizeBytes: bytes.length }), 'sound')
    assert.doesNotMatch(JSON.stringify(surroundings.session.events), /secret/)
  })

  test('is found by others once it was put into a cache', async () => {
    const { cache, find, store, surroundings } = await scene()
    await rm(cache, { recursive: true })
    await store.putBytes(bytes, surroundings.session)
    const at = { name: 'farm', passphrase: undefined, at: new Date('2026-02-01T00:00:00Z') }
    const signer = await readSigningKey(Buffer.from(farm.armor()), at)
    await writeToCache(record, { folder: cache, name: 'cache', signer }, surroundings)
    assert.deepEqual((await find())?.record, record)
  })
})
