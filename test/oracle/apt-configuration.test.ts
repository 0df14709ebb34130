import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, it } from 'vitest'
import { type HostAptConfiguration, readHostAptConfiguration } from '../../src/interchange/index.ts'
import { skippedForWantOf } from '../support/real-archive.ts'
import { scratchFolder } from '../support/scratch.ts'

const files = {
  '/etc/apt/sources.list': [
    'deb [arch=amd64,arm64] http://mirror.example.org/debian/ bookworm main contrib # non-free',
    'deb http://mirror.example.org/debian bookworm-updates main',
    'deb http://mirror.example.org/flat/ ./',
    'deb http://mirror.example.org/flat below/',
    'deb [enabled=no lang=de] http://mirror.example.org/on sid main',
    'deb [ arch=amd64 arch+=i386 trusted=yes ] copy:/srv/x sid main',
    'deb http://mirror.example.org/subdir bookworm/updates main',
    '#deb http://mirror.example.org/commented sid main',
    'deb-src http://mirror.example.org/sources sid main',
  ].join('\n'),
  '/etc/apt/sources.list.d/two.sources': [
    '# comment',
    'Types: deb deb-src',
    'URIs: http://a.example.org/debian https://b.example.org/debian',
    'Suites: trixie',
    '# in between',
    ' trixie-updates',
    'Components: main non-free-firmware',
    'Architectures: amd64',
    '',
    'Enabled: no',
    'Types: deb',
    'URIs: http://mirror.example.org/off',
    'Suites: ./',
  ].join('\n'),
  '/etc/apt/sources.list.d/passed-over.list.bak': 'deb http://mirror.example.org/bak sid main',
  '/etc/apt/apt.conf.d/10proxy': [
    'Acquire::http::Proxy "http://first.example.org:3128";',
    'Acquire { https { Proxy "DIRECT"; Proxy::near.example.org "http://n.example.org/"; }; };',
    '# a comment',
    '/* another */ // and another',
    'APT::List { "a"; "b"; };',
    'acquire::HTTP::proxy "http://second.example.org/";',
  ].join('\n'),
  '/etc/apt/apt.conf.d/20proxy.conf':
    '#clear Acquire::https::Proxy::near.example.org;\nAcquire::http::Proxy::far.example.org "DIRECT";',
  '/etc/apt/apt.conf.d/30proxy.disabled': 'Acquire::http::Proxy "http://third.example.org/";',
} as const

/** The Packages files that apt would ask for; `all` goes with every architecture. */
function packagesOf(host: HostAptConfiguration): string[] {
  const found = host.archives.flatMap(({ uris, suites, components, architectures }) =>
    uris.flatMap(uri =>
      suites.flatMap(suite =>
        suite.endsWith('/')
          ? [`${uri}/${suite}Packages`]
          : components.flatMap(component =>
              (architectures ?? ['amd64']).map(each => `${uri}/dists/${suite}/${component}/binary-${each}/Packages`),
            ),
      ),
    ),
  )
  return [...new Set(found)].sort()
}

describe("apt's configuration", () => {
  it('says the same to apt and to aptroot', async context => {
    const missing = existsSync('/usr/bin/apt-get') ? undefined : 'apt-get is not installed'
    if (skippedForWantOf(missing)) return context.skip()
    const root = await scratchFolder()
    for (const folder of ['var/lib/apt/lists/partial', 'var/cache/apt/archives/partial', 'etc/apt/preferences.d'])
      await mkdir(join(root, folder), { recursive: true })
    for (const [path, text] of Object.entries({ ...files, '/status': '' })) {
      await mkdir(dirname(join(root, path)), { recursive: true })
      await writeFile(join(root, path), `${text}\n`)
    }
    const conf = join(root, 'dir.conf')
    await writeFile(conf, `Dir "${root}/";\nDir::State::status "${root}/status";\n`)
    const apt = (program: string, ...words: readonly string[]) => {
      const options = ['-o', 'APT::Architecture=amd64', '-o', 'APT::Architectures=amd64']
      const ran = spawnSync(program, [...words, ...options], {
        encoding: 'utf8',
        env: { APT_CONFIG: conf, LC_ALL: 'C' },
      })
      assert.equal(ran.status, 0, ran.stderr)
      return ran.stdout
    }
    const host = await readHostAptConfiguration(root)

    const uris = [...apt('apt-get', 'update', '--print-uris').matchAll(/^'([^']*\/Packages)\.\w+' /gm)]
    const asked = uris.map(match => (match[1] ?? '').replace(/^copy:\//, 'file:///'))
    const plain = asked.filter(uri => !uri.includes('/binary-all/'))
    assert.ok(plain.length >= 12, `apt asks for ${plain.length} files only`)
    assert.deepEqual(packagesOf(host), [...new Set(plain)].sort())

    const dump = apt('apt-config', 'dump')
    // What was cleared is dumped as an empty value.
    const value = (name: string) => new RegExp(`^${name} "([^"]+)";$`, 'm').exec(dump)?.[1]
    const said = [
      ['Acquire::http::Proxy', host.proxies.http],
      ['Acquire::https::Proxy', host.proxies.https],
      [
        'Acquire::http::Proxy::far.example.org',
        host.proxies.hosts.find(each => each.host === 'far.example.org')?.proxy,
      ],
      [
        'Acquire::https::Proxy::near.example.org',
        host.proxies.hosts.find(each => each.host === 'near.example.org')?.proxy,
      ],
    ] as const
    for (const [name, proxy] of said)
      assert.equal(proxy?.kind === 'proxy' ? proxy.url : proxy && 'DIRECT', value(name), name)
  })
})
