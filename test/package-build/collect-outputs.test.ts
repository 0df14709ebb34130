import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { buildFailure, collectOutputs } from '../../src/package-build/index.ts'
import { Store } from '../../src/store/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { quietSession, scratchFolder } from '../support/scratch.ts'

async function scene() {
  const top = await scratchFolder()
  const folder = join(top, 'build')
  await mkdir(folder)
  const store = new Store({ folder: join(top, 'store'), clock: { now: () => new Date(0) } })
  await writeFile(join(folder, 'b_1_all.deb'), 'b')
  await writeFile(join(folder, 'a_1_amd64.deb'), 'a')
  await mkdir(join(folder, 'hello-1'))
  await writeFile(join(folder, 'notes'), '')
  const collect = () => collectOutputs({ folder, names: ['*.deb', '*.changes'], store }, quietSession())
  return { top, folder, store, collect }
}

describe('what a build leaves', () => {
  test('is taken by name, in byte order, into the store', async () => {
    const { collect, store } = await scene()
    const outputs = await collect()
    assert.deepEqual(
      outputs.map(each => each.name),
      ['a_1_amd64.deb', 'b_1_all.deb'],
    )
    assert.equal(Buffer.from((await store.read(outputs[0])) ?? []).toString(), 'a')
  })

  const hostile: readonly (readonly [string, (folder: string) => unknown])[] = [
    ['a link to a file of this host', folder => symlink('/etc/passwd', join(folder, 'x_1_all.deb'))],
    ['a pipe', folder => execFileSync('mkfifo', [join(folder, 'x_1_all.deb')])],
    ['a folder', folder => mkdir(join(folder, 'x_1_all.deb'))],
    ['a name with a control character', folder => writeFile(join(folder, 'x\u001b[2J.deb'), '')],
    ['a name with a line break', folder => writeFile(join(folder, 'x\n.deb'), '')],
    ['a hidden name', folder => writeFile(join(folder, '.deb'), '')],
  ]
  for (const [what, make] of hostile)
    test(`is refused where it is ${what}`, async () => {
      const { collect, folder } = await scene()
      await make(folder)
      await assertFault(collect(), 'PACKAGE_OUTPUT_INVALID', /^[\x20-\x7e]+$/)
    })

  test('is not looked for where its folder became a link', async () => {
    const { collect, folder, top } = await scene()
    await rename(folder, join(top, 'elsewhere'))
    await symlink('elsewhere', folder)
    await assertFault(collect(), 'PACKAGE_OUTPUT_INVALID', 'no folder any more')
  })

  test('has to be something', async () => {
    const { folder, store } = await scene()
    await assertFault(
      collectOutputs({ folder, names: ['*.udeb'], store }, quietSession()),
      'PACKAGE_OUTPUT_INVALID',
      'left nothing called *.udeb',
    )
  })
})

test('a failed build says which command, with the last that it said', async () => {
  const failed = { name: 'hello 1.0', command: ['/bin/sh', '-ec', 'make\nfalse'], exitStatus: 2 }
  const fault = await assertFault(
    () => {
      throw buildFailure({ ...failed, lastLines: ['make: *** no rule'] })
    },
    'PACKAGE_BUILD_FAILED',
    'hello 1.0 ended with status 2: /bin/sh -ec make\\u000afalse',
  )
  assert.deepEqual(fault.context.excerpt, ['make: *** no rule'])
})
