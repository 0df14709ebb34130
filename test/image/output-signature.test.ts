import assert from 'node:assert/strict'
import { mkdir, open, rename, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, test } from 'vitest'
import { outputSignature } from '../../src/image/output-signature.ts'
import { scratchFolder } from '../support/scratch.ts'

/** Other bytes of the same length in place, and the old modification time set again. */
async function forge(path: string): Promise<void> {
  const { atime, mtime, size } = await stat(path)
  const file = await open(path, 'r+')
  await file.write('x'.repeat(size), 0)
  await file.close()
  await utimes(path, atime, mtime)
}

const changes: readonly (readonly [string, (path: string) => Promise<void>])[] = [
  ['is edited, with its old size and its old time', forge],
  ['is cut short', path => truncate(path, 2)],
  ['is replaced by a copy', async path => writeFile(`${path}.new`, 'bytes').then(() => rename(`${path}.new`, path))],
  ['is deleted', path => rm(path)],
]

describe('an output is not as it was left when a file', () => {
  for (const [what, change] of changes)
    test(what, async () => {
      const folder = await scratchFolder()
      await mkdir(join(folder, 'out/usr'), { recursive: true })
      const [single, below] = [join(folder, 'rootfs.tar'), join(folder, 'out/usr/file')]
      for (const path of [single, below]) await writeFile(path, 'bytes')
      const before = [outputSignature(single), outputSignature(join(folder, 'out'))]
      assert.deepEqual([outputSignature(single), outputSignature(join(folder, 'out'))], before)
      // The kernel notes times by its tick.
      await sleep(20)
      for (const path of [single, below]) await change(path)
      assert.notEqual(outputSignature(single), before[0])
      assert.notEqual(outputSignature(join(folder, 'out')), before[1])
    })

  test('is added to a folder', async () => {
    const folder = await scratchFolder()
    const before = outputSignature(folder)
    await writeFile(join(folder, 'more'), '')
    assert.notEqual(outputSignature(folder), before)
  })
})
