import assert from 'node:assert/strict'
import { existsSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { makeFolder } from '../../src/store/index.ts'
import { makeReadOnly, mountedFolder } from '../support/mounted-folder.ts'
import { scratchFolder } from '../support/scratch.ts'

describe('a folder that is made with those above it', () => {
  test('tells the first one that was missing, and nothing when none was', async () => {
    const scratch = await scratchFolder()
    assert.equal(makeFolder(join(scratch, 'a/b/c')), join(scratch, 'a'))
    assert.ok(statSync(join(scratch, 'a/b/c')).isDirectory())
    assert.equal(makeFolder(join(scratch, 'a/b/c')), undefined)
    assert.equal(makeFolder(join(scratch, 'a/b/d')), join(scratch, 'a/b/d'))
  })

  test('may lie behind a link, but not behind a file or a link to nothing', async () => {
    const scratch = await scratchFolder()
    makeFolder(join(scratch, 'place'))
    symlinkSync('place', join(scratch, 'link'))
    symlinkSync('nowhere', join(scratch, 'dangling'))
    writeFileSync(join(scratch, 'file'), '')
    assert.equal(makeFolder(join(scratch, 'link/a')), join(scratch, 'link/a'))
    assert.ok(existsSync(join(scratch, 'place/a')))
    assert.throws(() => makeFolder(join(scratch, 'file')), { code: 'EEXIST' })
    assert.throws(() => makeFolder(join(scratch, 'file/a/b')), { code: 'ENOTDIR' })
    assert.throws(() => makeFolder(join(scratch, 'dangling/a')), { code: 'EEXIST' })
  })

  test('is refused at once where nobody can make one', { skip: process.platform !== 'linux' }, () => {
    assert.throws(() => makeFolder('/proc/aptroot/store'), { code: 'ENOENT' })
  })

  test('is refused as read-only by a file system that is', async context => {
    const folder = await mountedFolder('size=100k')
    if (folder === undefined) return context.skip('mounting is not allowed here')
    makeFolder(join(folder, 'a'))
    makeReadOnly(folder)
    assert.equal(makeFolder(join(folder, 'a')), undefined)
    assert.throws(() => makeFolder(join(folder, 'a/b/c')), { code: 'EROFS' })
  })
})
