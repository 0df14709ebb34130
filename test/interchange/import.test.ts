import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { generalKeys, sectionKeys } from '../../src/interchange/import/multistrap-keys.ts'
import { readForeignProject } from '../../src/interchange/index.ts'
import { assertFault } from '../support/assert-fault.ts'

const sha256 = 'a'.repeat(64)
const pool = 'https://snapshot.example.org/archive/debian/20240210T223313Z/pool/main'
const distrolessDeb = (name: string, version: string, arch: string) => ({
  arch,
  dependencies: [{ name: 'libc6', version: '2.36-9' }],
  name,
  version,
  sha256,
  url: `${pool}/${name.slice(0, 1)}/${name}/${name}_${version}_${arch}.deb`,
})

describe('a lock of rules_distroless', () => {
  const debs = [
    distrolessDeb('bash', '5.2-1', 'amd64'),
    distrolessDeb('bash', '5.2-1', 'arm64'),
    distrolessDeb('tzdata', '2024a-0', 'amd64'),
    distrolessDeb('tzdata', '2024a-1', 'arm64'),
    distrolessDeb('grub-pc', '2:2.06-13', 'amd64'),
  ]
  const expected = ['bash=5.2-1', 'grub-pc=2:2.06-13 [amd64]', 'tzdata=2024a-0 [amd64]', 'tzdata=2024a-1 [arm64]']

  test('of format 1 becomes its packages at their versions, and the time of its snapshot', async () => {
    const packages = debs.map(deb => ({ ...deb, key: `${deb.name}_${deb.version}_${deb.arch}` }))
    const read = await readForeignProject(JSON.stringify({ version: 1, packages }), 'apt.lock.json')
    assert.deepEqual(read.packages, expected)
    assert.deepEqual(read.architectures, ['amd64', 'arm64'])
    assert.equal(read.snapshot, '20240210T223313Z')
    assert.equal(read.format, 'lock of rules_distroless, format 1')
    assert.match(
      read.notes.join('\n'),
      /no lock was made of its 5 debs: it has their sha256, but not size, source package, suite, signing key;/,
    )
  })

  test('of format 2, by name and architecture, becomes the same', async () => {
    const packages: Record<string, Record<string, unknown>> = {}
    for (const deb of debs) packages[deb.name] = { ...packages[deb.name], [deb.arch]: deb }
    const read = await readForeignProject(JSON.stringify({ version: 2, packages }), 'apt.lock.json')
    assert.deepEqual(read.packages, expected)
  })
})

describe('a lock of rules_distroless as newer releases write it', () => {
  const debs = [
    ['bookworm', 'bash', 'amd64', '5.2-1'],
    ['bookworm', 'bash', 'arm64', '5.2-1'],
    ['bookworm-security', 'tzdata', 'all', '2024a-0+deb12u1'],
  ] as const
  const packages = Object.fromEntries(
    debs.map(([suite, name, architecture, version]) => [
      `/${suite}/${name}:${architecture}=${version}`,
      { name, version, architecture, sha256, filename: `pool/main/${name}.deb`, suite, size: 100, depends_on: [] },
    ]),
  )
  const source = (uri: string) => ({
    types: ['deb'],
    uris: [uri],
    components: ['main'],
    architectures: ['amd64', 'arm64'],
  })
  const lock = {
    version: 2,
    dependency_sets: { image: { sets: { amd64: { '/bookworm/bash:amd64': '5.2-1' }, arm64: {} } } },
    packages,
    sources: {
      bookworm: source('https://snapshot.example.org/archive/debian/20240210T223313Z'),
      'bookworm-security': source('https://snapshot.example.org/archive/debian-security/20240210T223313Z'),
    },
  }

  test('becomes its packages at their versions, and the archives they are from; what a lock lacks then is named', async () => {
    const read = await readForeignProject(JSON.stringify(lock), 'apt.lock.json')
    assert.deepEqual(read.packages, ['bash=5.2-1', 'tzdata=2024a-0+deb12u1'])
    assert.deepEqual(read.architectures, ['amd64', 'arm64'])
    assert.equal(read.snapshot, '20240210T223313Z')
    assert.deepEqual(
      read.archives.map(each => each.source.suites[0]),
      ['bookworm', 'bookworm-security'],
    )
    assert.match(
      read.notes.join('\n'),
      /its 3 debs: it has their sha256 and size, but not version of the source package, signing key, date of the Release;/,
    )
    assert.match(read.notes.join('\n'), /asked for were bash$/m)
  })

  test('is refused where its sources are none', () =>
    assertFault(
      readForeignProject(JSON.stringify({ ...lock, sources: { bookworm: { uris: 'x' } } }), 'apt.lock.json'),
      'IMPORT_MALFORMED',
      '"uris" is no list of texts',
    ))
})

describe('a manifest of rules_distroless', () => {
  test('becomes what was asked for, and its channels', async () => {
    const text = `version: 1
sources:
  - channel: bookworm main contrib
    url: https://snapshot.example.org/archive/debian/20240210T223313Z
  - channel: bookworm-security main
    urls: [https://snapshot.example.org/archive/debian-security/20240209T000000Z]
archs: [amd64, "arm64"]
packages:
  - bash # a shell
  - "tzdata"
`
    const read = await readForeignProject(text, 'apt.yaml')
    assert.deepEqual(read.packages, ['bash', 'tzdata'])
    assert.deepEqual(
      read.archives.map(({ source }) => [source.suites, source.components]),
      [
        [['bookworm'], ['main', 'contrib']],
        [['bookworm-security'], ['main']],
      ],
    )
    assert.equal(read.snapshot, '20240210T223313Z')
  })
})

describe('a lock of repro-env', () => {
  const entry = (fields: Readonly<Record<string, string>>) =>
    `\n[[package]]\n${Object.entries({ sha256, ...fields })
      .map(([key, value]) => `${key} = "${value}"\n`)
      .join('')}`

  test('becomes its packages of Debian; what the container has is said to stay behind', async () => {
    const text = [
      `[container]\nimage = "debian@sha256:${sha256}"\nbootstrap_cmd = [["apt-get", "update"]]\n`,
      entry({
        name: 'gcc',
        version: '4:12.2.0-3',
        system: 'debian',
        url: `${pool}/g/gcc-defaults/gcc_4%3a12.2.0-3_amd64.deb`,
      }),
      entry({
        name: 'cpp_4%3a12.2.0-3_amd64.deb',
        version: '???',
        system: 'debian',
        url: `${pool}/g/gcc-defaults/cpp_4%3A12.2.0-3_amd64.deb`,
      }),
      entry({ name: 'tzdata', version: '2024a-0', system: 'debian', url: `${pool}/t/tzdata/tzdata_2024a-0_all.deb` }),
      entry({ name: 'zlib', version: '1', system: 'archlinux', url: 'https://archive.example.org/zlib.tar.zst' }),
    ].join('')
    const read = await readForeignProject(text, 'repro-env.lock')
    assert.deepEqual(read.packages, ['cpp=4:12.2.0-3', 'gcc=4:12.2.0-3', 'tzdata=2024a-0'])
    assert.deepEqual(read.architectures, ['amd64'])
    assert.match(read.notes.join('\n'), /container image "debian@sha256:a+" stays behind/)
    assert.match(read.notes.join('\n'), /1 packages of other systems/)
    assert.match(read.notes.join('\n'), /1 commands of bootstrap_cmd were left out/)
  })
})

describe("dpkg's status", () => {
  const stanza = (name: string, version: string, architecture: string, state = 'install ok installed') =>
    `Package: ${name}\nStatus: ${state}\nArchitecture: ${architecture}\nVersion: ${version}\nDescription: some\n more\n\n`

  test('becomes every installed package at its version, foreign ones by their architecture', async () => {
    const text = [
      stanza('dpkg', '1.21.22', 'amd64'),
      stanza('libc6', '2.36-9', 'amd64'),
      stanza('libc6', '2.36-9', 'i386'),
      stanza('tzdata', '2024a-0', 'all', 'hold ok installed'),
      stanza('old', '1', 'amd64', 'deinstall ok config-files'),
      stanza('broken', '1', 'amd64', 'install reinstreq half-installed'),
    ].join('')
    const read = await readForeignProject(text, 'status')
    assert.deepEqual(read.packages, ['dpkg=1.21.22', 'libc6=2.36-9', 'tzdata=2024a-0', 'libc6:i386=2.36-9'])
    assert.deepEqual(read.architectures, ['amd64+i386'])
    assert.equal(read.base, 'none')
    assert.match(
      read.notes.join('\n'),
      /1 packages that are neither installed nor removed were left out, such as broken/,
    )
  })
})

const multistrap = `# a board
[General]
arch=armhf
directory=/srv/root
cleanup=true
noauth=false
unpack=true
addimportant=true
allowrecommends=true
bootstrap=Debian Net
aptsources=Debian
configscript=config.sh
debconfseed=
retainsources=false
typo=1

[Debian]
packages=udev mtd-utils
packages=netbase
source=http://mirror.example.org/debian
keyring=debian-archive-keyring
suite=bookworm
omitdebsrc=true

[Net]
packages=ifupdown
source=http://mirror.example.org/debian
keyring=debian-archive-keyring
suite=bookworm-updates
components=main contrib
reinstall=perl

[Unused]
packages=games
source=http://mirror.example.org/debian
suite=bookworm
`

describe('a configuration of multistrap', () => {
  test('becomes the sections that bootstrap lists', async () => {
    const read = await readForeignProject(multistrap, 'board.conf')
    assert.deepEqual(read.packages, ['udev', 'mtd-utils', 'netbase', 'ifupdown'])
    assert.deepEqual([read.architectures, read.base, read.recommends], [['armhf'], 'important', 'follow'])
    assert.deepEqual(
      read.archives.map(({ source, keys }) => [source.suites[0], source.components.join(' '), keys]),
      [
        ['bookworm', 'main', { kind: 'named', name: 'debian-archive' }],
        ['bookworm-updates', 'main contrib', { kind: 'named', name: 'debian-archive' }],
      ],
    )
  })

  test('says of every key that is left out which line it is on and what to do instead', async () => {
    const { notes } = await readForeignProject(multistrap, 'board.conf')
    assert.deepEqual(notes, [
      'line 11: aptsources was left out: write `apt-sources: manifest`, or own entries, to `image`',
      'line 12: configscript was left out: maintainer scripts are run anyway; write your own steps to `image.run`',
      'line 15: "typo" in section "general" is no key of multistrap',
      'line 31: reinstall was left out: dpkg is fine with one round',
      'section "unused": left out, since bootstrap does not list it',
    ])
  })

  test('has the keys of multistrap 2.2.11, each one', () => {
    // What its program asks a section for; multistrap(1) and the examples in its package name no other.
    const general =
      'addimportant allowrecommends aptdefaultrelease aptpreferences aptsources arch bootstrap cleanup configscript debconfseed debootstrap directory explicitsuite forceunpack hookdir ignorenativearch include markauto multiarch noauth omitpreinst omitrequired retainsources setupscript tarballname unpack'
    const section = 'additional architecture components keyring omitdebsrc packages reinstall source suite'
    assert.equal(Object.keys(generalKeys).toSorted().join(' '), general)
    assert.equal(Object.keys(sectionKeys).toSorted().join(' '), section)
  })

  test('loses none of the keys that are carried over: each changes what is read', async () => {
    const plain: Readonly<Record<string, string>> = {
      bootstrap: 'A',
      source: 'http://mirror.example.org/debian',
      suite: 'sid',
    }
    const values: Readonly<Record<string, string>> = {
      ...{ arch: 'arm64', multiarch: 'i386', bootstrap: 'B', debootstrap: 'B', noauth: 'true', omitrequired: 'true' },
      ...{ addimportant: 'true', allowrecommends: 'true', explicitsuite: 'true', packages: 'curl', additional: 'jq' },
      ...{ source: 'http://mirror.example.org/ports', suite: 'trixie', components: 'contrib', architecture: 'armel' },
      keyring: 'debian-archive-keyring',
    }
    const read = (changed: Readonly<Record<string, string>>) => {
      const keys: Readonly<Record<string, string>> = { arch: 'amd64', packages: 'bash', ...plain, ...changed }
      const lines = Object.entries(keys).map(([key, value]) => [key in generalKeys, `${key}=${value}\n`] as const)
      const part = (wanted: boolean) =>
        lines.flatMap(([isGeneral, line]) => (isGeneral === wanted ? [line] : [])).join('')
      const other = '[B]\npackages=vim\nsource=http://mirror.example.org/b\nsuite=sid\n'
      return readForeignProject(`[General]\n${part(true)}[A]\n${part(false)}${other}`, 'a.conf')
    }
    const before = await read({})
    for (const [key, { kind }] of Object.entries({ ...generalKeys, ...sectionKeys })) {
      if (kind !== 'read') continue
      const value = values[key] ?? assert.fail(`no value for ${key}`)
      const after = await read(key === 'debootstrap' ? { bootstrap: '', [key]: value } : { [key]: value })
      assert.notDeepEqual({ ...after, notes: [] }, { ...before, notes: [] }, key)
    }
  })

  test('with any key that multistrap has is read: each is carried over, needless, or refused by its name', async () => {
    for (const [key, { kind }] of Object.entries({ ...generalKeys, ...sectionKeys })) {
      if (kind === 'read') continue
      const section = key in generalKeys ? 'general' : 'debian'
      const text = `[General]\nbootstrap=Debian\n[Debian]\nsource=http://mirror.example.org/debian\nsuite=sid\n`
      const at = section === 'general' ? '[General]\n' : '[Debian]\n'
      const { notes } = await readForeignProject(text.replace(at, `${at}${key}=something\n`), 'a.conf')
      assert.equal(
        notes.some(note => note.includes(`${key} was left out: `)),
        kind === 'refused',
        key,
      )
    }
  })

  test('with noauth asks for no signatures, with explicitsuite for suites, with multiarch for foreign architectures', async () => {
    const text = `[General]\narch=amd64\nmultiarch=i386 armhf\nnoauth=true\nexplicitsuite=true\nomitrequired=true\nbootstrap=A\n[A]\npackages=bash\nsource=http://mirror.example.org/debian\nsuite=sid\n`
    const read = await readForeignProject(text, 'a.conf')
    assert.deepEqual([read.architectures, read.packages, read.base], [['amd64+i386+armhf'], ['bash/sid'], 'none'])
    assert.deepEqual(read.archives[0]?.keys, { kind: 'none-asked-for' })
  })
})

describe('a file to be imported is refused', () => {
  const lock = (deb: object) =>
    JSON.stringify({ version: 1, packages: [{ ...distrolessDeb('bash', '1', 'amd64'), ...deb }] })
  for (const [why, text, message] of [
    ['when it is of no known kind', 'hello\n', 'of no kind that aptroot reads'],
    ['when its JSON is cut', '{"version": 1', 'a.file: '],
    ['when it is nested without end', `{"a":${'['.repeat(100_000)}`, 'a.file: '],
    ['when its lock has a newer format', '{"version": 3, "packages": {}}', 'format 1 or 2'],
    ['with a name that is a path', lock({ name: '../../etc/passwd' }), 'is no package name'],
    ['with a version that is none', lock({ version: '1;rm' }), 'is no version'],
    ['with an architecture that is none', lock({ arch: 'pdp-11/x' }), 'pdp-11/x'],
    ['with a package that is a number', '{"version": 1, "packages": [1]}', 'no record'],
    ['when its TOML is broken', '[container]\nimage = \n[[package]]\n', 'a.file: '],
    ['when its TOML has no package of Debian', '[container]\nimage = "x"\n', 'no package of the system'],
    [
      'with a deb whose name has no version',
      '[[package]]\nname="a"\nversion="1"\nsystem="debian"\nurl="https://x.example.org/a.deb"\n',
      'is no name of a deb',
    ],
    ['with YAML that refers to itself', 'packages: &a [*a]\n', 'a.file: '],
    ['with a section twice', '[General]\n[A]\n[a]\n', 'line 3: the section "a" stands here a second time'],
    ['with a section that is not there', '[General]\nbootstrap=A\n', 'bootstrap lists "a", which is no section'],
    ['with a line that is nothing', '[General]\nhello\n', 'line 2: "hello" is neither'],
    ['when its status is cut in a field', 'Package: a\nStatus: install ok installed\nnonsense\n', 'line 3'],
    ['beyond a size that is a list of packages', `packages:\n${' '.repeat(9_000_000)}`, 'characters'],
  ] as const)
    test(why, () => assertFault(readForeignProject(text, 'a.file'), 'IMPORT_MALFORMED', message))

  test('whose address apt would refuse too', () =>
    assertFault(
      readForeignProject('[General]\nbootstrap=A\n[A]\nsource=nonsense\nsuite=sid\n', 'a.conf'),
      'APT_SOURCES_MALFORMED',
    ))
})
