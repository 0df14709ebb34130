import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { PrivateKey } from 'openpgp'
import { beforeAll, describe, test } from 'vitest'
import { envelopeOf } from '../support/aptroot-program.ts'
import { buildArchive } from '../support/archive-builder.ts'
import { buildDeb } from '../support/deb-builder.ts'
import { greetingPackages, type LockedProject, lockedProject } from '../support/locked-project.ts'
import { startMirror } from '../support/loopback-mirror.ts'
import { makeTestKey } from '../support/signing.ts'

let key: PrivateKey
let files: Readonly<Record<string, Uint8Array>> = {}
beforeAll(async () => {
  key = await makeTestKey({ name: 'Archive' })
  const date = new Date('2026-01-15T10:00:00Z')
  const suite = { suite: 'stable', codename: 'trusty', date, label: 'Test', architectures: ['amd64'], keys: [key] }
  files = await buildArchive([{ ...suite, packages: greetingPackages }])
})

const place = 'build/nightly_1.0_amd64.deb'
const nightly = (content: string, fields: Readonly<Record<string, string>> = { Depends: 'greeting' }) =>
  buildDeb({
    control: { Package: 'nightly', Version: '1.0', ...fields },
    files: [{ kind: 'file', path: '/usr/bin/nightly', content, mode: 0o755 }],
  })

/** A project that wants its own `nightly`, which needs `greeting` of the archive, locked. */
async function lockedNightly(): Promise<LockedProject> {
  const mirror = await startMirror({ files })
  const project = await lockedProject(mirror.url, key, 'debs: [{path: "build/*.deb", pin: relations}]\n')
  await project.write('aptroot.yaml', (await project.read('aptroot.yaml')).toString().replace('[hello]', '[nightly]'))
  await project.write(place, nightly('monday'))
  await project.succeed(update)
  return project
}

const update = 'lock update --as-of 2026-01-20'

interface Installed {
  readonly locks: readonly { readonly ownDebs?: readonly { readonly name: string; readonly sha256: string }[] }[]
}

describe('an own deb that is locked by its relations', () => {
  test('has what it needs and a fingerprint in the lock, no hash; the lock says that a reader has to know that', async () => {
    const project = await lockedNightly()
    const text = (await project.read('aptroot.lock')).toString()
    assert.match(text, /^lock: 1\nfeatures:\n {2}- "relations"\nrequest:/m)
    assert.match(text, /- "build\/\*\.deb relations"/)
    assert.match(
      text,
      /"nightly:amd64":\n {8}relations: "[0-9a-f]{64}"\n {8}root: "wanted"\n {8}needs: \["greeting"\]\n/,
    )
    await project.succeed('lock check')
    await project.write(place, nightly('tuesday'))
    await project.succeed(update)
    assert.equal((await project.read('aptroot.lock')).toString(), text, 'a rebuilt deb changes nothing')
  })

  test('may be rebuilt: the new bytes are installed, and recorded in --json and in the provenance', async () => {
    const project = await lockedNightly()
    await project.succeed('lock install')
    const monday = await project.digest()
    const rebuilt = nightly('tuesday')
    await project.write(place, rebuilt)
    await project.succeed('lock check')
    const installed = envelopeOf(await project.succeed('lock install --json --provenance build.intoto.json'))
    const sha256 = createHash('sha256').update(rebuilt).digest('hex')
    const [lock] = (installed.result as Installed).locks
    assert.deepEqual(
      lock?.ownDebs?.map(deb => [deb.name, deb.sha256]),
      [['nightly', sha256]],
    )
    assert.ok((await project.read('build.intoto.json')).toString().includes(sha256))
    assert.notEqual(await project.digest(), monday)
  })

  const changed = [
    ['another dependency', { Depends: 'greeting (>= 1)' }, /declares other relations than nightly:amd64 1\.0/],
    ['another version', { Depends: 'greeting', Version: '1.1' }, /has the version 1\.1 than nightly:amd64 1\.0/],
  ] as const
  for (const [what, fields, message] of changed)
    test(`that has ${what} is refused by check and install until it is locked anew`, async () => {
      const project = await lockedNightly()
      await project.write(place, nightly('monday', fields))
      for (const line of ['lock check --json', 'lock install --json']) {
        const { fault, exitCode } = envelopeOf(await project.run(line))
        assert.deepEqual([fault?.code, exitCode], ['LOCK_STALE', 1])
        assert.match(fault?.message ?? '', message)
        assert.match(fault?.hint ?? '', /aptroot lock update/)
      }
      await project.succeed(update)
      await project.succeed('lock check')
      await project.succeed('lock install')
    })

  test('that is not built yet is no matter of the two files, but nothing can be installed', async () => {
    const project = await lockedNightly()
    await rm(join(project.folder, place))
    await project.succeed('lock check')
    const { fault } = envelopeOf(await project.run('lock install --json'))
    assert.equal(fault?.code, 'MANIFEST_FILE_MISSING')
    assert.match(fault?.hint ?? '', /Build it first/)
  })

  test('is vendored as it is then, and taken from the vendor folder where it is not built', async () => {
    const project = await lockedNightly()
    await project.succeed('lock install')
    const bytes = await project.digest()
    await project.succeed('lock vendor vendor')
    await project.succeed('lock verify --origin --offline')
    const clone = await project.clone()
    await clone.succeed(`lock install --offline --vendor ${join(project.folder, 'vendor')}`)
    assert.equal(await clone.digest(), bytes)
  })

  test('is merged by what it declares, and proven by the deb that lies there', async () => {
    const project = await lockedNightly()
    const manifest = (await project.read('aptroot.yaml')).toString()
    const keep = async (name: string) => project.write(name, await project.read('aptroot.lock'))
    await keep('base.lock')
    await project.write('aptroot.yaml', manifest.replace('[nightly]', '[nightly, hello]'))
    await project.succeed(`${update} --keep`)
    await keep('ours.lock')
    await keep('again.lock')
    await project.write('aptroot.yaml', manifest)
    await project.write(place, nightly('monday', { Depends: 'greeting', Breaks: 'other' }))
    await project.succeed(update)
    await keep('theirs.lock')
    await project.write('aptroot.yaml', manifest.replace('[nightly]', '[nightly, hello]'))
    const { output } = await project.succeed('lock merge base.lock ours.lock theirs.lock --path aptroot.lock')
    assert.match(output, /^Merged aptroot\.lock: 3 debs, and all relations hold\.$/m)
    await project.write('aptroot.lock', await project.read('ours.lock'))
    await project.succeed('lock check')
    await project.succeed('lock install')
    await project.write(place, nightly('monday', { Depends: 'greeting', Breaks: 'another' }))
    const unproven = await project.succeed('lock merge base.lock again.lock theirs.lock --path aptroot.lock')
    assert.match(unproven.errorOutput, /lock verify/, 'another deb lies there than the merged lock means')
  })

  test('is mirrored with the bytes that it has then; built again it is another deb of a version that is published already', async () => {
    const project = await lockedNightly()
    const mirror = `repo mirror --sign-with ${resolve('fixtures/keys/demo-archive.secret.asc')} mirror`
    await project.succeed(mirror)
    const index = (await project.read('mirror/project/dists/debs/main/binary-amd64/Packages')).toString()
    const listed = (bytes: Uint8Array) =>
      index.includes(`SHA256: ${createHash('sha256').update(bytes).digest('hex')}\n`)
    assert.ok(listed(nightly('monday')), index)
    assert.match((await project.succeed(mirror)).output, /unchanged/i)
    await project.write(place, nightly('tuesday'))
    const again = await project.run(`${mirror} --json`)
    assert.deepEqual([again.exitCode, envelopeOf(again).fault?.code], [6, 'REPOSITORY_REBINDING'])
  })

  test('is shown, compared and exported without a hash', async () => {
    const project = await lockedNightly()
    const before = await project.read('aptroot.lock')
    assert.match(
      (await project.succeed('lock show')).output,
      /^nightly:amd64 1\.0 project\/debs relations:[0-9a-f]{64}$/m,
    )
    assert.doesNotMatch((await project.succeed('lock export --format sha256sums')).output, /nightly/)
    for (const format of ['spdx', 'cyclonedx', 'purls', 'apt-pins'])
      assert.match((await project.succeed(`lock export --format ${format}`)).output, /nightly/, format)
    await project.write('before.lock', before)
    await project.write(place, nightly('monday', { Depends: 'greeting', Breaks: 'other' }))
    await project.succeed(update)
    assert.match(
      (await project.succeed('lock diff before.lock aptroot.lock')).output,
      /other bytes: nightly:amd64: 1\.0, relations [0-9a-f]{64} → relations [0-9a-f]{64}/,
    )
  })

  const hostile = [
    [
      'a deb of an archive',
      (text: string) => text.replace(/sha256: "[0-9a-f]+"\n {8}size: \d+/, `relations: "${'0'.repeat(64)}"`),
    ],
    ['a lock whose request does not say so', (text: string) => text.replace('deb relations"', 'deb hash"')],
    ['a deb that has a hash as well', (text: string) => text.replace(/( {8})(relations: )/, '$1size: 1\n$1$2')],
  ] as const
  for (const [what, edit] of hostile)
    test(`${what} is LOCK_MALFORMED`, async () => {
      const project = await lockedNightly()
      await project.write('aptroot.lock', edit((await project.read('aptroot.lock')).toString()))
      assert.equal(envelopeOf(await project.run('lock install --json')).fault?.code, 'LOCK_MALFORMED')
    })
})
