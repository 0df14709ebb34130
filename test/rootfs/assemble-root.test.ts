import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, mkdir, open, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, test } from 'vitest'
import { tarBytes } from '../../src/image/index.ts'
import { type AssembledRoot, type AssembleRequest, assembleRoot, type DebIdentity } from '../../src/rootfs/index.ts'
import type { Store } from '../../src/store/index.ts'
import { checkTree, treeDigest } from '../../src/tree/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { buildProgram } from '../support/child-program.ts'
import { collect } from '../support/chunks.ts'
import { configureHost, plainImage } from '../support/configure-host.ts'
import type { DebDescription } from '../support/deb-builder.ts'
import { overlaySource } from '../support/overlay-sources.ts'
import { quietSession, scratchFolder } from '../support/scratch.ts'
import { scratchStore, storeDeb } from '../support/stored-debs.ts'
import { debs, epoch } from './sample-debs.ts'

interface World {
  readonly store: Store
  readonly locked: readonly DebIdentity[]
}
async function worldOf(descriptions: readonly DebDescription[] = debs): Promise<World> {
  const store = await scratchStore()
  const locked: DebIdentity[] = []
  for (const description of descriptions) locked.push(await storeDeb(store, description))
  return { store, locked }
}
const requestOf = ({ store, locked }: World, changes: Partial<AssembleRequest> = {}): AssembleRequest => ({
  debs: locked,
  nativeArchitecture: 'amd64',
  foreignArchitectures: [],
  image: { configure: 'none', excludePaths: [], mergedUsr: undefined },
  files: [],
  sourceDateEpochSeconds: epoch,
  store,
  host: configureHost(),
  automatic: [],
  customisation: plainImage,
  reuse: 'stored',
  ...changes,
})
async function assembled(world: World, changes: Partial<AssembleRequest> = {}): Promise<AssembledRoot> {
  return assembleRoot(requestOf(world, changes), quietSession())
}
async function textOf(root: AssembledRoot, path: string): Promise<string> {
  const entry = root.tree.get(path)
  assert.ok(entry?.kind === 'file', `${path} is ${entry?.kind}`)
  return Buffer.from(await collect(root.content.read(entry.content))).toString()
}
async function tarDigest(root: AssembledRoot): Promise<string> {
  const hash = createHash('sha256')
  for await (const bytes of tarBytes(root, quietSession())) hash.update(bytes)
  return hash.digest('hex')
}

describe('an assembled root', () => {
  it('is a sound, sealed tree of the packages, with the database of dpkg', async () => {
    const root = await assembled(await worldOf())
    checkTree(root.tree)
    assert.equal(root.digest, treeDigest(root.tree))
    assert.deepEqual([...root.tree.keys()], [...root.tree.keys()].sort())
    assert.equal(await textOf(root, 'usr/bin/cat'), 'cat')
    assert.equal((await textOf(root, 'usr/bin/hi')).length, 2_000_000)
    assert.match(await textOf(root, 'var/lib/dpkg/status'), /^Package: base\n/)
    const [bin, hello, hi] = ['bin', 'usr/bin/hello', 'usr/bin/hi'].map(path => root.tree.get(path))
    assert.ok(bin?.kind === 'symlink' && bin.target === 'usr/bin')
    assert.ok(hello?.kind === 'file' && hi?.kind === 'file' && hello.inode !== undefined && hello.inode === hi.inode)
    await root.close()
  })

  it("has the lines of dpkg's trigger files in byte order, whichever package was unpacked first", async () => {
    const interested = (name: string, path: string): DebDescription => ({
      control: { Package: name },
      members: { triggers: `interest-noawait ${path}\ninterest shared\n` },
    })
    const root = await assembled(await worldOf([interested('a', '/usr'), interested('b', '/etc')]))
    assert.equal(await textOf(root, 'var/lib/dpkg/triggers/File'), '/etc b/noawait\n/usr a/noawait\n')
    assert.equal(await textOf(root, 'var/lib/dpkg/triggers/shared'), 'a\nb\n')
    await root.close()
  })

  it('has no time after SOURCE_DATE_EPOCH, and keeps earlier ones', async () => {
    const root = await assembled(await worldOf())
    assert.equal(root.tree.get('etc/issue')?.modifiedSeconds, 1_600_000_000)
    assert.equal(root.tree.get('usr/bin/hello')?.modifiedSeconds, epoch)
    for (const [path, entry] of root.tree) assert.ok(entry.modifiedSeconds <= epoch, path)
    await root.close()
  })

  it('is the same whatever the order of the debs, the store, and whether packs were there', async () => {
    const world = await worldOf()
    const first = await assembled(world)
    const again = await assembled(world)
    const other = await worldOf()
    const reversed = await assembled({ ...other, locked: [...other.locked].reverse() })
    assert.deepEqual([again.digest, reversed.digest], [first.digest, first.digest])
    const digests = [await tarDigest(first), await tarDigest(again), await tarDigest(reversed)]
    assert.equal(new Set(digests).size, 1)
    for (const root of [first, again, reversed]) await root.close()
  })

  it('has the files of the project over those of the packages, their content as it was then', async () => {
    const project = await scratchFolder()
    await writeFile(join(project, 'issue'), 'ours')
    const world = await worldOf()
    const root = await assembled(world, { files: [overlaySource(join(project, 'issue'), '/etc/issue')] })
    await writeFile(join(project, 'issue'), 'changed since')
    assert.equal(await textOf(root, 'etc/issue'), 'ours')
    assert.equal(root.tree.get('etc/issue')?.modifiedSeconds, epoch)
    await root.close()
  })

  it('gives files of the project to users by name, where the image or the project knows them', async () => {
    const project = await scratchFolder()
    await writeFile(join(project, 'passwd'), 'root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/:/bin/sh\n')
    const world = await worldOf()
    const named = overlaySource(join(project, 'passwd'), '/srv/a', {
      owner: { kind: 'name', name: 'app' },
      group: { kind: 'number', id: 4 },
    })
    const root = await assembled(world, { files: [named, overlaySource(join(project, 'passwd'), '/etc/passwd')] })
    const entry = root.tree.get('srv/a')
    assert.deepEqual([entry?.userId, entry?.groupId], [1000, 4])
    await root.close()
    await assertFault(
      assembled(world, { files: [named] }),
      'MANIFEST_INVALID',
      'aptroot.yaml:9:7: the image has no user "app", the owner of these files',
    )
  })

  it('leaves out what the manifest excludes', async () => {
    const image = { configure: 'none', excludePaths: ['/usr/share/doc/*'], mergedUsr: undefined } as const
    const root = await assembled(await worldOf(), { image })
    assert.deepEqual(
      [...root.tree.keys()].filter(path => path.startsWith('usr/share/doc/')),
      [],
    )
    await root.close()
  })

  it('keeps /bin a folder where the manifest says so', async () => {
    const image = { configure: 'none', excludePaths: [], mergedUsr: false } as const
    const root = await assembled(await worldOf(), { image })
    assert.equal(root.tree.get('bin')?.kind, 'directory')
    assert.equal(await textOf(root, 'bin/cat'), 'cat')
    await root.close()
  })

  it('is not given out with bytes of a pack that was damaged since', async () => {
    const world = await worldOf()
    const root = await assembled(world)
    const all = await readdir(world.store.folder, { recursive: true, withFileTypes: true })
    for (const each of all.filter(entry => entry.isFile() && entry.parentPath.includes('/pack/'))) {
      const path = join(each.parentPath, each.name)
      await chmod(path, 0o644)
      const handle = await open(path, 'r+')
      await handle.write('XX', 400)
      await handle.close()
    }
    await assertFault(textOf(root, 'usr/bin/hello'), 'STORE_CORRUPT')
    await root.close()
    const repaired = await assembled(world)
    assert.equal((await textOf(repaired, 'usr/bin/hello')).slice(0, 5), 'hello')
    await repaired.close()
  })
})

describe('configure: scripts', () => {
  const image = { configure: 'scripts', excludePaths: [], mergedUsr: undefined } as const

  it('is what configure: none does where no package has a script', async () => {
    const world = await worldOf()
    const [scripts, none] = [await assembled(world, { image }), await assembled(world)]
    assert.equal(scripts.digest, none.digest)
    await scripts.close()
    await none.close()
  })

  it('is a fault where the essential packages are missing, and names the way out', async () => {
    const world = await worldOf([
      ...debs,
      { control: { Package: 'server' }, scripts: { postinst: '#!/bin/sh\n' } },
      { control: { Package: 'early' }, scripts: { preinst: '#!/bin/sh\n' } },
      { control: { Package: 'leaving' }, scripts: { prerm: '#!/bin/sh\n', postrm: '#!/bin/sh\n' } },
    ])
    const fault = await assertFault(
      assembled(world, { image }),
      'CONFIGURE_UNAVAILABLE',
      'maintainer scripts need the essential packages',
    )
    assert.deepEqual(fault.context.packages, ['server'])
    assert.match(fault.hint ?? '', /configure: none/)
  })
})

test('two packages with one file are a fault that names both and the path', async () => {
  const file = { kind: 'file', path: '/usr/bin/x' } as const
  const world = await worldOf([
    { control: { Package: 'one' }, files: [{ ...file, content: '1' }] },
    { control: { Package: 'two' }, files: [{ ...file, content: '2' }] },
  ])
  const fault = await assertFault(assembled(world), 'ROOTFS_CLASH', 'usr/bin/x')
  for (const name of ['one', 'two']) assert.ok(fault.message.includes(name), fault.message)
})

test('another time zone, locale, umask and folder give the same tree and the same tar', async () => {
  const folder = await scratchFolder()
  const overlay = join(folder, 'overlay')
  await mkdir(overlay)
  await writeFile(join(overlay, 'motd'), 'hello', { mode: 0o600 })
  const program = await buildProgram('test/rootfs/assemble.program.ts', folder)
  const run = (store: string, environment: Record<string, string>, umask: string) => {
    const work = `umask ${umask} && exec "$0" "$@"`
    const { status, stdout, stderr } = spawnSync(
      '/bin/sh',
      ['-c', work, process.execPath, program, join(folder, store), overlay],
      { env: environment, encoding: 'utf8' },
    )
    assert.equal(status, 0, stderr)
    return stdout
  }
  const first = run('a', { TZ: 'UTC', LC_ALL: 'C' }, '022')
  assert.match(first, /^[0-9a-f]{64} [0-9a-f]{64}\n$/)
  assert.equal(run('another/deep/folder', { TZ: 'Pacific/Kiritimati', LC_ALL: 'tr_TR.UTF-8' }, '077'), first)
})
