import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmod, mkdir, rename, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { defaultSourceLimits, gatherSources, sourceInputs } from '../../src/package-build/index.ts'
import { Store } from '../../src/store/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { quietSession, scratchFolder } from '../support/scratch.ts'

async function scene(files: Readonly<Record<string, string>>) {
  const top = await scratchFolder()
  const folder = join(top, 'sources')
  await mkdir(folder)
  const store = new Store({ folder: join(top, 'store'), clock: { now: () => new Date(0) } })
  const write = async (path: string, text: string) => {
    await mkdir(join(folder, path, '..'), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  for (const [path, text] of Object.entries(files)) await write(path, text)
  const gather = (exclude: readonly string[] = [], limits = defaultSourceLimits) =>
    gatherSources({ folder, exclude, store, limits }, quietSession())
  return { folder, top, store, write, gather, inputs: async () => sourceInputs(await gather()) }
}

describe('the sources of a package', () => {
  test('are the same whatever times, owners and umask a checkout has', async () => {
    const { folder, inputs } = await scene({ 'debian/rules': '#!/usr/bin/make -f\n', 'hello.c': 'int main;\n' })
    await chmod(join(folder, 'debian/rules'), 0o755)
    const before = await inputs()
    await utimes(join(folder, 'hello.c'), 1, 1)
    await chmod(join(folder, 'hello.c'), 0o660)
    await chmod(join(folder, 'debian/rules'), 0o700)
    await chmod(join(folder, 'debian'), 0o700)
    assert.deepEqual(await inputs(), before)
    assert.deepEqual(
      before.map(({ name, value }) => `${name} ${value.slice(0, 8)}`),
      ['debian director', 'debian/rules file 755', 'hello.c file 644'],
    )
  })

  test('are others with one byte, one executable bit, one name more', async () => {
    const { folder, inputs, write } = await scene({ a: 'x', b: 'y' })
    const seen = [JSON.stringify(await inputs())]
    for (const change of [
      () => write('a', 'z'),
      () => chmod(join(folder, 'a'), 0o755),
      () => rename(join(folder, 'a'), join(folder, 'c')),
      () => mkdir(join(folder, 'empty')),
      () => symlink('b', join(folder, 'link')),
    ]) {
      await change()
      seen.push(JSON.stringify(await inputs()))
    }
    assert.equal(new Set(seen).size, 6)
  })

  test('are without what is excluded: by name anywhere, from the top with a slash, and all below', async () => {
    const { gather } = await scene({ 'a.o': '', 'sub/b.o': '', 'sub/c': '', 'build/x': '', 'sub/build/y': '' })
    assert.deepEqual([...(await gather(['*.o', '/build'])).keys()], ['sub', 'sub/build', 'sub/build/y', 'sub/c'])
  })

  test('keep links as they are: what a link out of them leads to is not read', async () => {
    const { folder, top, gather } = await scene({ a: 'x' })
    await writeFile(join(top, 'secret'), 'of this host')
    await symlink('../secret', join(folder, 'out'))
    await symlink('/etc', join(folder, 'absolute'))
    const sources = await gather()
    assert.deepEqual(sources.get('out'), { kind: 'symlink', target: '../secret' })
    assert.deepEqual(sources.get('absolute'), { kind: 'symlink', target: '/etc' })
    assert.equal(sources.size, 3)
  })

  test('may have any name that Linux has', async () => {
    const { gather } = await scene({ 'a\nfile 644 x': '1', ü: '2' })
    assert.deepEqual([...(await gather()).keys()], ['a\nfile 644 x', 'Ã¼'])
  })

  test('hold no pipes, which would never end, unless they are excluded', async () => {
    const { folder, gather } = await scene({ a: 'x' })
    execFileSync('mkfifo', [join(folder, 'pipe')])
    const fault = await assertFault(gather(), 'PACKAGE_SOURCE_INVALID', 'neither a file nor a folder')
    assert.equal(fault.context.path, '"pipe"')
    assert.equal((await gather(['pipe'])).size, 1)
  })

  test('are bounded', async () => {
    const { gather } = await scene({ a: '12345', b: '67890' })
    await assertFault(gather([], { paths: 1, bytes: 100 }), 'PACKAGE_SOURCE_INVALID', 'more than 1 others')
    await assertFault(gather([], { paths: 9, bytes: 9 }), 'PACKAGE_SOURCE_INVALID', 'over 9 bytes')
  })
})
