import assert from 'node:assert/strict'
import { mkdir, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
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

const tool = (content: string) =>
  buildDeb({
    control: { Package: 'tool', Version: '2.0-1', Depends: 'greeting' },
    files: [{ kind: 'file', path: '/usr/bin/tool', content, mode: 0o755 }],
  })

/** A project that wants its own `tool`, which needs `greeting` of the archive. */
async function projectWith(debs: string): Promise<LockedProject> {
  const mirror = await startMirror({ files })
  const project = await lockedProject(mirror.url, key, `debs: ${debs}\n`)
  await project.write('aptroot.yaml', (await project.read('aptroot.yaml')).toString().replace('[hello]', '[tool]'))
  await project.write('debs/tool_2.0-1_amd64.deb', tool('one'))
  return project
}

const update = 'lock update --as-of 2026-01-20'

describe("the project's own debs", () => {
  test('are candidates like any other, locked by hash with what they need', async () => {
    const project = await projectWith('[{path: "debs/*.deb", pin: hash}]')
    await project.succeed(update)
    const text = (await project.read('aptroot.lock')).toString()
    assert.match(text, /^ {2}debs:\n {4}- "debs\/\*\.deb hash"$/m)
    assert.match(
      text,
      /"tool":\n {4}version: "2\.0-1"\n {4}from: "project\/debs"\n {4}at: "19700101T000000Z"\n {4}directory: "debs"\n/,
    )
    assert.match(text, /needs: \["greeting"\]/)
    await project.succeed('lock check')
    const again = envelopeOf(await project.succeed(`${update} --json`))
    assert.equal((again.result as { locks: { outcome: string }[] }).locks[0]?.outcome, 'current')
  })

  test('are installed from the project, without network once the others are there', async () => {
    const project = await projectWith('[{path: debs/tool_2.0-1_amd64.deb}]')
    await project.succeed(update)
    await project.succeed('lock install')
    const bytes = await project.digest()
    await project.succeed('lock vendor vendor')
    const verified = envelopeOf(await project.succeed('lock verify --origin --offline --json'))
    const [lock] = (verified.result as { locks: { origin: { sources: Record<string, number> } }[] }).locks
    assert.deepEqual(lock?.origin.sources, { 'the project': 1, 'the store (20260115T100000Z)': 1 })

    const clone = await project.clone()
    const folder = join(project.folder, 'vendor')
    await clone.succeed(`lock install --offline --vendor ${folder}`)
    assert.equal(await clone.digest(), bytes, 'a vendor folder has them too')
  })

  test('that were rebuilt since are refused until they are locked anew', async () => {
    const project = await projectWith('[{path: "debs/*.deb"}]')
    await project.succeed(update)
    await project.write('debs/tool_2.0-1_amd64.deb', tool('two'))
    const refused = envelopeOf(await project.run('lock install --json'))
    assert.equal(refused.fault?.code, 'FETCH_INTEGRITY')
    assert.equal(refused.exitCode, 6)
    assert.match(refused.fault?.message ?? '', /debs\/tool_2\.0-1_amd64\.deb has .*, but the lockfile pins/)
    await project.succeed(update)
    await project.succeed('lock install')
  })

  const missing = [
    ['[{path: "debs/*.deb"}]', 'a glob that finds nothing'],
    ['[{path: debs/tool_2.0-1_amd64.deb}]', 'a deb that is not there'],
  ] as const
  for (const [debs, what] of missing)
    test(`${what} is MANIFEST_FILE_MISSING`, async () => {
      const project = await projectWith(debs)
      await rm(join(project.folder, 'debs'), { recursive: true })
      await mkdir(join(project.folder, 'debs'))
      const { fault, exitCode } = envelopeOf(await project.run(`${update} --json`))
      assert.equal(fault?.code, 'MANIFEST_FILE_MISSING')
      assert.equal(exitCode, 2)
    })

  test('that a link leads to outside the project are MANIFEST_PATH_OUTSIDE', async () => {
    const project = await projectWith('[{path: "debs/*.deb"}]')
    await project.write('../secret.deb', tool('secret'))
    await symlink(join(project.folder, '../secret.deb'), join(project.folder, 'debs/link_1_amd64.deb'))
    const { fault } = envelopeOf(await project.run(`${update} --json`))
    assert.equal(fault?.code, 'MANIFEST_PATH_OUTSIDE')
  })

  test('are found by a glob in little time, whatever stars and names a pull request brings', async () => {
    const project = await projectWith(`[{path: "debs/*.deb"}, {path: "debs/${'*a'.repeat(20)}*.deb"}]`)
    await project.write(`debs/${'a'.repeat(200)}`, '')
    const { exitCode, fault } = envelopeOf(await project.run(`${update} --json`))
    assert.deepEqual([exitCode, fault?.code], [2, 'MANIFEST_FILE_MISSING'])
  })

  test('that are no debs are DEB_MALFORMED', async () => {
    const project = await projectWith('[{path: "debs/*.deb"}]')
    await project.write('debs/x.deb', 'no deb')
    const { exitCode } = envelopeOf(await project.run(`${update} --json`))
    assert.equal(exitCode, 6)
  })

  test('leave no place for an archive of the name that stands for them', async () => {
    const project = await projectWith('[{path: "debs/*.deb"}]')
    const manifest = (await project.read('aptroot.yaml')).toString()
    await project.write('aptroot.yaml', manifest.replace('id: test', 'id: project'))
    const { fault } = envelopeOf(await project.run(`${update} --json`))
    assert.equal(fault?.code, 'MANIFEST_INVALID')
  })
})
