import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { type CaptureLimits, captureTree, defaultCaptureLimits } from '../../src/rootfs/capture-tree.ts'
import { Staging } from '../../src/rootfs/staging.ts'
import { removeTree } from '../../src/sandbox/index.ts'
import type { ContentSource, TreeEntry } from '../../src/tree/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { type Canary, canaryIn } from '../support/canary.ts'
import { quietSession, scratchFolder } from '../support/scratch.ts'
import { sha256Of } from '../support/stored-debs.ts'

const owner = { userId: process.getuid?.() ?? 0, groupId: process.getgid?.() ?? 0, modifiedSeconds: 1_600_000_000 }
const folder: TreeEntry = { kind: 'directory', mode: 0o755, ...owner }
const file = (text: string): TreeEntry => {
  const content = { sha256: sha256Of(text), sizeBytes: text.length }
  return { kind: 'file', content, inode: undefined, mode: 0o644, ...owner }
}
const link = (target: string): TreeEntry => ({ kind: 'symlink', target, mode: 0o777, ...owner })
const contentOf = (...texts: readonly string[]): ContentSource => ({
  async *read({ sha256 }) {
    yield Buffer.from(texts.find(text => sha256Of(text) === sha256) ?? '')
  },
})

interface Scene {
  readonly staging: Staging
  readonly canary: Canary
  /** A path of the root as a script of the test reaches it. */
  at(path: string): string
  write(entries: Readonly<Record<string, TreeEntry>>, ...texts: readonly string[]): Promise<void>
  capture(limits?: Partial<CaptureLimits>): ReturnType<typeof captureTree>
}

/** A root with /etc/passwd and dpkg's folder, as packages made it, and a canary beside it. */
async function scene(): Promise<Scene> {
  const top = await scratchFolder()
  const root = join(top, 'root')
  mkdirSync(root)
  const staging = new Staging(root)
  const write: Scene['write'] = (entries, ...texts) =>
    staging.write(new Map(Object.entries(entries)), contentOf(...texts), quietSession())
  await write(
    { etc: folder, 'etc/passwd': file('root'), var: folder, 'var/lib': folder, 'var/lib/dpkg': folder, usr: folder },
    'root',
  )
  return {
    staging,
    canary: await canaryIn(top),
    at: path => join(root, path),
    write,
    capture: limits =>
      captureTree(
        {
          staging,
          volatile: new Map(),
          isKnown: () => false,
          sink: { position: 0, write: async () => undefined },
          extendedAttributes: new Map(),
          limits: { ...defaultCaptureLimits, ...limits },
        },
        quietSession(),
      ),
  }
}

/** The folder is swapped for a link, as a script does between two packages. */
function swap({ at }: Scene, path: string, target: string): void {
  renameSync(at(path), `${at(path)}.away`)
  symlinkSync(target, at(path))
}

/** Links that lead out of the root when they are followed from outside of it. */
const waysOut = (canary: Canary): readonly (readonly [string, string])[] => [
  ['an absolute link', canary.folder],
  ['a link that climbs', `../../../../../../../../..${canary.folder}`],
  ['a link to the folder beside the root', '../canary'],
]

describe('a folder that a script swapped for a link out of the root', () => {
  for (const [index, what] of ['an absolute link', 'a link that climbs', 'a link to the folder beside'].entries()) {
    test(`${what}: a package's file does not go where it leads`, async () => {
      const world = await scene()
      const before = await world.canary.state()
      swap(world, 'etc', waysOut(world.canary)[index]?.[1] ?? '')
      // From inside, the link leads to a folder that is not there.
      await assertFault(world.write({ 'etc/motd': file('hi') }, 'hi'), 'ROOTFS_CLASH', 'a script replaced it')
      assert.deepEqual(await world.canary.state(), before)
    })

    test(`${what}: nothing is removed or read there`, async () => {
      const world = await scene()
      const before = await world.canary.state()
      swap(world, 'etc', `${waysOut(world.canary)[index]?.[1]}/etc`)
      assert.equal(world.staging.readText('etc/passwd'), undefined)
      world.staging.remove('etc/passwd')
      assert.deepEqual(await world.canary.state(), before)
    })
  }

  test('leads inside what it would outside: the folder of the root with that name', async () => {
    const world = await scene()
    const before = await world.canary.state()
    const inside = world.canary.folder.slice(1)
    mkdirSync(world.at(inside), { recursive: true })
    swap(world, 'etc', world.canary.folder)
    await world.write({ 'etc/motd': file('hi') }, 'hi')
    assert.equal(readFileSync(world.at(`${inside}/motd`), 'utf8'), 'hi')
    assert.deepEqual(await world.canary.state(), before)
  })

  test('does not lend its owner and times to what is there', async () => {
    const world = await scene()
    const before = await world.canary.state()
    swap(world, 'etc', world.canary.folder)
    await world.write({ etc: folder })
    assert.deepEqual(await world.canary.state(), before)
  })

  test('as the folder of dpkg itself: the control files of a preinst are not written through it', async () => {
    const world = await scene()
    const before = await world.canary.state()
    swap(world, 'var/lib/dpkg', world.canary.folder)
    assert.throws(() => world.staging.writeFile('var/lib/dpkg/tmp.ci/control', Buffer.from('x'), 0o644), {
      code: 'ROOTFS_CLASH',
    })
    assert.deepEqual(await world.canary.state(), before)
  })

  test('is one link of the captured image, and nothing behind it is captured', async () => {
    const world = await scene()
    swap(world, 'etc', world.canary.folder)
    const { tree } = await world.capture()
    assert.equal(tree.get('etc')?.kind, 'symlink')
    assert.deepEqual(
      [...tree.keys()].filter(path => path.startsWith('etc/')),
      [],
    )
  })
})

describe('a file that a script swapped', () => {
  test('for a link: the package replaces the link, not what it names', async () => {
    const world = await scene()
    const before = await world.canary.state()
    rmSync(world.at('etc/passwd'))
    symlinkSync(join(world.canary.folder, 'bird'), world.at('etc/passwd'))
    await world.write({ 'etc/passwd': file('new') }, 'new')
    assert.ok(lstatSync(world.at('etc/passwd')).isFile())
    assert.deepEqual(await world.canary.state(), before)
  })

  test('for a link: neither its text is read nor our own file written through it', async () => {
    const world = await scene()
    const before = await world.canary.state()
    symlinkSync(join(world.canary.folder, 'bird'), world.at('var/lib/dpkg/status'))
    assert.equal(world.staging.readText('var/lib/dpkg/status'), undefined)
    world.staging.writeFile('var/lib/dpkg/status', Buffer.from('ours'), 0o644)
    assert.equal(world.staging.readText('var/lib/dpkg/status'), 'ours')
    assert.deepEqual(await world.canary.state(), before)
  })

  test('for a hard link to another file of the root: the other keeps its bytes', async () => {
    const world = await scene()
    writeFileSync(world.at('etc/shadow'), 'secret')
    rmSync(world.at('etc/passwd'))
    linkSync(world.at('etc/shadow'), world.at('etc/passwd'))
    await world.write({ 'etc/passwd': file('new') }, 'new')
    assert.equal(readFileSync(world.at('etc/shadow'), 'utf8'), 'secret')
  })

  test('for a pipe: it is not opened, neither as status nor for the image', async () => {
    const world = await scene()
    execFileSync('mkfifo', [world.at('var/lib/dpkg/status')])
    assert.equal(world.staging.readText('var/lib/dpkg/status'), undefined)
    assert.equal(world.staging.kindOf('var/lib/dpkg/status'), 'other')
    const { tree } = await world.capture()
    assert.equal(tree.get('var/lib/dpkg/status')?.kind, 'fifo')
  })

  test('for a folder: a package that brings the file is refused, in words', async () => {
    const world = await scene()
    rmSync(world.at('etc/passwd'))
    mkdirSync(world.at('etc/passwd'))
    await assertFault(world.write({ 'etc/passwd': file('x') }, 'x'), 'ROOTFS_CLASH', 'is a folder that a script made')
  })

  test('in place of a folder: what has to lie in it is refused, in words', async () => {
    const world = await scene()
    rmSync(world.at('var/lib/dpkg'), { recursive: true })
    writeFileSync(world.at('var/lib/dpkg'), '')
    assert.throws(() => world.staging.writeFile('var/lib/dpkg/tmp.ci/control', Buffer.from('x'), 0o644), {
      code: 'ROOTFS_CLASH',
    })
    await assertFault(world.write({ 'var/lib/dpkg/x': file('x') }, 'x'), 'ROOTFS_CLASH')
  })
})

describe('links of a script', () => {
  test('in a circle are no folder and end', async () => {
    const world = await scene()
    symlinkSync('loop2', world.at('loop1'))
    symlinkSync('loop1', world.at('loop2'))
    assert.equal(world.staging.locate('loop1/x'), undefined)
    assert.equal(world.staging.kindOf('loop1'), undefined)
    await assertFault(world.write({ 'loop1/x': file('x') }, 'x'), 'ROOTFS_CLASH')
  })

  test('that climb above the root end at the root', async () => {
    const world = await scene()
    symlinkSync('../../../../../../etc', world.at('usr/up'))
    symlinkSync('../../../..', world.at('usr/top'))
    assert.equal(world.staging.locate('usr/up/passwd'), 'etc/passwd')
    assert.equal(world.staging.kindOf('usr/top'), 'directory')
    assert.equal(world.staging.kindOf('usr/up/passwd'), 'file')
  })

  test('a thousand long are not followed to their end', async () => {
    const world = await scene()
    for (let at = 0; at < 1000; at++) symlinkSync(`chain${at + 1}`, world.at(`chain${at}`))
    mkdirSync(world.at('chain1000'))
    assert.equal(world.staging.locate('chain0/x'), undefined)
  })

  test('that a package replaces by a link lead where the package says', async () => {
    const world = await scene()
    symlinkSync(world.canary.folder, world.at('srv'))
    await world.write({ srv: link('usr'), 'usr/x': file('x') }, 'x')
    assert.equal(world.staging.locate('srv/x'), 'usr/x')
  })
})

describe('what a script leaves', () => {
  test('a socket is named and left out', async () => {
    const world = await scene()
    // A path of a socket has at most 107 bytes, so it is made where we stand.
    const server = createServer()
    await new Promise<void>(resolve => server.listen(world.at('s').slice(0, 107), resolve))
    const { left } = await world.capture()
    server.close()
    assert.deepEqual(left, ['s'])
  })

  test.skipIf(process.getuid?.() !== 0)('a device is an entry, and nobody opens it', async () => {
    const world = await scene()
    // A tape that does not exist: opening it is an error.
    execFileSync('mknod', [world.at('tape'), 'c', '9', '250'])
    const { tree } = await world.capture()
    const entry = tree.get('tape')
    assert.ok(entry?.kind === 'character-device')
    assert.deepEqual([entry.major, entry.minor], [9, 250])
  })

  test('a hole of many gigabytes is refused before it is read', async () => {
    const world = await scene()
    writeFileSync(world.at('hole'), '')
    truncateSync(world.at('hole'), 2 ** 40)
    const fault = await assertFault(world.capture(), 'SCRIPT_LIMIT', '/hole')
    assert.equal(fault.exitCode, 8)
  })

  test('many small files together are held to the limit too', async () => {
    const world = await scene()
    for (let at = 0; at < 20; at++) writeFileSync(world.at(`f${at}`), 'x'.repeat(100 + at))
    await assertFault(world.capture({ addedBytes: 1500 }), 'SCRIPT_LIMIT')
    await assertFault(world.capture({ paths: 10 }), 'SCRIPT_LIMIT')
  })

  test('folders nested deeper than any path are refused in words, and removed all the same', async () => {
    const world = await scene()
    const before = await world.canary.state()
    // 5000 bytes of path, made in two halves, since nobody can name it at once.
    const half = Array.from({ length: 10 }, () => 'd'.repeat(250)).join('/')
    mkdirSync(world.at(half), { recursive: true })
    mkdirSync(world.at(`other/${half}`), { recursive: true })
    writeFileSync(world.at(`other/${half}/deepest`), '')
    symlinkSync(world.canary.folder, world.at(`other/${half}/link`))
    renameSync(world.at('other'), world.at(`${half}/other`))
    await assertFault(world.capture(), 'SCRIPT_LIMIT', 'more than 4095')
    removeTree(world.staging.folder)
    assert.ok(!existsSync(world.staging.folder))
    assert.deepEqual(await world.canary.state(), before)
  })

  test('names with line breaks, escapes and bytes that are no UTF-8 are kept as they are', async () => {
    const world = await scene()
    const names = ['a\nb', '\u001b[31m', '-rf', '\xff\xfe']
    for (const name of names) writeFileSync(Buffer.from(`${world.staging.folder}/${name}`, 'latin1'), '')
    const { tree } = await world.capture()
    for (const name of names) assert.ok(tree.has(name), JSON.stringify(name))
  })

  test('times before 1970 and far ahead do not break the image', async () => {
    const world = await scene()
    execFileSync('touch', ['-d', '@-5', world.at('etc/old')])
    execFileSync('touch', ['-d', '@9000000000', world.at('etc/new')])
    const { tree } = await world.capture()
    assert.equal(tree.get('etc/old')?.modifiedSeconds, 0)
    assert.ok((tree.get('etc/new')?.modifiedSeconds ?? 0) > 0)
  })

  test('a file with the bytes of a package, put there by hand, is the file of the script', async () => {
    const world = await scene()
    rmSync(world.at('etc/passwd'))
    writeFileSync(world.at('etc/passwd'), 'evil', { mode: 0o600 })
    const { tree } = await world.capture()
    const entry = tree.get('etc/passwd')
    assert.ok(entry?.kind === 'file')
    assert.equal(entry.content.sha256, sha256Of('evil'))
  })

  test('a link that is removed takes nothing with it', async () => {
    const world = await scene()
    const before = await world.canary.state()
    symlinkSync(world.canary.folder, world.at('gone'))
    world.staging.remove('gone')
    assert.deepEqual(readdirSync(world.staging.folder).includes('gone'), false)
    assert.deepEqual(await world.canary.state(), before)
  })
})
