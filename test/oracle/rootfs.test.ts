import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, test } from 'vitest'
import { emitDirectory, emitTar } from '../../src/image/index.ts'
import { assembleRoot, type DebIdentity } from '../../src/rootfs/index.ts'
import type { Store } from '../../src/store/index.ts'
import { configureHost, plainImage } from '../support/configure-host.ts'
import {
  fetchRealDebs,
  frozenArchive,
  missingForRealData,
  type RealArchive,
  skippedForWantOf,
} from '../support/real-archive.ts'
import { realPrograms } from '../support/real-programs.ts'
import { frozenUniverse } from '../support/real-universe.ts'
import { quietSession, recordedSession, scratchFolder } from '../support/scratch.ts'
import { scratchStore } from '../support/stored-debs.ts'
import { device, fifo, file, folder, symlink, type TestTree, treeOf } from '../support/trees.ts'
import { resolution } from '../support/universe.ts'

const isRoot = process.getuid?.() === 0
const gnuTar = ['/usr/bin/tar', '/bin/tar'].find(existsSync)
const withoutTar = skippedForWantOf(gnuTar === undefined ? 'tar is not installed' : undefined)

/** What the kernel says of everything below a folder; owners only where root could set them. */
function linesOf(top: string): string[] {
  const lines: string[] = []
  const firstByInode = new Map<number, string>()
  const walk = (host: Buffer, path: string) => {
    const facts = lstatSync(host)
    const first = facts.isFile() && facts.nlink > 1 ? firstByInode.get(facts.ino) : undefined
    firstByInode.set(facts.ino, first ?? path)
    const content = facts.isSymbolicLink()
      ? readlinkSync(host, 'latin1')
      : facts.isFile()
        ? createHash('sha256').update(readFileSync(host)).digest('hex')
        : String(facts.rdev)
    const owner = isRoot ? `${facts.uid}:${facts.gid}` : ''
    lines.push([path, facts.mode.toString(8), owner, Math.floor(facts.mtimeMs / 1000), content, first ?? ''].join(' '))
    if (!facts.isDirectory()) return
    for (const name of readdirSync(host, { encoding: 'buffer' }).sort(Buffer.compare))
      walk(Buffer.concat([host, Buffer.from('/'), name]), `${path}/${name.toString('latin1')}`)
  }
  walk(Buffer.from(top), '')
  return lines
}

function extract(archive: string, target: string): void {
  mkdirSync(target)
  const owner = isRoot ? ['--same-owner', '--numeric-owner'] : ['--no-same-owner']
  // Without --delay-directory-restore tar sets the times of folders before hard links change them.
  const flags = ['--preserve-permissions', '--delay-directory-restore', ...owner]
  execFileSync(gnuTar ?? 'tar', ['-xf', archive, '-C', target, ...flags])
}

/** Extraction by an ordinary user keeps setuid bits, the folder does not: compare what both can have. */
async function compareWithTar(root: TestTree): Promise<number> {
  const parent = await scratchFolder()
  const runner = realPrograms()
  const tar = await emitTar({ root, target: { path: join(parent, 'r.tar'), name: 'r.tar' }, runner }, quietSession())
  const target = { path: join(parent, 'folder'), name: 'folder' }
  await emitDirectory({ root, target, ownership: isRoot ? 'tree' : 'caller', runner }, quietSession())
  extract(tar.path, join(parent, 'extracted'))
  assert.deepEqual(linesOf(join(parent, 'folder')), linesOf(join(parent, 'extracted')))
  const listed = execFileSync(gnuTar ?? 'tar', ['-tf', tar.path, '--quoting-style=escape'], { maxBuffer: 2 ** 28 })
  return listed.toString().trim().split('\n').length
}

describe.skipIf(withoutTar)('GNU tar', () => {
  test('unpacks our archive into what we write as a folder: links, odd names, long names, special files', async () => {
    const long = 'n'.repeat(200)
    const entries = {
      bin: symlink('usr/bin'),
      dev: folder(),
      ...(isRoot ? { 'dev/null': device('character-device', 1, 3), 'dev/loop0': device('block-device', 7, 0) } : {}),
      'dev/pipe': fifo(),
      etc: folder({ mode: 0o750 }),
      'etc/n\xffme\n': file('odd'),
      link: symlink(`/${long}`),
      [long]: folder(),
      [`${long}/${long}`]: file('deep', { modifiedSeconds: 1 }),
      usr: folder(),
      'usr/bin': folder({ mode: 0o1777 }),
      'usr/bin/a': file('same', { inode: 1, ...(isRoot ? { mode: 0o6755, userId: 12, groupId: 3_000_000 } : {}) }),
      'usr/bin/b': file('same', { inode: 1, ...(isRoot ? { mode: 0o6755, userId: 12, groupId: 3_000_000 } : {}) }),
    }
    const sorted = Object.fromEntries(Object.entries(entries).sort(([left], [right]) => (left < right ? -1 : 1)))
    assert.equal(await compareWithTar(treeOf(sorted)), Object.keys(entries).length + 1)
  })
})

/** nginx and everything Priority: required, as the resolver chooses them, in a store. */
async function realDebs(store: Store): Promise<readonly DebIdentity[]> {
  const archive: RealArchive = await frozenArchive(join(await scratchFolder(), 'served'))
  const found = await resolution(await frozenUniverse('amd64'), ['nginx'], { base: 'required' })
  assert.ok(found.kind === 'solved')
  const debs = found.packages.map(({ package: deb }) => ({
    ...deb,
    name: deb.name,
    version: deb.version,
    architecture: deb.architecture,
    sha256: deb.sha256,
    sizeBytes: deb.sizeBytes,
    path: `${deb.listings[0].archive}/${deb.listings[0].fileName}`,
  }))
  const gone = await fetchRealDebs(archive, debs)
  if (gone.length > 0)
    process.stderr.write(`*** left the mirror's pool, so left out: ${gone.map(({ name }) => name).join(' ')}\n`)
  const here = debs.filter(deb => !gone.some(each => each.sha256 === deb.sha256))
  assert.ok(here.length > 90, `only ${here.length} of ${debs.length} debs`)
  for (const { path, sha256, sizeBytes } of here)
    await store.put(createReadStream(join(archive.folder, path)), { sha256, sizeBytes }, quietSession())
  return here.map(({ name, version, architecture, sha256, sizeBytes }) => ({
    name,
    version,
    architecture,
    sha256,
    sizeBytes,
  }))
}

describe.skipIf(withoutTar || skippedForWantOf(missingForRealData()))('nginx on required packages, bookworm', () => {
  it('is a tree that GNU tar and our folder agree about, and the same from packs', async () => {
    const store = await scratchStore()
    const debs = await realDebs(store)
    const times: string[] = []
    const timed = async <Result>(what: string, work: () => Promise<Result>): Promise<Result> => {
      const start = performance.now()
      const result = await work()
      times.push(`${what} ${((performance.now() - start) / 1000).toFixed(2)} s`)
      return result
    }
    const request = {
      debs,
      nativeArchitecture: 'amd64',
      foreignArchitectures: [],
      image: { configure: 'none', excludePaths: [], mergedUsr: undefined },
      files: [],
      sourceDateEpochSeconds: 1_750_000_000,
      store,
      host: configureHost(),
      automatic: [],
      customisation: plainImage,
      reuse: 'stored',
    } as const
    const first = await timed('unpack and assemble', () => assembleRoot(request, quietSession()))
    const second = recordedSession()
    const again = await timed('assemble from packs', () =>
      assembleRoot({ ...request, debs: [...debs].reverse() }, second),
    )
    assert.equal(again.digest, first.digest)
    assert.deepEqual(
      second.events.filter(event => event.stage === 'unpack' && event.kind === 'started'),
      [],
    )
    const parent = await scratchFolder()
    const emit = (root: TestTree, name: string) =>
      timed(name, () =>
        emitTar({ root, target: { path: join(parent, name), name }, runner: realPrograms() }, quietSession()),
      )
    const tar = await emit(first, 'a.tar')
    await emit(again, 'b.tar')
    await emit(first, 'a.tar.gz')
    assert.ok((await readFile(join(parent, 'a.tar'))).equals(await readFile(join(parent, 'b.tar'))))
    assert.equal(await timed('tar, folder, GNU tar', () => compareWithTar(first)), first.tree.size)
    process.stderr.write(
      `${debs.length} debs, ${first.tree.size} paths, tar of ${(tar.tarSizeBytes / 1e6).toFixed(0)} MB: ${times.join(', ')}\n`,
    )
    await first.close()
    await again.close()
  })
})
