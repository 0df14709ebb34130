import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readPrivateKey } from 'openpgp'
import { describe, test } from 'vitest'
import type { FaultCode } from '../../src/kernel/index.ts'
import { exitCodeByFaultCode } from '../../src/kernel/index.ts'
import { envelopeOf, type ProgramResult, runAptroot } from '../support/aptroot-program.ts'
import { type LoopbackMirror, startMirror } from '../support/loopback-mirror.ts'
import { scratchFolder } from '../support/scratch.ts'
import { clearSign, makeTestKey } from '../support/signing.ts'

const fixtures = join(dirname(fileURLToPath(import.meta.url)), '../../fixtures')
const releasePath = 'demo/dists/stable/InRelease'

const manifest = `manifest: 1
architectures: [amd64]
archives:
  - id: demo
    uri: http://mirror.example.org/demo
    suites: [stable]
    components: [main]
    signed-by: keys/demo-archive.asc
base: none
packages: [zlib1g]
image:
  configure: none
  outputs: [{format: tar, path: out/rootfs.tar}]
`

interface Situation {
  readonly folder: string
  readonly mirror: LoopbackMirror
  run(...line: string[]): Promise<ProgramResult>
}

/** A project, a mirror that serves the demo archive, an empty store. */
async function situation(): Promise<Situation> {
  const folder = await scratchFolder()
  await mkdir(join(folder, 'project/keys'), { recursive: true })
  await cp(join(fixtures, 'keys/demo-archive.asc'), join(folder, 'project/keys/demo-archive.asc'))
  await writeFile(join(folder, 'project/aptroot.yaml'), manifest)
  const mirror = await startMirror({ folder: join(fixtures, 'archive') })
  const environment = { APTROOT_STORE: join(folder, 'store'), APTROOT_MIRRORS: `demo=${mirror.url}/demo` }
  return {
    folder: join(folder, 'project'),
    mirror,
    run: (...line) => runAptroot(line, { folder: join(folder, 'project'), environment }),
  }
}

/** One line and a hint for people, one document for programs, the documented exit code, and nothing left behind. */
async function expectFault(
  { folder, run }: Situation,
  line: readonly string[],
  code: FaultCode,
  message: RegExp,
): Promise<void> {
  const lockBefore = await readFile(join(folder, 'aptroot.lock'), 'utf8').catch(() => undefined)
  const exitCode: number = exitCodeByFaultCode[code]
  const plain = await run(...line)
  assert.equal(plain.exitCode, exitCode, plain.errorOutput)
  const lines = plain.errorOutput.split('\n')
  const at = lines.findIndex(each => each.startsWith('error: '))
  assert.match(lines[at] ?? '', message, plain.errorOutput)
  assert.ok(lines[at]?.includes(code), `${code} is not named: ${plain.errorOutput}`)
  assert.ok(
    lines.slice(at + 1).some(each => /^hint: \S/.test(each)),
    plain.errorOutput,
  )
  assert.doesNotMatch(plain.errorOutput, /\n\s+at /, 'no stack trace')

  const asJson = await run(...line, '--json')
  assert.equal(asJson.exitCode, exitCode)
  const envelope = envelopeOf(asJson)
  assert.equal(envelope.ok, false)
  assert.equal(envelope.exitCode, exitCode)
  assert.equal(envelope.fault?.code, code)
  assert.match(`error: ${envelope.fault?.message}`, message)
  assert.ok(envelope.fault?.hint)

  assert.equal(
    await readFile(join(folder, 'aptroot.lock'), 'utf8').catch(() => undefined),
    lockBefore,
    'lockfile untouched',
  )
  assert.equal(existsSync(join(folder, 'out')), false, 'no output')
  assert.deepEqual(
    (await readdir(folder)).filter(name => name.startsWith('.') && name.includes('aptroot')),
    [],
  )
  const verification = await run('store', 'verify')
  assert.equal(verification.exitCode, 0, verification.errorOutput + verification.output)
}

async function demoKey() {
  return await readPrivateKey({ armoredKey: await readFile(join(fixtures, 'keys/demo-archive.secret.asc'), 'utf8') })
}

async function servedBytes(path: string): Promise<Buffer> {
  return await readFile(join(fixtures, 'archive', path))
}

/** The path of the locked deb, as the archive has it. */
async function debPath(): Promise<string> {
  const folder = 'demo/pool/main/z/zlib'
  const [file] = (await readdir(join(fixtures, 'archive', folder))).filter(name => name.endsWith('_amd64.deb'))
  return `${folder}/${file}`
}

describe('a hostile or broken archive stops lock update', () => {
  test('when one letter of InRelease was changed', async () => {
    const world = await situation()
    const text = (await servedBytes(releasePath)).toString().replace('Suite: stable', 'Suite: Stable')
    world.mirror.files.set(releasePath, Buffer.from(text))
    await expectFault(world, ['lock', 'update'], 'RELEASE_SIGNATURE_BAD', /InRelease/)
  })

  test('when InRelease has expired, which --as-of can overrule', async () => {
    const world = await situation()
    const release = (await servedBytes('demo/dists/stable/Release')).toString()
    const text = release.replace(/^(Date: .*)$/m, '$1\nValid-Until: Sat, 01 Aug 2026 00:00:00 UTC')
    world.mirror.files.set(releasePath, await clearSign(text, [await demoKey()]))
    await expectFault(
      world,
      ['lock', 'update', '--as-of', '2026-11-20T00:00:00Z'],
      'RELEASE_EXPIRED',
      /2026-08-01|01 Aug 2026/,
    )
    const then = await world.run('lock', 'update', '--as-of', '2026-07-31T00:00:00Z')
    assert.equal(then.exitCode, 0, then.errorOutput)
  })

  test('when a key signed that the manifest does not trust', async () => {
    const world = await situation()
    const stranger = await makeTestKey({ name: 'Stranger' })
    const text = (await servedBytes('demo/dists/stable/Release')).toString()
    world.mirror.files.set(releasePath, await clearSign(text, [stranger]))
    await expectFault(world, ['lock', 'update'], 'RELEASE_KEY_UNKNOWN', /InRelease/)
  })

  test('when Packages is not what the Release lists', async () => {
    const world = await situation()
    const folder = 'demo/dists/stable/main/binary-amd64'
    for (const name of await readdir(join(fixtures, 'archive', folder), { recursive: true })) {
      const path = `${folder}/${name}`
      world.mirror.always(path, { kind: 'wrong-bytes' })
    }
    await expectFault(world, ['lock', 'update'], 'INDEX_INTEGRITY', /demo\/dists\/stable\/main\/binary-amd64\//)
  })
})

describe('a hostile or broken mirror stops lock install', () => {
  async function locked(): Promise<Situation> {
    const world = await situation()
    const result = await world.run('lock', 'update')
    assert.equal(result.exitCode, 0, result.errorOutput)
    return world
  }

  test('when a deb has other bytes than were locked', async () => {
    const world = await locked()
    world.mirror.always(await debPath(), { kind: 'wrong-bytes' })
    await expectFault(world, ['lock', 'install'], 'FETCH_INTEGRITY', /zlib1g/)
  })

  test('when a deb has another size than was locked', async () => {
    const world = await locked()
    const path = await debPath()
    world.mirror.files.set(path, Buffer.concat([await servedBytes(path), Buffer.from('more')]))
    await expectFault(world, ['lock', 'install'], 'FETCH_INTEGRITY', /zlib1g/)
  })

  test('when a deb is gone from every provider', async () => {
    const world = await locked()
    world.mirror.always(await debPath(), { kind: 'status', status: 404 })
    await expectFault(world, ['lock', 'install'], 'FETCH_GONE', /zlib1g/)
  })

  test('when a download is cut off each time', async () => {
    const world = await locked()
    world.mirror.always(await debPath(), { kind: 'truncate', afterBytes: 0 })
    await expectFault(world, ['lock', 'install'], 'NETWORK_TRUNCATED', /zlib1g/)
  }, 60_000)

  test('when the lockfile was edited by hand to another hash', async () => {
    const world = await locked()
    const path = join(world.folder, 'aptroot.lock')
    const text = await readFile(path, 'utf8')
    await writeFile(path, text.replace(/sha256: "[0-9a-f]{8}/, 'sha256: "00000000'))
    await expectFault(world, ['lock', 'install'], 'FETCH_INTEGRITY', /00000000/)
  })

  test('when the manifest asks for more than the lock answers', async () => {
    const world = await locked()
    await writeFile(join(world.folder, 'aptroot.yaml'), manifest.replace('[zlib1g]', '[zlib1g, nginx]'))
    await expectFault(world, ['lock', 'install'], 'LOCK_STALE', /nginx/)
  })

  test('when nothing may be fetched and something is missing', async () => {
    const world = await locked()
    await expectFault(world, ['lock', 'install', '--offline'], 'FETCH_OFFLINE', /zlib1g/)
  })
})

describe('a hostile or mistaken manifest stops every command', () => {
  const cases = [
    [
      'with a key that does not exist',
      manifest.replace('base:', 'bases:'),
      'MANIFEST_INVALID',
      /aptroot\.yaml:9:1.*bases/,
    ],
    ['that is no YAML', manifest.replace('[zlib1g]', '[zlib1g'), 'MANIFEST_MALFORMED', /aptroot\.yaml:\d+/],
    [
      'whose output leaves the project',
      manifest.replace('out/rootfs.tar', '../rootfs.tar'),
      'MANIFEST_PATH_OUTSIDE',
      /\.\.\/rootfs\.tar/,
    ],
    [
      'whose output is an absolute path',
      manifest.replace('out/rootfs.tar', '/tmp/rootfs.tar'),
      'MANIFEST_PATH_OUTSIDE',
      /\/tmp\/rootfs\.tar/,
    ],
    [
      'whose overlay reads outside the project',
      manifest.replace('  outputs:', '  files: [{source: ../secret, target: /}]\n  outputs:'),
      'MANIFEST_PATH_OUTSIDE',
      /\.\.\/secret/,
    ],
    [
      'whose key ring lies outside the project',
      manifest.replace('keys/demo', '../demo'),
      'MANIFEST_PATH_OUTSIDE',
      /\.\.\/demo/,
    ],
  ] as const
  for (const [what, text, code, message] of cases) {
    test(`${what}`, async () => {
      const world = await situation()
      await writeFile(join(world.folder, 'aptroot.yaml'), text)
      await expectFault(world, ['lock', 'update'], code, message)
      assert.equal(world.mirror.requests.length, 0, 'nothing was fetched for it')
    })
  }

  test('whose overlay is a link out of the project', async () => {
    const world = await situation()
    const withOverlay = manifest.replace('  outputs:', '  files: [{source: overlay, target: /}]\n  outputs:')
    await writeFile(join(world.folder, 'aptroot.yaml'), withOverlay)
    assert.equal((await world.run('lock', 'update')).exitCode, 0)
    await symlink('../..', join(world.folder, 'overlay'))
    await expectFault(world, ['lock', 'install'], 'MANIFEST_PATH_OUTSIDE', /overlay/)
  })
})
