import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import type { UnpackedDeb } from '../../src/dpkg/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { debSeconds, dir, hard, link, unpackedDeb } from '../support/unpacked-deb.ts'
import { hasContent, listOf, merge, merged, nowSeconds } from './scene.ts'

describe('a directory', () => {
  test('keeps the attributes of the package that is unpacked first', () => {
    const root = merge([
      unpackedDeb('base-files', { files: { tmp: dir(0o1777) } }),
      unpackedDeb('a-first-by-name', { files: { tmp: dir(0o755) } }),
    ])
    assert.equal(root.entries.get('tmp')?.mode, 0o1777)
  })

  test('over a link to a directory leaves the link, and files go through it', () => {
    const root = merge([
      unpackedDeb('a', { files: { 'srv/data': dir(), 'srv/alias': link('data') } }),
      unpackedDeb('b', { files: { 'srv/alias/x': 'x' } }),
    ])
    assert.equal(root.entries.get('srv/alias')?.kind, 'symlink')
    hasContent(root, 'srv/data/x', 'x')
    assert.ok(listOf(root, 'b').includes('/srv/alias/x'), 'the list keeps the path of the deb')
  })

  test('over a link that leads nowhere is a clash', async () => {
    const debs = [unpackedDeb('a', { files: { opt: link('nowhere') } }), unpackedDeb('b', { files: { opt: dir() } })]
    await assertFault(() => merge(debs), 'ROOTFS_CLASH', '/opt is in both a 1 (amd64) and b 1 (amd64)')
  })

  test('stays when another package brings a link in its place', () => {
    const root = merge([
      unpackedDeb('a', { files: { 'usr/share/doc/a': dir() } }),
      unpackedDeb('b', { files: { 'usr/share/doc/a': link('b') } }),
    ])
    assert.equal(root.entries.get('usr/share/doc/a')?.kind, 'directory')
  })

  test('under which something was put has a new time, an empty one that of the deb', () => {
    const root = merge([unpackedDeb('a', { files: { 'opt/full/x': 'x', 'opt/empty': dir() } })])
    assert.equal(root.entries.get('opt/full')?.modifiedSeconds, nowSeconds)
    assert.equal(root.entries.get('opt/empty')?.modifiedSeconds, debSeconds)
  })

  test('that the deb does not bring makes its files impossible to unpack', async () => {
    const deb = unpackedDeb('a', { files: { 'opt/x': 'x' }, folders: 'as given' })
    await assertFault(() => merge([deb]), 'DEB_MALFORMED', '"/opt/x" without the directory')
  })

  test('is not one when another package has a file there', async () => {
    const file = unpackedDeb('a', { files: { opt: 'file' } })
    const folder = { 'opt/x': 'x' }
    await assertFault(() => merge([file, unpackedDeb('b', { files: folder })]), 'ROOTFS_CLASH', '/opt is in both a 1')
    const without = unpackedDeb('b', { files: folder, folders: 'as given' })
    await assertFault(
      () => merge([file, without]),
      'ROOTFS_CLASH',
      '/opt is no directory in a 1 (amd64), as b 1 (amd64) needs it',
    )
  })

  test('is not replaced by a file, even with Replaces', async () => {
    const debs = [
      unpackedDeb('a', { files: { 'opt/thing/x': 'x' } }),
      unpackedDeb('b', { files: { 'opt/thing': 'file' }, fields: { Replaces: 'a' } }),
    ]
    await assertFault(() => merge(debs), 'ROOTFS_CLASH', '/opt/thing is a directory in a 1 (amd64)')
  })
})

describe('merged /usr', () => {
  test('takes /bin/x to /usr/bin/x, and the list keeps /bin/x', () => {
    const root = merge([unpackedDeb('a', { files: { 'bin/x': 'x' } })], merged)
    assert.deepEqual(pathsBelow(root.entries, 'bin'), ['bin'])
    hasContent(root, 'usr/bin/x', 'x')
    assert.deepEqual(listOf(root, 'a'), ['/.', '/bin', '/bin/x'])
  })

  test('keeps its links when a package brings the same ones', () => {
    const root = merge([unpackedDeb('base-files', { files: { bin: link('usr/bin') } })], merged)
    assert.equal(root.entries.get('bin')?.kind, 'symlink')
    assert.deepEqual(root.warnings, [])
  })

  test('makes one file of /bin/x and /usr/bin/x: the last wins, both lists keep theirs, and a warning says so', () => {
    const root = merge(
      [unpackedDeb('a', { files: { 'bin/x': 'of a' } }), unpackedDeb('b', { files: { 'usr/bin/x': 'of b' } })],
      merged,
    )
    hasContent(root, 'usr/bin/x', 'of b')
    assert.ok(listOf(root, 'a').includes('/bin/x'))
    assert.match(root.warnings[0]?.message ?? '', /^\/usr\/bin\/x of b 1 \(amd64\) overwrites \/bin\/x of a 1/)
  })

  test('refuses a package that itself brings /bin/x and /usr/bin/x, as files or as a hard link', async () => {
    for (const other of ['x', hard('bin/x')]) {
      const deb = unpackedDeb('a', { files: { 'bin/x': 'x', 'usr/bin/x': other } })
      await assertFault(() => merge([deb], merged), 'ROOTFS_CLASH', '/usr/bin/x of a 1 (amd64) is one file with')
    }
  })
})

describe('a file of another package', () => {
  const old = unpackedDeb('a', { files: { 'usr/bin/x': 'of a', 'usr/bin/y': 'y' } })

  test('is a clash that names both, the path, and all clashes', async () => {
    const other = unpackedDeb('b', { files: { 'usr/bin/x': 'of b', 'usr/bin/y': 'other' } })
    const fault = await assertFault(() => merge([old, other]), 'ROOTFS_CLASH', /\/usr\/bin\/x is in both a 1 .* b 1/)
    assert.deepEqual(fault.context.packages, ['a 1 (amd64)', 'b 1 (amd64)'])
    assert.equal((fault.context.clashes as string[]).length, 2)
  })

  test('is taken over with Replaces, and leaves the list of its package', () => {
    const root = merge([
      old,
      unpackedDeb('b', { files: { 'usr/bin/x': 'of b' }, fields: { Replaces: 'a (<< 2)', Depends: 'a' } }),
    ])
    hasContent(root, 'usr/bin/x', 'of b')
    assert.deepEqual(listOf(root, 'a'), ['/.', '/usr', '/usr/bin', '/usr/bin/y'])
    assert.deepEqual(listOf(root, 'b'), ['/.', '/usr', '/usr/bin', '/usr/bin/x'])
  })

  test('stays when its package replaces the one that is unpacked later, whose list loses it', () => {
    const replacing = unpackedDeb('a', { files: { 'usr/bin/x': 'of a' }, fields: { Replaces: 'b' } })
    const root = merge([replacing, unpackedDeb('b', { files: { 'usr/bin/x': 'of b', 'usr/bin/z': 'z' } })])
    hasContent(root, 'usr/bin/x', 'of a')
    assert.deepEqual(listOf(root, 'b'), ['/.', '/usr', '/usr/bin', '/usr/bin/z'])
  })

  test('is a clash when Replaces names another version, or only a provided name', async () => {
    for (const replaces of ['a (<< 1)', 'virtual']) {
      const provider = unpackedDeb('a', { files: { x: 'of a' }, fields: { Provides: 'virtual' } })
      const other = unpackedDeb('b', { files: { x: 'of b' }, fields: { Replaces: replaces } })
      await assertFault(() => merge([provider, other]), 'ROOTFS_CLASH')
    }
  })

  test('all taken over leaves a package without files, which a warning names', () => {
    const root = merge([
      unpackedDeb('a', { files: { x: 'of a' } }),
      unpackedDeb('b', { files: { x: 'of b' }, fields: { Replaces: 'a' } }),
    ])
    assert.deepEqual(
      root.warnings.map(each => each.message),
      ['every file of a 1 (amd64) is replaced by those of other packages'],
    )
  })
})

describe('two architectures of a Multi-Arch: same package', () => {
  const instance = (architecture: string, text: string) =>
    unpackedDeb('libx', { architecture, multiArch: 'same', files: { 'usr/share/doc/libx/changelog': text } })
  const foreign = { foreignArchitectures: ['i386'] }

  test('share identical files, which stay in both lists', () => {
    const root = merge([instance('amd64', 'same'), instance('i386', 'same')], foreign)
    assert.deepEqual(listOf(root, 'libx:amd64'), listOf(root, 'libx:i386'))
  })

  test('clash when a shared file differs', async () => {
    const debs = [instance('amd64', 'one'), instance('i386', 'other')]
    await assertFault(() => merge(debs, foreign), 'ROOTFS_CLASH', '/usr/share/doc/libx/changelog differs between')
  })

  test('are refused of any other package', async () => {
    const debs = [unpackedDeb('x', { architecture: 'amd64' }), unpackedDeb('x', { architecture: 'i386' })]
    await assertFault(() => merge(debs, foreign), 'ROOTFS_CLASH', 'they are one package')
  })
})

describe('a hard link', () => {
  test('shares the inode of its target, numbered in byte order', () => {
    const root = merge([
      unpackedDeb('a', { files: { 'usr/z': 'z', 'usr/a': hard('usr/z'), 'usr/lone': 'l', 'usr/m': hard('usr/z') } }),
    ])
    const inodes = ['usr/a', 'usr/m', 'usr/z', 'usr/lone'].map(path => {
      const entry = root.entries.get(path)
      return entry?.kind === 'file' ? entry.inode : 'none'
    })
    assert.deepEqual(inodes, [1, 1, 1, undefined])
  })

  test('to something that is no earlier file is a malformed deb', async () => {
    await assertFault(() => merge([unpackedDeb('a', { files: { x: hard('etc/passwd') } })]), 'DEB_MALFORMED')
  })

  test('to a file that a filter leaves out is a file of its own', () => {
    const deb = unpackedDeb('a', { files: { 'usr/x': 'x', 'usr/y': hard('usr/x') } })
    const root = merge([deb], { excludePaths: ['/usr/x'] })
    hasContent(root, 'usr/y', 'x')
    assert.equal(root.entries.get('usr/x'), undefined)
  })
})

describe('an excluded path', () => {
  test('is not in the tree, but stays in the list', () => {
    const deb = unpackedDeb('a', { files: { 'usr/share/doc/a/copyright': 'c', 'usr/bin/a': 'a' } })
    const root = merge([deb], { excludePaths: ['/usr/share/doc/*'] })
    assert.deepEqual(pathsBelow(root.entries, 'usr'), ['usr', 'usr/bin', 'usr/bin/a', 'usr/share', 'usr/share/doc'])
    assert.ok(listOf(root, 'a').includes('/usr/share/doc/a/copyright'))
  })

  test('that is a folder is there all the same when something in it is not excluded', () => {
    const deb = unpackedDeb('a', { files: { 'opt/a': dir(0o700), 'opt/a/x': 'x' } })
    const root = merge([deb], { excludePaths: ['/opt', '/opt/a'] })
    assert.equal(root.entries.get('opt/a')?.mode, 0o700)
    hasContent(root, 'opt/a/x', 'x')
  })

  const rows = [
    ['/usr/*', 'usr/share/x', true, 'a star covers slashes'],
    ['/usr/?', 'usr/ab', false, 'a question mark is one byte'],
    ['/usr/share/locale/[a-d]*', 'usr/share/locale/de', true, 'a range'],
    ['/usr/share/locale/[!d]*', 'usr/share/locale/de', false, 'a negated set'],
    ['/usr/[[:digit:]]', 'usr/7', true, 'a class'],
    ['/usr/[]]', 'usr/]', true, 'a bracket that comes first is a member'],
    ['/usr/[x', 'usr/[x', true, 'a bracket that is never closed is itself'],
    ['/usr/\\*', 'usr/x', false, 'a backslash takes the meaning away'],
    ['/usr/.*', 'usr/.hidden', true, 'a leading dot is not special'],
    ['usr/*', 'usr/x', false, 'a pattern is absolute'],
    ['/usr/ü', 'usr/\u00c3\u00bc', true, 'a pattern is text, a path is bytes'],
  ] as const
  for (const [pattern, path, excluded, why] of rows) {
    test(`${pattern}: ${why}`, () => {
      const root = merge([unpackedDeb('a', { files: { [path]: 'x' } })], { excludePaths: [pattern] })
      assert.equal(root.entries.has(path), !excluded)
    })
  }

  test('costs no exponential time', () => {
    const deb = unpackedDeb('a', { files: { [`usr/${'a'.repeat(3000)}`]: 'x' } })
    const root = merge([deb], { excludePaths: [`/${'*a'.repeat(300)}*b`] })
    assert.equal(root.entries.has(`usr/${'a'.repeat(3000)}`), true)
  })
})

describe('a link that leads out of the root', () => {
  test('leads to the root, as in a chroot', () => {
    const root = merge([
      unpackedDeb('a', { files: { out: link('../../../opt'), opt: dir(), etc: dir() } }),
      unpackedDeb('b', { files: { 'out/x': 'x' } }),
    ])
    hasContent(root, 'opt/x', 'x')
  })

  test('in a circle is a clash, not a hang', async () => {
    const debs = [
      unpackedDeb('a', { files: { one: link('two'), two: link('one') } }),
      unpackedDeb('b', { files: { 'one/x': 'x' }, fields: { Replaces: 'other' } }),
    ]
    await assertFault(() => merge(debs), 'ROOTFS_CLASH')
  })
})

test('the merged root does not depend on the order in which the debs are given', () => {
  const debs: readonly UnpackedDeb[] = [
    unpackedDeb('base-files', { essential: true, files: { tmp: dir(0o1777), 'etc/issue': 'i' } }),
    unpackedDeb('libx', { multiArch: 'same', files: { 'usr/lib/x': 'x', 'usr/share/x': 's' } }),
    unpackedDeb('libx', { architecture: 'i386', multiArch: 'same', files: { 'usr/lib32/x': 'x', 'usr/share/x': 's' } }),
    unpackedDeb('a', { files: { 'bin/t': 'a', tmp: dir() }, fields: { Depends: 'b' } }),
    unpackedDeb('b', { files: { 'usr/bin/t': 'b' }, fields: { Depends: 'a', Replaces: 'c' } }),
    unpackedDeb('c', { files: { 'usr/bin/t': 'c', 'usr/bin/h': 'h', 'usr/bin/g': hard('usr/bin/h') } }),
  ]
  const changes = { ...merged, foreignArchitectures: ['i386'] }
  const expected = merge(debs, changes)
  fc.assert(
    fc.property(fc.shuffledSubarray([...debs], { minLength: debs.length }), shuffled => {
      const root = merge(shuffled, changes)
      assert.deepEqual([...root.entries], [...expected.entries])
      assert.deepEqual(root.warnings, expected.warnings)
    }),
    { seed: 2026, numRuns: 50 },
  )
})

function pathsBelow(entries: ReadonlyMap<string, unknown>, folder: string): readonly string[] {
  return [...entries.keys()].filter(path => path === folder || path.startsWith(`${folder}/`))
}

describe('a package unpacked by itself', () => {
  test('has its links last in the list, wherever the deb has them', () => {
    const root = merge([unpackedDeb('a', { files: { 'usr/l': link('z'), 'usr/z': 'z' } })])
    assert.deepEqual(listOf(root, 'a'), ['/.', '/usr', '/usr/z', '/usr/l'])
  })
})
