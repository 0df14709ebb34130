import assert from 'node:assert/strict'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { envelopeOf } from '../support/aptroot-program.ts'
import { buildArchive } from '../support/archive-builder.ts'
import { greetingPackages, type LockedProject, lockedProject } from '../support/locked-project.ts'
import { startMirror } from '../support/loopback-mirror.ts'
import { makeReadOnly, mountedFolder } from '../support/mounted-folder.ts'
import { makeTestKey } from '../support/signing.ts'

/** A locked project whose store, on a read-only file system, holds what the given commands left there. */
async function sealedStore(folder: string, commands: readonly string[]): Promise<LockedProject> {
  const key = await makeTestKey({ name: 'Archive' })
  const date = new Date('2026-01-15T10:00:00Z')
  const suite = { suite: 'stable', codename: 'trusty', date, label: 'Test', architectures: ['amd64'], keys: [key] }
  const mirror = await startMirror({ files: await buildArchive([{ ...suite, packages: greetingPackages }]) })
  const project = await lockedProject(mirror.url, key)
  await project.succeed('lock update --as-of 2026-01-20')
  for (const command of commands) await project.succeed(command)
  await cp(join(project.folder, '../store'), folder, { recursive: true, preserveTimestamps: true })
  makeReadOnly(folder)
  await mirror.close()
  return project
}

describe('a store on a read-only file system', () => {
  test('serves an install of what it has, by itself and as a layer', async context => {
    const folder = await mountedFolder('size=8m')
    if (folder === undefined) return context.skip('tmpfs cannot be mounted here')
    const project = await sealedStore(folder, ['lock install'])
    const bytes = await project.digest()
    await project.succeed('lock install', { APTROOT_STORE: folder })
    assert.equal(await project.digest(), bytes)

    const layered = { APTROOT_STORE: join(project.folder, '../other'), APTROOT_STORE_LAYERS: folder }
    const { result } = envelopeOf(await project.succeed('lock install --offline --json', layered))
    const [lock] = (result as { locks: { reusedDebs: number; fetchedDebs: number }[] }).locks
    assert.deepEqual([lock?.reusedDebs, lock?.fetchedDebs], [2, 0])
    assert.equal(await project.digest(), bytes)
    await project.succeed('store verify --json', { APTROOT_STORE: folder })
  })

  test('that lacks what must be made is STORE_UNUSABLE with the way out, which works', async context => {
    const folder = await mountedFolder('size=8m')
    if (folder === undefined) return context.skip('tmpfs cannot be mounted here')
    const project = await sealedStore(folder, ['lock install --fetch-only'])
    const refused = envelopeOf(await project.run('lock install --json', { APTROOT_STORE: folder }))
    assert.deepEqual([refused.exitCode, refused.fault?.code], [7, 'STORE_UNUSABLE'])
    assert.match(refused.fault?.message ?? '', /the file system is read-only/)
    assert.match(refused.fault?.hint ?? '', /--store DIR.*--store-layer DIR.*APTROOT_STORE_LAYERS/)
    await project.succeed(`lock install --store ../writable --store-layer ${folder}`)
  })

  test('is called so where nothing was made yet: as a store, for an output and for a vendor folder', async context => {
    const folder = await mountedFolder('size=8m')
    if (folder === undefined) return context.skip('tmpfs cannot be mounted here')
    const project = await sealedStore(folder, ['lock install'])
    const store = envelopeOf(await project.run('lock install --json', { APTROOT_STORE: join(folder, 'new/store') }))
    assert.deepEqual([store.exitCode, store.fault?.code], [7, 'STORE_UNUSABLE'])
    assert.match(store.fault?.message ?? '', /the file system is read-only/)
    const output = envelopeOf(await project.run(`lock install --json --output ${folder}/new/root.tar`))
    assert.match(output.fault?.message ?? '', /EROFS/)
    const vendor = envelopeOf(await project.run(`lock vendor --json --offline ${folder}/new`))
    assert.deepEqual([vendor.exitCode, vendor.fault?.code], [7, 'OUTPUT_UNWRITABLE'])
    assert.match(vendor.fault?.message ?? '', /EROFS/)
    assert.match(vendor.fault?.hint ?? '', /name another folder/)
  })
})
