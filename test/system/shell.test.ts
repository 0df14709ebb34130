import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmod, cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { aptrootProgram, envelopeOf, runAptroot } from '../support/aptroot-program.ts'
import { runAsNobody } from '../support/ordinary-user.ts'
import { missingForRealData, skippedForWantOf } from '../support/real-archive.ts'
import { essentialRoot, type RealProject, realProject } from '../support/real-project.ts'

function missing(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can become another user'
  return missingForRealData()
}

describe.skipIf(skippedForWantOf(missing()))('a shell in the root of a lock', () => {
  let scratch = ''
  let project: RealProject
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'aptroot-shell-test-'))
    project = await realProject(scratch, essentialRoot)
    await project.run('lock', 'install', '--digest')
  })
  afterAll(() => rm(scratch, { recursive: true, force: true }))

  async function shell(...words: string[]) {
    const temporaryFolder = await mkdtemp(join(scratch, 'tmp-'))
    const result = await runAptroot(['shell', '--offline', '--quiet', ...words], {
      folder: project.folder,
      environment: { APTROOT_STORE: join(scratch, 'store'), TMPDIR: temporaryFolder },
    })
    assert.deepEqual(await readdir(temporaryFolder), [], 'nothing is left of the private copy')
    return result
  }

  test('is the installed system, whole and owned as it should be', async () => {
    assert.equal((await shell('--', 'dpkg', '--audit')).output, '')
    const { output } = await shell('--', 'stat', '-c', '%u:%G %A %n', '/usr/sbin/unix_chkpwd', '/usr/bin/su')
    assert.equal(output, '0:shadow -rwxr-sr-x /usr/sbin/unix_chkpwd\n0:root -rwsr-xr-x /usr/bin/su\n')
  })

  test('passes words on in their order, also those that occur twice', async () => {
    assert.equal((await shell('--', 'sh', '-c', 'echo "$@"', 'sh', 'b', 'a', '-c', 'b')).output, 'b a -c b\n')
  })

  test('passes the exit status on, also of what is not there', async () => {
    assert.equal((await shell('--', 'sh', '-c', 'exit 7')).exitCode, 7)
    assert.equal((await shell('--', 'no-such-program')).exitCode, 127)
    const envelope = envelopeOf(await shell('--json', '--', 'sh', '-c', 'echo said; exit 3')) as {
      readonly exitCode: number
      readonly result: { readonly exitStatus: number; readonly architecture: string }
    }
    assert.deepEqual([envelope.exitCode, envelope.result.exitStatus, envelope.result.architecture], [3, 3, 'amd64'])
  })

  test('forgets what was changed, and reaches neither this host nor its network', async () => {
    const first = await shell(
      '--',
      'sh',
      '-c',
      'echo changed > /etc/hostname-of-mine && dpkg --purge --force-all hostname',
    )
    assert.equal(first.exitCode, 0, first.errorOutput)
    assert.equal((await shell('--', 'test', '-e', '/etc/hostname-of-mine')).exitCode, 1)
    assert.equal((await shell('--', 'test', '-e', scratch)).exitCode, 1)
    const interfaces = "sed -n 's/^ *\\([a-z0-9]*\\):.*/\\1/p' /proc/net/dev"
    assert.equal((await shell('--', 'sh', '-c', interfaces)).output.trim(), 'lo')
    const hosts = await shell('--network', '--', 'sh', '-c', `${interfaces}; test -s /etc/resolv.conf`)
    assert.equal(hosts.exitCode, 0, hosts.errorOutput)
  })

  test('has name servers that each of its users can read, whatever umask the caller has', async () => {
    const words = ['shell', '--offline', '--quiet', '--network', '--', 'stat', '-c', '%a', '/etc/resolv.conf']
    const { stdout } = await promisify(execFile)(
      'sh',
      ['-c', 'umask 077; exec "$@"', 'sh', process.execPath, aptrootProgram, ...words],
      { cwd: project.folder, env: { PATH: process.env.PATH, HOME: scratch, APTROOT_STORE: join(scratch, 'store') } },
    )
    assert.equal(stdout, '644\n')
  })

  test('is there for an ordinary user, who is root in it', async () => {
    const place = await mkdtemp(join(scratch, 'nobody-'))
    await cp(project.folder, join(place, 'project'), { recursive: true })
    await cp(join(scratch, 'store'), join(place, 'store'), { recursive: true })
    await Promise.all([scratch, place].map(folder => chmod(folder, 0o755)))
    const script =
      'id -u; stat -c %u:%G /usr/sbin/unix_chkpwd; dpkg --audit; touch /etc/mine && chown 1:shadow /etc/mine'
    const { stdout } = await runAsNobody(['shell', '--offline', '--', 'sh', '-c', script], {
      place,
      folder: join(place, 'project'),
      environment: { APTROOT_STORE: join(place, 'store') },
    })
    assert.equal(stdout, '0\n0:shadow\n')
    assert.deepEqual(await readdir(join(place, 'tmp')), [])
  })

  test('knows the roots of the manifest', async () => {
    const result = await shell('--architecture', 'arm64')
    assert.equal(result.exitCode, 2)
    assert.match(result.errorOutput, /has no root "arm64"/)
  })
})
