import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { chmod, symlink as makeSymlink, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, it, test } from 'vitest'
import { decompressBytes, readTar, type TarEntry } from '../../src/codec/index.ts'
import { emitOutputs, emitTar } from '../../src/image/index.ts'
import { nativeZstd } from '../../src/image/zstd.ts'
import { assertFault } from '../support/assert-fault.ts'
import { collect, inChunks } from '../support/chunks.ts'
import { sampleFacts } from '../support/format-tree.ts'
import { noPrograms, realPrograms } from '../support/real-programs.ts'
import { quietSession, recordedSession, scratchFolder } from '../support/scratch.ts'
import {
  device,
  fifo,
  file,
  folder,
  neighbours,
  symlink,
  type TestTree,
  treeOf,
  treeSeconds,
} from '../support/trees.ts'

const long = `${'a'.repeat(90)}/${'b'.repeat(90)}`

const sample = treeOf({
  bin: symlink('usr/bin'),
  dev: folder(),
  'dev/null': device('character-device', 1, 3),
  etc: folder({ mode: 0o750, groupId: 42 }),
  'etc/a\xff\nb': file('odd'),
  [long.slice(0, 90)]: folder(),
  [long]: file('long'),
  pipe: fifo(),
  usr: folder(),
  'usr/bin': folder(),
  'usr/bin/perl': file('perl', { mode: 0o4755, inode: 3, userId: 7 }),
  'usr/bin/perl5': file('perl', { mode: 0o4755, inode: 3, userId: 7 }),
})
/** Emitters want byte order, as a sealed tree has it. */
const sorted = ({ tree, content }: TestTree): TestTree => ({
  tree: new Map([...tree].sort(([left], [right]) => (left < right ? -1 : 1))),
  content,
})
const root = sorted(sample)
const targetIn = (parent: string, name: string) => ({ path: join(parent, name), name })

async function membersOf(bytes: Uint8Array): Promise<(readonly [string, TarEntry, string])[]> {
  const members: (readonly [string, TarEntry, string])[] = []
  for await (const { entry, body } of readTar(inChunks(bytes), { name: 'rootfs.tar', paxHeaders: 'read' }))
    members.push([entry.path, entry, Buffer.from(await collect(body)).toString('latin1')])
  return members
}

describe('the tar of a tree', () => {
  it('has every path below ./, each folder before what is in it, folders with a slash, the first name of a file as the file', async () => {
    const parent = await scratchFolder()
    await emitTar({ root, target: targetIn(parent, 'r.tar'), runner: noPrograms() }, quietSession())
    const members = await membersOf(await readFile(join(parent, 'r.tar')))
    assert.deepEqual(
      members.map(([path, { kind }]) => `${kind} ${path}`),
      [
        'directory ./',
        `directory ./${long.slice(0, 90)}/`,
        `file ./${long}`,
        'symlink ./bin',
        'directory ./dev/',
        'character-device ./dev/null',
        'directory ./etc/',
        'file ./etc/a\xff\nb',
        'fifo ./pipe',
        'directory ./usr/',
        'directory ./usr/bin/',
        'file ./usr/bin/perl',
        'hard-link ./usr/bin/perl5',
      ],
    )
    const find = (path: string) => members.find(each => each[0] === path)
    const [, perl, text] = find('./usr/bin/perl') ?? assert.fail()
    assert.deepEqual(perl, {
      kind: 'file',
      path: './usr/bin/perl',
      sizeBytes: 4,
      mode: 0o4755,
      userId: 7,
      groupId: 0,
      userName: '',
      groupName: '',
      modifiedSeconds: treeSeconds,
      extendedAttributes: new Map(),
    })
    assert.equal(text, 'perl')
    const link = find('./usr/bin/perl5')?.[1]
    assert.equal(link?.kind === 'hard-link' && link.target, './usr/bin/perl')
    assert.equal(find('./bin')?.[1].kind === 'symlink', true)
    assert.equal(find('./etc/')?.[1].groupId, 42)
    assert.equal(find(`./${long}`)?.[2], 'long')
  })

  it('has each folder followed by all that is in it, whatever its neighbours are called', async () => {
    const parent = await scratchFolder()
    const target = targetIn(parent, 'r.tar')
    await emitTar({ root: sorted(neighbours), target, runner: noPrograms() }, quietSession())
    const members = (await membersOf(await readFile(target.path))).map(([path]) => path)
    assert.deepEqual(members.slice(1), [
      './lib/',
      './lib/auto/',
      './lib/auto/Util.pm',
      './lib/auto/deep/',
      './lib/auto/deep/file',
      './lib/auto-die/',
      './lib/auto-die/first',
      './lib/auto.pm',
    ])
  })

  it('carries extended attributes once, with the first name', async () => {
    const parent = await scratchFolder()
    const capability = new Map([['security.capability', Buffer.from([1, 0, 0, 2])]])
    const tree = new Map(root.tree)
    for (const path of ['usr/bin/perl', 'usr/bin/perl5']) {
      const entry = tree.get(path) ?? assert.fail()
      tree.set(path, { ...entry, extendedAttributes: capability })
    }
    await emitTar({ root: { ...root, tree }, target: targetIn(parent, 'r.tar'), runner: noPrograms() }, quietSession())
    const having = (await membersOf(await readFile(join(parent, 'r.tar')))).filter(
      ([, entry]) => entry.extendedAttributes.size > 0,
    )
    assert.deepEqual(
      having.map(([path]) => path),
      ['./usr/bin/perl'],
    )
  })

  it('reports the digest and size of the uncompressed archive, whatever compresses it', async () => {
    const parent = await scratchFolder()
    const plain = await emitTar({ root, target: targetIn(parent, 'r.tar'), runner: noPrograms() }, quietSession())
    const bytes = await readFile(join(parent, 'r.tar'))
    assert.equal(plain.tarSha256, createHash('sha256').update(bytes).digest('hex'))
    assert.deepEqual([plain.sizeBytes, plain.tarSizeBytes], [bytes.length, bytes.length])
    for (const name of ['r.tar.gz', 'r.tgz']) {
      const gz = await emitTar({ root, target: targetIn(parent, name), runner: noPrograms() }, quietSession())
      const packed = await readFile(join(parent, name))
      assert.ok(gunzipSync(packed).equals(bytes), name)
      assert.deepEqual([gz.tarSha256, gz.sizeBytes], [plain.tarSha256, packed.length])
    }
  })

  it('is compressed as zstd by Node or by the program, and otherwise says what to install', async () => {
    const parent = await scratchFolder()
    const zst = (runner = realPrograms()) =>
      emitTar({ root, target: targetIn(parent, 'r.tar.zst'), runner }, quietSession())
    const emitted =
      nativeZstd === undefined && (await realPrograms().find('zstd')) === undefined ? undefined : await zst()
    if (emitted !== undefined) {
      const packed = await readFile(join(parent, 'r.tar.zst'))
      const bytes = await decompressBytes('zst', packed, { name: 'r', maximumBytes: 2 ** 20 })
      assert.equal(createHash('sha256').update(bytes).digest('hex'), emitted.tarSha256)
      assert.equal(emitted.sizeBytes, packed.length)
    }
    if (nativeZstd === undefined) {
      const fault = await assertFault(zst(noPrograms()), 'PROGRAM_FAILED', 'a .tar.zst needs zstd')
      assert.match(fault.hint ?? '', /apt install zstd/)
    }
    assert.deepEqual(await readdir(parent), emitted === undefined ? [] : ['r.tar.zst'])
  })

  it('refuses names of compressions it does not write, before anything is written', async () => {
    const parent = await scratchFolder()
    const outputs = ['a.tar', 'b.tar.xz'].map(name => ({ format: 'tar' as const, ...targetIn(parent, name) }))
    await assertFault(
      emitOutputs({ root, facts: sampleFacts, outputs, ownership: 'caller', runner: noPrograms() }, quietSession()),
      'OUTPUT_UNWRITABLE',
      'cannot write b.tar.xz: that compression is not offered',
    )
    assert.deepEqual(await readdir(parent), [])
  })
})

describe('a tar that cannot be finished', () => {
  const failing: TestTree = {
    tree: root.tree,
    content: {
      async *read() {
        yield Buffer.from('p')
        throw new Error('the disk is on fire')
      },
    },
  }
  for (const name of ['r.tar', 'r.tar.gz'])
    it(`leaves the old file, and nothing beside it: ${name}`, async () => {
      const parent = await scratchFolder()
      await writeFile(join(parent, name), 'old')
      const emitting = emitTar({ root: failing, target: targetIn(parent, name), runner: noPrograms() }, quietSession())
      await assert.rejects(emitting, /on fire/)
      assert.deepEqual(await readdir(parent), [name])
      assert.equal(await readFile(join(parent, name), 'utf8'), 'old')
    })

  it('leaves the old file when it is interrupted', async () => {
    const parent = await scratchFolder()
    await writeFile(join(parent, 'r.tar'), 'old')
    const session = recordedSession()
    const slow: TestTree = {
      tree: root.tree,
      content: {
        async *read(content) {
          session.abort(new Error('enough'))
          yield* root.content.read(content)
        },
      },
    }
    await assert.rejects(
      emitTar({ root: slow, target: targetIn(parent, 'r.tar'), runner: noPrograms() }, session),
      /enough/,
    )
    assert.deepEqual(await readdir(parent), ['r.tar'])
    assert.equal(await readFile(join(parent, 'r.tar'), 'utf8'), 'old')
  })

  it('does not replace a folder, nor write where a file is in the way', async () => {
    const parent = await scratchFolder()
    await mkdir(join(parent, 'r.tar'))
    await writeFile(join(parent, 'file'), '')
    for (const name of ['r.tar', 'file/r.tar'])
      await assertFault(
        emitTar({ root, target: targetIn(parent, name), runner: noPrograms() }, quietSession()),
        'OUTPUT_UNWRITABLE',
        `cannot write ${name}: `,
      )
    assert.deepEqual((await readdir(parent)).sort(), ['file', 'r.tar'])
  })

  it('replaces a symlink and leaves what it points to', async () => {
    const parent = await scratchFolder()
    await writeFile(join(parent, 'precious'), 'mine')
    await makeSymlink('precious', join(parent, 'r.tar'))
    await emitTar({ root, target: targetIn(parent, 'r.tar'), runner: noPrograms() }, quietSession())
    assert.equal(await readFile(join(parent, 'precious'), 'utf8'), 'mine')
  })

  test('for want of room is DISK_FULL', async () => {
    const full: TestTree = {
      tree: root.tree,
      content: {
        // biome-ignore lint/correctness/useYield: the very first read fails
        async *read() {
          throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC', syscall: 'write' })
        },
      },
    }
    const parent = await scratchFolder()
    await assertFault(
      emitTar({ root: full, target: targetIn(parent, 'r.tar'), runner: noPrograms() }, quietSession()),
      'DISK_FULL',
      'no room left to write r.tar: ENOSPC',
    )
    await chmod(parent, 0o755)
    assert.deepEqual(await readdir(parent), [])
  })
})
