import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import { isFault } from '../../src/kernel/index.ts'
import type { SettingFlags } from '../../src/workflows/merge-settings.ts'
import { readSettings } from '../../src/workflows/settings.ts'
import { readSettingsFile } from '../../src/workflows/settings-file.ts'
import { assertFault } from '../support/assert-fault.ts'
import { scratchFolder } from '../support/scratch.ts'

interface Given {
  readonly flags?: SettingFlags
  readonly environment?: Readonly<Record<string, string>>
  readonly project?: string
  readonly user?: string
}

async function placeOf({ environment = {}, project, user }: Given) {
  const folder = await scratchFolder()
  const home = join(folder, 'home')
  const projectFolder = join(folder, 'project')
  await mkdir(projectFolder)
  const files = [
    [join(projectFolder, '.aptroot/settings.yaml'), project],
    [join(home, '.config/aptroot/settings.yaml'), user],
  ] as const
  for (const [path, text] of files) {
    if (text === undefined) continue
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
  }
  return { environment: { HOME: home, ...environment }, workingFolder: projectFolder, projectFolder, home }
}

async function settings(given: Given) {
  return readSettings(given.flags ?? {}, await placeOf(given))
}

/** Each on a line of its own, a column further in than the one before. */
function nested(piece: string, depth: number): string {
  return Array.from({ length: depth }, (_, column) => `${' '.repeat(column)}${piece}`).join('\n')
}

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

describe('a wrong setting is refused', () => {
  const inFile = [
    ['parallelism: 2\nmirors: {}', ':2:1: there is no setting "mirors"', 'an unknown key'],
    ['parallelism: 0', ':1:14: parallelism is "0"', 'a number below the range'],
    ['parallelism: 65', ':1:14: ', 'a number beyond the range'],
    ['timeout: 0', ':1:10: timeout is "0"', 'a server that may not even think'],
    ['parallelism: 1e1', ':1:14: ', 'another way to write a number'],
    ['offline: maybe', ':1:10: "maybe" is neither', 'neither yes nor no'],
    ['mirrors: http://h/', ':1:10: mirrors is no mapping', 'a mirror without its archive'],
    ['mirrors:\n  debian: ftp://h/debian', ':2:11: ftp://h/debian is no http', 'a scheme that cannot be fetched'],
    ['mirrors:\n  debian: []', ':2:3: "debian" has no mirror', 'an archive without mirrors'],
    ['mirrors:\n  debian: [a, {b: c}]', ':2:12: ', 'a mapping where text belongs'],
    ['snapshots:\n  debian: http://h/x', ':2:11: http://h/x does not hold {timestamp}', 'a snapshot without its time'],
    ['launchpad: ftp://h', ':1:12: ftp://h', 'a Launchpad that cannot be fetched from'],
    ['fallback: [pool]', ':1:12: ', 'a fallback that is no address'],
    ['store: [a]', ':1:8: "store" is no text', 'a list where text belongs'],
    ['store:', ':1:7: "store" is no text', 'nothing where text belongs'],
    ['store: ""', 'the path is empty', 'an empty path'],
    ['proxy: socks5://h', ':1:8: the proxy', 'a proxy of another kind'],
    ['proxy: {ftp: x}', ':1:9: proxy has no "ftp"', 'an unknown key of the proxy'],
    ['- a', ':1:1: the settings is no mapping', 'a list'],
    ['a: [', ':1:', 'broken YAML'],
    ['store: a\nstore: b', ':2:1: ', 'a key given twice'],
    ['a: 1\n---\nb: 2', ':2:', 'two documents'],
    [`mirrors:\n${'- '.repeat(60)}`, ':2:1: the line is too deeply nested', 'nesting that no setting has'],
    [`store: ${'x'.repeat(2000)}`, ':1:1: the line is too long', 'a line that no setting has'],
    ['store: &a x\nvendor: *a', ':2:9: "vendor" is no text', 'an alias'],
  ] as const
  for (const [user, message, why] of inFile)
    test(`in a file: ${why}`, async () => {
      const fault = await assertFault(settings({ user }), 'SETTINGS_INVALID', message)
      assert.match(fault.message, /^~\/\.config\/aptroot\/settings\.yaml:\d+:\d+: /)
      assert.ok((fault.hint ?? '').length > 0)
    })

  const elsewhere: readonly (readonly [Given, RegExp])[] = [
    [{ environment: { APTROOT_PARALLELISM: 'many' } }, /^APTROOT_PARALLELISM: parallelism is "many"/],
    [{ environment: { APTROOT_OFFLINE: 'perhaps' } }, /^APTROOT_OFFLINE: /],
    [{ environment: { APTROOT_PROXY: 'h' } }, /^APTROOT_PROXY: /],
    [{ environment: { APTROOT_MIRRORS: 'http://h/debian' } }, /^APTROOT_MIRRORS: .* ID=URI/],
    [{ environment: { https_proxy: 'socks5://h' } }, /^https_proxy: /],
    [{ flags: { mirror: ['debian'] } }, /^--mirror: "debian" is not of the form ID=URI/],
    [{ flags: { mirror: ['debian=http://h/?x=1'] } }, /^--mirror: http:\/\/h\/\?… has a query/],
    [{ flags: { mirror: ['debian=file://server/x'] } }, /^--mirror: .* names a host/],
    [{ environment: { APTROOT_SNAPSHOTS: 'debian=x' } }, /^APTROOT_SNAPSHOTS: /],
    [{ environment: { APTROOT_LAUNCHPAD: 'perhaps' } }, /^APTROOT_LAUNCHPAD: /],
    [{ flags: { fallback: ['pool'] } }, /^--fallback: /],
    [{ flags: { parallelism: '-1' } }, /^--parallelism: /],
    [{ flags: { timeout: '1.5' } }, /^--timeout: timeout is "1\.5"/],
    [{ environment: { APTROOT_TIMEOUT: '9999' } }, /^APTROOT_TIMEOUT: timeout is "9999"/],
    [{ flags: { store: '' } }, /^--store: the path is empty/],
    [{ flags: { proxy: 'ftp://h' } }, /^--proxy: /],
  ]
  for (const [given, message] of elsewhere)
    test(`elsewhere: ${message.source}`, async () => {
      await assertFault(settings(given), 'SETTINGS_INVALID', message)
    })

  test('without the password in it', async () => {
    for (const given of [
      { flags: { mirror: ['DEBIAN=https://me:secret@h/debian'] } },
      { flags: { mirror: ['debian=https://me:secret@h/debian?x'] } },
      { environment: { APTROOT_PROXY: 'socks5://me:secret@h' } },
      { user: 'mirrors:\n  debian: ftp://me:secret@h/' },
    ]) {
      const fault = await assertFault(settings(given), 'SETTINGS_INVALID')
      assert.doesNotMatch(`${fault.message}${fault.hint}${JSON.stringify(fault.context)}`, /secret/)
    }
  })

  test('when the file is no text or too large', async () => {
    const place = await placeOf({ user: '' })
    const path = join(place.home, '.config/aptroot/settings.yaml')
    await writeFile(path, Buffer.from([0xff, 0xfe]))
    await assertFault(readSettings({}, place), 'SETTINGS_INVALID', 'not UTF-8')
    await writeFile(path, '#'.repeat(64 * 1024 + 1))
    await assertFault(readSettings({}, place), 'SETTINGS_INVALID', '65537 bytes')
  })

  const deep = [
    '[',
    '{a: ',
    '- ',
    '? ',
    '&a ',
    '!!x ',
    'a: ',
    '- a: ',
    '[\n',
    ' [\n',
    '-\n',
    'a: "',
    "'",
    '*a ',
    '|\n ',
  ]
  for (const piece of deep)
    test(`however often the YAML repeats ${JSON.stringify(piece)}`, () => {
      for (const times of [90, 900, 60_000 / piece.length])
        for (const text of [piece.repeat(times), nested(piece, Math.min(times, 300))])
          try {
            readSettingsFile({ name: 'f', text, resolvePath: value => ({ kind: 'value', value }), refused: new Map() })
          } catch (error) {
            if (!isFault(error, 'SETTINGS_INVALID')) throw error
          }
    })

  test('and whatever the YAML, the answer is settings or that fault', () => {
    const piece = fc.constantFrom(
      'mirrors',
      'proxy',
      'store',
      ': ',
      '\n',
      '  ',
      '- ',
      '[',
      ']',
      '{',
      '}',
      ',',
      '&a',
      '*a',
      '!!x',
      '? ',
      '"',
      '|',
      '---',
      '<<',
      '0',
      'http://h',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 16 }), pieces => {
        const resolvePath = (value: string) => ({ kind: 'value', value }) as const
        try {
          readSettingsFile({ name: 'f', text: pieces.join(''), resolvePath, refused: new Map() })
        } catch (error) {
          if (!isFault(error, 'SETTINGS_INVALID')) throw error
        }
      }),
      { seed: 12, numRuns: 1500 },
    )
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
