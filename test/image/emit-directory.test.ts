import assert from 'node:assert/strict'
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { emitDirectory, type Ownership } from '../../src/image/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { noPrograms, realPrograms } from '../support/real-programs.ts'
import { quietSession, recordedSession, scratchFolder } from '../support/scratch.ts'
import { device, fifo, file, folder, symlink, type TestTree, treeOf, treeSeconds } from '../support/trees.ts'

const root = treeOf({
  bin: symlink('usr/bin'),
  closed: folder({ mode: 0o555, modifiedSeconds: 5 }),
  'closed/secret': file('s', { mode: 0o600 }),
  'etc\xff': folder(),
  outside: symlink('/etc/passwd'),
  tmp: folder({ mode: 0o1777 }),
  usr: folder(),
  'usr/bin': folder(),
  'usr/bin/su': file('su', { mode: 0o4755, userId: 3, groupId: 4, inode: 1 }),
  'usr/bin/su2': file('su', { mode: 0o4755, userId: 3, groupId: 4, inode: 1 }),
})
const isRoot = process.getuid?.() === 0
const emit = (
  parent: string,
  changes: { readonly root?: TestTree; readonly ownership?: Ownership } = {},
  session = quietSession(),
) => {
  const target = { path: join(parent, 'out'), name: 'out' }
  return emitDirectory({ root, target, ownership: 'caller', runner: noPrograms(), ...changes }, session)
}

/** What lies there, as the kernel says it. */
function linesOf(parent: string): string[] {
  const lines: string[] = []
  const walk = (host: Buffer, path: string) => {
    const facts = lstatSync(host)
    const mode = (facts.mode & 0o7777).toString(8)
    const rest = facts.isSymbolicLink() ? readlinkSync(host) : facts.isFile() ? `${mode} ${readFileSync(host)}` : mode
    lines.push(`${path} ${rest} @${Math.floor(facts.mtimeMs / 1000) - treeSeconds}`)
    if (!facts.isDirectory()) return
    for (const name of readdirSync(host, { encoding: 'buffer' }).sort(Buffer.compare))
      walk(Buffer.concat([host, Buffer.from('/'), name]), `${path}/${name.toString('latin1')}`)
  }
  walk(Buffer.from(join(parent, 'out')), '')
  return lines
}

const written = [
  ' 755 @0',
  '/bin usr/bin @0',
  `/closed 555 @${5 - treeSeconds}`,
  '/closed/secret 600 s @0',
  '/etc\xff 755 @0',
  '/outside /etc/passwd @0',
  '/tmp 1777 @0',
  '/usr 755 @0',
  '/usr/bin 755 @0',
  '/usr/bin/su 755 su @0',
  '/usr/bin/su2 755 su @0',
]

describe('the folder of a tree', () => {
  it('has modes, times, links and odd names; setuid bits only with their owners', async () => {
    const parent = await scratchFolder()
    const session = recordedSession()
    await emit(parent, {}, session)
    assert.deepEqual(linesOf(parent), written)
    const [first, second] = ['su', 'su2'].map(name => lstatSync(join(parent, 'out/usr/bin', name)))
    assert.equal(first?.ino, second?.ino)
    const warnings = session.events.filter(event => event.kind === 'warned')
    assert.equal(warnings.length, 1)
    assert.match(warnings[0]?.message ?? '', /^out: all files belong to you, without setuid and setgid bits/)
  })

  it.skipIf(!isRoot)('has owners and setuid bits when root writes it', async () => {
    const parent = await scratchFolder()
    const session = recordedSession()
    await emit(parent, { ownership: 'tree' }, session)
    const { uid, gid, mode } = lstatSync(join(parent, 'out/usr/bin/su'))
    assert.deepEqual([uid, gid, (mode & 0o7777).toString(8)], [3, 4, '4755'])
    assert.deepEqual(
      session.events.filter(event => event.kind === 'warned'),
      [],
    )
  })

  it('does not depend on the umask', async () => {
    const parent = await scratchFolder()
    const old = process.umask(0o077)
    try {
      await emit(parent)
    } finally {
      process.umask(old)
    }
    assert.deepEqual(linesOf(parent), written)
  })

  it('says which device nodes could not be made, and makes FIFOs where mknod exists', async () => {
    const parent = await scratchFolder()
    const special = treeOf({ null: device('character-device', 1, 3), pipe: fifo() })
    const session = recordedSession()
    await emit(parent, { root: special }, session)
    const warning = session.events.find(event => event.kind === 'warned' && event.message.includes('lacks'))
    assert.ok(warning?.kind === 'warned')
    assert.equal(warning.message, 'out lacks character-device "/null" and 1 more, which cannot be made here')
    assert.deepEqual(await readdir(join(parent, 'out')), [])

    const target = { path: join(parent, 'out2'), name: 'out2' }
    if ((await realPrograms().find('mknod')) === undefined) return
    await emitDirectory({ root: special, target, ownership: 'caller', runner: realPrograms() }, quietSession())
    assert.ok(lstatSync(join(parent, 'out2/pipe')).isFIFO())
  })
})

describe('a folder that is in the way', () => {
  it('is replaced when it is empty, or when aptroot put it there', async () => {
    const parent = await scratchFolder()
    await mkdir(join(parent, 'out'))
    await emit(parent)
    const other = treeOf({ other: file('x') })
    await emit(parent, { root: other })
    assert.deepEqual(await readdir(join(parent, 'out')), ['other'])
    assert.deepEqual((await readdir(parent)).sort(), ['.out.aptroot', 'out'])
  })

  const foreign: readonly (readonly [string, (parent: string) => Promise<void>])[] = [
    ['was never ours', async parent => void (await mkdir(join(parent, 'out')))],
    [
      'took the place of ours',
      async parent => {
        await emit(parent)
        await rename(join(parent, 'out'), join(parent, 'moved'))
        await mkdir(join(parent, 'out'))
      },
    ],
  ]
  for (const [what, prepare] of foreign)
    it(`stays when it ${what}`, async () => {
      const parent = await scratchFolder()
      await prepare(parent)
      await writeFile(join(parent, 'out/precious'), 'mine')
      await assertFault(
        emit(parent),
        'OUTPUT_UNWRITABLE',
        'cannot write out: the folder has contents that aptroot did not write',
      )
      assert.equal(await readFile(join(parent, 'out/precious'), 'utf8'), 'mine')
      assert.deepEqual(
        (await readdir(parent)).filter(name => /^\.out\.(?!aptroot$)/.test(name)),
        [],
      )
    })

  it('stays when it is no folder', async () => {
    const parent = await scratchFolder()
    await writeFile(join(parent, 'out'), 'mine')
    await assertFault(emit(parent), 'OUTPUT_UNWRITABLE', 'cannot write out: there is something else than a folder')
    assert.equal(await readFile(join(parent, 'out'), 'utf8'), 'mine')
  })
})

describe('a folder that cannot be finished', () => {
  it('leaves the old one, and no staging folder', async () => {
    const parent = await scratchFolder()
    await emit(parent)
    const failing: TestTree = {
      tree: root.tree,
      content: {
        async *read() {
          yield Buffer.from('s')
          throw new Error('the disk is on fire')
        },
      },
    }
    await assert.rejects(emit(parent, { root: failing }), /on fire/)
    assert.deepEqual(linesOf(parent), written)
    assert.deepEqual((await readdir(parent)).sort(), ['.out.aptroot', 'out'])
  })

  it('leaves nothing when it is interrupted', async () => {
    const parent = await scratchFolder()
    const session = recordedSession()
    const interrupting: TestTree = {
      tree: root.tree,
      content: {
        async *read(content) {
          session.abort(new Error('enough'))
          yield* root.content.read(content)
        },
      },
    }
    await assert.rejects(emit(parent, { root: interrupting }, session), /enough/)
    assert.deepEqual(await readdir(parent), [])
  })

  it('ends in a fault when its parent is a file', async () => {
    const parent = await scratchFolder()
    await writeFile(join(parent, 'file'), '')
    await assertFault(emit(join(parent, 'file')), 'OUTPUT_UNWRITABLE', 'cannot write out: ')
    await chmod(parent, 0o755)
    await rm(join(parent, 'file'))
  })
})
