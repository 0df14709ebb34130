import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { chmod, open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, test } from 'vitest'
import { type TarContent, writeAr } from '../../src/codec/index.ts'
import { type Pack, unpackDeb } from '../../src/rootfs/index.ts'
import type { Store } from '../../src/store/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import type { DebDescription } from '../support/deb-builder.ts'
import { quietSession, recordedSession } from '../support/scratch.ts'
import { scratchStore, sha256Of, storeDeb } from '../support/stored-debs.ts'
import { tarEntry, tarFile, writeGnuTar } from '../support/tar-bytes.ts'

const hello: DebDescription = {
  control: { Package: 'hello', 'Multi-Arch': 'foreign' },
  scripts: { postinst: '#!/bin/sh\n' },
  conffiles: ['/etc/hello.conf'],
  compression: 'none',
  files: [
    { kind: 'file', path: '/etc/hello.conf', content: 'greet=1\n', mode: 0o640, groupId: 4 },
    { kind: 'file', path: '/usr/bin/hello', content: 'same', mode: 0o4755 },
    { kind: 'file', path: '/usr/bin/again', content: 'same' },
    { kind: 'hard-link', path: '/usr/bin/link', target: '/usr/bin/hello' },
    { kind: 'hard-link', path: '/usr/bin/link2', target: '/usr/bin/link' },
    { kind: 'symlink', path: '/usr/bin/symlink', target: '/anywhere/../at/all' },
    { kind: 'fifo', path: '/usr/pipe' },
    { kind: 'character-device', path: '/usr/null', major: 1, minor: 3 },
    { kind: 'file', path: '/usr/share/large', content: Buffer.alloc(3_000_000, 'ab') },
  ],
}

/** A deb whose data.tar has exactly these members. */
function debWith(
  members: readonly TarContent[],
  control = 'Package: x\nVersion: 1.0\nArchitecture: amd64\n',
): Uint8Array {
  const modifiedSeconds = 0
  return writeAr([
    { name: 'debian-binary', content: Buffer.from('2.0\n'), modifiedSeconds },
    { name: 'control.tar', content: writeGnuTar([tarFile('./control', control)]), modifiedSeconds },
    { name: 'data.tar', content: writeGnuTar(members), modifiedSeconds },
  ])
}

const named = { control: { Package: 'x' } }

async function filesOf(store: Store): Promise<string[]> {
  const all = await readdir(store.folder, { recursive: true, withFileTypes: true })
  return all.filter(each => each.isFile()).map(each => join(each.parentPath, each.name))
}
/** The same with bytes as text, whatever kind of array holds them. */
function dataOf({ deb, ...others }: Pack) {
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')
  const controlFiles = deb.controlFiles.map(({ bytes, ...rest }) => ({ ...rest, bytes: text(bytes) }))
  return { ...others, deb: { ...deb, control: text(deb.control), controlFiles } }
}

const packsOf = async (store: Store) => (await filesOf(store)).filter(path => path.includes('/objects/pack/'))

describe('a deb that is taken apart', () => {
  it('gives its entries in the order of data.tar, with owners, modes and digests', async () => {
    const store = await scratchStore()
    const { deb, places } = await unpackDeb(await storeDeb(store, hello), store, quietSession())
    assert.deepEqual(
      deb.entries.map(({ path, entry }) => `${entry.kind} ${path}`),
      [
        'directory ',
        'directory etc',
        'file etc/hello.conf',
        'directory usr',
        'directory usr/bin',
        'file usr/bin/hello',
        'file usr/bin/again',
        'hard-link usr/bin/link',
        'hard-link usr/bin/link2',
        'symlink usr/bin/symlink',
        'fifo usr/pipe',
        'character-device usr/null',
        'directory usr/share',
        'file usr/share/large',
      ],
    )
    const find = (path: string) => deb.entries.find(each => each.path === path)?.entry
    assert.deepEqual(find('usr/bin/link2'), { kind: 'hard-link', target: 'usr/bin/hello' })
    assert.deepEqual(find('etc/hello.conf'), {
      kind: 'file',
      content: { sha256: sha256Of('greet=1\n'), sizeBytes: 8 },
      mode: 0o640,
      userId: 0,
      groupId: 4,
      modifiedSeconds: 1_700_000_000,
    })
    assert.equal(deb.md5BySha256.get(sha256Of('same')), createHash('md5').update('same').digest('hex'))
    assert.equal(places.size, 3, 'equal contents are kept once')
    assert.deepEqual([deb.multiArch, deb.essential, deb.version], ['foreign', false, '1.0'])
    assert.deepEqual(
      deb.controlFiles.map(({ name, mode }) => `${name} ${mode.toString(8)}`),
      ['conffiles 644', 'md5sums 644', 'postinst 755'],
    )
  })

  it('is read from its pack the next time, without its blob', async () => {
    const store = await scratchStore()
    const identity = await storeDeb(store, hello)
    const first = await unpackDeb(identity, store, quietSession())
    await rm(store.pathOf(identity))
    const again = recordedSession()
    assert.deepEqual(dataOf(await unpackDeb(identity, store, again)), dataOf(first))
    assert.deepEqual(again.events, [])
    assert.equal((await packsOf(store)).length, 1)
  })

  it('is unpacked anew where its pack was damaged or cut short', async () => {
    const store = await scratchStore()
    const identity = await storeDeb(store, hello)
    const first = await unpackDeb(identity, store, quietSession())
    const [pack = ''] = await packsOf(store)
    const { size } = await stat(pack)
    for (const damage of ['manifest', 'end'] as const) {
      await chmod(pack, 0o644)
      const handle = await open(pack, 'r+')
      if (damage === 'manifest') await handle.write('X', size - 1000)
      else await handle.truncate(size - 10)
      await handle.close()
      assert.deepEqual(dataOf(await unpackDeb(identity, store, quietSession())), dataOf(first), damage)
    }
  })

  it('leaves nothing in the store when it is interrupted', async () => {
    const store = await scratchStore()
    const identity = await storeDeb(store, hello)
    const before = await filesOf(store)
    const session = recordedSession()
    session.abort(new Error('enough'))
    await assert.rejects(unpackDeb(identity, store, session), /enough/)
    assert.deepEqual(await filesOf(store), before)
  })

  it('has its root folder once, and folders that come twice keep their first attributes', async () => {
    const store = await scratchStore()
    const members = [
      tarEntry({ kind: 'directory', path: './' }),
      tarEntry({ kind: 'directory', path: './a', mode: 0o700 }),
      tarEntry({ kind: 'directory', path: 'a/', mode: 0o755 }),
      tarEntry({ kind: 'directory', path: '.' }),
    ]
    const { deb } = await unpackDeb(await storeDeb(store, named, debWith(members)), store, quietSession())
    assert.deepEqual(
      deb.entries.map(({ path, entry }) => [path, 'mode' in entry && entry.mode.toString(8)]),
      [
        ['', '755'],
        ['a', '700'],
      ],
    )
  })
})

describe('a hostile deb', () => {
  const link = (path: string, target: string) => tarEntry({ kind: 'symlink', path, target })
  const hard = (path: string, target: string) => tarEntry({ kind: 'hard-link', path, target })
  const rows: readonly (readonly [string, 'TREE_PATH_UNSAFE' | 'DEB_MALFORMED', readonly TarContent[], string])[] = [
    ['climbs out', 'TREE_PATH_UNSAFE', [tarFile('./../../etc/passwd')], 'which has the component ..'],
    ['climbs out in the middle', 'TREE_PATH_UNSAFE', [tarFile('./usr/../../x')], 'which has the component ..'],
    ['names an absolute path', 'TREE_PATH_UNSAFE', [tarFile('/etc/passwd')], '"/etc/passwd", which is absolute'],
    ['has an empty component', 'TREE_PATH_UNSAFE', [tarFile('./usr//x')], 'which has an empty component'],
    ['is absolute behind its dot', 'TREE_PATH_UNSAFE', [tarFile('.//etc/x')], 'which is absolute'],
    ['has a dot inside', 'TREE_PATH_UNSAFE', [tarFile('./usr/./x')], 'which has the component .'],
    ['has a name no disk holds', 'TREE_PATH_UNSAFE', [tarFile(`./${'n'.repeat(256)}`)], 'a component of 256 bytes'],
    [
      'writes through its own symlink',
      'TREE_PATH_UNSAFE',
      [link('./a', '/etc'), tarFile('./a/b')],
      'leads through the symlink "a"',
    ],
    [
      'makes the symlink afterwards',
      'TREE_PATH_UNSAFE',
      [tarFile('./a/b'), link('./a', '/etc')],
      'leads through the symlink "a"',
    ],
    ['writes below a file', 'TREE_PATH_UNSAFE', [tarFile('./a'), tarFile('./a/b/c')], 'leads through the file "a"'],
    ['replaces the root', 'TREE_PATH_UNSAFE', [link('./', '/etc')], 'is a symlink there'],
    ['links out of the root', 'TREE_PATH_UNSAFE', [hard('./a', './../../etc/shadow')], 'which has the component ..'],
    ['links to an absolute path', 'TREE_PATH_UNSAFE', [hard('./a', '/etc/shadow')], 'is absolute'],
    [
      'links to what it does not bring',
      'DEB_MALFORMED',
      [hard('./a', './etc/shadow')],
      'names no earlier member of the deb "etc/shadow"',
    ],
    [
      'links to a later file',
      'DEB_MALFORMED',
      [hard('./a', './b'), tarFile('./b')],
      'names no earlier member of the deb "b"',
    ],
    ['links to a symlink', 'DEB_MALFORMED', [link('./b', '/etc'), hard('./a', './b')], 'names the symlink "b"'],
    ['brings a file twice', 'DEB_MALFORMED', [tarFile('./a', '1'), tarFile('./a', '2')], 'it has "a" twice'],
    [
      'turns a file into a folder',
      'DEB_MALFORMED',
      [tarFile('./a'), tarEntry({ kind: 'directory', path: './a' })],
      'it has "a" twice',
    ],
    ['breaks the lines of dpkg', 'DEB_MALFORMED', [tarFile('./a\nb')], 'newline in the path'],
  ]
  for (const [what, code, members, message] of rows)
    test(`${what}: ${code}, and nothing stays`, async () => {
      const store = await scratchStore()
      const identity = await storeDeb(store, named, debWith(members))
      const before = await filesOf(store)
      const fault = await assertFault(unpackDeb(identity, store, quietSession()), code, message)
      assert.ok(fault.message.startsWith('x_1.0_amd64.deb '), fault.message)
      assert.deepEqual(await filesOf(store), before)
    })

  for (const [field, locked] of [
    ['Package', { name: 'y', version: '1.0', architecture: 'amd64' }],
    ['Version', { name: 'x', version: '1.1', architecture: 'amd64' }],
    ['Architecture', { name: 'x', version: '1.0', architecture: 'all' }],
  ] as const)
    test(`is not the one that was locked: another ${field}`, async () => {
      const store = await scratchStore()
      const identity = { ...(await storeDeb(store, named)), ...locked }
      const message = `the deb locked as ${locked.name} ${locked.version} ${locked.architecture} says that it is x 1.0 amd64`
      // The pack of the first attempt must not hide it from the second.
      for (const _attempt of [1, 2])
        await assertFault(unpackDeb(identity, store, quietSession()), 'DEB_MISMATCH', message)
    })

  test('has a Multi-Arch that Debian does not know', async () => {
    const store = await scratchStore()
    const identity = await storeDeb(store, { control: { Package: 'x', 'Multi-Arch': 'maybe' } })
    await assertFault(unpackDeb(identity, store, quietSession()), 'DEB_MALFORMED', 'its Multi-Arch is "maybe"')
  })

  test('is not the bytes that the store vouches for', async () => {
    const store = await scratchStore()
    const identity = await storeDeb(store, named)
    await chmod(store.pathOf(identity), 0o644)
    const handle = await open(store.pathOf(identity), 'r+')
    // Behind the last member that matters: only the digest of the whole notices it.
    await handle.write('\n', identity.sizeBytes - 1)
    await handle.write('\x01', identity.sizeBytes - 2)
    await handle.close()
    await assert.rejects(unpackDeb(identity, store, quietSession()))
    assert.deepEqual(await packsOf(store), [])
  })
})
