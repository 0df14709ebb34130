import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, test } from 'vitest'
import { derivedFileName, readLockfile } from '../../src/lockfile/index.ts'
import { startMirror } from '../support/loopback-mirror.ts'
import { fetchRealDebs, frozenArchive, missingForRealData, skippedForWantOf } from '../support/real-archive.ts'
import { scratchFolder } from '../support/scratch.ts'

const run = promisify(execFile)
const root = join(dirname(fileURLToPath(import.meta.url)), '../..')

describe.skipIf(skippedForWantOf(missingForRealData()))('a new user outside the checkout', () => {
  test('installs the packed package, which brings everything, and gets from nothing to a reviewed change', async () => {
    const scratch = await scratchFolder()
    const archive = await frozenArchive(join(scratch, 'served'))
    const mirror = await startMirror({ folder: archive.folder })

    // What is published is what `files` names, already built: packing must not depend on scripts.
    await run('npm', ['pack', '--ignore-scripts', '--pack-destination', scratch], { cwd: root })
    const [tarball] = (await readdir(scratch)).filter(name => name.endsWith('.tgz'))
    assert.ok(tarball)
    const prefix = join(scratch, 'prefix')
    await run('npm', ['install', '--global', '--offline', '--prefix', prefix, join(scratch, tarball)])
    assert.deepEqual(await readdir(join(prefix, 'lib/node_modules')), ['aptroot'])
    assert.equal(existsSync(join(prefix, 'lib/node_modules/aptroot/node_modules')), false, 'no dependency is installed')

    const project = join(scratch, 'project')
    await mkdir(project)
    const environment = {
      PATH: `${join(prefix, 'bin')}:${process.env.PATH}`,
      HOME: scratch,
      APTROOT_MIRRORS: `debian=${mirror.url}/debian debian-security=${mirror.url}/debian-security`,
    }
    const aptroot = async (...line: readonly string[]): Promise<string> =>
      (await run('aptroot', line, { cwd: project, env: environment, maxBuffer: 2 ** 26 })).stdout

    assert.match(await aptroot('init', '--suite', 'bookworm', 'nginx'), /Wrote aptroot\.yaml: nginx/)
    assert.match(await aptroot('lock', 'update', '--as-of', archive.asOf), /Wrote aptroot\.lock: \d+ debs/)
    const before = await readFile(join(project, 'aptroot.lock'), 'utf8')
    const lock = await readLockfile(before, 'aptroot.lock')
    const debs = lock.debs.map(deb => ({
      ...deb,
      path: [deb.from.split('/', 1)[0], deb.directory, deb.file ?? derivedFileName(deb)].join('/'),
    }))
    const gone = await fetchRealDebs(archive, debs)
    if (gone.length > 0) {
      process.stderr.write(
        `\n*** NOT BUILT: ${gone.length} pinned debs have left the mirror's pool; main-job.test.ts builds from current lists\n`,
      )
    } else {
      assert.match(
        await aptroot('lock', 'install'),
        /Wrote out\/rootfs\.tar\namd64: \d+ debs, tree sha256:[0-9a-f]{64}/,
      )
      assert.ok(existsSync(join(project, 'out/rootfs.tar')))
    }

    await run('git', ['init', '-q'], { cwd: project })
    await run('git', ['add', 'aptroot.yaml', 'aptroot.lock'], { cwd: project })
    const author = ['-c', 'user.name=New User', '-c', 'user.email=new@example.org']
    await run('git', [...author, 'commit', '-qm', 'First lock'], { cwd: project })
    assert.match(await aptroot('add', 'curl'), /Added to aptroot\.yaml: curl/)
    await aptroot('lock', 'update', '--as-of', archive.asOf, '--quiet')
    const difference = await aptroot('lock', 'diff')
    assert.match(difference, /\+ wanted: curl/)
    assert.match(difference, /added libcurl4 \[amd64\]/)
    assert.match(difference, /\d+ source packages added\./)
    assert.match(difference, /^[\d.]+ MB to download/m)
  })
})
