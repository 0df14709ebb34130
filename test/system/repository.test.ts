import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'vitest'
import { runAptroot } from '../support/aptroot-program.ts'
import { privateApt } from '../support/private-apt.ts'
import { skippedForWantOf } from '../support/real-archive.ts'
import { type RepositoryScene, repositoryScene, serveRepository } from '../support/served-repository.ts'

const missing = existsSync('/usr/bin/apt-get') ? undefined : 'apt-get is not installed'

describe.skipIf(skippedForWantOf(missing))('a published repository as apt sees it', () => {
  let folder = ''
  let scene: RepositoryScene
  let server: Awaited<ReturnType<typeof serveRepository>>
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'aptroot-repository-'))
    scene = await repositoryScene(folder)
    const hello = await scene.deb({ Package: 'hello', Version: '1.0-1', Depends: 'hello-data' })
    const other = await scene.deb({ Package: 'hello', Version: '1.0-1', Architecture: 'arm64', Depends: 'hello-data' })
    const data = await scene.deb({ Package: 'hello-data', Version: '1.0-1', Source: 'hello', Architecture: 'all' })
    for (const suite of ['bookworm', 'trixie']) await scene.succeed('repo', 'publish', '-s', suite, hello, other, data)
    server = await serveRepository(folder)
  })
  afterEach(async () => {
    await server.close()
    await rm(folder, { recursive: true, force: true })
  })

  const line = (suite: string) => `deb [signed-by=${folder}/repository/archive-key.asc] ${server.url} ${suite} main`

  async function machine(name: string, suites: readonly string[], architecture = 'amd64') {
    const place = join(folder, name)
    await mkdir(place)
    return privateApt(place, suites.map(line), architecture)
  }

  test('has two suites of two architectures that it updates from and installs', async () => {
    for (const architecture of ['amd64', 'arm64']) {
      const apt = await machine(architecture, ['bookworm', 'trixie'], architecture)
      await apt('update')
      const simulated = await apt('install', '-s', 'hello')
      assert.deepEqual([...simulated.matchAll(/^Inst (\S+)/gm)].map(match => match[1]).sort(), ['hello', 'hello-data'])
      await apt('install', '--download-only', '-y', 'hello')
    }
  })

  test('has numbered releases that stay while the suite moves on', async () => {
    const newer = await scene.deb({ Package: 'hello', Version: '1.0-2' })
    await scene.succeed('repo', 'publish', '-s', 'bookworm', '--release', '2026.11.3', 'debs/hello_1.0-1_amd64.deb')
    await scene.succeed('repo', 'publish', '-s', 'bookworm', newer)
    const versionIn = async (suite: string) => {
      const apt = await machine(suite, [suite])
      await apt('update')
      return /^Inst hello \((\S+)/m.exec(await apt('install', '-s', 'hello'))?.[1]
    }
    assert.deepEqual([await versionIn('bookworm'), await versionIn('bookworm-2026.11.3')], ['1.0-2', '1.0-1'])
  })

  test('is refused when one byte of InRelease, of an index or of a deb was changed', async () => {
    const flip = async (path: string) => {
      const bytes = await readFile(join(folder, 'repository', path))
      const at = Math.floor(bytes.length / 2)
      bytes[at] = (bytes[at] ?? 0) ^ 1
      await writeFile(join(folder, 'repository', path), bytes)
    }
    const hashed = 'dists/bookworm/main/binary-amd64/by-hash/SHA256'
    const names = await readdir(join(folder, 'repository', hashed))
    for (const [name, paths] of [
      ['release', ['dists/bookworm/InRelease']],
      ['index', names.map(each => `${hashed}/${each}`)],
    ] as const) {
      for (const path of paths) await flip(path)
      const apt = await machine(name, ['bookworm'])
      await assert.rejects(apt('update'), /BADSIG|Hash Sum mismatch|weak security|NODATA|NOSPLIT|signature/i)
      for (const path of paths) await flip(path)
    }
    const apt = await machine('deb', ['bookworm'])
    await apt('update')
    await flip('pool/h/hello/hello_1.0-1_amd64.deb')
    await assert.rejects(apt('install', '--download-only', '-y', 'hello'), /Hash Sum mismatch/)
  })

  test.skipIf(skippedForWantOf(existsSync('/usr/bin/gpg') ? undefined : 'gpg is not installed'))(
    'is signed by a key that stays with gpg',
    async () => {
      const home = join(folder, 'gnupg')
      await mkdir(home, { mode: 0o700 })
      const environment = { GNUPGHOME: home }
      const env = { ...environment, PATH: '/usr/bin:/bin' }
      try {
        const said = execFileSync('gpg', ['--batch', '--status-fd=1', '--import', join(folder, 'key.asc')], {
          env,
          encoding: 'utf8',
          stdio: 'pipe',
        })
        const [, fingerprint = ''] = /IMPORT_OK \d+ ([0-9A-F]{40})/.exec(said) ?? []
        const words = [
          'repo',
          'publish',
          '-s',
          'signed',
          '--sign-with',
          `gpg:${fingerprint}`,
          'debs/hello_1.0-1_amd64.deb',
        ]
        const result = await runAptroot(words, { folder, environment })
        assert.equal(result.exitCode, 0, result.errorOutput)
        assert.ok(result.output.includes(fingerprint))
        const apt = await machine('gpg', ['signed'])
        await apt('update')
        const other = [
          'repo',
          'publish',
          '-s',
          'signed',
          '--sign-with',
          `gpg:${'0'.repeat(40)}`,
          'debs/hello_1.0-1_amd64.deb',
        ]
        const refused = await runAptroot(other, { folder, environment })
        assert.equal(refused.exitCode, 2)
        assert.match(refused.errorOutput, /gpg cannot sign with 0{40}/)
      } finally {
        execFileSync('gpgconf', ['--kill', 'all'], { env })
      }
    },
  )

  test('never fails a reader while several publish', async () => {
    const publishers = Array.from({ length: 3 }, async (_, publisher) => {
      for (let number = 1; number <= 5; number++) {
        const path = await scene.deb({ Package: `tool${publisher}`, Version: `1.${number}` })
        await scene.succeed('repo', 'publish', '-s', 'bookworm', path)
      }
    })
    let isDone = false
    const all = Promise.all(publishers).finally(() => {
      isDone = true
    })
    const apt = await machine('reader', ['bookworm'])
    let updates = 0
    for (; !isDone; updates++) await apt('update')
    await all
    await apt('update')
    assert.ok(updates > 3, `${updates} updates`)
    const simulated = await apt('install', '-s', 'tool0', 'tool1', 'tool2')
    assert.deepEqual(
      [...simulated.matchAll(/^Inst \S+ \((\S+)/gm)].map(match => match[1]),
      ['1.5', '1.5', '1.5'],
    )
  })

  test.skipIf(skippedForWantOf(existsSync('/usr/bin/aptly') ? undefined : 'aptly is not installed'))(
    'can be mirrored by aptly',
    async () => {
      const config = { rootDir: join(folder, 'aptly'), architectures: ['amd64', 'arm64'] }
      await writeFile(join(folder, 'aptly.conf'), JSON.stringify(config))
      execFileSync(
        'gpg',
        [
          ...['--batch', '--quiet', '--no-default-keyring', '--keyring', join(folder, 'ring.gpg')],
          ...['--import', join(folder, 'repository/archive-key.asc')],
        ],
        { env: { PATH: '/usr/bin:/bin', GNUPGHOME: folder }, stdio: 'pipe' },
      )
      const aptly = (...words: string[]) =>
        execFileSync('aptly', [`-config=${join(folder, 'aptly.conf')}`, ...words], { encoding: 'utf8', stdio: 'pipe' })
      const ring = `-keyring=${join(folder, 'ring.gpg')}`
      aptly('mirror', 'create', ring, 'ours', server.url, 'bookworm', 'main')
      assert.match(aptly('mirror', 'update', ring, 'ours'), /has been successfully updated/)
      assert.match(aptly('mirror', 'show', 'ours'), /Number of packages: 3/)
    },
  )
})
