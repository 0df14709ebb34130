import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { runAptroot } from '../support/aptroot-program.ts'
import { buildDeb } from '../support/deb-builder.ts'
import { privateApt } from '../support/private-apt.ts'
import { missingForRealData, skippedForWantOf } from '../support/real-archive.ts'
import { type RealProject, realProject } from '../support/real-project.ts'
import { type RepositoryScene, repositoryScene, serveRepository } from '../support/served-repository.ts'

function missing(): string | undefined {
  if (process.getuid?.() !== 0) return 'mmdebstrap --mode=root is for root'
  return missingForRealData()
}

describe.skipIf(skippedForWantOf(missing()))('a mirror of what a lock needs', () => {
  let scratch = ''
  let project: RealProject
  let scene: RepositoryScene
  let server: Awaited<ReturnType<typeof serveRepository>>
  let digest = ''
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'aptroot-mirror-test-'))
    // apt reads keys as the user _apt.
    await chmod(scratch, 0o755)
    scene = await repositoryScene(scratch)
    project = await realProject(
      scratch,
      [
        'architectures: [amd64]',
        'base: essential',
        'packages: [apt, usr-is-merged, greeter]',
        'exclude: [usrmerge]',
        'debs: [{path: greeter.deb, pin: hash}]',
      ],
      { files: { 'greeter.deb': greeter(9) } },
    )
    digest = (await project.run('lock', 'install', '--digest')).output
    await project.run('repo', 'mirror', '--sign-with', join(scratch, 'key.asc'), join(scratch, 'mirror'))
    // From here on there is no upstream.
    await project.mirror.close()
    server = await serveRepository(scratch, 'mirror')
  })
  afterAll(async () => {
    await server?.close()
    await rm(scratch, { recursive: true, force: true })
  })

  const line = (archive: string, suite: string) =>
    `deb [signed-by=${scratch}/mirror/${archive}/archive-key.asc] ${server.url}/${archive} ${suite} main`

  test('gives aptroot the same root with an empty store', async () => {
    const result = await runAptroot(['lock', 'install', '--digest'], {
      folder: project.folder,
      environment: {
        APTROOT_STORE: join(scratch, 'other-store'),
        APTROOT_MIRRORS: `debian=${server.url}/debian debian-security=${server.url}/debian-security`,
        APTROOT_SNAPSHOTS: 'debian=none debian-security=none',
      },
    })
    assert.equal(result.exitCode, 0, result.errorOutput)
    assert.equal(result.output, digest)
  })

  test('is enough for apt and for mmdebstrap', async () => {
    const lock = await readFile(join(project.folder, 'aptroot.lock'), 'utf8')
    const origins = [...lock.matchAll(/from: "(debian[^/]*)\/([^/"]*)\/main"/g)].map(([, archive = '', suite = '']) =>
      line(archive, suite),
    )
    const lines = [...new Set(origins)]
    await mkdir(join(scratch, 'machine'))
    const apt = await privateApt(join(scratch, 'machine'), lines)
    await apt('update')
    await apt('install', '--download-only', '-y', 'apt')
    const root = join(scratch, 'root.tar')
    const said = execFileSync(
      'mmdebstrap',
      [
        '--mode=root',
        '--variant=essential',
        '--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr',
        '--include=usr-is-merged',
        '--skip=output/dev',
        '--quiet',
        '',
        root,
        ...lines,
      ],
      { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' }, encoding: 'utf8', stdio: 'pipe' },
    )
    assert.equal(said, '')
    assert.match(execFileSync('tar', ['-tf', root], { encoding: 'utf8' }), /^\.\/usr\/bin\/bash$/m)
  })

  test('and an image from it upgrades its own package, from revision 9 to 10, with its own apt', async () => {
    await writeFile(join(scratch, 'greeter-10.deb'), greeter(10))
    await scene.succeed('repo', 'publish', '-s', 'ours', 'greeter-10.deb')
    const own = await serveRepository(scratch)
    try {
      const key = await readFile(join(scratch, 'repository/archive-key.asc'), 'utf8')
      const script = [
        'set -e',
        `cat > /etc/apt/ours.asc <<'KEY'\n${key}\nKEY`,
        `echo 'deb [signed-by=/etc/apt/ours.asc] ${own.url} ours main' > /etc/apt/sources.list`,
        'dpkg-query -W greeter',
        'apt-get -qq -o APT::Update::Error-Mode=any update',
        'apt-get -qq -y upgrade >/dev/null',
        'dpkg-query -W greeter',
        'dpkg --audit',
      ]
      const { output } = await project.run(
        'shell',
        '--offline',
        '--network',
        '--quiet',
        '--',
        'sh',
        '-c',
        script.join('\n'),
      )
      assert.deepEqual(output.trim().split('\n'), ['greeter\t1.0+r9', 'greeter\t1.0+r10'])
    } finally {
      await own.close()
    }
  })
})

function greeter(revision: number): Uint8Array {
  const files = [
    { kind: 'file', path: '/usr/bin/greeter', content: `#!/bin/sh\necho ${revision}\n`, mode: 0o755 },
  ] as const
  return buildDeb({ control: { Package: 'greeter', Version: `1.0+r${revision}` }, files })
}
