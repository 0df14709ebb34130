import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { derivedFileName, type Lockfile, readLockfile } from '../../src/lockfile/index.ts'
import { type ProgramResult, runAptroot } from '../support/aptroot-program.ts'
import { type LoopbackMirror, startMirror } from '../support/loopback-mirror.ts'
import {
  currentArchive,
  fetchRealDebs,
  frozenArchive,
  missingForRealData,
  type RealArchive,
  skippedForWantOf,
  type WantedDeb,
} from '../support/real-archive.ts'
import { indexedDebs } from '../support/release-index.ts'

const expectedSets = {
  bash: 8,
  nginx: 29,
}

describe.skipIf(skippedForWantOf(missingForRealData()))('the main job on real bookworm', () => {
  let scratch = ''
  let archive: RealArchive
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'aptroot-system-'))
    archive = await frozenArchive(join(scratch, 'served'))
  })
  afterAll(() => rm(scratch, { recursive: true, force: true }))

  /** As a user would: a folder, a mirror setting, and the built program. */
  function program(folder: string, mirror: LoopbackMirror): (...line: string[]) => Promise<ProgramResult> {
    const environment = {
      APTROOT_STORE: join(scratch, 'store'),
      APTROOT_MIRRORS: `debian=${mirror.url}/debian debian-security=${mirror.url}/debian-security`,
    }
    return (...line) => runAptroot(line, { folder, environment })
  }

  async function projectWith(name: string, lines: readonly string[]): Promise<string> {
    const folder = await mkdtemp(join(scratch, `${name}-`))
    const manifest = ['manifest: 1', 'distribution: debian/bookworm', 'architectures: [amd64]', ...lines]
    await writeFile(join(folder, 'aptroot.yaml'), `${manifest.join('\n')}\n`)
    return folder
  }

  async function lockOf(folder: string): Promise<Lockfile> {
    return await readLockfile(await readFile(join(folder, 'aptroot.lock'), 'utf8'), 'aptroot.lock')
  }

  function succeeded(result: ProgramResult): ProgramResult {
    assert.equal(result.exitCode, 0, result.errorOutput + result.output)
    return result
  }

  test('locks nginx over the required base, and every hash is in the signed index', async () => {
    const mirror = await startMirror({ folder: archive.folder })
    const folder = await projectWith('nginx', ['base: required', 'packages: [nginx]', 'exclude: [usrmerge]'])
    const aptroot = program(folder, mirror)
    succeeded(await aptroot('lock', 'update', '--as-of', archive.asOf))
    const lock = await lockOf(folder)
    assert.ok(lock.debs.length >= 100, `${lock.debs.length} debs`)
    const indexed = indexedDebs(archive)
    for (const deb of lock.debs) {
      const listed = indexed.get(deb.sha256)
      assert.deepEqual(
        [deb.name, deb.version, deb.architecture, deb.sizeBytes],
        [listed?.name, listed?.version, listed?.architecture, listed?.sizeBytes],
      )
    }
    const before = await stat(join(folder, 'aptroot.lock'))
    const again = succeeded(await aptroot('lock', 'update', '--as-of', archive.asOf))
    assert.match(again.output, /aptroot\.lock/)
    const after = await stat(join(folder, 'aptroot.lock'))
    assert.deepEqual([after.ino, after.mtimeMs], [before.ino, before.mtimeMs], 'a current lockfile is not touched')
  })

  for (const [name, count] of Object.entries(expectedSets)) {
    test(`locks {${name}} without a base set as apt does: ${count} packages`, async () => {
      const mirror = await startMirror({ folder: archive.folder })
      const folder = await projectWith(name, ['base: none', `packages: [${name}]`])
      succeeded(await program(folder, mirror)('lock', 'update', '--as-of', archive.asOf))
      const locked = (await lockOf(folder)).debs.map(deb => `${deb.name}:${deb.architecture}=${deb.version}`)
      assert.equal(locked.length, count)
      const expected = join(process.env.APTROOT_TEST_ARCHIVE ?? '', `../expected-sets/apt-3-amd64/${name}.rec-no.list`)
      const lines = (await readFile(expected, 'utf8')).trim().split('\n')
      // The recorded lists say the native architecture where a deb is for all.
      const comparable = (line: string): string => line.replace(/:(all|amd64)=/, '=')
      assert.deepEqual(locked.map(comparable).sort(), lines.map(comparable).sort())
    })
  }

  test('builds the lock into a tar: fetched once, the same bytes again, nothing fetched twice', async () => {
    let served = archive
    const folder = await projectWith('build', [
      'base: required',
      'packages: [nginx]',
      'exclude: [usrmerge]',
      'image: {configure: none, outputs: [{format: tar, path: out/rootfs.tar}]}',
    ])
    let mirror = await startMirror({ folder: served.folder })
    let aptroot = program(folder, mirror)
    succeeded(await aptroot('lock', 'update', '--as-of', served.asOf))
    let gone = await fetchRealDebs(served, wantedDebs(await lockOf(folder)))
    if (gone.length > 0) {
      process.stderr.write(
        `\n*** ${gone.length} pinned debs have left the mirror's pool; its current signed lists are used\n`,
      )
      served = await currentArchive(join(scratch, 'current'))
      mirror = await startMirror({ folder: served.folder })
      aptroot = program(folder, mirror)
      await rm(join(folder, 'aptroot.lock'))
      succeeded(await aptroot('lock', 'update', '--as-of', served.asOf))
      gone = await fetchRealDebs(served, wantedDebs(await lockOf(folder)))
    }
    assert.deepEqual(gone, [])

    const first = succeeded(await aptroot('lock', 'install'))
    assert.match(first.output, /sha256:[0-9a-f]{64}/)
    const bytes = await digestOfFile(join(folder, 'out/rootfs.tar'))
    const asked = mirror.requests.length
    const second = succeeded(await aptroot('lock', 'install'))
    assert.equal(mirror.requests.length, asked, 'the second run asks the mirror for nothing')
    assert.equal(await digestOfFile(join(folder, 'out/rootfs.tar')), bytes)
    assert.equal(/sha256:[0-9a-f]{64}/.exec(second.output)?.[0], /sha256:[0-9a-f]{64}/.exec(first.output)?.[0])

    await rm(join(folder, 'out'), { recursive: true })
    succeeded(await aptroot('lock', 'install', '--offline'))
    assert.equal(await digestOfFile(join(folder, 'out/rootfs.tar')), bytes, 'offline gives the same bytes')
  })

  /** Where the lock says that the archive has them; the served folder's top is the archive's id. */
  function wantedDebs(lock: Lockfile): readonly WantedDeb[] {
    return lock.debs.map(deb => {
      const [archiveId] = deb.from.split('/')
      return { ...deb, path: [archiveId, deb.directory, deb.file ?? derivedFileName(deb)].join('/') }
    })
  }
})

async function digestOfFile(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
}
