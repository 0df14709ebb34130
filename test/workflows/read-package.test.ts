import assert from 'node:assert/strict'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { Store } from '../../src/store/index.ts'
import { type ChosenPlaces, readPackage, readSources } from '../../src/workflows/read-package.ts'
import { assertFault } from '../support/assert-fault.ts'
import { quietSession, scratchFolder } from '../support/scratch.ts'

/** A package whose sources lie beside its description, its build root and what it built before. */
async function scene() {
  const top = await scratchFolder()
  const write = async (path: string, text = '') => {
    await mkdir(join(top, path, '..'), { recursive: true })
    await writeFile(join(top, path), text)
  }
  await write('tool/package.yaml', 'package: 1\nname: tool\nversion: "1.0"\nroot: root/build.yaml\n')
  for (const path of ['root/build.yaml', 'root/build.lock', 'root/notes', 'out/old.deb', '.git/HEAD', 'tool.c', '..c'])
    await write(`tool/${path}`)
  const store = new Store({ folder: join(top, 'store'), clock: { now: () => new Date(0) } })
  const read = (place: string, chosen: Partial<ChosenPlaces> = {}) =>
    readPackage(place, { root: undefined, outputFolder: undefined, written: [], ...chosen }, { workingFolder: top })
  const sources = async (...words: Parameters<typeof read>) => [
    ...(await readSources(await read(...words), store, quietSession())).sources.keys(),
  ]
  return { top, write, read, sources }
}

const own = ['..c', 'root', 'root/notes', 'tool.c']

describe('a package whose sources lie beside its description', () => {
  test('has no sources in its description, its build root, its outputs and its history', async () => {
    const { sources, write } = await scene()
    assert.deepEqual(await sources('tool'), own)
    await write('tool/..yaml', 'package: 1\nname: tool\nversion: "1.0"\nroot: root/build.yaml\n')
    assert.deepEqual(await sources('tool/..yaml'), [...own, 'package.yaml'].sort())
  })

  test('has the same sources when its folder is named by a link', async () => {
    const { sources, top } = await scene()
    await symlink('tool', join(top, 'link'))
    assert.deepEqual(await sources('link'), own)
  })

  test('has no sources in a folder of outputs that the command line names', async () => {
    const { sources, write, read } = await scene()
    await write('tool/debs/tool_1.0_all.deb')
    assert.deepEqual(await sources('tool', { outputFolder: 'tool/debs' }), own)
    assert.equal((await read('tool', { outputFolder: 'tool/debs' })).output.name, 'tool/debs')
  })

  test('has no sources in the log, the cache and the repository that the command line has written there', async () => {
    const { sources, write } = await scene()
    for (const path of ['build.log', 'cache/key.json', 'repository/dists/stable/Release']) await write(`tool/${path}`)
    assert.deepEqual(await sources('tool', { written: ['tool/build.log', 'tool/cache', 'tool/repository'] }), own)
  })

  test('writes no outputs through a link that leads out of its folder, and says so before anything is built', async () => {
    const { read, top, write } = await scene()
    await write('tool/package.yaml', 'package: 1\noutput-folder: away\n')
    await symlink(top, join(top, 'tool/away'))
    await assertFault(read('tool'), 'MANIFEST_PATH_OUTSIDE', /away/)
  })
})
