import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { captureTree, defaultCaptureLimits } from '../../src/rootfs/capture-tree.ts'
import { type Pack, RootContent, unpackDeb } from '../../src/rootfs/index.ts'
import { Staging } from '../../src/rootfs/staging.ts'
import type { TreeEntry } from '../../src/tree/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { describeFolder } from '../support/canary.ts'
import { quietSession, scratchFolder } from '../support/scratch.ts'
import { scratchStore, storeDeb } from '../support/stored-debs.ts'
import { debs } from './sample-debs.ts'

const own = { userId: process.getuid?.() ?? 0, groupId: process.getgid?.() ?? 0, modifiedSeconds: 1_700_000_000 }
const folder: TreeEntry = { kind: 'directory', mode: 0o755, ...own }
const fileOf = (text: string, mode = 0o644): TreeEntry => ({
  kind: 'file',
  content: { sha256: createHash('sha256').update(text).digest('hex'), sizeBytes: text.length },
  inode: undefined,
  mode,
  ...own,
})

async function scene(...texts: readonly string[]) {
  const top = await scratchFolder()
  await mkdir(join(top, 'root'))
  const byDigest = new Map(texts.map(text => [createHash('sha256').update(text).digest('hex'), Buffer.from(text)]))
  const content = {
    async *read({ sha256 }: { readonly sha256: string }) {
      yield byDigest.get(sha256) ?? assert.fail('no such content')
    },
  }
  const staging = new Staging(join(top, 'root'))
  const write = (entries: Readonly<Record<string, TreeEntry>>) =>
    staging.write(new Map(Object.entries(entries)), content, quietSession())
  return { top, root: join(top, 'root'), staging, write }
}

test('what is written into every file of a root leaves the store as it was', async () => {
  const store = await scratchStore()
  const packs: Pack[] = []
  for (const description of debs) packs.push(await unpackDeb(await storeDeb(store, description), store, quietSession()))
  const files = packs.flatMap(({ deb }) => deb.entries.filter(each => each.entry.kind === 'file'))
  const tree = new Map<string, TreeEntry>()
  for (const [at, { entry }] of files.entries())
    if (entry.kind === 'file') tree.set(`${at}`, { ...entry, inode: undefined, ...own })
  const before = await describeFolder(store.folder)
  const top = await scratchFolder()
  await mkdir(join(top, 'root'))
  const content = new RootContent({ packs, generated: new Map(), blobs: new Set(), store })
  await new Staging(join(top, 'root')).write(tree, content, quietSession())
  await content.close()
  assert.ok(tree.size > 3)
  for (const name of tree.keys()) {
    assert.equal(lstatSync(join(top, 'root', name)).nlink, 1)
    chmodSync(join(top, 'root', name), 0o600)
    const file = openSync(join(top, 'root', name), 'r+')
    writeSync(file, 'a script was here')
    closeSync(file)
  }
  assert.deepEqual(await describeFolder(store.folder), before)
})

describe('a root on the disk, while scripts run between the calls', () => {
  test('follows a link that a script put in place of a folder inside the root only', async () => {
    const { top, root, write } = await scene('secret')
    mkdirSync(join(top, 'host'))
    await write({ etc: folder })
    rmSync(join(root, 'etc'), { recursive: true })
    symlinkSync('/host', join(root, 'etc'))
    mkdirSync(join(root, 'host'))
    await write({ 'etc/key': fileOf('secret') })
    assert.equal(readFileSync(join(root, 'host/key'), 'utf8'), 'secret')
    assert.throws(() => lstatSync(join(top, 'host/key')))
  })

  test('gets folders that nobody but root could enter under no umask', async () => {
    const { root, staging } = await scene()
    const before = process.umask(0o077)
    try {
      staging.writeFile('etc/bind/rndc.key', new Uint8Array(), 0o600)
    } finally {
      process.umask(before)
    }
    assert.equal(lstatSync(join(root, 'etc/bind')).mode & 0o7777, 0o755)
  })

  test('a link that climbs out ends at the root', async () => {
    const { top, root, write } = await scene('x')
    mkdirSync(join(top, 'outside'))
    mkdirSync(join(root, 'outside'))
    symlinkSync('../../outside', join(root, 'var'))
    await write({ 'var/x': fileOf('x') })
    assert.ok(lstatSync(join(root, 'outside/x')).isFile())
    assert.throws(() => lstatSync(join(top, 'outside/x')))
  })

  test('a file that a script put where a folder has to be is a fault that names the path', async () => {
    const { root, write } = await scene('x')
    writeFileSync(join(root, 'opt'), '')
    await assertFault(write({ 'opt/x': fileOf('x') }), 'ROOTFS_CLASH', '/opt')
  })

  test('a file is replaced, never written through: what a link names stays as it is', async () => {
    const { root, write } = await scene('new')
    writeFileSync(join(root, 'target'), 'old')
    symlinkSync('target', join(root, 'name'))
    await write({ name: fileOf('new') })
    assert.equal(readFileSync(join(root, 'target'), 'utf8'), 'old')
    assert.equal(readFileSync(join(root, 'name'), 'utf8'), 'new')
  })

  test('a folder that a script made keeps its attributes, as under dpkg', async () => {
    const { root, write } = await scene()
    mkdirSync(join(root, 'srv'), { mode: 0o700 })
    await write({ srv: folder })
    assert.equal(lstatSync(join(root, 'srv')).mode & 0o777, 0o700)
  })

  test('no small file is read through a link', async () => {
    const { root, staging } = await scene()
    symlinkSync('/etc/hostname', join(root, 'status'))
    assert.equal(staging.readText('status'), undefined)
  })

  test('no part of a file too large to be one of dpkg is taken for the whole', async () => {
    const { root, staging } = await scene()
    writeFileSync(join(root, 'status'), 'Package: first')
    truncateSync(join(root, 'status'), 64 * 1024 * 1024 + 1)
    await assertFault(() => staging.readText('status'), 'SCRIPT_LIMIT', /"\/status" with 67108865 bytes/)
  })
})

describe('reading a root back', () => {
  async function captured(change: (root: string) => void) {
    const { root, staging, write } = await scene('one', 'two')
    await write({ '': folder, a: fileOf('one'), b: fileOf('two') })
    change(root)
    const written: Buffer[] = []
    const sink = {
      get position() {
        return written.reduce((sum, each) => sum + each.length, 0)
      },
      write: async (bytes: Uint8Array) => void written.push(Buffer.from(bytes)),
    }
    const known = createHash('sha256').update('two').digest('hex')
    const tree = await captureTree(
      {
        staging,
        volatile: new Map(),
        isKnown: sha256 => sha256 === known,
        sink,
        extendedAttributes: new Map(),
        limits: defaultCaptureLimits,
      },
      quietSession(),
    )
    return { ...tree, bytes: Buffer.concat(written).toString() }
  }

  test('keeps only contents that nobody has yet', async () => {
    const { tree, bytes } = await captured(root => writeFileSync(join(root, 'c'), 'two'))
    assert.deepEqual([...tree.keys()].sort(), ['', 'a', 'b', 'c'])
    assert.equal(bytes, 'one', 'what a package has is not kept again')
  })

  test('notices a change that hides behind the old time and length', async () => {
    const { tree } = await captured(root => {
      writeFileSync(join(root, 'b'), 'TWO')
      utimesSync(join(root, 'b'), own.modifiedSeconds, own.modifiedSeconds)
    })
    const entry = tree.get('b')
    assert.ok(entry?.kind === 'file')
    assert.equal(entry.content.sha256, createHash('sha256').update('TWO').digest('hex'))
  })
})
