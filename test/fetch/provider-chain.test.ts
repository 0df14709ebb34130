import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { type ArchiveAddresses, type FetchRequest, fetchDebs, probeDebs } from '../../src/fetch/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { contents, locked, scene } from '../support/fetch-scene.ts'
import { startMirror } from '../support/loopback-mirror.ts'
import { quietSession, recordedSession } from '../support/scratch.ts'
import { identityOf } from '../support/transfer-world.ts'

const bytes = contents('nginx')
const path = 'pool/main/n/nginx/nginx_1.22.1-9_amd64.deb'
const sha1 = 'a9993e364706816aba3e25717850c26c9cd0d89d'

const nginx = locked('nginx', { version: '1:1.22.1-9', sourceVersion: '1:1.22.1-9', directory: 'pool/main/n/nginx' })

async function request(addresses: Partial<ArchiveAddresses>, more: Partial<FetchRequest> = {}): Promise<FetchRequest> {
  return (await scene()).request(addresses, more)
}

async function fetched(given: FetchRequest): Promise<boolean> {
  const { fetchedDebs } = await fetchDebs([nginx], given, quietSession())
  return fetchedDebs === 1 && (await given.store.check(nginx)) === 'sound'
}

/** What Debian's snapshot archive says under /mr/binary/NAME/VERSION/binfiles. */
function binfiles(files: readonly { hash: string; architecture: string; sizeBytes: number }[]): string {
  return JSON.stringify({
    fileinfo: Object.fromEntries(files.map(each => [each.hash, [{ archive_name: 'debian', size: each.sizeBytes }]])),
    result: files.map(({ hash, architecture }) => ({ hash, architecture })),
  })
}

const question = 'mr/binary/nginx/1:1.22.1-9/binfiles'
const known = { hash: sha1, architecture: 'amd64', sizeBytes: nginx.sizeBytes }

describe("the archive's own pool", () => {
  it('is asked after the mirrors, and not again where it is one of them', async () => {
    const mirror = await startMirror()
    const pool = await startMirror({ files: { [path]: bytes } })
    assert.ok(await fetched(await request({ uris: [mirror.url, pool.url], poolUris: [pool.url] })))
    assert.ok(await fetched(await request({ uris: [mirror.url], poolUris: [pool.url] })))
    assert.equal(mirror.requests.length, 2)
    assert.equal(pool.requests.length, 2)
  })
})

describe('a snapshot service', () => {
  it('is asked for its first state at or after the time of the lock, once for all debs of that time', async () => {
    const service = await startMirror({
      files: {
        'mr/timestamp/': JSON.stringify({
          result: { debian: ['20260711T154512Z', '20260711T095959Z', '20260711T213344Z'] },
        }),
        [`archive/debian/20260711T154512Z/${path}`]: bytes,
        'archive/debian/20260711T154512Z/pool/main/n/nginx/twin_1_amd64.deb': 'another',
      },
    })
    const given = await request({ snapshot: `${service.url}/archive/debian/{timestamp}` })
    const twin = { ...nginx, ...identityOf('another'), name: 'twin', version: '1' }
    assert.equal((await fetchDebs([nginx, twin], given, quietSession())).fetchedDebs, 2)
    assert.deepEqual(service.requests.map(each => each.path).sort(), [
      'archive/debian/20260711T154512Z/pool/main/n/nginx/nginx_1.22.1-9_amd64.deb',
      'archive/debian/20260711T154512Z/pool/main/n/nginx/twin_1_amd64.deb',
      'mr/timestamp/',
    ])
  })

  it('that does not list its states is asked for times safely after the lock', async () => {
    const service = await startMirror({ files: { [`archive/debian/20260712T101637Z/${path}`]: bytes } })
    assert.ok(await fetched(await request({ snapshot: `${service.url}/archive/debian/{timestamp}` })))
  })

  it('may redirect to the state it has', async () => {
    const service = await startMirror({ files: { [`archive/debian/20260711T154512Z/${path}`]: bytes } })
    service.always(`archive/debian/20260711T161637Z/${path}`, {
      kind: 'redirect',
      location: `/archive/debian/20260711T154512Z/${path}`,
    })
    assert.ok(await fetched(await request({ snapshot: `${service.url}/archive/debian/{timestamp}` })))
  })

  it('is asked by name and version when no state has the file under its path', async () => {
    const service = await startMirror({ files: { [question]: binfiles([known]), [`file/${sha1}`]: bytes } })
    assert.ok(await fetched(await request({ snapshot: `${service.url}/archive/debian/{timestamp}` })))
  })

  it('gives files of the architecture and the size alone, and each until the digest fits', async () => {
    const [other, twin] = ['b'.repeat(40), 'c'.repeat(40)]
    const service = await startMirror({
      files: {
        [question]: binfiles([
          { ...known, hash: other, architecture: 'arm64' },
          { ...known, hash: 'd'.repeat(40), sizeBytes: 1 },
          { ...known, hash: twin },
          known,
        ]),
        [`file/${twin}`]: 'x'.repeat(nginx.sizeBytes),
        [`file/${sha1}`]: bytes,
      },
    })
    assert.ok(await fetched(await request({ snapshot: `${service.url}/archive/debian/{timestamp}` })))
    const files = new Set(service.requests.map(each => each.path).filter(each => each.startsWith('file/')))
    assert.deepEqual([...files], [`file/${twin}`, `file/${sha1}`])
  })

  const hostile = [
    ['', 'nothing'],
    ['<html>', 'a page'],
    ['null', 'null'],
    ['{"result": {"debian": [1, null, "x"]}}', 'no times'],
    ['{"result": [{"hash": "../../etc/passwd", "architecture": "amd64"}], "fileinfo": []}', 'a path for a hash'],
    ['{"result": [{"hash": 1, "architecture": "amd64"}, null, "x"]}', 'numbers'],
    [`{"result": ${'['.repeat(100_000)}`, 'brackets'],
  ] as const
  for (const [answer, what] of hostile)
    it(`that answers ${what} to its questions has no file`, async () => {
      const service = await startMirror({ files: { 'mr/timestamp/': answer, [question]: answer } })
      const given = await request({ snapshot: `${service.url}/archive/debian/{timestamp}` })
      const fault = await assertFault(fetchDebs([nginx], given, quietSession()), 'FETCH_GONE')
      assert.equal((fault.context.answers as string[]).length, 6)
      assert.ok(service.requests.every(each => /^(mr|archive)\//.test(each.path)))
    })

  for (const kind of ['gzip-encoded', 'endless'] as const)
    it(`whose answers to questions are ${kind} has no file, and nobody says that a mirror replaced one`, async () => {
      const service = await startMirror({ files: { 'mr/timestamp/': '{}', [question]: '{}' } })
      for (const path of ['mr/timestamp/', question]) service.always(path, { kind })
      const given = await request({ snapshot: `${service.url}/archive/debian/{timestamp}` })
      await assertFault(fetchDebs([nginx], given, quietSession()), 'FETCH_GONE')
    })
})

describe('Launchpad', () => {
  const table = [
    ['http://archive.ubuntu.com/ubuntu', 'ubuntu/+archive/primary'],
    ['http://de.archive.ubuntu.com/ubuntu/', 'ubuntu/+archive/primary'],
    ['http://ports.ubuntu.com/ubuntu-ports', 'ubuntu/+archive/primary'],
    ['https://ppa.launchpadcontent.net/deadsnakes/ppa/ubuntu', '~deadsnakes/+archive/ubuntu/ppa'],
  ] as const
  for (const [uri, folder] of table)
    it(`keeps the files of ${uri} below ${folder}, whatever mirror is in use`, async () => {
      const launchpad = await startMirror({ files: { [`${folder}/+files/nginx_1.22.1-9_amd64.deb`]: bytes } })
      const mirror = await startMirror()
      // The archive's own pool is not to be asked in a test: its host stands in `uris`, behind a dead end of ours.
      const given = await request({ uris: [mirror.url], poolUris: [uri] }, { launchpadUri: launchpad.url })
      const local = { ...given, transfer: onlyLoopback(given.transfer) }
      assert.ok(await fetched(local))
    })

  it('is not asked for archives that are not its own', async () => {
    const launchpad = await startMirror()
    const mirror = await startMirror()
    const given = await request({ uris: [mirror.url], poolUris: [mirror.url] }, { launchpadUri: launchpad.url })
    await assertFault(fetchDebs([nginx], given, quietSession()), 'FETCH_GONE')
    assert.equal(launchpad.requests.length, 0)
  })
})

describe('fallback pools', () => {
  const places = ['nginx_1.22.1-9_amd64.deb', path, `debian/${path}`]
  for (const place of places)
    it(`are asked last, and may hold ${place}`, async () => {
      const mirror = await startMirror()
      const fallback = await startMirror({ files: { [`debs/${place}`]: bytes } })
      assert.ok(await fetched(await request({ uris: [mirror.url] }, { fallbackUris: [`${fallback.url}/debs`] })))
      assert.equal(mirror.requests.length, 1)
    })

  it('serve debs of archives that have no address any more', async () => {
    const fallback = await startMirror({ files: { [path]: bytes } })
    assert.ok(await fetched(await request({}, { archives: new Map(), fallbackUris: [fallback.url] })))
  })

  it('with wrong bytes are named, and the next one is asked', async () => {
    const lying = await startMirror({ files: { [path]: bytes } })
    lying.always(path, { kind: 'wrong-bytes' })
    const honest = await startMirror({ files: { [path]: bytes } })
    const recorded = recordedSession()
    const given = await request({}, { fallbackUris: [lying.url, honest.url] })
    assert.equal((await fetchDebs([nginx], given, recorded)).fetchedDebs, 1)
    assert.ok(recorded.events.some(event => event.kind === 'warned' && event.message.includes(lying.url)))
  })
})

describe('a host that says 503 to everything', () => {
  it('is given up after three debs in a row, and the others are asked', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j']
    const debs = names.map(name => ({ ...nginx, ...identityOf(name), name }))
    const files = Object.fromEntries(names.map(name => [`pool/main/n/nginx/${name}_1.22.1-9_amd64.deb`, name]))
    const ill = await startMirror()
    for (const each of Object.keys(files)) ill.always(each, { kind: 'status', status: 503 })
    const honest = await startMirror({ files })
    const given = await request({ uris: [ill.url, honest.url] })
    assert.equal((await fetchDebs(debs, given, quietSession())).fetchedDebs, 10)
    // Four attempts for each deb that asks; up to four ask at a time.
    assert.ok(ill.requests.length <= 4 * (3 + 3), `${ill.requests.length} requests`)
  })
})

describe('a host that says 403 for what it lacks, as object stores do', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f']
  const debs = names.map(name => ({ ...nginx, ...identityOf(name), name }))
  const pathOf = (name: string) => `pool/main/n/nginx/${name}_1.22.1-9_amd64.deb`
  const withLastAlone = async () => {
    const store = await startMirror({ files: { [pathOf('f')]: 'f' } })
    for (const name of names.slice(0, 5)) store.always(pathOf(name), { kind: 'status', status: 403 })
    const honest = await startMirror({ files: Object.fromEntries(names.map(name => [pathOf(name), name])) })
    return { store, given: await request({ uris: [store.url], poolUris: [honest.url] }) }
  }

  it('is asked for the next deb all the same', async () => {
    const { store, given } = await withLastAlone()
    await fetchDebs(debs, given, quietSession())
    assert.deepEqual(new Set(store.requests.map(({ path: asked }) => asked)), new Set(names.map(pathOf)))
  })

  it('has what it says it has, although it refused what was asked for before', async () => {
    const { store, given } = await withLastAlone()
    const available = await probeDebs(debs, given, quietSession())
    assert.deepEqual(available.at(-1)?.roles, ['mirror', 'pool'])
    assert.deepEqual(available.at(0)?.silent, [store.url])
  })
})

/** The transfer, but whatever is not on this machine is absent at once. */
function onlyLoopback(transfer: FetchRequest['transfer']): FetchRequest['transfer'] {
  return {
    ...transfer,
    downloadBlob: (url, ...others) =>
      url.startsWith('http://127.0.0.1:')
        ? transfer.downloadBlob(url, ...others)
        : transfer.downloadBlob('file:///absent/in/every/test', ...others),
  }
}
