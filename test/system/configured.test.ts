import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { runInContainer } from '../support/container.ts'
import { forgetBuilds } from '../support/forgotten-builds.ts'
import { runAsNobody } from '../support/ordinary-user.ts'
import { missingForRealData, skippedForWantOf } from '../support/real-archive.ts'
import { type RealProject, realProject } from '../support/real-project.ts'
import { startedBeforeScripts } from '../support/started-programs.ts'
import { listTar } from '../support/tar-listing.ts'

const run = promisify(execFile)

function missing(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can become another user and enter a chroot'
  return missingForRealData()
}

describe.skipIf(skippedForWantOf(missing()))('a system with its maintainer scripts run, from real bookworm', () => {
  let scratch = ''
  let project: RealProject
  let digest = ''
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'aptroot-configured-'))
    project = await realProject(scratch, [
      'architectures: [amd64]',
      'base: required',
      'packages: [usr-is-merged, apt, systemd, openssh-server, nginx, python3]',
      'exclude: [usrmerge]',
    ])
    const { output } = await project.run('lock', 'install', '--output', 'rootfs.tar')
    digest = digestIn(output)
  })
  afterAll(() => rm(scratch, { recursive: true, force: true }))

  test('is whole: dpkg has nothing to complain about, and removes a package', async () => {
    const folder = join(scratch, 'image')
    await mkdir(folder)
    await run('tar', ['-C', folder, '-xf', join(project.folder, 'rootfs.tar')])
    const inside = (...line: string[]) => run('chroot', [folder, ...line], { env: { PATH: '/usr/sbin:/usr/bin' } })
    assert.equal((await inside('dpkg', '--audit')).stdout, '')
    assert.equal((await inside('dpkg', '--verify')).stdout, '')
    const { stdout } = await inside('dpkg-query', '-W', '-f', '$' + '{Status}\\n')
    assert.deepEqual([...new Set(stdout.trim().split('\n'))], ['install ok installed'])
    await inside('dpkg', '--remove', 'nginx')
    assert.equal((await inside('dpkg', '--audit')).stdout, '')
    assert.match((await inside('id', 'sshd')).stdout, /^uid=\d+\(sshd\)/)
  })

  /** Secrets, stand-ins, backups: what sealing takes away. */
  const left =
    /^etc\/ssh\/ssh_host_|^usr\/sbin\/policy-rc\.d$|^var\/lib\/\w+\/random-seed$|\.dpkg-\w+$|^etc\/\w+-$|^var\/.*-old$/

  test('has no secret and no identity of its own, but the unit that makes them', async () => {
    const paths = await listTar(join(project.folder, 'rootfs.tar'))
    const emptySha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
    assert.ok(paths.has('etc/ssh/sshd_config'), 'openssh-server is there')
    assert.deepEqual(
      [...paths.keys()].filter(path => left.test(path)),
      [],
    )
    assert.equal(paths.get('etc/machine-id')?.content, emptySha256)
    assert.ok(paths.has('etc/systemd/system/multi-user.target.wants/aptroot-machine-secrets.service'))
  })

  test('is unpacked by aptroot itself: no program is started before the first maintainer script but what isolates it', async () => {
    // The debs, not taken apart.
    const store = join(scratch, 'store-of-debs')
    await mkdir(join(store, 'store-v1'), { recursive: true })
    await run('cp', ['-al', join(scratch, 'store/store-v1/sha256'), join(store, 'store-v1/sha256')])
    const started = await startedBeforeScripts(['lock', 'install', '--offline', '--digest'], {
      folder: project.folder,
      environment: { APTROOT_STORE: store },
    })
    const [program, ...others] = started
    assert.equal(program, process.execPath)
    // bwrap is started by a shell, and answers through pipes that mkfifo makes for it.
    const isolating = ['/usr/bin/bwrap', '/bin/sh', '/usr/bin/mkfifo']
    assert.deepEqual(
      others.filter(each => !isolating.includes(each)),
      [],
      started.join(' '),
    )
  })

  test('is not configured again while nothing changed', async () => {
    const { errorOutput } = await project.run('lock', 'install', '--digest')
    assert.match(errorOutput, /configured before/)
  })

  test('has the same bytes when an ordinary user builds it, with bubblewrap, newuidmap and newgidmap alone', async () => {
    const place = await mkdtemp(join(scratch, 'nobody-'))
    await cp(project.folder, join(place, 'project'), { recursive: true })
    await cp(join(scratch, 'store'), join(place, 'store'), { recursive: true })
    await forgetBuilds(join(place, 'store'))
    // No apt, dpkg or tar of the host can be found.
    const path = join(place, 'bin')
    await mkdir(path)
    for (const program of ['bwrap', 'newuidmap', 'newgidmap'])
      await symlink(join('/usr/bin', program), join(path, program))
    await run('chmod', ['755', scratch, place])
    const { stdout } = await runAsNobody(['lock', 'install', '--offline', '--digest'], {
      place,
      folder: join(place, 'project'),
      environment: {
        PATH: path,
        APTROOT_STORE: join(place, 'store'),
        TZ: 'Asia/Kathmandu',
        LANG: 'tr_TR.UTF-8',
      },
    })
    assert.equal(digestIn(stdout), digest)
  })

  test("has the same bytes from a container with Docker's default profile, where namespaces are forbidden", async () => {
    const store = join(scratch, 'store-of-container')
    await cp(join(scratch, 'store'), store, { recursive: true })
    await forgetBuilds(store)
    const { stdout, stderr } = await runInContainer(['lock', 'install', '--offline', '--digest'], {
      folder: project.folder,
      environment: { APTROOT_STORE: store },
    })
    assert.match(stderr, /in a chroot only, which cannot keep scripts from the network, hide other processes, change/)
    assert.equal(digestIn(stdout), digest)
  })

  test('has the same bytes when it is built twice under other conditions', async () => {
    const { output, errorOutput } = await project.run('lock', 'install', '--digest', '--check')
    assert.match(errorOutput, /two builds gave one tree/)
    assert.equal(digestIn(output), digest)
  })
})

function digestIn(output: string): string {
  const found = /tree sha256:([0-9a-f]{64})/.exec(output)?.[1]
  assert.ok(found !== undefined, output)
  return found
}
