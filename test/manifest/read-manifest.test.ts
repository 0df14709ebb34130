import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import type { FaultCode } from '../../src/kernel/index.ts'
import { readManifest } from '../../src/manifest/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { badManifests, everyKey, manifestHead } from '../support/manifest-samples.ts'

describe('a manifest with every key', () => {
  test('is read as it stands', async () => {
    const manifest = await readManifest(everyKey, 'aptroot.yaml')
    assert.equal(manifest.distribution, 'debian/bookworm')
    assert.deepEqual(manifest.architectures, [
      { native: 'amd64', foreign: ['i386'] },
      { native: 'arm64', foreign: [] },
    ])
    assert.deepEqual(
      manifest.archives.map(({ id }) => id),
      ['debian', 'debian-security', 'site', 'flat'],
    )
    assert.deepEqual(manifest.archives[2], {
      id: 'site',
      uris: ['https://mirror.example.org/site', 'http://127.0.0.1:8080/site', 'file:///srv/site'],
      suites: ['bookworm', 'bookworm/updates'],
      components: ['main', 'contrib'],
      architectures: ['amd64'],
      trust: { kind: 'signed-by', signedBy: { kind: 'path', path: 'keys/site.asc' } },
      snapshot: 'https://snapshot.example.org/site/{timestamp}',
      maxAgeSeconds: 1_209_600,
      security: true,
      position: { line: 5, column: 5 },
    })
    assert.deepEqual(manifest.archives[3]?.trust, { kind: 'unsigned', reason: 'built by our own CI' })
    assert.deepEqual(manifest.archives[3]?.components, [])
    assert.equal(manifest.base, 'essential')
    assert.deepEqual(manifest.exclude, ['usrmerge'])
    assert.deepEqual(manifest.recommends, { kind: 'follow-of', packages: ['nginx'] })
    assert.deepEqual(
      manifest.pins.map(({ position: _, ...pin }) => pin),
      [
        {
          package: undefined,
          source: 'systemd',
          version: '252.*',
          release: undefined,
          origin: undefined,
          priority: 990,
          reason: 'https://bugs.debian.org/1',
          until: '2027-01-31',
        },
        {
          package: '*',
          source: undefined,
          version: undefined,
          release: { n: 'bookworm-backports', o: 'Debian Backports' },
          origin: undefined,
          priority: -1,
          reason: 'none of it',
          until: undefined,
        },
        {
          package: 'src:linux /^libc6/ git*:i386',
          source: undefined,
          version: undefined,
          release: { name: 'bookworm-*' },
          origin: '',
          priority: -32_768,
          reason: 'not here',
          until: undefined,
        },
      ],
    )
    assert.deepEqual(manifest.image, {
      configure: 'scripts',
      excludePaths: ['/usr/share/doc/*'],
      mergedUsr: false,
      files: [
        {
          source: 'overlay',
          target: '/',
          owner: { kind: 'number', id: 0 },
          group: { kind: 'number', id: 0 },
          mode: undefined,
          content: 'copied',
          position: { line: 37, column: 11 },
        },
        {
          source: 'a.conf',
          target: '/etc/a',
          owner: { kind: 'name', name: 'app' },
          group: { kind: 'number', id: 4 },
          mode: 0o640,
          content: 'filled',
          position: { line: 37, column: 42 },
        },
      ],
      variables: new Map([
        ['domain', 'example.org'],
        ['greeting', ''],
      ]),
      sourceDateEpochSeconds: 1_735_689_600,
      outputs: [
        { format: 'tar', path: 'out/{architecture}/rootfs.tar', position: { line: 41, column: 7 } },
        {
          format: 'oci',
          path: 'out/oci',
          reference: 'nginx:latest',
          layers: 'packages',
          entrypoint: ['/usr/sbin/nginx', '-g', 'daemon off;'],
          command: ['-q', '-q'],
          environment: new Map([
            ['LANG', ''],
            ['PATH', '/usr/bin'],
          ]),
          user: '33:33',
          workingFolder: '/srv',
          labels: new Map([['org.example.team', 'web']]),
          annotations: new Map([['org.opencontainers.image.title', 'nginx']]),
          position: { line: 42, column: 7 },
        },
        {
          format: 'ostree',
          path: 'out/repo',
          reference: 'debian/{architecture}',
          layout: 'plain',
          subject: 'a web server',
          position: { line: 53, column: 7 },
        },
        {
          format: 'squashfs',
          path: 'out/{architecture}/root.squashfs',
          compression: 'gzip',
          position: { line: 54, column: 7 },
        },
        { format: 'erofs', path: 'out/{architecture}/root.erofs', position: { line: 55, column: 7 } },
        {
          format: 'ext4',
          path: 'out/{architecture}/root.ext4',
          sizeBytes: 2 ** 31,
          label: 'root',
          position: { line: 56, column: 7 },
        },
      ],
      customisation: {
        ids: [
          { name: 'sshd', userId: 110, groupId: 110 },
          { name: 'ssl-cert', userId: undefined, groupId: 111 },
          { name: '_chrony', userId: 112, groupId: 113 },
        ],
        debconf: ['tzdata tzdata/Areas select Europe', 'adduser adduser/homedir-permission boolean'],
        aptSources: { kind: 'manifest' },
        users: [
          {
            name: 'app',
            userId: 1000,
            groupId: 1001,
            home: '/srv/app',
            shell: '/bin/sh',
            groups: ['adm'],
            gecos: 'The app, itself',
          },
          {
            name: 'bare',
            userId: 1002,
            groupId: undefined,
            home: '/nonexistent',
            shell: '/usr/sbin/nologin',
            groups: [],
            gecos: '',
          },
        ],
        groups: [{ name: 'ops', groupId: 1003 }],
        hostname: 'web-1.example.org',
        timezone: 'America/Argentina/Ushuaia',
        locales: ['de_DE.UTF-8', 'C.UTF-8'],
        units: { enable: ['ssh.service'], disable: ['getty@tty1.service'], mask: ['apt-daily.timer'] },
        sysctl: [
          ['net.ipv4.ip_forward', '1'],
          ['kernel.core_pattern', '|/bin/false'],
        ],
        removedPaths: ['/usr/share/doc'],
        removedPackages: ['perl'],
        run: ['hooks/finish.sh'],
      },
    })
  })

  test('reads the same with CRLF line ends', async () => {
    const read = await readManifest(everyKey.replaceAll('\n', '\r\n'), 'aptroot.yaml')
    assert.deepEqual(read, await readManifest(everyKey, 'aptroot.yaml'))
  })
})

describe('the shortest manifest', () => {
  test('has the defaults that the manual states', async () => {
    const manifest = await readManifest('manifest: 1\ndistribution: debian/trixie\n', 'aptroot.yaml', 'arm64')
    assert.deepEqual(manifest.architectures, [{ native: 'arm64', foreign: [] }])
    assert.equal(manifest.base, 'required')
    assert.deepEqual(manifest.packages, [])
    assert.deepEqual(manifest.recommends, { kind: 'skip' })
    assert.equal(manifest.image.configure, 'scripts')
    assert.equal(manifest.image.mergedUsr, true, "the release's own choice")
    assert.deepEqual(manifest.image.outputs, [])
  })

  test('needs its architectures where the host has none', async () => {
    await assertFault(readManifest('manifest: 1\ndistribution: debian/trixie\n', 'a.yaml'), 'MANIFEST_INVALID')
  })
})

describe('an item of packages', () => {
  const items: readonly (readonly [written: string, text: string, why: string])[] = [
    ['nginx', 'nginx', 'a name'],
    ['openssl(>=3.0)', 'openssl (>= 3.0)', 'blanks are free'],
    ['a|b', 'a | b', 'alternatives'],
    ['grub-pc [ arm64  amd64 ]', 'grub-pc [amd64 arm64]', 'restrictions are a set'],
    ['a [amd64] | b [amd64]', 'a [amd64] | b [amd64]', 'one restriction for the whole item'],
    ['linux-image-686 [!amd64]', 'linux-image-686 [!amd64]', 'a negated restriction'],
    ['gcc [linux-any]', 'gcc [linux-any]', 'a wildcard'],
    ['nginx=1:1.22.1-9', 'nginx=1:1.22.1-9', 'an exact version with an epoch'],
    ['nginx/bookworm-backports[amd64]', 'nginx/bookworm-backports [amd64]', 'a suite'],
    ['libc6:i386', 'libc6:i386', 'an architecture'],
    ['g++-12 (<< 13~)', 'g++-12 (<< 13~)', 'signs in names and versions'],
  ]
  for (const [written, text, why] of items) {
    test(`${written} is normalised to ${text}: ${why}`, async () => {
      assert.equal(await wantedText(written), text)
      assert.equal(await wantedText(text), text, 'and stays so')
    })
  }

  async function wantedText(item: string): Promise<string | undefined> {
    const text = `manifest: 1\ndistribution: debian/sid\npackages: [${JSON.stringify(item)}]`
    return (await readManifest(text, 'aptroot.yaml', 'amd64')).packages[0]?.text
  }

  test('keeps version and suite apart from the relation', async () => {
    const { packages } = await readManifest(everyKey, 'aptroot.yaml')
    assert.deepEqual(packages[4]?.selection, { kind: 'version', version: '7.88.1-10' })
    assert.deepEqual(packages[5]?.selection, { kind: 'suite', suite: 'bookworm-backports' })
    assert.deepEqual(packages[5]?.architectures, ['amd64', 'arm64'])
    assert.deepEqual(packages[5]?.alternatives, [
      { packageName: 'git', architectureQualifier: undefined, constraint: undefined },
    ])
  })
})

describe('a fault in a manifest names file, line and column', () => {
  for (const [text, place, message, code] of badManifests) {
    test(JSON.stringify(text.length > 90 ? `…${text.slice(-90)}` : text), async () => {
      const fault = await assertFault(
        readManifest(`${manifestHead}${text}\n`, 'web.aptroot.yaml'),
        code ?? 'MANIFEST_INVALID',
        message,
      )
      assert.equal(fault.message.split(': ')[0], `web.aptroot.yaml:${place}`, fault.message)
      assert.ok(fault.hint)
    })
  }

  const heads: readonly (readonly [text: string, message: RegExp, code?: FaultCode])[] = [
    ['', /must be keys and values .*, and is empty/],
    ['distribution: debian/bookworm', /`manifest: 1`.* is missing/],
    ['manifest: 2\npackages: [a]', /reads 1/],
    ['manifest: 1', /`architectures` is missing/],
    ['manifest: 1\narchitectures: [amd64]', /`distribution` or `archives` is missing/],
    ['manifest: 1\narchitectures: []', /empty list/],
    ['manifest: 1\narchitectures: [x86_64]', /its name is amd64/],
    ['manifest: 1\narchitectures: [amd64+amd64]', /names an architecture twice/],
    ['manifest: 1\narchitectures: [amd64, amd64]', /written twice/],
    ['manifest: 1\narchitectures: [amd64]\narchives: []', /empty list/],
    ['manifest: 1\narchitectures: [amd64]\ndistribution: debian/bokworm', /no release/, 'DISTRIBUTION_UNKNOWN'],
  ]
  for (const [text, message, code] of heads) {
    test(`${JSON.stringify(text)} is refused`, () =>
      assertFault(readManifest(text, 'aptroot.yaml'), code ?? 'MANIFEST_INVALID', message))
  }

  test('and shows the line with a caret', async () => {
    const fault = await assertFault(readManifest(`${manifestHead}base: al\tl\n`, 'a.yaml'), 'MANIFEST_INVALID')
    assert.deepEqual(fault.context.excerpt, ['4 | base: al l', '  |       ^'])
  })

  test('and shows only a part of a very long line', async () => {
    const fault = await assertFault(
      readManifest(`${manifestHead}packages: [${'a, '.repeat(1)}${'b'.repeat(5000)}, a]\n`, 'a.yaml'),
      'MANIFEST_INVALID',
    )
    const [line = '', caret = ''] = fault.context.excerpt as readonly string[]
    assert.ok(line.length < 120)
    assert.equal(line[caret.indexOf('^')], 'a')
  })
})
