import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { readSettings } from '../../src/workflows/settings.ts'
import { assertFault } from '../support/assert-fault.ts'
import { type Given, placeOf, settings } from '../support/settings-place.ts'

describe('the precedence of settings', () => {
  const everywhere: Given = {
    flags: { parallelism: '5', mirror: ['debian=http://flag.example.org/debian'] },
    environment: { APTROOT_PARALLELISM: '4', APTROOT_MIRRORS: 'debian=http://variable.example.org/debian' },
    project: 'parallelism: 3\nmirrors: { debian: http://project.example.org/debian }',
    user: 'parallelism: 2\nmirrors:\n  debian: http://user.example.org/debian',
  }
  const order = [
    ['flags', 5, 'http://flag.example.org/debian'],
    ['environment', 4, 'http://variable.example.org/debian'],
    ['project', 3, 'http://project.example.org/debian'],
    ['user', 2, 'http://user.example.org/debian'],
  ] as const
  for (const [index, [name, parallelism, mirror]] of order.entries())
    test(`is won by ${name} where nothing before it speaks`, async () => {
      const left = Object.fromEntries(order.slice(index).map(([each]) => [each, everywhere[each]]))
      const found = await settings(left)
      assert.equal(found.parallelism, parallelism)
      assert.deepEqual(found.mirrors.get('debian'), [mirror])
    })

  test('ends at the defaults', async () => {
    const place = await placeOf({})
    assert.deepEqual(await readSettings({}, place), {
      storeFolder: join(place.home, '.cache/aptroot'),
      storeLayers: [],
      vendorFolders: [],
      mirrors: new Map(),
      snapshots: new Map(),
      launchpad: { kind: 'service', uri: 'https://launchpad.net' },
      fallbackUris: [],
      parallelism: 8,
      timeoutSeconds: 30,
      proxy: undefined,
      mode: 'online',
      credentialsFile: undefined,
      tls: undefined,
      securityData: undefined,
      packageCaches: [],
      packageCacheKeys: [],
      revisionService: undefined,
      revisionToken: undefined,
      sources: [],
    })
  })

  test('decides about each archive on its own', async () => {
    const found = await settings({
      flags: { mirror: ['debian=http://a.example.org/debian', 'debian=http://b.example.org/debian/'] },
      user: 'mirrors:\n  debian: http://c.example.org/debian\n  extra: [http://d.example.org/x, "file:///srv/x"]\n',
    })
    assert.deepEqual(Object.fromEntries(found.mirrors), {
      debian: ['http://a.example.org/debian', 'http://b.example.org/debian'],
      extra: ['http://d.example.org/x', 'file:///srv/x'],
    })
  })

  test('decides about the snapshot of each archive on its own, Launchpad and fallback pools', async () => {
    const found = await settings({
      environment: { APTROOT_SNAPSHOTS: 'debian=http://s.example.org/{timestamp} extra=none' },
      user: 'snapshots:\n  debian: none\n  other: none\nlaunchpad: none\nfallback: http://f.example.org/pool/\n',
    })
    assert.deepEqual(Object.fromEntries(found.snapshots), {
      other: { kind: 'none' },
      debian: { kind: 'service', uri: 'http://s.example.org/{timestamp}' },
      extra: { kind: 'none' },
    })
    assert.deepEqual(found.launchpad, { kind: 'none' })
    assert.deepEqual(found.fallbackUris, ['http://f.example.org/pool'])
  })

  test('lets a nearer place say no', async () => {
    assert.equal((await settings({ user: 'offline: true' })).mode, 'offline')
    assert.equal((await settings({ environment: { APTROOT_OFFLINE: '0' }, user: 'offline: true' })).mode, 'online')
    assert.deepEqual(
      (await settings({ project: 'proxy: none', environment: { http_proxy: 'http://p.example.org' } })).proxy,
      { kind: 'direct' },
    )
  })

  test('holds for the place of a secret too, which itself is no setting', async () => {
    const place = await placeOf({ user: 'revision-token: file-of-the-user' })
    const environment = { ...place.environment, APTROOT_REVISION_TOKEN: 'secret' }
    const variable = { kind: 'variable', name: 'APTROOT_REVISION_TOKEN' }
    const file = (path: string) => ({ kind: 'file', path })
    assert.deepEqual((await readSettings({}, { ...place, environment })).revisionToken, variable)
    assert.deepEqual(
      (await readSettings({ 'token-file': 'here' }, { ...place, environment })).revisionToken,
      file(join(place.workingFolder, 'here')),
    )
    assert.deepEqual(
      (await readSettings({}, place)).revisionToken,
      file(join(place.home, '.config/aptroot/file-of-the-user')),
    )
  })

  test('is told, highest first', async () => {
    const found = await settings({ ...everywhere, flags: { store: 's' }, environment: { APTROOT_PARALLELISM: '4' } })
    assert.deepEqual(found.sources, [
      '--store',
      'APTROOT_PARALLELISM',
      '.aptroot/settings.yaml',
      '~/.config/aptroot/settings.yaml',
    ])
  })
})

describe('paths in settings', () => {
  test('are relative to where they were written', async () => {
    const place = await placeOf({ user: 'store: store\ncredentials: ~/.netrc', project: 'vendor: [debs, more/debs]' })
    const found = await readSettings({}, place)
    assert.equal(found.storeFolder, join(place.home, '.config/aptroot/store'))
    assert.equal(found.credentialsFile, join(place.home, '.netrc'))
    assert.deepEqual(found.vendorFolders, [join(place.projectFolder, 'debs'), join(place.projectFolder, 'more/debs')])
    const environment = {
      ...place.environment,
      APTROOT_VENDOR: 'a:/b',
      APTROOT_STORE: '',
      APTROOT_STORE_LAYERS: '/srv/a:b',
    }
    const other = await readSettings({ store: 'here' }, { ...place, environment })
    assert.deepEqual(other.storeLayers, ['/srv/a', join(place.workingFolder, 'b')])
    const nearer = await readSettings({ 'store-layer': ['c'] }, { ...place, environment })
    assert.deepEqual(nearer.storeLayers, [join(place.workingFolder, 'c')])
    const file = await settings({ user: 'store-layers: [/srv/a, b]' })
    assert.deepEqual(file.storeLayers.slice(0, 1), ['/srv/a'])
    assert.deepEqual(other.vendorFolders, [join(place.workingFolder, 'a'), '/b'])
    assert.equal(other.storeFolder, join(place.workingFolder, 'here'))
  })

  test('the store goes to XDG_CACHE_HOME unless that is relative, and nowhere without a home', async () => {
    const place = await placeOf({})
    const storeOf = async (environment: Record<string, string>) =>
      (await readSettings({}, { ...place, environment })).storeFolder
    assert.equal(await storeOf({ XDG_CACHE_HOME: '/xdg', HOME: '/home/me' }), '/xdg/aptroot')
    assert.equal(await storeOf({ XDG_CACHE_HOME: 'xdg', HOME: '/home/me' }), '/home/me/.cache/aptroot')
    await assertFault(storeOf({}), 'SETTINGS_INVALID', 'no place for the store')
  })

  test("the user's file lies in XDG_CONFIG_HOME", async () => {
    const place = await placeOf({})
    await mkdir(join(place.home, 'xdg/aptroot'), { recursive: true })
    await writeFile(join(place.home, 'xdg/aptroot/settings.yaml'), 'parallelism: 7')
    const environment = { ...place.environment, XDG_CONFIG_HOME: join(place.home, 'xdg') }
    assert.equal((await readSettings({}, { ...place, environment })).parallelism, 7)
  })
})

describe("a project's settings, which a pull request may bring,", () => {
  const refused = [
    ['vendor: /var/cache/x', 'an absolute path'],
    ['vendor: ../x', 'a path upwards'],
    ['vendor: a/../../x', 'a path upwards on the way'],
    ['vendor: ~/x', 'the home folder'],
    ['vendor: .', 'the project itself'],
    ['vendor: [inside, ../outside]', 'one of several'],
    ['vendor: link/x', 'a path through a link that leads out'],
    ['vendor: dangling', 'a link that leads nowhere yet'],
  ] as const
  for (const [project, why] of refused)
    test(`cannot name ${why}`, async () => {
      const place = await placeOf({ project })
      await symlink(place.home, join(place.projectFolder, 'link'))
      await symlink('/nowhere/at/all', join(place.projectFolder, 'dangling'))
      await assertFault(readSettings({}, place), 'SETTINGS_INVALID', /^\.aptroot\/settings\.yaml:1:\d+: .*leaves/)
    })

  test('cannot bring a store, whose results of earlier runs would be believed', async () => {
    await assertFault(settings({ project: 'store: cache' }), 'SETTINGS_INVALID', 'store may not be set here')
  })

  test('cannot choose whose passwords are used', async () => {
    await assertFault(
      settings({ project: 'credentials: netrc' }),
      'SETTINGS_INVALID',
      'credentials may not be set here',
    )
  })

  test('cannot bring a store whose results are believed', async () => {
    await assertFault(settings({ project: 'store-layers: shared' }), 'SETTINGS_INVALID', 'store-layers may not be set')
  })

  test('cannot be a link out of the project', async () => {
    const place = await placeOf({ user: 'parallelism: 2' })
    await mkdir(join(place.projectFolder, '.aptroot'))
    await symlink(
      join(place.home, '.config/aptroot/settings.yaml'),
      join(place.projectFolder, '.aptroot/settings.yaml'),
    )
    await assertFault(readSettings({}, place), 'SETTINGS_INVALID', 'a link out of the project')
  })

  test('cannot be a pipe that never ends', async () => {
    const place = await placeOf({})
    await mkdir(join(place.projectFolder, '.aptroot'))
    execFileSync('mkfifo', [join(place.projectFolder, '.aptroot/settings.yaml')])
    await assertFault(readSettings({}, place), 'SETTINGS_INVALID', 'no regular file')
  })
})

describe('the proxy setting', () => {
  test('of one URL is for http and https', async () => {
    const http = 'http://proxy.example.org:3128'
    assert.deepEqual((await settings({ user: `proxy: ${http}` })).proxy, {
      kind: 'proxy',
      http,
      https: http,
      except: [],
    })
  })

  test('can differ, and name exceptions', async () => {
    const text = 'proxy:\n  https: http://s.example.org\n  except: [Example.ORG, 127.0.0.1]\n'
    assert.deepEqual((await settings({ user: text })).proxy, {
      kind: 'proxy',
      http: undefined,
      https: 'http://s.example.org',
      except: ['example.org', '127.0.0.1'],
    })
  })

  test('defaults to the variables that curl knows, but not to what a CGI server sets from a header', async () => {
    const environment = {
      http_proxy: 'p.example.org:3128',
      HTTPS_PROXY: 'http://s.example.org',
      no_proxy: 'a.org, .b.org',
    }
    assert.deepEqual((await settings({ environment })).proxy, {
      kind: 'proxy',
      http: 'http://p.example.org:3128',
      https: 'http://s.example.org',
      except: ['a.org', '.b.org'],
    })
    assert.equal((await settings({ environment: { HTTP_PROXY: 'http://evil.example.org' } })).proxy, undefined)
  })
})
