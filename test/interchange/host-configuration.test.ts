import assert from 'node:assert/strict'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { readKeys } from 'openpgp'
import { describe, test } from 'vitest'
import { distributionKeyringOf, hostKeysOf, readHostAptConfiguration } from '../../src/interchange/index.ts'
import { keyringArmorOf } from '../../src/manifest/index.ts'
import { readKeyring } from '../../src/openpgp/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { scratchFolder } from '../support/scratch.ts'

async function hostWith(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const root = await scratchFolder()
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), content)
  }
  return root
}

const armor = keyringArmorOf('debian-archive') ?? ''

async function binaryRing(): Promise<Uint8Array> {
  const keys = await readKeys({ armoredKeys: /-----BEGIN[\s\S]*?-----END[^\n]*-----/.exec(armor)?.[0] ?? '' })
  return Buffer.concat(keys.map(key => key.write()))
}

describe("a host's apt configuration", () => {
  test('is nothing where there is none', async () => {
    assert.deepEqual(await readHostAptConfiguration(await hostWith({})), {
      distribution: undefined,
      archives: [],
      proxies: { http: undefined, https: undefined, hosts: [] },
      keyRings: [],
      notes: [],
    })
  })

  test('is read in the order of apt, passing over the names that apt passes over', async () => {
    const root = await hostWith({
      '/etc/apt/sources.list': 'deb http://mirror.example.org/debian bookworm main\n',
      '/etc/apt/sources.list.d/b.list': 'deb http://b.example.org/debian bookworm main\n',
      '/etc/apt/sources.list.d/a.sources':
        'Types: deb\nURIs: http://a.example.org/d\nSuites: bookworm\nComponents: main\n',
      '/etc/apt/sources.list.d/c.list.save': 'broken',
      '/etc/apt/sources.list.d/d e.list': 'broken',
      '/etc/apt/apt.conf.d/10proxy': 'Acquire::http::Proxy "http://first.example.org";',
      '/etc/apt/apt.conf.d/20proxy.disabled': 'Acquire::http::Proxy "http://never.example.org";',
      '/etc/apt/apt.conf': 'Acquire::http::Proxy "http://last.example.org";',
      '/etc/os-release': 'NAME="Debian"\nVERSION_CODENAME=bookworm\nID=debian\n',
    })
    const host = await readHostAptConfiguration(root)
    assert.deepEqual(
      host.archives.map(each => each.uris[0]),
      ['http://mirror.example.org/debian', 'http://a.example.org/d', 'http://b.example.org/debian'],
    )
    assert.deepEqual(host.proxies.http, { kind: 'proxy', url: 'http://last.example.org' })
    assert.equal(host.distribution, 'debian/bookworm')
  })

  test('has one archive for lines that differ in their suites only', async () => {
    const root = await hostWith({
      '/etc/apt/sources.list': [
        'deb http://mirror.example.org/debian bookworm main',
        'deb http://mirror.example.org/debian bookworm-updates main',
        'deb http://mirror.example.org/debian bookworm main',
        'deb http://mirror.example.org/debian bookworm-backports main contrib',
      ].join('\n'),
    })
    const { archives } = await readHostAptConfiguration(root)
    assert.deepEqual(
      archives.map(each => each.suites),
      [['bookworm', 'bookworm-updates'], ['bookworm-backports']],
    )
  })

  test('names file and line of what is broken', async () => {
    const root = await hostWith({ '/etc/apt/sources.list.d/x.list': '\ndeb' })
    await assertFault(readHostAptConfiguration(root), 'APT_SOURCES_MALFORMED', '/etc/apt/sources.list.d/x.list:2: ')
  })

  test('that is no text is refused, not guessed at', async () => {
    const root = await hostWith({ '/etc/apt/sources.list': Buffer.from([0xff, 0xfe, 0x64, 0]) })
    await assertFault(readHostAptConfiguration(root), 'APT_SOURCES_MALFORMED', 'no UTF-8 text')
  })

  test('of another root folder is not left by symbolic links', async () => {
    const outside = await hostWith({ '/secret.list': 'deb http://outside.example.org/d sid main' })
    const root = await hostWith({
      '/etc/apt/real.list': 'deb http://inside.example.org/d sid main',
      '/etc/apt/sources.list.d/keep': '',
    })
    await symlink('/etc/apt/real.list', join(root, 'etc/apt/sources.list.d/inside.list'))
    await symlink(join(outside, 'secret.list'), join(root, 'etc/apt/sources.list.d/outside.list'))
    await symlink('../../../../../../../../secret.list', join(root, 'etc/apt/sources.list.d/up.list'))
    await symlink('loop.list', join(root, 'etc/apt/sources.list.d/loop.list'))
    const { archives } = await readHostAptConfiguration(root)
    assert.deepEqual(
      archives.map(each => each.uris[0]),
      ['http://inside.example.org/d'],
    )
  })
})

describe("the keys of a host's archive", () => {
  test('are the ring that Signed-By names, armored', async () => {
    const ring = '/usr/share/keyrings/example.gpg'
    const root = await hostWith({
      '/etc/apt/sources.list': `deb [signed-by=${ring}] http://mirror.example.org/debian bookworm main`,
      [ring]: await binaryRing(),
      '/etc/apt/trusted.gpg.d/other.asc': armor,
    })
    const host = await readHostAptConfiguration(root)
    const text = await hostKeysOf(host.archives[0]!, host)
    const { keys } = await readKeyring(Buffer.from(text ?? ''), 'host')
    const expected = await readKeys({ binaryKeys: await binaryRing() })
    assert.deepEqual(
      keys.map(key => key.getFingerprint()),
      expected.map(key => key.getFingerprint()),
    )
  })

  test('are all trusted rings without Signed-By, and the missing ring is noted with it', async () => {
    const root = await hostWith({
      '/etc/apt/sources.list': [
        'deb http://mirror.example.org/debian bookworm main',
        'deb [signed-by=/gone.gpg] http://mirror.example.org/gone bookworm main',
      ].join('\n'),
      '/etc/apt/trusted.gpg.d/a.asc': armor,
      '/etc/apt/trusted.gpg.d/ignored.txt': 'x',
    })
    const host = await readHostAptConfiguration(root)
    assert.equal(await hostKeysOf(host.archives[0]!, host), `${armor.trim()}\n`)
    assert.equal(await hostKeysOf(host.archives[1]!, host), undefined)
    assert.deepEqual(host.notes, [
      { place: { file: '/etc/apt/sources.list', line: 2 }, message: 'the key ring /gone.gpg is not there' },
    ])
  })

  test('are those of the fingerprints, of a primary key or a subkey, from the trusted rings alone', async () => {
    const ring = await readKeyring(Buffer.from(armor), 'debian-archive')
    const wanted = ring.keys[1]!
    const subkey = wanted.getSubkeys()[0]?.getFingerprint() ?? wanted.getFingerprint()
    const root = await hostWith({
      '/etc/apt/sources.list': [
        `deb [signed-by=${subkey}] http://mirror.example.org/debian bookworm main`,
        `deb [signed-by=${'0'.repeat(40)}] http://mirror.example.org/debian bookworm main`,
      ].join('\n'),
      '/etc/apt/trusted.gpg.d/a.asc': armor,
    })
    const host = await readHostAptConfiguration(root)
    const found = await readKeyring(Buffer.from((await hostKeysOf(host.archives[0]!, host)) ?? ''), 'host')
    assert.deepEqual(found.fingerprints, [wanted.getFingerprint().toUpperCase()])
    assert.equal(await hostKeysOf(host.archives[1]!, host), undefined)
  })

  test('ship with aptroot where Signed-By names the path of the distribution', () => {
    const rows = [
      [['/usr/share/keyrings/debian-archive-keyring.gpg'], [], 'debian-archive'],
      [['/usr/share/keyrings/debian-archive-bookworm-stable.asc'], [], 'debian-archive'],
      [['/usr/share/keyrings/ubuntu-archive-keyring.gpg'], [], 'ubuntu-archive'],
      [['/etc/apt/keyrings/debian-archive-keyring.gpg'], [], undefined],
      [['/usr/share/keyrings/debian-archive-keyring.gpg', '/usr/share/keyrings/own.gpg'], [], undefined],
      [['/usr/share/keyrings/debian-archive-keyring.gpg'], ['0'.repeat(40)], undefined],
      [[], [], undefined],
    ] as const
    for (const [paths, fingerprints, expected] of rows)
      assert.equal(distributionKeyringOf({ signedBy: { kind: 'key-rings', paths, fingerprints } }), expected)
    assert.equal(distributionKeyringOf({ signedBy: undefined }), undefined)
  })
})
