import assert from 'node:assert/strict'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, it, onTestFinished } from 'vitest'
import { fetchDebs } from '../../src/fetch/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { contents, deadUri, filesOf, locked, pathOf, scene } from '../support/fetch-scene.ts'
import { startMirror } from '../support/loopback-mirror.ts'
import { properAnswer, startRawMirror } from '../support/raw-mirror.ts'
import { quietSession, recordedSession, scratchFolder } from '../support/scratch.ts'

const session = quietSession()

describe('fetching the debs of a lock', () => {
  it('brings each into the store, and a second run asks nobody', async () => {
    const mirror = await startMirror({ files: filesOf('nginx', 'bash') })
    const { request, store } = await scene()
    const debs = [locked('nginx'), locked('bash')]
    const first = await fetchDebs(debs, request({ uris: [mirror.url] }), session)
    assert.deepEqual(first, { reusedDebs: 0, fetchedDebs: 2, fetchedBytes: 35 })
    for (const deb of debs) assert.equal(await store.check(deb), 'sound')
    const second = await fetchDebs(debs, request({ uris: [mirror.url] }), session)
    assert.deepEqual(second, { reusedDebs: 2, fetchedDebs: 0, fetchedBytes: 0 })
    assert.equal(mirror.requests.length, 2)
  })

  it('replaces a copy in the store that was damaged', async () => {
    const mirror = await startMirror({ files: filesOf('nginx') })
    const { request, store } = await scene()
    const debs = [locked('nginx')]
    await fetchDebs(debs, request({ uris: [mirror.url] }), session)
    await chmod(store.pathOf(debs[0]!), 0o644)
    await writeFile(store.pathOf(debs[0]!), contents('nginy'))
    const recorded = recordedSession()
    const result = await fetchDebs(debs, request({ uris: [mirror.url] }), recorded)
    assert.equal(result.fetchedDebs, 1)
    assert.equal(await store.check(debs[0]!), 'sound')
    assert.ok(recorded.events.some(event => event.kind === 'warned' && /damaged/.test(event.message)))
  })

  it('fetches bytes once that are locked under two names', async () => {
    const mirror = await startMirror({ files: filesOf('nginx') })
    const { request } = await scene()
    const twin = locked('nginx', { name: 'nginx-twin', directory: 'elsewhere' })
    await fetchDebs([twin, locked('nginx')], request({ uris: [mirror.url] }), session)
    assert.equal(mirror.requests.length, 1)
  })

  it('has as many downloads at a time as it may, and no more', async () => {
    const names = Array.from({ length: 13 }, (_, at) => `deb${at}`)
    const files = new Map(Object.entries(filesOf(...names)).map(([path, text]) => [path, Buffer.from(text)]))
    const waiting: (() => void)[] = []
    let [open, most] = [0, 0]
    const mirror = await startRawMirror(files, () => async exchange => {
      most = Math.max(most, ++open)
      let end = () => {
        open--
      }
      // On a busy machine a request may be given up and sent again.
      exchange.socket.once('close', () => end())
      // The first deb asked of a host is asked alone. Four of the others wait for each other, and a little longer for a fifth that must not come.
      if (mirror.requested.length > 1) {
        const answered = new Promise<void>(resolve => waiting.push(resolve))
        if (waiting.length === 4) {
          for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
          for (const answer of waiting.splice(0)) answer()
        }
        await answered
      }
      end()
      end = () => undefined
      properAnswer(exchange)
    })
    onTestFinished(() => mirror.close())
    const { request } = await scene()
    const debs = names.map(name => locked(name))
    assert.equal((await fetchDebs(debs, request({ uris: [mirror.url] }), session)).fetchedDebs, 13)
    assert.equal(most, 4)
  })

  it('says how much there is to do, and each deb by its name', async () => {
    const mirror = await startMirror({ files: filesOf('nginx') })
    const { request } = await scene()
    const recorded = recordedSession()
    await fetchDebs([locked('nginx')], request({ uris: [mirror.url] }), recorded)
    const shown = recorded.events.filter(event => event.kind !== 'progressed')
    assert.deepEqual(shown, [
      { kind: 'planned', stage: 'fetch', items: 1, totalBytes: 18 },
      { kind: 'started', stage: 'fetch', name: 'nginx', totalBytes: 18 },
      { kind: 'finished', stage: 'fetch', name: 'nginx' },
    ])
  })
})

describe('the providers of a deb', () => {
  it('are asked in order: store, vendor folders, mirrors, snapshot', async () => {
    const [first, second, snapshot] = [await startMirror(), await startMirror(), await startMirror()]
    snapshot.files.set(`states/20260711T161637Z/${pathOf('nginx')}`, Buffer.from(contents('nginx')))
    const { request } = await scene()
    const uris = [`${first.url}/debian`, `${second.url}/debian/`]
    await fetchDebs([locked('nginx')], request({ uris, snapshot: `${snapshot.url}/states/{timestamp}` }), session)
    assert.deepEqual(
      first.requests.map(each => each.path),
      [`debian/${pathOf('nginx')}`],
    )
    assert.deepEqual(
      second.requests.map(each => each.path),
      [`debian/${pathOf('nginx')}`],
    )
    assert.deepEqual(
      snapshot.requests.map(each => each.path),
      [`states/20260711T161637Z/${pathOf('nginx')}`],
    )
  })

  it('have somewhat later snapshots first, since a Release is older than the snapshot that holds it', async () => {
    const snapshot = await startMirror()
    const deb = locked('nginx', { at: '20261231T200000Z' })
    const { request } = await scene()
    await assertFault(fetchDebs([deb], request({ snapshot: `${snapshot.url}/{timestamp}` }), session), 'FETCH_GONE')
    assert.deepEqual(
      snapshot.requests.map(each => each.path.split('/')[0]),
      ['20270101T020000Z', '20270101T200000Z', '20270103T200000Z', '20261231T200000Z'],
    )
  })

  const vendored = ['nginx_1.0-1_amd64.deb', pathOf('nginx'), `debian/${pathOf('nginx')}`]
  for (const path of vendored)
    it(`may be a vendor folder with ${path}, and then no mirror is asked`, async () => {
      const mirror = await startMirror()
      const folder = await scratchFolder()
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), contents('nginx'))
      const { request, store } = await scene()
      const result = await fetchDebs(
        [locked('nginx')],
        request({ uris: [mirror.url] }, { vendorFolders: [join(folder, 'absent'), folder] }),
        session,
      )
      assert.equal(result.fetchedDebs, 1)
      assert.equal(await store.check(locked('nginx')), 'sound')
      assert.equal(mirror.requests.length, 0)
    })

  it('with other bytes are named, and the next one is asked', async () => {
    const folder = await scratchFolder()
    await writeFile(join(folder, 'nginx_1.0-1_amd64.deb'), contents('nginy'))
    const [lying, honest] = [
      await startMirror({ files: filesOf('nginx') }),
      await startMirror({ files: filesOf('nginx') }),
    ]
    lying.always(pathOf('nginx'), { kind: 'wrong-bytes' })
    const { request, store } = await scene()
    const recorded = recordedSession()
    await fetchDebs(
      [locked('nginx')],
      request({ uris: [lying.url, honest.url] }, { vendorFolders: [folder] }),
      recorded,
    )
    assert.equal(await store.check(locked('nginx')), 'sound')
    const warnings = recorded.events.flatMap(event => (event.kind === 'warned' ? [event.message] : []))
    assert.ok(
      warnings.some(message => message.includes(folder) && message.includes('sha256')),
      'the vendor folder',
    )
    assert.ok(
      warnings.some(message => message.includes(lying.url) && message.includes('sha256')),
      'the mirror',
    )
  })

  it('that cannot be reached are asked once, with one warning for all debs', async () => {
    const dead = await deadUri()
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l']
    const honest = await startMirror({ files: filesOf(...names) })
    const { request, clock } = await scene()
    const recorded = recordedSession()
    const result = await fetchDebs(
      names.map(name => locked(name)),
      request({ uris: [dead, honest.url] }),
      recorded,
    )
    assert.equal(result.fetchedDebs, 12)
    // One deb meets the dead host, with three waits; the other eleven do not.
    assert.equal(clock.sleeps.length, 3)
    assert.equal(recorded.events.filter(event => event.kind === 'warned').length, 1)
  })
})

describe('a deb that no provider delivers', () => {
  it('is FETCH_GONE when each says that it has none, and all such debs are named at once', async () => {
    const mirror = await startMirror({ files: filesOf('bash') })
    const { request, store } = await scene()
    const debs = [locked('nginx'), locked('bash'), locked('zlib')]
    const fault = await assertFault(
      fetchDebs(debs, request({ uris: [mirror.url] }), session),
      'FETCH_GONE',
      /^nginx:amd64=1:1\.0-1 is gone from every provider: http:.* answered 404 \(not found\) \(and 1 more: zlib:amd64=/,
    )
    assert.equal(fault.exitCode, 5)
    assert.deepEqual(fault.context.debs, ['nginx:amd64=1:1.0-1', 'zlib:amd64=1:1.0-1'])
    assert.equal(await store.check(locked('bash')), 'sound', 'the others are fetched all the same')
  })

  it('is FETCH_GONE when its archive has no address at all', async () => {
    const { request } = await scene()
    const deb = locked('nginx', { from: 'docker/bookworm/stable' })
    await assertFault(fetchDebs([deb], request({}), session), 'FETCH_GONE', /archive docker has no address/)
  })

  it('is FETCH_INTEGRITY when only wrong bytes were had', async () => {
    const mirror = await startMirror({ files: filesOf('nginx') })
    mirror.always(pathOf('nginx'), { kind: 'wrong-bytes' })
    const empty = await startMirror()
    const { request, store } = await scene()
    const fault = await assertFault(
      fetchDebs([locked('nginx')], request({ uris: [mirror.url, empty.url] }), session),
      'FETCH_INTEGRITY',
      /has sha256 [0-9a-f]{64}, but [0-9a-f]{64} is wanted \(2 places were asked\)/,
    )
    assert.equal(fault.exitCode, 6)
    assert.equal(await store.check(locked('nginx')), 'absent')
  })

  it('is NETWORK_UNREACHABLE when no mirror could be reached, whatever vendor folders and snapshots said', async () => {
    const empty = await startMirror()
    const { request } = await scene()
    const addresses = { uris: [await deadUri()], snapshot: `${empty.url}/{timestamp}` }
    const fault = await assertFault(
      fetchDebs([locked('nginx')], request(addresses, { vendorFolders: [await scratchFolder()] }), session),
      'NETWORK_UNREACHABLE',
      /could not be fetched: .*connection was refused/,
    )
    assert.equal(fault.exitCode, 4)
    assert.equal((fault.context.answers as string[]).length, 1 + 4 + 3)
  })

  it('is FETCH_GONE when one mirror has it no more and the other cannot be reached, which the hint says', async () => {
    const empty = await startMirror()
    const { request } = await scene()
    const fault = await assertFault(
      fetchDebs([locked('nginx')], request({ uris: [empty.url, await deadUri()] }), session),
      'FETCH_GONE',
      /\(2 places were asked\)$/,
    )
    assert.match(fault.hint ?? '', /Not every provider answered \(.*connection was refused/)
    const [first = '', second = ''] = fault.context.answers as string[]
    assert.match(first, /answered 404/)
    assert.match(second, /connection was refused/)
  })

  it('ends the run at once when the network is at fault', async () => {
    const { request, clock } = await scene()
    const names = Array.from({ length: 40 }, (_, index) => `deb${index}`)
    await assertFault(
      fetchDebs(
        names.map(name => locked(name)),
        request({ uris: [await deadUri()] }),
        session,
      ),
      'NETWORK_UNREACHABLE',
    )
    assert.equal(clock.sleeps.length, 3)
  })

  it('is STORE_UNUSABLE when the store is at fault, not the mirror', async () => {
    const mirror = await startMirror({ files: filesOf('nginx') })
    const { request, store } = await scene()
    await writeFile(join(store.folder, 'store-v1'), 'a file where a folder should be')
    await assertFault(fetchDebs([locked('nginx')], request({ uris: [mirror.url] }), session), 'STORE_UNUSABLE')
  })
})

describe('offline', () => {
  it('what is missing is named, and nobody is asked', async () => {
    const mirror = await startMirror({ files: filesOf('a', 'b', 'c', 'd', 'e', 'f', 'g') })
    const { request } = await scene()
    await fetchDebs([locked('a')], request({ uris: [mirror.url] }), session)
    const debs = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map(name => locked(name))
    const fault = await assertFault(
      fetchDebs(debs, request({ uris: [mirror.url] }, { mode: 'offline' }), session),
      'FETCH_OFFLINE',
      /^6 debs are neither in the store nor in a vendor folder: b:amd64=\S+, c:\S+, d:\S+, e:\S+, f:\S+, …$/,
    )
    assert.equal(fault.exitCode, 4)
    assert.equal((fault.context.debs as string[]).length, 6)
    assert.equal(mirror.requests.length, 1)
  })

  it('a vendor folder is enough', async () => {
    const folder = await scratchFolder()
    await writeFile(join(folder, 'nginx_1.0-1_amd64.deb'), contents('nginx'))
    const { request } = await scene()
    const offline = request({ uris: ['http://mirror.example.org'] }, { mode: 'offline', vendorFolders: [folder] })
    assert.equal((await fetchDebs([locked('nginx')], offline, session)).fetchedDebs, 1)
  })

  it('a vendored file that is none is missing; that the deb is gone nobody was asked', async () => {
    const folder = await scratchFolder()
    await mkdir(join(folder, 'nginx_1.0-1_amd64.deb'))
    const { request } = await scene()
    const offline = request({ uris: ['http://mirror.example.org'] }, { mode: 'offline', vendorFolders: [folder] })
    const told = recordedSession()
    await assertFault(fetchDebs([locked('nginx')], offline, told), 'FETCH_OFFLINE')
    assert.match(JSON.stringify(told.events), /nginx_1\.0-1_amd64\.deb is no plain file/)
  })

  it('a vendor folder with wrong bytes is said to have them', async () => {
    const folder = await scratchFolder()
    await writeFile(join(folder, 'nginx_1.0-1_amd64.deb'), 'other bytes')
    const { request } = await scene()
    const offline = request({}, { mode: 'offline', vendorFolders: [folder] })
    await assertFault(
      fetchDebs([locked('nginx')], offline, session),
      'FETCH_INTEGRITY',
      /11 bytes, but the lockfile pins 18/,
    )
  })
})
