import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmod, symlink as makeSymlink, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, test } from 'vitest'
import { overlayFiles } from '../../src/rootfs/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { overlaySource } from '../support/overlay-sources.ts'
import { quietSession, scratchFolder } from '../support/scratch.ts'
import { scratchStore } from '../support/stored-debs.ts'
import { contentOf, file, folder, symlink, treeOf } from '../support/trees.ts'

const packages = treeOf({
  bin: symlink('usr/bin'),
  loop: symlink('loop'),
  etc: folder({ mode: 0o750 }),
  'etc/issue': file('Debian', { inode: 1 }),
  'etc/issue.net': file('Debian', { inode: 1 }),
  usr: folder(),
  'usr/bin': folder(),
})
const epoch = 1_600_000_000

/** Lays a project folder, made from texts (`-> x` is a symlink, a trailing ! executable), over the packages. */
async function overlaid(
  texts: Readonly<Record<string, string>>,
  [source, target]: readonly [source: string, target: string],
  more: Parameters<typeof overlaySource>[2] = {},
) {
  const project = await scratchFolder()
  for (const [path, text] of Object.entries(texts)) {
    await mkdir(join(project, path, '..'), { recursive: true })
    if (text.startsWith('-> ')) await makeSymlink(text.slice(3), join(project, path))
    else await writeFile(join(project, path), text)
    if (text.endsWith('!')) await chmod(join(project, path), 0o700)
  }
  const store = await scratchStore()
  const files = [overlaySource(join(project, source), target, more)]
  const result = await overlayFiles(
    { tree: packages.tree, files, made: [], modifiedSeconds: epoch, store },
    quietSession(),
  )
  return { ...result, store, project }
}
const attributes = { userId: 0, groupId: 0, modifiedSeconds: epoch }

describe('files of the project', () => {
  it('belong to root, with the mode that a version control system keeps and the time of the image', async () => {
    const { tree, blobs, store } = await overlaid({ 'o/etc/new/a': 'x', 'o/usr/bin/run': '#!' }, ['o', '/'])
    assert.deepEqual(tree.get('etc/new/a'), {
      kind: 'file',
      mode: 0o644,
      inode: undefined,
      content: contentOf('x'),
      ...attributes,
    })
    assert.equal(tree.get('usr/bin/run')?.mode, 0o755)
    assert.deepEqual(tree.get('etc/new'), { kind: 'directory', mode: 0o755, ...attributes })
    assert.deepEqual(tree.get('etc'), packages.tree.get('etc'), 'a folder of the packages stays as it is')
    assert.ok(blobs.has(contentOf('x').sha256))
    assert.equal(Buffer.from((await store.read(contentOf('x'))) ?? []).toString(), 'x')
  })

  it('replace a file of the packages under one of its names only', async () => {
    const { tree } = await overlaid({ issue: 'ours' }, ['issue', '/etc/issue'])
    const [changed, kept] = [tree.get('etc/issue'), tree.get('etc/issue.net')]
    assert.deepEqual(changed?.kind === 'file' && [changed.content, changed.inode], [contentOf('ours'), undefined])
    assert.deepEqual(kept, packages.tree.get('etc/issue.net'))
  })

  it('land where links of merged /usr lead', async () => {
    const { tree } = await overlaid({ tool: 'x' }, ['tool', '/bin/'])
    assert.equal(tree.get('usr/bin/tool')?.kind, 'file')
    assert.equal(tree.get('bin')?.kind, 'symlink')
  })

  it('keep their symlinks as they are, wherever these point to', async () => {
    const { tree } = await overlaid({ 'o/etc/host': '-> /etc/shadow', 'o/etc/up': '-> ../../..' }, ['o', '/'])
    assert.deepEqual(tree.get('etc/host'), { kind: 'symlink', target: '/etc/shadow', mode: 0o777, ...attributes })
    assert.equal(tree.get('etc/up')?.kind, 'symlink')
  })

  it('leave the tree of the packages alone', async () => {
    const before = [...packages.tree]
    await overlaid({ x: 'x' }, ['x', '/etc/issue'])
    assert.deepEqual([...packages.tree], before)
  })

  it('belong to whom the manifest says, with its mode; folders can be entered by who may read', async () => {
    const more = { owner: { kind: 'number', id: 1000 }, group: { kind: 'number', id: 4 }, mode: 0o640 } as const
    const { tree, named } = await overlaid({ 'o/deep/a': 'x', 'o/etc/l': '-> x' }, ['o', '/'], more)
    const ownerOf = (path: string) => [tree.get(path)?.userId, tree.get(path)?.groupId, tree.get(path)?.mode]
    assert.deepEqual(ownerOf('deep/a'), [1000, 4, 0o640])
    assert.deepEqual(ownerOf('deep'), [1000, 4, 0o750])
    assert.deepEqual(ownerOf('etc/l'), [1000, 4, 0o777])
    assert.deepEqual(ownerOf('etc'), [0, 0, 0o750], 'a folder of the packages stays as it is')
    assert.equal(named.size, 0)
  })

  it('belong to root below folders that had to be made on the way', async () => {
    const more = { owner: { kind: 'number', id: 7 }, mode: 0o600 } as const
    const { tree } = await overlaid({ a: 'x' }, ['a', '/srv/secret/a'], more)
    assert.deepEqual(tree.get('srv/secret'), { kind: 'directory', mode: 0o755, ...attributes })
    assert.equal(tree.get('srv/secret/a')?.userId, 7)
  })

  it('keep a name for whoever knows the users of the image', async () => {
    const more = { owner: { kind: 'name', name: 'app' } } as const
    const { tree, named } = await overlaid({ 'o/a': 'x' }, ['o', '/srv'], more)
    assert.deepEqual([...named.keys()], ['srv', 'srv/a'])
    assert.deepEqual(named.get('srv/a'), { ...more, group: { kind: 'number', id: 0 }, place: 'aptroot.yaml:9:7' })
    assert.equal(tree.get('srv/a')?.userId, 0)
  })

  it('are filled where they are templates', async () => {
    const { tree } = await overlaid({ a: 'on {{architecture}}' }, ['a', '/a'], {
      values: new Map([['architecture', 'arm64']]),
    })
    const entry = tree.get('a')
    assert.deepEqual(entry?.kind === 'file' && entry.content, contentOf('on arm64'))
  })

  test('are no templates of more than a mebibyte', async () => {
    const large = overlaid({ a: 'x'.repeat(1024 * 1024 + 1) }, ['a', '/a'], { values: new Map() })
    await assertFault(large, 'TEMPLATE_INVALID', 'a: it has 1048577 bytes')
  })

  const refused = [
    ['a folder of the packages', { a: 'x' }, 'a', '/etc', 'it is a file, but a folder in the packages'],
    ['the root', { a: 'x' }, 'a', '/.', 'has the component .'],
    ['a file as a folder', { 'a/b': 'x' }, 'a', '/etc/issue', '"/etc/issue" is a file in the packages'],
    ['something below a file', { a: 'x' }, 'a', '/etc/issue/b', '"/etc/issue" is a file in the packages'],
    ['a circle of symlinks', { a: 'x' }, 'a', '/loop/a', 'its symlinks lead in a circle'],
    ['a path that climbs', { a: 'x' }, 'a', '/../a', 'has the component ..'],
    ['a relative target', { a: 'x' }, 'a', 'etc/a', '"etc/a" is not absolute'],
  ] as const
  for (const [what, texts, source, target, message] of refused)
    test(`are not laid over ${what}`, async () => {
      await assertFault(overlaid(texts, [source, target]), 'MANIFEST_INVALID', message)
    })

  test('are files, folders and symlinks: not a pipe that never ends', async () => {
    const project = await scratchFolder()
    execFileSync('mkfifo', [join(project, 'pipe')])
    const store = await scratchStore()
    const files = [overlaySource(join(project, 'pipe'), '/pipe')]
    await assertFault(
      overlayFiles({ tree: packages.tree, files, made: [], modifiedSeconds: epoch, store }, quietSession()),
      'MANIFEST_INVALID',
      'is neither a file nor a folder nor a symlink',
    )
  })

  test('are there', async () => {
    await assertFault(
      overlaid({}, ['absent', '/x']),
      'MANIFEST_FILE_MISSING',
      '"absent" of `files:` cannot be read: ENOENT',
    )
  })
})
