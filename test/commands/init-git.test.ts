import assert from 'node:assert/strict'
import { readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { projectOf } from '../../src/workflows/project.ts'
import { writeGitAttributes } from '../../src/workflows/set-up-git.ts'
import { runAptroot } from '../support/aptroot-program.ts'
import { assertFault } from '../support/assert-fault.ts'
import { gitCheckout } from '../support/git-checkout.ts'
import { scratchFolder } from '../support/scratch.ts'

const line = '*aptroot.lock merge=aptroot diff=aptroot\n'

describe('init in a git checkout', () => {
  test('writes .gitattributes beside the manifest and says what each clone needs', async () => {
    const folder = await scratchFolder()
    gitCheckout(folder)
    const result = await runAptroot(['init', '--suite', 'bookworm', 'nginx'], { folder })
    assert.match(
      result.output,
      /^Wrote to \.gitattributes: \*aptroot\.lock merge=aptroot diff=aptroot\nIn each clone: aptroot init --git\n/m,
    )
    assert.equal(await readFile(join(folder, '.gitattributes'), 'utf8'), line)
  })

  test('with --git only tells this clone what the attributes mean', async () => {
    const folder = await scratchFolder()
    const checkout = gitCheckout(folder)
    const result = await runAptroot(['init', '--git'], { folder })
    assert.equal(result.exitCode, 0, result.errorOutput)
    assert.equal(checkout.succeed('config', 'merge.aptroot.driver'), 'aptroot lock merge %O %A %B --path %P\n')
    assert.equal(checkout.succeed('config', 'diff.aptroot.textconv'), 'aptroot lock show --or-text\n')
    assert.equal(checkout.succeed('check-attr', 'merge', 'web.aptroot.lock'), 'web.aptroot.lock: merge: aptroot\n')
  })

  test('with --git elsewhere is told to make a repository', async () => {
    const folder = await scratchFolder()
    const result = await runAptroot(['init', '--git'], { folder })
    assert.equal(result.exitCode, 2)
    assert.match(result.errorOutput, /in no git checkout \[USAGE_INVALID\]/)
  })
})

describe('.gitattributes', () => {
  const written = async (before: string | undefined, manifestName = 'aptroot.yaml'): Promise<string> => {
    const folder = await scratchFolder()
    gitCheckout(folder)
    if (before !== undefined) await writeFile(join(folder, '.gitattributes'), before)
    await writeGitAttributes(projectOf(manifestName, folder))
    await writeGitAttributes(projectOf(manifestName, folder))
    return await readFile(join(folder, '.gitattributes'), 'utf8')
  }

  test('gets its line once, after what is there', async () => {
    assert.equal(await written('*.png binary'), `*.png binary\n${line}`)
    assert.equal(await written(undefined, 'web.aptroot.yaml'), line)
    assert.equal(await written(undefined, 'rootfs.yaml'), 'rootfs.lock merge=aptroot diff=aptroot\n')
  })

  test('keeps what somebody wrote about the lockfile', async () => {
    assert.equal(await written('aptroot.lock -diff\n'), 'aptroot.lock -diff\n')
  })

  test('is not written through a symbolic link', async () => {
    const folder = await scratchFolder()
    gitCheckout(folder)
    await writeFile(join(folder, 'victim'), '')
    await symlink('victim', join(folder, '.gitattributes'))
    await assertFault(writeGitAttributes(projectOf('aptroot.yaml', folder)), 'OUTPUT_UNWRITABLE')
    assert.equal(await readFile(join(folder, 'victim'), 'utf8'), '')
  })

  test('is left alone outside a checkout', async () => {
    const folder = await scratchFolder()
    assert.deepEqual(await writeGitAttributes(projectOf('aptroot.yaml', folder)), { kind: 'no-checkout' })
  })
})
