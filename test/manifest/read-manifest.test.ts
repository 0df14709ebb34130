import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import { Fault, type FaultCode } from '../../src/kernel/index.ts'
import { readManifest } from '../../src/manifest/index.ts'
import { assertFault } from '../support/assert-fault.ts'

const everyKey = `manifest: 1
distribution: debian/bookworm
architectures: [amd64+i386, arm64]
archives:
  - id: site
    uri: https://mirror.example.org/site
    mirrors: ["http://127.0.0.1:8080/site", "file:///srv/site"]
    suites: [bookworm, bookworm/updates]
    components: [main, contrib]
    architectures: [amd64]
    signed-by: keys/site.asc
    snapshot: https://snapshot.example.org/site/{timestamp}
    max-age: 2w
    security: true
  - {id: flat, uri: "http://mirror.example.org/flat", suites: [./], trusted: {reason: built by our own CI}}
base: essential
packages:
  - nginx
  - "openssl (>= 3.0)"
  - "default-mta | mail-transport-agent"
  - "grub-efi-amd64-bin [amd64]"
  - curl=7.88.1-10
  - "git/bookworm-backports [arm64 amd64]"
  - libc6:i386 [amd64]
exclude: [usrmerge]
recommends: [nginx]
pins:
  - {source: systemd, version: "252.*", reason: "https://bugs.debian.org/1", until: 2027-01-31}
  - {package: "*", release: "n=bookworm-backports,o=Debian Backports", priority: -1, reason: none of it}
image:
  configure: none
  exclude-paths: ["/usr/share/doc/*"]
  merged-usr: false
  files: [{source: overlay/, target: /}]
  source-date-epoch: 1735689600
  outputs:
    - {format: tar, path: "./out/{architecture}/rootfs.tar"}
`

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
      ],
    )
    assert.deepEqual(manifest.image, {
      configure: 'none',
      excludePaths: ['/usr/share/doc/*'],
      mergedUsr: false,
      files: [{ source: 'overlay', target: '/', position: { line: 34, column: 11 } }],
      sourceDateEpochSeconds: 1_735_689_600,
      outputs: [{ format: 'tar', path: 'out/{architecture}/rootfs.tar', position: { line: 37, column: 7 } }],
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

/** Each is appended to a good head; the place is that of the fault. */
const head = 'manifest: 1\ndistribution: debian/bookworm\narchitectures: [amd64, arm64]\n'
const archive = (fields: string) =>
  `archives:\n  - {id: x, uri: "http://mirror.example.org/x", suites: [s], components: [main], signed-by: debian-archive${fields}}`
const bad: readonly (readonly [text: string, place: string, message: RegExp, code?: FaultCode])[] = [
  ['pacakges: [nginx]', '4:1', /"pacakges" is not a key of a manifest/],
  ['debs: [{path: a.deb, pin: hash}]', '4:1', /does not support the key `debs` yet/],
  ['image: {ids: {sshd: 110}}', '4:9', /does not support the key `ids` yet/],
  ['image: {outputs: [{format: oci, path: out}]}', '4:28', /does not support `format` "oci" yet/],
  ['base: all', '4:7', /`base` cannot be "all"/],
  ['packages: nginx', '4:11', /must be a list, and is "nginx"/],
  ['packages:', '4:10', /must be a list, and is empty/],
  ['packages: [1]', '4:12', /is a number for YAML/],
  ['packages: [yes, true]', '4:17', /is true or false for YAML/],
  ['packages: [nginx, "nginx "]', '4:19', /written twice, first in line 4/],
  ['packages: ["a, b"]', '4:12', /is not one item/],
  ['packages: [""]', '4:12', /is not one item/],
  ['packages: ["a (>> )"]', '4:12', /is not a list of relations/],
  ['packages: ["a [amd64] | b"]', '4:12', /restricted to different architectures/],
  ['packages: ["a <!nocheck>"]', '4:12', /build profiles/],
  ['packages: ["a [x86_64]"]', '4:12', /is not a list of relations|neither an architecture/],
  ['packages: ["a [pdp11]"]', '4:12', /neither an architecture/],
  ['packages: ["a:pdp11"]', '4:12', /not an architecture/],
  ['packages: ["a=1:"]', '4:12', /not a version/],
  ['packages: [a/../b]', '4:12', /no name of a suite/],
  ['exclude: ["*"]', '4:11', /does not look like a package name/],
  ['recommends: maybe', '4:13', /true, false or a list/],
  ['pins: [{package: a}]', '4:8', /`reason` of a pin is missing/],
  ['pins: [{reason: a}]', '4:8', /neither `package` nor `source`/],
  ['pins: [{package: a, reason: b, priority: 0}]', '4:42', /no meaning in apt_preferences/],
  ['pins: [{package: a, reason: b, priority: 1e9}]', '4:42', /no whole number from -32768/],
  ['pins: [{package: a, reason: b, priority: 1.5}]', '4:42', /no whole number/],
  ['pins: [{package: a, reason: b, until: 2027-02-30}]', '4:39', /no day of the calendar/],
  ['pins: [{package: a, reason: b, release: "n=x,n=y"}]', '4:41', /says n= twice/],
  ['pins: [{package: a, reason: b, version: 252}]', '4:41', /is a number for YAML/],
  ['archives: [{}]', '4:12', /`suites` of an archive is missing/],
  [archive(', trusted: {reason: x}'), '5:118', /exclude each other/],
  [archive(', max-age: 1y'), '5:118', /does not look like 12h, 14d or 2w/],
  [archive(', snapshot: "http://mirror.example.org/"'), '5:119', /\{timestamp\} exactly once/],
  [archive(', mirrors: ["http://mirror.example.org/x"]'), '5:119', /is the `uri` already/],
  [archive(', mirrors: ["http://user:secret@mirror.example.org/x"]'), '5:119', /^(?!.*secret).*user name or password/],
  [archive(', mirrors: ["ftp://mirror.example.org/x"]'), '5:119', /does not look like http/],
  [archive(', mirrors: ["http://[/"]'), '5:119', /is no URL/],
  [archive(', fallback: x'), '5:109', /does not support the key `fallback` yet/],
  ['archives: [{id: x, uri: "file:///x", suites: [./], components: [main], trusted: {reason: x}}]', '4:64', /flat/],
  ['archives: [{id: x, uri: "file:///x", suites: [./, s], trusted: {reason: x}}]', '4:46', /the others are not/],
  ['archives: [{id: x, uri: "file:///x", suites: [../x]}]', '4:47', /does not look like bookworm/],
  ['archives: [{id: x, uri: "file:///x", suites: [s], components: [main]}]', '4:12', /neither `signed-by` nor/],
  [
    'archives: [{id: x, uri: "file:///x", suites: [./], signed-by: debian-archiv}]',
    '4:63',
    /is no key ring that aptroot has/,
  ],
  [
    'archives: [{id: debian, uri: "file:///x", suites: [./], signed-by: debian-archive}]',
    '4:12',
    /comes with `distribution: debian\/bookworm` already/,
  ],
  [
    'archives: [{id: x, uri: "file:///x", suites: [./], signed-by: ../../etc/shadow}]',
    '4:63',
    /leaves the folder of the manifest/,
    'MANIFEST_PATH_OUTSIDE',
  ],
  ['image: {files: [{source: /etc, target: /}]}', '4:26', /leaves the folder/, 'MANIFEST_PATH_OUTSIDE'],
  ['image: {files: [{source: a/../../b, target: /}]}', '4:26', /leaves the folder/, 'MANIFEST_PATH_OUTSIDE'],
  ['image: {files: [{source: a, target: /../b}]}', '4:37', /absolute path of the image/],
  ['image: {files: [{source: a, target: etc}]}', '4:37', /absolute path of the image/],
  ['image: {outputs: [{format: tar, path: ../a.tar}]}', '4:39', /leaves the folder/, 'MANIFEST_PATH_OUTSIDE'],
  ['image: {outputs: [{format: directory, path: ./}]}', '4:45', /would replace the folder/],
  ['image: {outputs: [{format: tar, path: a.tar}]}', '4:39', /2 architectures/],
  ['image: {outputs: [{format: tar, path: "a{arch}"}]}', '4:39', /placeholder other than/],
  ['image: {exclude-paths: [usr]}', '4:25', /absolute path such as/],
  ['image: {source-date-epoch: -1}', '4:28', /no whole number from 0/],
  ['image: {merged-usr: "yes"}', '4:21', /must be true or false/],
  ['image: none', '4:8', /must be keys and values/],
  ['base: none\nbase: none', '5:1', /written twice/, 'MANIFEST_MALFORMED'],
  ['base: [', '5:1', /./, 'MANIFEST_MALFORMED'],
  ['base: !!binary aGFsbG8=', '4:16', /tags/, 'MANIFEST_MALFORMED'],
  ['base: !secret none', '4:7', /tags/, 'MANIFEST_MALFORMED'],
  ['image:\n\tconfigure: none', '5:1', /tab/, 'MANIFEST_MALFORMED'],
  ['---\nmanifest: 1', '4:1', /second YAML document/, 'MANIFEST_MALFORMED'],
  ['base: *none', '4:7', /no anchor/, 'MANIFEST_MALFORMED'],
  ['packages: &a [*a]', '4:15', /no anchor/, 'MANIFEST_MALFORMED'],
  ['? [a, b]\n: c', '4:3', /must be text/, 'MANIFEST_MALFORMED'],
  ['<<: {base: none}', '4:1', /"<<" is not a key/],
  ['__proto__: {base: none}', '4:1', /"__proto__" is not a key/],
  ['node: 1', '4:1', /"node" is not a key/],
]

describe('a fault in a manifest names file, line and column', () => {
  for (const [text, place, message, code] of bad) {
    test(JSON.stringify(text.length > 90 ? `…${text.slice(-90)}` : text), async () => {
      const fault = await assertFault(
        readManifest(`${head}${text}\n`, 'web.aptroot.yaml'),
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
    const fault = await assertFault(readManifest(`${head}base: al\tl\n`, 'a.yaml'), 'MANIFEST_INVALID')
    assert.deepEqual(fault.context.excerpt, ['4 | base: al l', '  |       ^'])
  })

  test('and shows only a part of a very long line', async () => {
    const fault = await assertFault(
      readManifest(`${head}packages: [${'a, '.repeat(1)}${'b'.repeat(5000)}, a]\n`, 'a.yaml'),
      'MANIFEST_INVALID',
    )
    const [line = '', caret = ''] = fault.context.excerpt as readonly string[]
    assert.ok(line.length < 120)
    assert.equal(line[caret.indexOf('^')], 'a')
  })
})

describe('anchors and aliases', () => {
  test('may name a value once and use it again', async () => {
    const text = `manifest: 1
architectures: [amd64]
archives:
  - {id: a, uri: "file:///a", suites: &suites [bookworm], components: [main], signed-by: &key debian-archive}
  - {id: b, uri: "file:///b", suites: *suites, components: [main], signed-by: *key}
`
    const { archives } = await readManifest(text, 'aptroot.yaml')
    assert.deepEqual(archives[1]?.suites, ['bookworm'])
  })

  test('cannot be used to blow up', async () => {
    const levels = Array.from({ length: 30 }, (_, at) => `a${at}: &a${at} [${`*a${at - 1}, `.repeat(9)}]`).slice(1)
    const bomb = `${head}a0: &a0 [x]\n${levels.join('\n')}\n`
    await assertFault(readManifest(bomb, 'aptroot.yaml'), 'MANIFEST_MALFORMED', /more than 100 aliases/)
  })
})

describe('a hostile manifest', () => {
  const hostile: readonly (readonly [name: string, text: string])[] = [
    ['fifty thousand open brackets', '['.repeat(50_000)],
    ['fifty thousand open braces', '{a: '.repeat(50_000)],
    ['fifty thousand nested lists', '- '.repeat(50_000)],
    ['more than a million characters', `#${' '.repeat(1_000_001)}`],
    ['a terminal sequence as a key', '"\\e[2Jx": 1'],
    ['a NUL', 'base: "\\0"'],
    ['a lone surrogate', 'base: "\\ud800"'],
  ]
  for (const [name, text] of hostile) {
    test(`with ${name} is refused in one line`, async () => {
      const started = performance.now()
      const error = await readManifest(text, 'aptroot.yaml').then(
        () => undefined,
        reason => reason,
      )
      assert.ok(error instanceof Fault, String(error))
      assert.match(error.message, /^aptroot\.yaml:\d+:\d+: [^\p{Cc}]+$/u)
      assert.ok(performance.now() - started < 5000)
    })
  }

  test('is read or refused with a place, whatever was cut, doubled or replaced in it', async () => {
    const edit = fc.record({
      at: fc.nat(everyKey.length),
      remove: fc.nat(20),
      insert: fc.oneof(
        fc.string({ maxLength: 5 }),
        fc.constantFrom(
          '- ',
          '[',
          '{',
          '\n',
          ': ',
          '"',
          '&a ',
          '*a',
          '!t ',
          '|',
          '>',
          '#',
          '\t',
          '%YAML 1.1\n---\n',
          '? ',
        ),
      ),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), async edits => {
        const text = edits.reduce(
          (before, { at, remove, insert }) => before.slice(0, at) + insert + before.slice(at + remove),
          everyKey,
        )
        try {
          await readManifest(text, 'aptroot.yaml', 'amd64')
        } catch (error) {
          assert.ok(error instanceof Fault, String(error))
          assert.match(error.message, /^aptroot\.yaml:\d+:\d+: [^\n]+$/)
        }
      }),
      { seed: 20261120, numRuns: 400 },
    )
  })
})
