import assert from 'node:assert/strict'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { PrivateKey } from 'openpgp'
import { beforeAll, describe, onTestFinished, test } from 'vitest'
import { buildArchive } from '../support/archive-builder.ts'
import { greetingPackages, lockedProject } from '../support/locked-project.ts'
import { type LoopbackMirror, startMirror } from '../support/loopback-mirror.ts'
import { makeTestKey } from '../support/signing.ts'

const year = 365 * 24 * 3600
const date = new Date('2020-01-15T10:00:00Z')
/** The first state of the snapshot service that has the Release: it was imported hours after the Release was made. */
const state = '20200115T154512Z'

let key: PrivateKey
let files: Readonly<Record<string, Uint8Array>> = {}
beforeAll(async () => {
  key = await makeTestKey({
    name: 'Archive',
    createdAt: new Date('2019-01-01T00:00:00Z'),
    expiresAfterSeconds: 2 * year,
  })
  files = await buildArchive([
    {
      suite: 'stable',
      codename: 'trusty',
      date,
      label: 'Test',
      architectures: ['amd64'],
      packages: greetingPackages,
      keys: [key],
      fields: { 'Valid-Until': 'Wed, 22 Jan 2020 10:00:00 UTC' },
    },
  ])
})

function below(folder: string): Record<string, Uint8Array> {
  return Object.fromEntries(Object.entries(files).map(([path, bytes]) => [`${folder}/${path}`, bytes]))
}

/** As Debian's: an earlier state without the files, one with them, and redirects to the state at or before a time. */
async function startSnapshot(): Promise<LoopbackMirror> {
  const server = await startMirror({ files: below(`archive/test/${state}`) })
  for (const path of Object.keys(files))
    for (const later of ['20200115T160000Z', '20200116T100000Z'])
      server.always(`archive/test/${later}/${path}`, { kind: 'redirect', location: `/archive/test/${state}/${path}` })
  return server
}

describe('a lock that is years old', () => {
  test('gives the same bytes with every Release and the key expired, the mirror gone and only a snapshot left', async () => {
    const mirror = await startMirror({ files: below('debian') })
    const project = await lockedProject(`${mirror.url}/debian`, key)
    await project.succeed('lock update --as-of 2020-01-16')
    await project.succeed('lock install')
    const bytes = await project.digest()
    await mirror.close()

    const later = await project.clone()
    const refused = await later.run('lock update')
    assert.notEqual(refused.exitCode, 0, 'nothing vouches for the archive any more')
    const snapshot = await startSnapshot()
    await later.succeed('lock install', { APTROOT_SNAPSHOTS: `test=${snapshot.url}/archive/test/{timestamp}` })
    assert.equal(await later.digest(), bytes)
  })

  test('finds its debs by name and version when the states of the time are gone as well', async () => {
    const mirror = await startMirror({ files: below('debian') })
    const project = await lockedProject(`${mirror.url}/debian`, key)
    await project.succeed('lock update --as-of 2020-01-16')
    await project.succeed('lock install')
    const bytes = await project.digest()
    await mirror.close()

    const answers = Object.entries(files).flatMap(([path, content], index) => {
      const [, name, version, architecture] = /\/([^/_]+)_([^_]+)_([^_]+)\.deb$/.exec(path) ?? []
      if (name === undefined) return []
      const hash = String(index).padStart(40, '0')
      const full = name === 'hello' ? `1:${version}` : version
      const answer = { result: [{ hash, architecture }], fileinfo: { [hash]: [{ size: content.length }] } }
      return [
        [`mr/binary/${name}/${full}/binfiles`, Buffer.from(JSON.stringify(answer))],
        [`file/${hash}`, content],
      ] as const
    })
    const service = await startMirror({ files: Object.fromEntries(answers) })
    const later = await project.clone()
    await later.succeed('lock install', { APTROOT_SNAPSHOTS: `test=${service.url}/archive/test/{timestamp}` })
    assert.equal(await later.digest(), bytes)
  })
})

describe('one manifest and one lock, by settings alone,', () => {
  /** A name that no resolver knows (RFC 2606): whoever asks for it directly fails. */
  const uri = 'http://archive.invalid/debian'

  test('build the same bytes from a relocated mirror, through a caching proxy, and from a vendor folder without network', async () => {
    const mirror = await startMirror({ files: below('somewhere/else') })
    const relocated = { APTROOT_MIRRORS: `test=${mirror.url}/somewhere/else`, APTROOT_PROXY: 'none' }
    const project = await lockedProject(uri, key)
    await project.succeed('lock update --as-of 2020-01-16', relocated)
    const lock = await project.read('aptroot.lock')
    await project.succeed('lock install', relocated)
    const bytes = await project.digest()

    const proxy = await startCachingProxy(await startMirror({ files: below('debian') }))
    const proxied = { APTROOT_PROXY: proxy.url }
    for (const site of ['first', 'second']) {
      const clone = await project.clone()
      await clone.succeed('lock install', proxied)
      assert.equal(await clone.digest(), bytes, `the ${site} site behind the proxy`)
    }
    assert.equal(proxy.fetched.length, 2, 'the second site had both debs from the cache')
    const updated = await project.clone()
    await updated.succeed('lock update --as-of 2020-01-16', proxied)
    assert.deepEqual(await updated.read('aptroot.lock'), lock, 'a lock does not tell which way it came')

    await project.succeed(`lock vendor ${join(project.folder, '../vendor')}`, relocated)
    const isolated = await project.clone()
    await isolated.succeed(`lock install --offline --vendor ${join(project.folder, '../vendor')}`)
    assert.equal(await isolated.digest(), bytes, 'without network')
    assert.deepEqual(await isolated.read('aptroot.lock'), lock)
  })
})

interface CachingProxy {
  readonly url: string
  /** Paths that were not in the cache. */
  readonly fetched: readonly string[]
}

/** A proxy on loopback that knows one host, wherever it is named, and asks it once for each path. */
async function startCachingProxy(upstream: LoopbackMirror): Promise<CachingProxy> {
  const cache = new Map<string, { status: number; bytes: Buffer }>()
  const fetched: string[] = []
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '', upstream.url)
    const known = cache.get(pathname)
    if (known !== undefined) {
      response.writeHead(known.status, { 'content-length': known.bytes.length }).end(known.bytes)
      return
    }
    fetched.push(pathname)
    httpRequest(`${upstream.url}${pathname}`, answer => {
      const chunks: Buffer[] = []
      answer.on('data', chunk => chunks.push(chunk))
      answer.on('end', () => {
        const entry = { status: answer.statusCode ?? 502, bytes: Buffer.concat(chunks) }
        cache.set(pathname, entry)
        response.writeHead(entry.status, { 'content-length': entry.bytes.length }).end(entry.bytes)
      })
    }).end()
  })
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo // a TCP server's address is never a string
  return { url: `http://127.0.0.1:${port}`, fetched }
}
