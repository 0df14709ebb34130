import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'vitest'
import { keyringArmorOf } from '../../src/manifest/index.ts'
import { initManifest } from '../../src/workflows/init-manifest.ts'
import { projectOf } from '../../src/workflows/project.ts'
import type { World } from '../../src/workflows/world.ts'
import { envelopeOf, runAptroot } from '../support/aptroot-program.ts'
import { assertFault } from '../support/assert-fault.ts'
import { recordedSession } from '../support/scratch.ts'
import { makeTestKey } from '../support/signing.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aptroot-manifest-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const run = (...commandLine: string[]) => runAptroot(commandLine, { folder })
const read = (name: string) => readFileSync(join(folder, name), 'utf8')
function write(name: string, text: string): string {
  mkdirSync(dirname(join(folder, name)), { recursive: true })
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

describe('init', () => {
  test('needs a release and packages, and says what to do next', async () => {
    const result = await run('init', '--suite', 'bookworm', '-a', 'amd64', 'nginx')
    assert.equal(result.exitCode, 0, result.errorOutput)
    assert.equal(
      result.output,
      'Wrote aptroot.yaml: nginx; base required; amd64.\nFrom debian/bookworm: debian, debian-security.\nNext: aptroot lock update\n',
    )
    assert.match(read('aptroot.yaml'), /^distribution: debian\/bookworm$/m)
    assert.match(read('aptroot.yaml'), /^ {2}- nginx$/m)
  })

  test('writes another manifest with -f', async () => {
    const result = await run('init', '--suite', 'noble', '-f', 'web.aptroot.yaml', '--base', 'none', 'bash')
    assert.match(result.output, /Next: aptroot lock update -f web\.aptroot\.yaml/)
    assert.match(read('web.aptroot.yaml'), /^distribution: ubuntu\/noble$/m)
    assert.match(read('web.aptroot.yaml'), /^base: none/m)
  })

  test('leaves a manifest alone unless --force is given', async () => {
    write('aptroot.yaml', 'mine\n')
    const result = await run('init', '--suite', 'bookworm', 'nginx', '--json')
    assert.deepEqual([result.exitCode, envelopeOf(result).fault?.code], [2, 'MANIFEST_EXISTS'])
    assert.equal(read('aptroot.yaml'), 'mine\n')
    assert.equal((await run('init', '--suite', 'bookworm', 'nginx', '--force')).exitCode, 0)
  })

  const refused = [
    [['init', 'nginx'], 'USAGE_INVALID', 'no release'],
    [['init', '--suite', 'bookwurm', 'nginx'], 'DISTRIBUTION_UNKNOWN', 'a slip in the release'],
    [['init', '--suite', 'bookworm', 'Not A Package!'], 'USAGE_INVALID', 'no package name'],
    [['init', '--suite', 'bookworm', '--base', 'everything', 'nginx'], 'USAGE_INVALID', 'no base set'],
    [['init', '--suite', 'bookworm', '--from-host'], 'USAGE_INVALID', 'two origins'],
  ] as const
  for (const [commandLine, code, why] of refused)
    test(`refuses ${commandLine.join(' ')}: ${why}; nothing is written`, async () => {
      const result = await run(...commandLine, '--json')
      assert.deepEqual([result.exitCode, envelopeOf(result).fault?.code], [2, code])
      assert.equal(existsSync(join(folder, 'aptroot.yaml')), false)
    })

  describe('from a host', () => {
    const world = { hostArchitecture: 'amd64' } as World
    const initFrom = (systemFolder: string, session = recordedSession()) =>
      initManifest(
        {
          project: projectOf('aptroot.yaml', folder),
          source: { kind: 'host', systemFolder },
          packages: ['nginx'],
          architectures: undefined,
          base: undefined,
          existing: 'keep',
        },
        session,
        world,
      )

    test('spells out its archives, with keys that aptroot ships or that are copied into the project', async () => {
      const key = await makeTestKey({ name: 'Vendor' })
      write('host/usr/share/keyrings/vendor.asc', key.toPublic().armor())
      write('host/usr/share/keyrings/debian-archive-keyring.gpg', keyringArmorOf('debian-archive') ?? '')
      write(
        'host/etc/apt/sources.list.d/debian.sources',
        'Types: deb\nURIs: http://mirror.example.org/debian\nSuites: bookworm bookworm-updates\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n' +
          'Types: deb\nURIs: http://mirror.example.org/debian-security\nSuites: bookworm-security\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n',
      )
      write(
        'host/etc/apt/sources.list.d/vendor.list',
        'deb [signed-by=/usr/share/keyrings/vendor.asc] https://packages.vendor.example.org/linux/debian bookworm stable\n' +
          'deb https://unsigned.example.org/debian bookworm main\n',
      )
      const session = recordedSession()
      const result = await initFrom(join(folder, 'host'), session)
      assert.deepEqual(
        result.archives.map(each => each.id),
        ['debian', 'debian-security', 'vendor-example'],
      )
      const text = read('aptroot.yaml')
      assert.match(text, /signed-by: debian-archive/)
      assert.match(text, /signed-by: keys\/vendor-example\.asc/)
      assert.match(text, /security: true/)
      assert.deepEqual(result.archives.at(-1)?.fingerprints, [key.getFingerprint().toUpperCase()])
      assert.ok(existsSync(join(folder, 'keys/vendor-example.asc')))
      const warnings = session.events.flatMap(event => (event.kind === 'warned' ? [event.message] : []))
      assert.ok(
        warnings.some(each => /vendor\.list:2: left out, since this host has no key for it/.test(each)),
        warnings.join('\n'),
      )
    })

    test('without any source is told to start from a release', async () => {
      const fault = await assertFault(initFrom(join(folder, 'empty')), 'APT_SOURCES_MALFORMED')
      assert.match(fault.hint ?? '', /--suite/)
    })
  })
})

describe('add and remove', () => {
  const manifest = `# why this image exists
manifest: 1
distribution: debian/bookworm
architectures: [amd64]
packages:
  - nginx # the server
  - "openssl (>= 3.0)"
`
  beforeEach(() => {
    write('aptroot.yaml', manifest)
  })

  test('edit the list and leave comments alone', async () => {
    const added = await run('add', 'curl', 'nginx', 'grub-efi-amd64-bin [amd64]')
    assert.equal(added.output, 'Added to aptroot.yaml: curl, grub-efi-amd64-bin [amd64]\nNext: aptroot lock update\n')
    assert.match(read('aptroot.yaml'), /^# why this image exists$/m)
    assert.match(read('aptroot.yaml'), /nginx # the server/)
    const removed = await run('remove', 'curl', 'grub-efi-amd64-bin')
    assert.equal(removed.exitCode, 0, removed.errorOutput)
    assert.equal(read('aptroot.yaml'), manifest)
  })

  test('say when there is nothing to do', async () => {
    assert.equal((await run('add', 'nginx')).output, 'aptroot.yaml has all of that already.\n')
    assert.equal(read('aptroot.yaml'), manifest)
  })

  test('remove nothing when one name is not there, and suggest what is', async () => {
    const result = await run('remove', 'openssl', 'ngnix')
    assert.equal(result.exitCode, 2)
    assert.match(
      result.errorOutput,
      /ngnix is not among the packages of aptroot\.yaml \[USAGE_INVALID\]\nhint: Did you mean nginx\?/,
    )
    assert.equal(read('aptroot.yaml'), manifest)
  })

  test('refuse what is no item, and a manifest that is none', async () => {
    assert.equal(envelopeOf(await run('add', 'a b c', '--json')).fault?.code, 'USAGE_INVALID')
    assert.equal(envelopeOf(await run('add', '--json')).fault?.code, 'USAGE_INVALID')
    write('aptroot.yaml', 'manifest: 1\npackages: [\n')
    const malformed = envelopeOf(await run('add', 'curl', '--json'))
    assert.deepEqual([malformed.exitCode, malformed.fault?.code], [2, 'MANIFEST_MALFORMED'])
    assert.match(malformed.fault?.message ?? '', /^aptroot\.yaml:\d+:\d+: /)
    rmSync(join(folder, 'aptroot.yaml'))
    assert.equal(envelopeOf(await run('add', 'curl', '--json')).fault?.code, 'MANIFEST_MISSING')
  })
})

describe('archive add', () => {
  let fingerprint = ''
  beforeEach(async () => {
    const key = await makeTestKey({ name: 'Vendor' })
    fingerprint = key.getFingerprint().toUpperCase()
    write('vendor.asc', key.toPublic().armor())
    write('aptroot.yaml', 'manifest: 1\ndistribution: debian/bookworm\narchitectures: [amd64]\npackages: [nginx]\n')
  })
  const line = 'deb [arch=amd64] https://deb.vendor.org/debian bookworm main'

  test('shows the fingerprint, copies the key and appends the archive', async () => {
    const result = await run('archive', 'add', line, '--key', 'vendor.asc', '--yes')
    assert.equal(result.exitCode, 0, result.errorOutput)
    assert.match(result.output, new RegExp(`signed by ${fingerprint}`))
    assert.match(read('aptroot.yaml'), /- id: vendor\n(.*\n)*? {4}signed-by: keys\/vendor\.asc/)
    assert.match(read('aptroot.yaml'), /^distribution: debian\/bookworm$/m)
    const again = await run('archive', 'add', line, '--key', 'vendor.asc', '--yes', '--id', 'other')
    assert.equal(again.exitCode, 0, again.errorOutput)
    assert.ok(existsSync(join(folder, 'keys/other.asc')))
  })

  test('asks nobody in a script: without --yes nothing is trusted', async () => {
    const before = read('aptroot.yaml')
    const result = await run('archive', 'add', line, '--key', 'vendor.asc')
    assert.equal(result.exitCode, 2)
    assert.match(result.errorOutput, new RegExp(`nobody is here to confirm the key ${fingerprint}`))
    assert.equal(read('aptroot.yaml'), before)
    assert.equal(existsSync(join(folder, 'keys')), false)
  })

  test('takes a .sources file with its inline key', async () => {
    const armor = read('vendor.asc')
      .trimEnd()
      .split('\n')
      .map(each => ` ${each.trim() === '' ? '.' : each.trim()}`)
      .join('\n')
    write(
      'vendor.sources',
      `Types: deb\nURIs: https://deb.vendor.org/debian\nSuites: bookworm\nComponents: main\nSigned-By:\n${armor}\n`,
    )
    const result = await run('archive', 'add', 'vendor.sources', '--id', 'vendor', '--yes', '--json')
    assert.equal(result.exitCode, 0, result.output)
    const { archives } = envelopeOf(result).result as { archives: { id: string; fingerprints: string[] }[] }
    assert.deepEqual(
      archives.map(each => [each.id, each.fingerprints]),
      [['vendor', [fingerprint]]],
    )
  })

  test('never replaces a key in passing', async () => {
    write('keys/vendor.asc', 'something else\n')
    const before = read('aptroot.yaml')
    const result = await run('archive', 'add', line, '--key', 'vendor.asc', '--id', 'vendor', '--yes', '--json')
    assert.deepEqual([result.exitCode, envelopeOf(result).fault?.code], [7, 'OUTPUT_UNWRITABLE'])
    assert.equal(read('aptroot.yaml'), before)
  })

  test('says which forms there are where a preset is misspelt', async () => {
    const result = await run('archive', 'add', 'dockr', '--yes', '--json')
    assert.match(envelopeOf(result).fault?.hint ?? '', /docker, pgdg or ppa:USER\/NAME/)
  })

  const refused = [
    [[line, '--yes'], 'USAGE_INVALID', 'no key is named'],
    [['deb nonsense', '--yes'], 'APT_SOURCES_MALFORMED', 'no line of apt sources'],
    [['missing.sources', '--yes'], 'MANIFEST_FILE_MISSING', 'no such file'],
    [[line, '--key', 'aptroot.yaml', '--yes'], 'KEYRING_MALFORMED', 'no key in the file'],
    [[line, '--key', 'missing.asc', '--yes'], 'KEYRING_MALFORMED', 'no key file'],
    [[line, '--key', 'vendor.asc', '--id', 'Not An Id', '--yes'], 'MANIFEST_INVALID', 'no id'],
  ] as const
  for (const [words, code, why] of refused)
    test(`refuses ${words.join(' ')}: ${why}; nothing is written`, async () => {
      const before = read('aptroot.yaml')
      const result = await run('archive', 'add', ...words, '--json')
      assert.deepEqual([envelopeOf(result).fault?.code, result.exitCode], [code, 2], result.output)
      assert.equal(read('aptroot.yaml'), before)
      assert.equal(existsSync(join(folder, 'keys')), false)
    })
})
