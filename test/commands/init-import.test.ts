import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { presetOf, readManifest } from '../../src/manifest/index.ts'
import { type InitRequest, type InitResult, initManifest } from '../../src/workflows/init-manifest.ts'
import { projectOf } from '../../src/workflows/project.ts'
import type { World } from '../../src/workflows/world.ts'
import { envelopeOf, runAptroot } from '../support/aptroot-program.ts'
import { assertFault } from '../support/assert-fault.ts'
import { recordedSession, scratchFolder } from '../support/scratch.ts'

interface Imported {
  readonly result: InitResult
  readonly manifest: Awaited<ReturnType<typeof readManifest>>
  readonly warnings: readonly string[]
}

async function imported(
  text: string,
  more: Partial<InitRequest> & { readonly suite?: string } = {},
): Promise<Imported> {
  const folder = await scratchFolder()
  await writeFile(join(folder, 'theirs'), text)
  const session = recordedSession()
  const result = await initManifest(
    {
      project: projectOf('aptroot.yaml', folder),
      source: { kind: 'import', path: join(folder, 'theirs'), suite: more.suite },
      packages: more.packages ?? [],
      architectures: more.architectures,
      base: more.base,
      existing: 'keep',
    },
    session,
    { hostArchitecture: 'amd64' } as World,
  )
  const manifest = await readManifest(await readFile(join(folder, 'aptroot.yaml'), 'utf8'), 'aptroot.yaml', 'amd64')
  const warnings = session.events.flatMap(event => (event.kind === 'warned' ? [event.message] : []))
  return { result, manifest, warnings }
}

const source = (channel: string, url: string) => `  - channel: ${channel}\n    url: ${url}\n`
/** As the presets name Debian's snapshot service, and manifests of others too. */
const snapshot = presetOf('debian/bookworm').archives[0].snapshot?.replace('/debian/{timestamp}', '')

describe('init --from a manifest of rules_distroless', () => {
  test('takes the archives of the release with their keys, and names the snapshot for the first update', async () => {
    const { result, manifest } = await imported(
      `sources:\n${source('bookworm main contrib', `${snapshot}/debian/20240210T223313Z`)}${source('bookworm-updates main contrib', `${snapshot}/debian/20240210T223313Z`)}${source('bookworm-security main', `${snapshot}/debian-security/20240210T223313Z`)}archs: [amd64, arm64]\npackages: [bash, "tzdata"]\n`,
    )
    assert.equal(result.imported?.snapshot, '20240210T223313Z')
    assert.deepEqual(
      manifest.archives.map(({ id, suites, components, trust, security, snapshot: template }) => ({
        id,
        suites,
        components,
        keys: trust.kind === 'signed-by' && trust.signedBy.kind === 'named' ? trust.signedBy.name : trust.kind,
        security,
        template,
      })),
      [
        {
          id: 'debian',
          suites: ['bookworm', 'bookworm-updates'],
          components: ['main', 'contrib'],
          keys: 'debian-archive',
          security: false,
          template: `${snapshot}/debian/{timestamp}`,
        },
        {
          id: 'debian-security',
          suites: ['bookworm-security'],
          components: ['main'],
          keys: 'debian-archive',
          security: true,
          template: `${snapshot}/debian-security/{timestamp}`,
        },
      ],
    )
    assert.deepEqual(
      manifest.packages.map(item => item.text),
      ['bash', 'tzdata'],
    )
    assert.deepEqual(manifest.exclude, ['usrmerge'])
  })

  test('of a whole release becomes the name of the release', async () => {
    const { manifest } = await imported(
      `sources:\n${source('bookworm main', `${snapshot}/debian/20240210T223313Z`)}${source('bookworm-updates main', `${snapshot}/debian/20240210T223313Z/`)}${source('bookworm-security main', `${snapshot}/debian-security/20240210T223313Z`)}packages: [bash]\n`,
    )
    assert.equal(manifest.distribution, 'debian/bookworm')
  })

  test('leaves out an archive whose keys nobody knows, and says so', async () => {
    const { manifest, warnings } = await imported(
      `sources:\n${source('bookworm main', 'http://mirror.example.org/debian')}${source('stable main', 'http://vendor.example.org/apt')}packages: [bash]\n`,
    )
    assert.deepEqual(
      manifest.archives.map(each => each.uris),
      [['http://mirror.example.org/debian']],
    )
    assert.match(warnings.join('\n'), /http:\/\/vendor\.example\.org\/apt was left out, since no key is known/)
  })
})

describe('init --from a configuration of multistrap', () => {
  test('writes archives, architectures, base and packages; names on the command line come on top', async () => {
    const { manifest } = await imported(
      '[General]\narch=armhf\nmultiarch=armel\naddimportant=true\nallowrecommends=true\nbootstrap=A B\n[A]\npackages=udev\nsource=http://mirror.example.org/debian\nkeyring=debian-archive-keyring\nsuite=jessie\n[B]\npackages=samba\nsource=http://mirror.example.org/debian\nkeyring=debian-archive-keyring\nsuite=jessie-updates\n',
      { packages: ['nginx'] },
    )
    assert.deepEqual(manifest.architectures, [{ native: 'armhf', foreign: ['armel'] }])
    assert.deepEqual(
      manifest.archives.map(each => each.suites),
      [['jessie', 'jessie-updates']],
    )
    assert.deepEqual([manifest.base, manifest.recommends], ['important', { kind: 'follow' }])
    assert.deepEqual(
      manifest.packages.map(item => item.text),
      ['udev', 'samba', 'nginx'],
    )
  })

  test('that asks for no signatures says in the manifest why there are none', async () => {
    const { manifest } = await imported(
      '[General]\nnoauth=true\nbootstrap=A\n[A]\npackages=udev\nsource=http://mirror.example.org/vendor\nsuite=stable\n',
    )
    assert.deepEqual(manifest.archives[0]?.trust, { kind: 'unsigned', reason: 'theirs asked for no signatures' })
  })
})

describe('init --from a lock or a database without archives', () => {
  const status = 'Package: bash\nStatus: install ok installed\nArchitecture: arm64\nVersion: 5.2-1\n'

  test('wants the release to be named as well', () =>
    assertFault(imported(status), 'USAGE_INVALID', 'names no archive'))

  test('pins what it names', async () => {
    const { manifest, result } = await imported(status, { suite: 'bookworm' })
    assert.deepEqual(
      manifest.packages.map(item => item.text),
      ['bash=5.2-1'],
    )
    assert.deepEqual(
      [manifest.distribution, manifest.base, result.architectures],
      ['debian/bookworm', 'none', ['arm64']],
    )
  })
})

describe('init --from on the command line', () => {
  test('says what was read and what comes next, and puts what was left out among the warnings', async () => {
    const folder = await scratchFolder()
    const deb = {
      arch: 'amd64',
      dependencies: [],
      name: 'bash',
      version: '5.2-1',
      sha256: '',
      url: `${snapshot}/debian/20240210T223313Z/pool/b.deb`,
    }
    await writeFile(join(folder, 'apt.lock.json'), JSON.stringify({ version: 2, packages: { bash: { amd64: deb } } }))
    const text = await runAptroot(['init', '--from', 'apt.lock.json', '--suite', 'bookworm'], { folder })
    assert.equal(text.exitCode, 0, text.errorOutput)
    assert.match(
      text.output,
      /^Read a lock of rules_distroless, format 2\.\n.*Next: aptroot lock update --snapshot 20240210T223313Z\n$/ms,
    )
    const again = envelopeOf(await runAptroot(['init', '--from', 'aptroot.yaml', '--force', '--json'], { folder }))
    assert.deepEqual(
      [again.fault?.code, again.fault?.message],
      ['IMPORT_MALFORMED', 'aptroot.yaml: it is a manifest of aptroot already'],
    )
    const none = envelopeOf(await runAptroot(['init', '--from', 'nothing', '--force', '--json'], { folder }))
    assert.deepEqual([none.fault?.code, none.fault?.message], ['USAGE_INVALID', 'nothing does not exist'])
  })
})
