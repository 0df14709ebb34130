import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { noAptProxies, parseSourcesList } from '../../src/interchange/index.ts'
import { archivesOfPreset, presetOf } from '../../src/manifest/index.ts'
import { type MirrorPlaces, mirrorsFor, proxyFor } from '../../src/workflows/mirrors.ts'

const debianRing = '/usr/share/keyrings/debian-archive-keyring.gpg'

function archiveOf(distribution: string, id: string, architecture = 'amd64') {
  const archives = archivesOfPreset(presetOf(distribution), [architecture], { line: 1, column: 1 })
  const found = archives.find(each => each.id === id)
  assert.ok(found !== undefined, id)
  return found
}

function hostWith(distribution: string | undefined, ...lines: readonly string[]): MirrorPlaces['host'] {
  return { distribution, archives: parseSourcesList(lines.join('\n'), '/etc/apt/sources.list').sources }
}

function mirrorsOf(id: string, host: MirrorPlaces['host'], distribution = 'debian/bookworm') {
  return mirrorsFor(archiveOf(distribution, id), { mirrors: new Map(), distribution, host })
}

const ftp = 'http://ftp.debian.org/debian'

describe('where an archive is looked for', () => {
  const signed = hostWith(
    'debian/bookworm',
    `deb [signed-by=${debianRing}] http://near.example.org/deb bookworm main`,
    `deb [signed-by=${debianRing}] http://near.example.org/sec bookworm-security main`,
  )

  test('is what the settings say, before everything else', () => {
    const mirrors = new Map([
      ['debian', ['file:///srv/debian', 'http://b.example.org/debian']],
    ]) as MirrorPlaces['mirrors']
    const archive = archiveOf('debian/bookworm', 'debian')
    assert.deepEqual(mirrorsFor(archive, { mirrors, distribution: 'debian/bookworm', host: signed }), [
      'file:///srv/debian',
      'http://b.example.org/debian',
    ])
  })

  test('is what this host uses, each archive by its role', () => {
    assert.deepEqual(mirrorsOf('debian', signed), ['http://near.example.org/deb'])
    assert.deepEqual(mirrorsOf('debian-security', signed), ['http://near.example.org/sec'])
  })

  test('is what this host uses for another release of the same distribution, since a mirror carries them all', () => {
    assert.deepEqual(mirrorsOf('debian', signed, 'debian/trixie'), ['http://near.example.org/deb'])
  })

  const others = [
    [undefined, 'no host is asked'],
    [hostWith('debian/bookworm'), 'a host without sources'],
    [hostWith('ubuntu/noble', `deb [signed-by=${debianRing}] http://n/debian bookworm main`), 'another distribution'],
    [
      hostWith(undefined, `deb [signed-by=${debianRing}] http://n/debian bookworm main`),
      'a host that does not say what it is',
    ],
    [
      hostWith('debian/bookworm', 'deb [signed-by=/etc/apt/keyrings/docker.gpg] http://n/debian bookworm main'),
      'the key of a third party',
    ],
    [hostWith('debian/bookworm', 'deb http://n/debian bookworm stable'), 'the components of a third party'],
    [hostWith('debian/bookworm', 'deb http://n/php bookworm main'), 'the path of a third party'],
    [hostWith('debian/bookworm', 'deb [trusted=yes] http://n/debian bookworm main'), 'a host that checks no signature'],
    [hostWith('debian/bookworm', 'deb http://n/debian bookworm-security main'), 'the other role'],
    [hostWith('debian/bookworm', 'deb [trusted=yes] file:/srv/debian ./'), 'a flat repository'],
  ] as const
  for (const [host, why] of others)
    test(`is the preset's address: ${why}`, () => assert.deepEqual(mirrorsOf('debian', host), [ftp]))

  test('is guessed from the path where apt was told no key', () => {
    const host = hostWith(
      'debian/bookworm',
      'deb http://near.example.org/pub/debian/ stable main',
      'deb http://n/debian-security bookworm-security main',
    )
    assert.deepEqual(mirrorsOf('debian', host), ['http://near.example.org/pub/debian'])
    assert.deepEqual(mirrorsOf('debian-security', host), ['http://n/debian-security'])
  })

  test("keeps Ubuntu's architectures apart", () => {
    const host = hostWith(
      'ubuntu/noble',
      'deb http://n.example.org/ubuntu noble main',
      'deb http://n.example.org/ubuntu-ports noble main',
    )
    assert.deepEqual(mirrorsOf('ubuntu', host, 'ubuntu/noble'), ['http://n.example.org/ubuntu'])
    const places = { mirrors: new Map(), distribution: 'ubuntu/noble', host }
    assert.deepEqual(mirrorsFor(archiveOf('ubuntu/noble', 'ubuntu-ports', 'arm64'), places), [
      'http://n.example.org/ubuntu-ports',
    ])
    assert.deepEqual(mirrorsOf('ubuntu-security', host, 'ubuntu/noble'), ['http://security.ubuntu.com/ubuntu'])
  })

  test('is what the manifest spells out, whatever the host uses', () => {
    const archive = { id: 'debian', uris: ['http://own.example.org/debian'] } as const
    assert.deepEqual(mirrorsFor(archive, { mirrors: new Map(), distribution: undefined, host: signed }), archive.uris)
    assert.deepEqual(
      mirrorsFor(archive, { mirrors: new Map(), distribution: 'debian/bookworm', host: signed }),
      archive.uris,
    )
  })
})

describe('the proxy for a URL', () => {
  const setting = {
    kind: 'proxy',
    http: 'http://p/',
    https: 'http://s/',
    except: ['example.org', '.net', '127.0.0.1', '::1', '[fd00::1]'],
  } as const
  const rows = [
    ['http://debian.org/x', 'http://p/', 'http'],
    ['https://debian.org/x', 'http://s/', 'https'],
    ['http://example.org/x', undefined, 'the domain of an exception'],
    ['http://a.b.example.org/x', undefined, 'below the domain of an exception'],
    ['http://notexample.org/x', 'http://p/', 'another domain with the same end'],
    ['http://a.net/', undefined, 'an exception with a dot in front'],
    ['http://127.0.0.1:8080/', undefined, 'an address'],
    ['http://[::1]/', undefined, 'an IPv6 address'],
    ['http://[fd00::1]:8080/', undefined, 'an IPv6 address as URLs write it'],
    ['file:///srv/debian', undefined, 'a file needs none'],
  ] as const
  for (const [url, expected, why] of rows)
    test(`${why}: ${url}`, () => assert.equal(proxyFor(new URL(url), setting, noAptProxies)?.href, expected))

  test('is none where the setting says so, even if apt has one', () => {
    const host = { ...noAptProxies, http: { kind: 'proxy', url: 'http://apt/' } } as const
    assert.equal(proxyFor(new URL('http://debian.org'), { kind: 'direct' }, host), undefined)
    assert.equal(proxyFor(new URL('http://debian.org'), { ...setting, except: ['*'] }, host), undefined)
  })

  test("is apt's without a setting: the host before the scheme, http's for https", () => {
    const host = {
      http: { kind: 'proxy', url: 'http://apt/' },
      https: undefined,
      hosts: [{ scheme: 'http', host: 'near.example.org', proxy: { kind: 'direct' } }],
    } as const
    assert.equal(proxyFor(new URL('http://debian.org'), undefined, host)?.href, 'http://apt/')
    assert.equal(proxyFor(new URL('https://debian.org'), undefined, host)?.href, 'http://apt/')
    assert.equal(proxyFor(new URL('http://near.example.org'), undefined, host), undefined)
    assert.equal(proxyFor(new URL('https://near.example.org'), undefined, host), undefined)
    assert.equal(proxyFor(new URL('http://debian.org'), undefined, undefined), undefined)
  })
})
