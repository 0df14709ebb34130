import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'vitest'
import { confinePath, readManifestFile } from '../../src/workflows/confine-path.ts'
import { assertFault } from '../support/assert-fault.ts'

describe('a path in a manifest', () => {
  let parent = ''
  let folder = ''
  beforeEach(async () => {
    parent = await realpath(await mkdtemp(join(tmpdir(), 'aptroot-confine-')))
    folder = join(parent, 'project')
    await mkdir(join(folder, 'keys'), { recursive: true })
    await writeFile(join(folder, 'keys/a.asc'), 'key')
    await writeFile(join(parent, 'secret'), 'secret')
    await symlink('../secret', join(folder, 'link-out'))
    await symlink('keys', join(folder, 'link-in'))
    await symlink('../absent', join(folder, 'dangling'))
    await symlink('..', join(folder, 'up'))
  })
  afterEach(() => rm(parent, { recursive: true }))
  const project = () => ({ folder, manifestName: 'aptroot.yaml' })

  test('may name a file inside the project, also through a link that stays inside', async () => {
    assert.equal((await readManifestFile(project(), 'keys/a.asc')).toString(), 'key')
    assert.equal((await readManifestFile(project(), 'link-in/a.asc')).toString(), 'key')
  })

  test('may name an output that does not exist yet', async () => {
    assert.equal(await confinePath(project(), 'out/amd64/rootfs.tar'), join(folder, 'out/amd64/rootfs.tar'))
  })

  for (const path of [
    '../secret',
    '/etc/passwd',
    'keys/../../secret',
    'link-out',
    'up/secret',
    'up/new/file',
    'dangling',
    'dangling/x',
  ]) {
    test(`may not lead outside as ${path} does`, async () => {
      await assertFault(() => confinePath(project(), path), 'MANIFEST_PATH_OUTSIDE', 'outside the project')
    })
  }

  test('is refused when it cannot be followed at all', async () => {
    await symlink('loop', join(folder, 'loop'))
    for (const path of ['loop', 'loop/x', 'keys/a.asc/x', 'x'.repeat(1000)])
      await assertFault(() => confinePath(project(), path), 'MANIFEST_FILE_MISSING', 'cannot be followed')
  })

  test('must exist where it is read, and be a regular file', async () => {
    await assertFault(() => readManifestFile(project(), 'keys/b.asc'), 'MANIFEST_FILE_MISSING', 'does not exist')
    await assertFault(() => readManifestFile(project(), 'keys'), 'MANIFEST_FILE_MISSING', 'no regular file')
    execFileSync('mkfifo', [join(folder, 'pipe')])
    await assertFault(() => readManifestFile(project(), 'pipe'), 'MANIFEST_FILE_MISSING', 'no regular file')
  })
})
