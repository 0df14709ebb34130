import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { createProcessRunner } from '../../src/adapters/process-runner.ts'
import {
  emitFileSystem,
  emitOutputs,
  emitSquashfs,
  type FileSystemRequest,
  type ImageFacts,
} from '../../src/image/index.ts'
import { defaultOptions } from '../../src/manifest/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { formatTree, sampleFacts } from '../support/format-tree.ts'
import { noPrograms } from '../support/real-programs.ts'
import { quietSession, scratchFolder } from '../support/scratch.ts'
import { file, type TestTree, treeOf } from '../support/trees.ts'

type Options = FileSystemRequest['options']
const erofs = defaultOptions('erofs')
const ext4 = defaultOptions('ext4')

async function emit(
  options: Options,
  changes: { readonly root?: TestTree; readonly facts?: ImageFacts; readonly parent?: string } = {},
) {
  const parent = changes.parent ?? (await scratchFolder())
  const target = { path: join(parent, 'image'), name: 'image' }
  const { root = formatTree, facts = sampleFacts } = changes
  return await emitFileSystem({ root, facts, options, target }, quietSession())
}

describe.each([erofs, ext4])('an image of format $format', options => {
  it('has the same bytes twice, of which it tells size and digest', async () => {
    const [one, two] = [await emit(options), await emit(options)]
    const bytes = await readFile(one.path)
    assert.ok(bytes.equals(await readFile(two.path)))
    assert.equal(one.sizeBytes, bytes.length)
    assert.equal(one.sha256, createHash('sha256').update(bytes).digest('hex'))
  })

  it('has another UUID for another tree', async () => {
    const [one, two] = [await emit(options), await emit(options, { facts: { ...sampleFacts, digest: 'other' } })]
    assert.notEqual(one.sha256, two.sha256)
  })

  it('leaves the old file, and nothing beside it, when it cannot be finished', async () => {
    const parent = await scratchFolder()
    await writeFile(join(parent, 'image'), 'old')
    const failing: TestTree = {
      tree: formatTree.tree,
      content: {
        async *read() {
          yield Buffer.from('p')
          throw new Error('the disk is on fire')
        },
      },
    }
    await assert.rejects(emit(options, { parent, root: failing }), /on fire/)
    assert.deepEqual(await readdir(parent), ['image'])
    assert.equal(await readFile(join(parent, 'image'), 'utf8'), 'old')
  })

  it('refuses an extended attribute that it cannot hold', async () => {
    const acl = new Map([['system.posix_acl_access', Buffer.from([2, 0, 0, 0])]])
    await assertFault(
      emit(options, { root: treeOf({ etc: file('', { extendedAttributes: acl }) }) }),
      'OUTPUT_UNWRITABLE',
      'cannot write image: the format cannot hold the extended attribute "system.posix_acl_access"',
    )
  })

  it('holds an empty tree', async () => {
    assert.ok((await emit(options, { root: treeOf({}) })).sizeBytes > 0)
  })
})

describe('an ext4 image', () => {
  it('has the size that was asked for, most of it as holes, and the label', async () => {
    const emitted = await emit({ ...ext4, sizeBytes: 512 * 2 ** 20, label: 'root' })
    assert.equal(emitted.sizeBytes, 512 * 2 ** 20)
    const { blocks } = await stat(emitted.path)
    assert.ok(blocks * 512 < 64 * 2 ** 20, `${blocks} sectors`)
    const superblock = (await readFile(emitted.path)).subarray(1024, 2048)
    assert.equal(superblock.subarray(0x78, 0x88).toString('latin1').replace(/\0+$/, ''), 'root')
  })

  it('does not fit into less than the tree needs', async () => {
    const parent = await scratchFolder()
    await assertFault(
      emit({ ...ext4, sizeBytes: 5 * 2 ** 20 }, { parent }),
      'OUTPUT_UNWRITABLE',
      'cannot write image: the tree needs ',
    )
    assert.deepEqual(await readdir(parent), [])
  })
})

describe('squashfs without mksquashfs', () => {
  it('names what to install before anything is written', async () => {
    const parent = await scratchFolder()
    const place = (name: string) => ({ path: join(parent, name), name })
    const outputs = [
      { format: 'tar' as const, ...place('a.tar') },
      { ...defaultOptions('squashfs'), ...place('a.squashfs') },
    ]
    const request = {
      root: formatTree,
      facts: sampleFacts,
      outputs,
      ownership: 'caller',
      runner: noPrograms(),
    } as const
    const fault = await assertFault(emitOutputs(request, quietSession()), 'PROGRAM_FAILED', 'squashfs needs mksquashfs')
    assert.match(fault.hint ?? '', /apt install squashfs-tools/)
    assert.deepEqual(await readdir(parent), [])
  })
})

describe('squashfs on a disk without room, or that cannot be written', () => {
  // What mksquashfs 4.5.1 says.
  const cases = [
    ['Write failed because No space left on device\nFATAL ERROR: Failed to write to output filesystem', 'DISK_FULL'],
    ['Could not create destination file: Read-only file system', 'OUTPUT_UNWRITABLE'],
    ['FATAL ERROR: Compressor \\"zstd\\" is not supported!', 'PROGRAM_FAILED'],
  ] as const
  it.each(cases)('where mksquashfs says %j is %s', async (words, code) => {
    const parent = await scratchFolder()
    await mkdir(join(parent, 'bin'))
    const script = `#!/bin/sh\ncat >/dev/null\nprintf '%b\\n' '${words.replaceAll('\n', '\\n')}' >&2\nexit 1\n`
    await writeFile(join(parent, 'bin/mksquashfs'), script, { mode: 0o755 })
    const runner = createProcessRunner({
      searchPath: `${parent}/bin:/usr/bin:/bin`,
      maximumOutputBytes: 2 ** 20,
    })
    const target = { path: join(parent, 'a.squashfs'), name: 'a.squashfs' }
    const request = { root: formatTree, facts: sampleFacts, options: defaultOptions('squashfs'), target, runner }
    await assertFault(emitSquashfs(request, quietSession()), code, code === 'PROGRAM_FAILED' ? 'zstd' : 'a.squashfs')
    assert.deepEqual(await readdir(parent), ['bin'])
  })
})
