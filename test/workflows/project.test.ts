import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, test } from 'vitest'
import { findProjects, projectOf } from '../../src/workflows/project.ts'
import { assertFault } from '../support/assert-fault.ts'

const folder = mkdtempSync(join(tmpdir(), 'aptroot-project-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a manifest', () => {
  const rows = [
    ['aptroot.yaml', 'aptroot.lock', 'the default'],
    ['web.aptroot.yaml', 'web.aptroot.lock', 'several manifests share a folder'],
    ['images/web.yml', 'images/web.lock', 'the lock lies beside its manifest'],
    ['/srv/a/aptroot.yaml', '/srv/a/aptroot.lock', 'an absolute name stays absolute'],
  ] as const
  for (const [manifest, lock, why] of rows)
    test(`${manifest} is locked in ${lock}: ${why}`, () => {
      assert.equal(projectOf(manifest, folder).lockName, lock)
    })

  test('has a name that ends in .yaml', async () => {
    for (const name of ['aptroot.lock', 'aptroot', '', '.yaml', 'a/.yaml'])
      await assertFault(() => projectOf(name, folder), 'USAGE_INVALID', /no manifest/)
  })

  test('is aptroot.yaml when none is named, and each only once', async () => {
    const [only, ...none] = await findProjects({ kind: 'files', manifests: [] }, folder)
    assert.equal(only.manifestPath, join(folder, 'aptroot.yaml'))
    assert.equal(only.folder, folder)
    assert.deepEqual(none, [])
    const twice = await findProjects({ kind: 'files', manifests: ['b.yaml', 'a.yaml', 'b.yaml'] }, folder)
    assert.deepEqual(
      twice.map(each => each.manifestName),
      ['b.yaml', 'a.yaml'],
    )
  })

  test('is found by --all in byte order, other YAML files are not', async () => {
    await assertFault(findProjects({ kind: 'all' }, folder), 'MANIFEST_MISSING', folder)
    for (const name of ['web.aptroot.yaml', 'aptroot.yaml', 'Db.aptroot.yaml', 'compose.yaml', 'myaptroot.yaml'])
      writeFileSync(join(folder, name), '')
    const all = await findProjects({ kind: 'all' }, folder)
    assert.deepEqual(
      all.map(each => each.manifestName),
      ['Db.aptroot.yaml', 'aptroot.yaml', 'web.aptroot.yaml'],
    )
  })
})
