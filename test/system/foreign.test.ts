import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { forgetBuilds } from '../support/forgotten-builds.ts'
import { runAsNobody } from '../support/ordinary-user.ts'
import { missingForRealData, skippedForWantOf } from '../support/real-archive.ts'
import { exampleProject, installExample, type RealProject } from '../support/real-project.ts'

const run = promisify(execFile)

async function missing(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'only root can become another user'
  if (process.arch !== 'x64') return 'programs of arm64 are foreign on amd64 only'
  // Also tells whether the kernel gives each user namespace a binfmt_misc of its own (Linux 6.7).
  const folder = await mkdtemp(join(tmpdir(), 'aptroot-binfmt-'))
  const probe = 'command -v qemu-aarch64-static && mount -t binfmt_misc binfmt_misc "$0"'
  const tried = await run('unshare', ['-Urm', 'sh', '-c', probe, folder]).then(
    () => true,
    () => false,
  )
  await rm(folder, { recursive: true })
  return tried ? missingForRealData() : 'it takes qemu-aarch64-static and Linux 6.7'
}

/** The essential set, in which perl, dpkg and debconf do all that maintainer scripts do. */
const example = 'arm64-from-amd64'

describe.skipIf(skippedForWantOf(await missing()))('a system of arm64 with its maintainer scripts run on amd64', () => {
  let scratch = ''
  let project: RealProject
  let digest = ''
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'aptroot-foreign-'))
    project = await exampleProject(scratch, example, ['arm64'])
    await installExample(project, example)
    digest = digestIn((await project.run('lock', 'install', '--digest')).output)
  }, 400_000)
  afterAll(() => rm(scratch, { recursive: true, force: true }))

  test('is whole, and its programs are of arm64', async () => {
    const folder = join(scratch, 'image')
    await mkdir(folder)
    await run('tar', ['-C', folder, '-xf', join(project.folder, 'out/rootfs.tar')])
    const aarch64 = 183
    for (const path of ['usr/bin/dpkg', 'usr/bin/dash', 'usr/bin/perl'])
      assert.equal((await readFile(join(folder, path))).readUInt16LE(18), aarch64, path)
    const status = await readFile(join(folder, 'var/lib/dpkg/status'), 'utf8')
    assert.deepEqual([...new Set(status.match(/^Status: .*$/gm))], ['Status: install ok installed'])
    // dpkg of this host reads the database of any architecture that it was told of.
    await writeFile(join(folder, 'var/lib/dpkg/arch'), 'amd64\narm64\n')
    assert.equal((await run('dpkg', ['--root', folder, '--audit'])).stdout, '')
    assert.equal((await run('dpkg', ['--root', folder, '--verify'])).stdout, '')
  })

  test('can be entered with a shell', async () => {
    assert.equal((await project.run('shell', '--quiet', '--', 'uname', '-m')).output, 'aarch64\n')
  })

  test('leaves this host as it was: nothing is registered here', async () => {
    const listed = await run('sh', ['-c', 'ls /proc/sys/fs/binfmt_misc 2>&1 || true'])
    assert.doesNotMatch(listed.stdout, /aptroot/)
  })

  test('has the same bytes when an ordinary user builds it', async () => {
    const place = await mkdtemp(join(scratch, 'nobody-'))
    await cp(project.folder, join(place, 'project'), { recursive: true })
    await cp(join(scratch, 'store'), join(place, 'store'), { recursive: true })
    await forgetBuilds(join(place, 'store'))
    await run('chmod', ['755', scratch, place])
    const { stdout } = await runAsNobody(['lock', 'install', '--offline', '--digest'], {
      place,
      folder: join(place, 'project'),
      environment: { APTROOT_STORE: join(place, 'store') },
    })
    assert.equal(digestIn(stdout), digest)
  }, 400_000)
})

function digestIn(output: string): string {
  const found = /tree sha256:([0-9a-f]{64})/.exec(output)?.[1]
  assert.ok(found !== undefined, output)
  return found
}
