import assert from 'node:assert/strict'
import { chmod, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { type LockedProject, projectWithArchive } from '../support/locked-project.ts'

/** Each run is a process. */
const timeout = 60_000

async function installedProject(): Promise<LockedProject> {
  const project = await projectWithArchive()
  const more = '    - {format: directory, path: out/image}\n  files: [{source: brought, target: /etc/brought}]\n'
  await project.write('aptroot.yaml', (await project.read('aptroot.yaml')) + more)
  await project.write('brought', 'one\n')
  await project.succeed('lock update --as-of 2026-01-20')
  await project.succeed('lock install')
  return project
}

describe('lock install once more', () => {
  test(
    'does nothing when nothing changed, and mends outputs, without archive, debs and network',
    async () => {
      const project = await installedProject()
      const again = async () => (await project.succeed('lock install')).output
      const tar = join(project.folder, 'out/rootfs.tar')
      await rm(join(project.folder, 'archive'), { recursive: true })
      await rm(join(project.folder, '../store/store-v1/sha256'), { recursive: true })
      const before = await stat(tar)
      const unchanged = await again()
      assert.match(unchanged, /2 from the store/)
      assert.match(unchanged, /Unchanged: out\/rootfs\.tar\nUnchanged: out\/image\namd64: 2 debs, tree sha256:/)
      assert.equal((await stat(tar)).ino, before.ino)

      const bytes = await project.read('out/rootfs.tar')
      await writeFile(tar, Buffer.alloc(bytes.length))
      await utimes(tar, before.atime, before.mtime)
      assert.match(await again(), /Wrote out\/rootfs\.tar/, 'edited without a trace in size or time')
      assert.deepEqual(await project.read('out/rootfs.tar'), bytes)

      await rm(join(project.folder, 'out/image/usr/bin/hello'))
      assert.match(await again(), /Wrote out\/image/, 'a file of a folder is gone')
      assert.equal((await project.read('out/image/usr/bin/hello')).toString(), 'hello\n')
    },
    timeout,
  )

  test(
    'builds again when one byte of a file of the project is another, or its mode, and expects what is expected',
    async () => {
      const project = await installedProject()
      const brought = join(project.folder, 'out/image/etc/brought')
      await project.write('brought', 'two\n')
      assert.match((await project.succeed('lock install')).output, /Wrote out\/image/)
      assert.equal((await project.read('out/image/etc/brought')).toString(), 'two\n')
      await chmod(join(project.folder, 'brought'), 0o755)
      assert.match((await project.succeed('lock install')).output, /Wrote out\/image/)
      assert.equal((await stat(brought)).mode & 0o111, 0o111)
      const manifest = (await project.read('aptroot.yaml')).toString()
      const wanted = 'target: /etc/brought, owner: 1, mode: "0640", template: true'
      await project.write('aptroot.yaml', manifest.replace('target: /etc/brought', wanted))
      assert.match((await project.succeed('lock install')).output, /Wrote out\/image/)
      assert.equal((await stat(brought)).mode & 0o777, 0o640)
      const other = await project.run(`lock install --expect ${'0'.repeat(64)}`)
      assert.equal(other.exitCode, 1)
      assert.match(other.errorOutput, /LOCK_DIFFERS/)
    },
    timeout,
  )
})
