import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inflateRawSync } from 'node:zlib'
import { describe, it } from 'vitest'
import { emitOstree } from '../../src/image/index.ts'
import { defaultOptions, type OstreeOptions } from '../../src/manifest/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { deviceTree } from '../support/device-tree.ts'
import { sampleFacts } from '../support/format-tree.ts'
import { recordedSession, scratchFolder } from '../support/scratch.ts'
import { device, fifo, file, folder, symlink, type TestTree, treeOf } from '../support/trees.ts'

async function emit(parent: string, root: TestTree, changes: Partial<OstreeOptions> = {}, session = recordedSession()) {
  const target = { path: join(parent, 'repo'), name: 'repo' }
  const options = { ...defaultOptions('ostree'), reference: 'debian/amd64', ...changes }
  return await emitOstree({ root, facts: sampleFacts, options, target }, session)
}

async function objectsOf(parent: string): Promise<string[]> {
  const names = await readdir(join(parent, 'repo/objects'), { recursive: true })
  return names.filter(name => name.includes('.')).sort()
}

describe('an ostree commit', () => {
  it('has the well-known checksum of the empty folder', async () => {
    const parent = await scratchFolder()
    await emit(parent, treeOf({}), { layout: 'plain' })
    const objects = await objectsOf(parent)
    assert.equal(objects.length, 3)
    assert.ok(objects.includes('6e/340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d.dirtree'))
  })

  it('stores a content once under the checksum of owner, mode and bytes, compressed', async () => {
    const parent = await scratchFolder()
    const same = { mode: 0o4755, inode: 1 }
    await emit(parent, treeOf({ su: file('su', same), su2: file('su', same) }), { layout: 'plain' })
    const [object, ...others] = (await objectsOf(parent)).filter(name => name.endsWith('.filez'))
    assert.ok(object !== undefined && others.length === 0)
    const bytes = await readFile(join(parent, 'repo/objects', object))
    assert.equal(inflateRawSync(bytes.subarray(8 + bytes.readUInt32BE(0))).toString(), 'su')
    // (uuuusa(ayay)): owner, group, mode and device number, an empty text and its end.
    const header = Buffer.from(['00000000', '00000000', '000089ed', '00000000', '00', '11'].join(''), 'hex')
    const head = Buffer.from('0000001200000000', 'hex')
    const checksum = createHash('sha256')
      .update(Buffer.concat([head, header, Buffer.from('su')]))
      .digest('hex')
    assert.equal(object.replace(/[/]|\.filez/g, ''), checksum)
  })

  it('is the same one wherever it is made, and another one for another subject', async () => {
    const commits = []
    for (const subject of ['', '', 'other'])
      commits.push((await emit(await scratchFolder(), deviceTree, { subject })).commit)
    assert.equal(commits[0], commits[1])
    assert.notEqual(commits[0], commits[2])
  })

  it('leaves the other branches of the repository as they are', async () => {
    const parent = await scratchFolder()
    const first = await emit(parent, deviceTree, { reference: 'debian/arm64' })
    const second = await emit(parent, treeOf({ etc: folder() }))
    const branch = (name: string) => readFile(join(parent, 'repo/refs/heads/debian', name), 'utf8')
    assert.deepEqual([await branch('arm64'), await branch('amd64')], [`${first.commit}\n`, `${second.commit}\n`])
  })

  it('warns of device nodes and FIFOs, which it cannot hold', async () => {
    const session = recordedSession()
    const root = treeOf({ null: device('character-device', 1, 3), pipe: fifo() })
    await emit(await scratchFolder(), root, {}, session)
    const warnings = session.events.filter(event => event.kind === 'warned')
    assert.deepEqual(
      warnings.map(({ message }) => message),
      ['repo lacks character-device "/null" and 1 more, which ostree cannot hold'],
    )
  })

  const refused: readonly (readonly [string, TestTree, RegExp])[] = [
    ['a name that is not UTF-8', treeOf({ 'a\xff': file('') }), /is not UTF-8, and ostree holds nothing else/],
    ['a link to such a name', treeOf({ link: symlink('\xff') }), /"\/link" is not UTF-8/],
    [
      '/usr/etc beside /etc',
      treeOf({ etc: folder(), usr: folder(), 'usr/etc': folder() }),
      /both \/etc and \/usr\/etc/,
    ],
  ]
  for (const [what, root, message] of refused)
    it(`cannot hold ${what}, and nothing is written`, async () => {
      const parent = await scratchFolder()
      const fault = await assertFault(emit(parent, root), 'OUTPUT_UNWRITABLE', 'cannot write repo: ')
      assert.match(fault.message, message)
      assert.deepEqual(await readdir(parent), [])
    })

  it('goes into no folder that is no repository of mode archive', async () => {
    const parent = await scratchFolder()
    await mkdir(join(parent, 'repo'))
    await writeFile(join(parent, 'repo/precious'), 'mine')
    await assertFault(
      emit(parent, deviceTree),
      'OUTPUT_UNWRITABLE',
      'cannot write repo: the folder has contents and is no',
    )
    await writeFile(join(parent, 'repo/config'), '[core]\nrepo_version=1\nmode=bare\n')
    await assertFault(
      emit(parent, deviceTree),
      'OUTPUT_UNWRITABLE',
      'cannot write repo: it is an ostree repository of another',
    )
    assert.deepEqual((await readdir(join(parent, 'repo'))).sort(), ['config', 'precious'])
  })

  it('is named by its branch only when it is whole', async () => {
    const parent = await scratchFolder()
    const before = await emit(parent, deviceTree)
    const failing: TestTree = {
      tree: treeOf({ new: file('new') }).tree,
      content: {
        async *read() {
          yield Buffer.from('n')
          throw new Error('the disk is on fire')
        },
      },
    }
    await assert.rejects(emit(parent, failing), /on fire/)
    assert.equal(await readFile(join(parent, 'repo/refs/heads/debian/amd64'), 'utf8'), `${before.commit}\n`)
    assert.deepEqual(await readdir(join(parent, 'repo/tmp')), ['cache'])
  })
})
