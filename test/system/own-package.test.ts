import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { missingForRealData, skippedForWantOf } from '../support/real-archive.ts'
import { exampleProject, type RealProject } from '../support/real-project.ts'

function missing(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root builds without subordinate ids'
  return missingForRealData()
}

describe.skipIf(skippedForWantOf(missing()))('examples/own-package', () => {
  let scratch = ''
  let project: RealProject
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'aptroot-own-package-'))
    project = await exampleProject(scratch, 'own-package')
  })
  afterAll(() => rm(scratch, { recursive: true, force: true }))

  test('is built by dpkg-buildpackage to the debs that its page shows, once', async () => {
    const { output, errorOutput } = await project.run('package', 'build', '--verbose')
    const unpacked = [...errorOutput.matchAll(/^unpack: (\S+)(?: \(\d+ ms\))?$/gm)].map(([, name]) => name)
    assert.ok(unpacked.length > 100, errorOutput)
    assert.equal(new Set(unpacked).size, unpacked.length, 'each deb is taken apart once')
    assert.match(output, /^hello-own 1\.0 amd64: built$/m)
    const debs = output.split('\n').filter(line => /\.deb sha256:|key sha256:/.test(line))
    assert.equal(debs.length, 4, output)
    if (project.archive.state === 'frozen') {
      const page = (await readFile(join(project.folder, 'README.md'), 'utf8')).split('\n')
      assert.deepEqual(
        debs.filter(line => !page.includes(line)),
        [],
        'the page shows what is printed',
      )
    }
    const deb = join(project.folder, 'out/hello-own_1.0_amd64.deb')
    const folder = join(scratch, 'unpacked')
    execFileSync('dpkg-deb', ['--extract', deb, folder])
    assert.equal(
      execFileSync(join(folder, 'usr/bin/hello-own'), { encoding: 'utf8' }),
      'Hello from a package of our own, 1.0\n',
    )
    const again = await project.run('package', 'build')
    assert.match(again.output, /as built before, from the store/)
  })
})
