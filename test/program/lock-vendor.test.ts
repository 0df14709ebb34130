import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PrivateKey } from 'openpgp'
import { beforeAll, describe, test } from 'vitest'
import { envelopeOf } from '../support/aptroot-program.ts'
import { buildArchive } from '../support/archive-builder.ts'
import { greetingPackages, type LockedProject, lockedProject } from '../support/locked-project.ts'
import { startMirror } from '../support/loopback-mirror.ts'
import { makeTestKey } from '../support/signing.ts'

const date = new Date('2026-01-15T10:00:00Z')

let key: PrivateKey
let files: Readonly<Record<string, Uint8Array>> = {}
beforeAll(async () => {
  key = await makeTestKey({ name: 'Archive' })
  const suite = { suite: 'stable', codename: 'trusty', date, label: 'Test', architectures: ['amd64'], keys: [key] }
  files = await buildArchive([{ ...suite, packages: greetingPackages }])
})

/** A project whose lock was made from a mirror on loopback, and its vendor folder `vendor`. */
async function vendored(): Promise<LockedProject> {
  const mirror = await startMirror({ files })
  const project = await lockedProject(mirror.url, key)
  await project.succeed('lock update --as-of 2026-01-20')
  await project.succeed('lock vendor vendor')
  return project
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()
}

describe('a vendor folder', () => {
  test('holds the debs, an index of exactly them, and the signed Release with the index it lists', async () => {
    const project = await vendored()
    const paths = await filesBelow(join(project.folder, 'vendor'))
    assert.deepEqual(
      paths.map(path => path.replace(/SHA256\/[0-9a-f]{64}$/, 'SHA256/…')),
      [
        'Packages',
        'Release',
        'aptroot-vendor.list',
        'test/dists/stable/InRelease',
        'test/dists/stable/main/binary-amd64/Packages.gz',
        'test/dists/stable/main/binary-amd64/by-hash/SHA256/…',
        'test/pool/main/g/greeting/greeting_1.0_all.deb',
        'test/pool/main/h/hello/hello_1.0-1_amd64.deb',
      ],
    )
    const packages = (await project.read('vendor/Packages')).toString()
    assert.deepEqual(packages.match(/^Package: .*/gm), ['Package: greeting', 'Package: hello'])
    assert.match(packages, /^Filename: test\/pool\/main\/h\/hello\/hello_1\.0-1_amd64\.deb$/m)
    assert.match((await project.read('vendor/Release')).toString(), /^Date: Thu, 15 Jan 2026 10:00:00 UTC$/m)
  })

  test('is left alone where it is right already, and mended where it is not', async () => {
    const project = await vendored()
    const deb = join(project.folder, 'vendor/test/pool/main/h/hello/hello_1.0-1_amd64.deb')
    const before = await stat(deb)
    const again = envelopeOf(await project.succeed('lock vendor vendor --json'))
    assert.equal((again.result as { writtenFiles: number }).writtenFiles, 0)
    assert.equal((await stat(deb)).ino, before.ino)
    const whole = await readFile(deb)
    await writeFile(deb, whole.subarray(0, 100))
    const mended = envelopeOf(await project.succeed('lock vendor vendor --json'))
    assert.equal((mended.result as { writtenFiles: number }).writtenFiles, 1)
    assert.deepEqual(await readFile(deb), whole)
  })

  test('with --prune loses what earlier runs wrote and the lock does not need, and nothing else', async () => {
    const project = await vendored()
    await project.write('vendor/README', 'ours')
    await project.write(
      'aptroot.yaml',
      (await project.read('aptroot.yaml')).toString().replace('[hello]', '[greeting]'),
    )
    await project.succeed('lock update --as-of 2026-01-20')
    await project.succeed('lock vendor vendor')
    assert.ok(existsSync(join(project.folder, 'vendor/test/pool/main/h/hello/hello_1.0-1_amd64.deb')), 'kept')
    const pruned = envelopeOf(await project.succeed('lock vendor vendor --prune --json'))
    assert.equal((pruned.result as { removedFiles: number }).removedFiles, 1)
    assert.equal(existsSync(join(project.folder, 'vendor/test/pool/main/h')), false)
    assert.equal((await project.read('vendor/README')).toString(), 'ours')
  })

  test('is not written through links, and its list removes nothing outside', async () => {
    const project = await vendored()
    await mkdir(join(project.folder, 'outside'))
    await project.write('outside/precious', 'ours')
    await rm(join(project.folder, 'vendor/test'), { recursive: true })
    await symlink(join(project.folder, 'outside'), join(project.folder, 'vendor/test'))
    const refused = envelopeOf(await project.run('lock vendor vendor --json'))
    assert.equal(refused.fault?.code, 'OUTPUT_UNWRITABLE')
    assert.deepEqual(await readdir(join(project.folder, 'outside')), ['precious'])

    await rm(join(project.folder, 'vendor/test'))
    await symlink(join(project.folder, 'outside'), join(project.folder, 'vendor/link'))
    await project.write('vendor/aptroot-vendor.list', '../outside/precious\nlink/precious\n/etc/passwd\n')
    await project.succeed('lock vendor vendor --prune')
    assert.equal((await project.read('outside/precious')).toString(), 'ours')
  })

  test('builds without network, store and clock: the hashes of the lock are enough', async () => {
    const project = await vendored()
    await project.succeed('lock install')
    const bytes = await project.digest()
    const clone = await project.clone()
    await clone.succeed(`lock install --offline --vendor ${project.folder}/vendor`)
    assert.equal(await clone.digest(), bytes)
  })

  test('is an archive for aptroot: a manifest that names it locks the same debs', async () => {
    const project = await vendored()
    const clone = await project.clone()
    const uri = `file://${project.folder}/vendor`
    const manifest = (await clone.read('aptroot.yaml')).toString()
    const flat = manifest
      .replace(/uri: "[^"]*"/, `uri: "${uri}"`)
      .replace(
        'suites: [stable], components: [main], signed-by: keys/test.asc',
        'suites: [./], trusted: {reason: vendored}',
      )
    await clone.write('aptroot.yaml', flat)
    await rm(join(clone.folder, 'aptroot.lock'))
    await clone.succeed('lock update --as-of 2026-01-20')
    await clone.succeed('lock install')
    const digests = (text: string) => text.match(/sha256: ".*"/g)
    assert.deepEqual(
      digests((await clone.read('aptroot.lock')).toString()),
      digests((await project.read('aptroot.lock')).toString()),
    )
  })
})
