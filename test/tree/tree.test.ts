import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, it, test } from 'vitest'
import {
  checkTree,
  firstNames,
  folderOf,
  lastNameOf,
  pathProblem,
  resolvePath,
  sortedPaths,
  treeDigest,
} from '../../src/tree/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { device, fifo, file, folder, symlink, type TestEntry, treeOf, treeSeconds } from '../support/trees.ts'

describe('the digest of a tree', () => {
  it('is sha256 over the documented records, field by field', () => {
    const { tree } = treeOf({
      dev: folder(),
      'dev/null': device('character-device', 1, 3),
      'dev/sda': device('block-device', 8, 0),
      etc: folder({ mode: 0o2755, groupId: 4 }),
      'etc/a': file('hello', { inode: 7 }),
      'etc/b': file('hello', { inode: 7 }),
      'etc/l': symlink('a'),
      'run-p': fifo(),
    })
    const time = `${treeSeconds}\0`
    const hello = createHash('sha256').update('hello').digest('hex')
    const records = [
      'aptroot-tree 1\n',
      `d\0\x000755\x000\x000\0${time}0\0`,
      `d\0dev\x000755\x000\x000\0${time}0\0`,
      `c\0dev/null\x000600\x000\x000\0${time}1\x003\x000\0`,
      `b\0dev/sda\x000600\x000\x000\0${time}8\x000\x000\0`,
      `d\0etc\x002755\x000\x004\0${time}0\0`,
      `f\0etc/a\x000644\x000\x000\0${time}5\0${hello}\x000\0`,
      'h\0etc/b\0etc/a\0',
      `l\0etc/l\x000777\x000\x000\0${time}a\x000\0`,
      `p\0run-p\x000600\x000\x000\0${time}0\0`,
    ]
    assert.equal(treeDigest(tree), createHash('sha256').update(records.join('')).digest('hex'))
  })

  it('has extended attributes in byte order of their names, values in hex', () => {
    const { tree } = treeOf({ a: file('') })
    const entry = tree.get('a')
    assert.ok(entry?.kind === 'file')
    const withAttributes = (names: readonly string[]) =>
      treeDigest(
        new Map(tree).set('a', {
          ...entry,
          extendedAttributes: new Map(names.map(name => [name, Buffer.from([0, 255])])),
        }),
      )
    assert.equal(withAttributes(['user.b', 'user.a']), withAttributes(['user.a', 'user.b']))
    assert.notEqual(withAttributes(['user.a']), treeDigest(tree))
  })

  const base: Readonly<Record<string, TestEntry>> = {
    a: file('x', { inode: 1 }),
    b: file('x', { inode: 1 }),
    d: folder(),
  }
  const others: readonly (readonly [string, Readonly<Record<string, TestEntry>>])[] = [
    ['a mode', { ...base, d: folder({ mode: 0o700 }) }],
    ['an owner', { ...base, d: folder({ userId: 1 }) }],
    ['a group', { ...base, d: folder({ groupId: 1 }) }],
    ['a time', { ...base, d: folder({ modifiedSeconds: 1 }) }],
    ['a type', { ...base, d: symlink('') }],
    ['a content', { ...base, a: file('y', { inode: 1 }), b: file('y', { inode: 1 }) }],
    ['two files instead of two names of one', { ...base, a: file('x'), b: file('x') }],
    ['a path more', { ...base, e: folder() }],
  ]
  for (const [what, entries] of others)
    test(`differs for ${what}`, () => assert.notEqual(treeDigest(treeOf(entries).tree), treeDigest(treeOf(base).tree)))

  it('depends neither on the order of insertion nor on inode numbers', () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-c\xff-]{1,3}$/), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(names, fc.nat(9), fc.infiniteStream(fc.nat()), (paths, shift, order) => {
        const entries = (inode: number) =>
          paths.map((path, at) => [path, file(`${at % 3}`, { inode: (at % 3) + inode })] as const)
        const shuffled = entries(shift)
          .map(each => [order.next().value ?? 0, each] as const)
          .sort(([left], [right]) => left - right)
          .map(([, each]) => each)
        const left = treeOf(Object.fromEntries(entries(0))).tree
        assert.equal(treeDigest(treeOf(Object.fromEntries(shuffled)).tree), treeDigest(left))
      }),
      { seed: 2, numRuns: 200 },
    )
  })
})

describe('paths of a tree', () => {
  it('are sorted by bytes: what lies in a folder comes after names that begin like it', () => {
    const { tree } = treeOf({ 'a/b': file(''), 'a-b': file(''), '\xe9': file(''), a: folder(), Z: file('') })
    assert.deepEqual(sortedPaths(tree), ['', 'Z', 'a', 'a-b', 'a/b', '\xe9'])
  })

  it('have a folder and a last name', () => {
    assert.deepEqual([folderOf('usr/bin/sh'), folderOf('usr')], ['usr/bin', ''])
    assert.deepEqual([lastNameOf('usr/bin/sh'), lastNameOf('usr')], ['sh', 'usr'])
  })

  for (const [path, problem] of [
    ['', undefined],
    ['usr/share/doc/a b\n\xff', undefined],
    ['..a/...', undefined],
    ['/etc', 'is absolute'],
    ['usr/../etc', 'has the component ..'],
    ['..', 'has the component ..'],
    ['./a', 'has the component .'],
    ['a//b', 'has an empty component'],
    ['a/', 'has an empty component'],
    ['a\0b', 'contains NUL'],
    ['a'.repeat(256), 'has a component of 256 bytes, more than 255'],
    ['a/'.repeat(2048), 'has 4096 bytes, more than 4095'],
  ] as const)
    test(`${JSON.stringify(path.slice(0, 20))} ${problem ?? 'is fine'}`, () => assert.equal(pathProblem(path), problem))

  it('lead through symlinks as for a process inside', () => {
    const { tree } = treeOf({
      bin: symlink('usr/bin'),
      usr: folder(),
      'usr/bin': folder(),
      'usr/bin/vi': symlink('/etc/alternatives/vi'),
      etc: folder(),
      'etc/file': file(''),
      up: symlink('../../../bin'),
      loop: symlink('loop'),
    })
    assert.deepEqual(resolvePath(tree, 'bin/sh'), { kind: 'real', path: 'usr/bin/sh' })
    assert.deepEqual(resolvePath(tree, 'bin/vi'), { kind: 'real', path: 'etc/alternatives/vi' })
    assert.deepEqual(resolvePath(tree, 'up/x'), { kind: 'real', path: 'usr/bin/x' })
    assert.deepEqual(resolvePath(tree, 'loop/x'), { kind: 'loop' })
    assert.deepEqual(resolvePath(tree, 'etc/file/x'), { kind: 'not-a-folder', path: 'etc/file' })
  })
})

describe('hard links', () => {
  it('point to the name that sorts first', () => {
    const { tree } = treeOf({ c: file('x', { inode: 1 }), a: file('x', { inode: 1 }), b: file('x') })
    assert.deepEqual([...firstNames(tree)], [['c', 'a']])
  })
})

describe('a tree that is not sound', () => {
  for (const [what, entries, message] of [
    ['has no folder for a file', { 'a/b': file('') }, 'the path "/a/b" needs "/a", which no package makes'],
    ['has a file below a symlink', { a: symlink('/etc'), 'a/b': file('') }, 'the path "/a/b" lies in the symlink "/a"'],
    ['leaves the root', { '../a': file('') }, 'the path "/../a" has the component ..'],
  ] as const)
    test(what, async () => {
      await assertFault(() => checkTree(treeOf(entries).tree), 'TREE_PATH_UNSAFE', message)
    })

  test('has two modes for one file', async () => {
    const { tree } = treeOf({ a: file('x', { inode: 1 }), b: file('x', { inode: 1, mode: 0o600 }) })
    await assertFault(() => checkTree(tree), 'INTERNAL', '"b" and "a"')
  })
})
