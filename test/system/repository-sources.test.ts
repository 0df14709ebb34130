import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'vitest'
import { runAptroot } from '../support/aptroot-program.ts'
import { privateApt } from '../support/private-apt.ts'
import { skippedForWantOf } from '../support/real-archive.ts'
import { type RepositoryScene, repositoryScene, serveRepository } from '../support/served-repository.ts'
import { writeSource } from '../support/source-package.ts'

const missing = existsSync('/usr/bin/dpkg-source') ? undefined : 'dpkg-source is not installed (dpkg-dev)'

describe.skipIf(skippedForWantOf(missing))('source packages in a repository', () => {
  let folder = ''
  let scene: RepositoryScene
  let server: Awaited<ReturnType<typeof serveRepository>> | undefined
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'aptroot-sources-'))
    scene = await repositoryScene(folder)
    await scene.deb({ Package: 'hello', Version: '1:1.0-1+b1', Source: 'hello (1:1.0-1)', Architecture: 'amd64' })
    await scene.deb({ Package: 'tool', Version: '2.0', 'Built-Using': 'runtime (= 3.0), gone (= 4.0)' })
    for (const [name, version] of Object.entries({ hello: '1:1.0-1', tool: '2.0', runtime: '3.0', other: '5.0' }))
      await writeSource(join(folder, 'debs'), { name, version })
    await scene.succeed('repo', 'publish', '-s', 'stable', 'debs')
    server = await serveRepository(folder)
  })
  afterEach(async () => {
    await server?.close()
    await rm(folder, { recursive: true, force: true })
  })

  const apt = async (name: string, url: string, keyring: string) => {
    const place = join(folder, name)
    await mkdir(place)
    const run = await privateApt(place, [`deb-src [signed-by=${keyring}] ${url} stable main`])
    await run('update')
    return { place, run }
  }

  /** A lock of hello and tool from the served repository. */
  async function lockedThere(): Promise<void> {
    const manifest = [
      'manifest: 1',
      'architectures: [amd64]',
      `archives: [{id: ours, uri: "${server?.url}", suites: [stable], components: [main], signed-by: repository/archive-key.asc}]`,
      'base: none',
      'packages: [hello, tool]',
    ]
    await writeFile(join(folder, 'aptroot.yaml'), `${manifest.join('\n')}\n`)
    await scene.succeed('lock', 'update')
  }

  const sourcesIn = async (repository: string, suite = 'stable') => {
    const text = await readFile(join(folder, repository, `dists/${suite}/main/source/Sources`), 'utf8')
    return [...text.matchAll(/^Package: (\S+)[\s\S]*?^Version: (\S+)/gm)].map(
      ([, name, version]) => `${name} ${version}`,
    )
  }

  test('are published from a .dsc, and apt-get source unpacks them', async () => {
    const { place, run } = await apt('reader', server?.url ?? '', join(folder, 'repository/archive-key.asc'))
    await run('source', 'hello')
    assert.equal(await readFile(join(place, 'hello-1.0/Makefile'), 'utf8'), 'all: ;\n')
    assert.deepEqual(await sourcesIn('repository'), ['hello 1:1.0-1', 'other 5.0', 'runtime 3.0', 'tool 2.0'])
  })

  test('keep their bytes: the same version with other files is refused', async () => {
    await writeSource(join(folder, 'debs'), { name: 'hello', version: '1:1.0-1', text: 'all: other\n' })
    const refused = await runAptroot(['repo', 'publish', '-s', 'stable', '--sign-with', 'key.asc', 'debs'], { folder })
    assert.equal(refused.exitCode, 6)
    assert.match(refused.errorOutput, /the source hello 1:1\.0-1 is published in repository with other files/)
  })

  test('follow their debs to other suites, leave with the last of them, and are pruned', async () => {
    await scene.succeed('repo', 'copy', '--from', 'stable', '--to', 'canary', 'tool')
    assert.deepEqual(await sourcesIn('repository', 'canary'), ['runtime 3.0', 'tool 2.0'])
    for (const suite of ['stable', 'canary']) await scene.succeed('repo', 'remove', '-s', suite, 'tool')
    assert.deepEqual(await sourcesIn('repository', 'canary'), [])
    assert.deepEqual(await sourcesIn('repository'), ['hello 1:1.0-1', 'other 5.0'])
    assert.match(await scene.succeed('repo', 'prune', '--unused-for', '0'), /removed 5 files/)
    assert.deepEqual((await readdir(join(folder, 'repository/pool/h/hello/epoch-1'))).length, 3)
  })

  test('are mirrored with the debs of a lock, Built-Using included, and need no upstream then', async () => {
    await lockedThere()
    const said = await runAptroot(['repo', 'mirror', '--sources', '--sign-with', 'key.asc', 'mirror'], { folder })
    assert.equal(said.exitCode, 0, said.errorOutput)
    assert.match(said.output, /^mirror holds 2 debs and 3 source packages of these locks/)
    assert.match(said.errorOutput, /the source gone_4\.0 is in no archive any more; only Built-Using of tool names it/)
    await server?.close()
    server = await serveRepository(folder, 'mirror')
    const { place, run } = await apt('later', `${server.url}/ours`, join(folder, 'mirror/ours/archive-key.asc'))
    await run('source', 'runtime')
    await run('source', 'hello')
    assert.ok(existsSync(join(place, 'runtime-3.0/Makefile')))
    assert.deepEqual(await sourcesIn('mirror/ours'), ['hello 1:1.0-1', 'runtime 3.0', 'tool 2.0'])
  })

  test("are a fault when a deb's own source is in no signed index", async () => {
    await lockedThere()
    await scene.succeed('repo', 'remove', '-s', 'stable', 'hello', 'tool')
    const refused = await runAptroot(['repo', 'mirror', '--sources', '--sign-with', 'key.asc', 'mirror'], { folder })
    assert.equal(refused.exitCode, 5, refused.errorOutput)
    assert.match(refused.errorOutput, /no signed Sources file lists hello_1:1\.0-1, tool_2\.0/)
    assert.ok(!existsSync(join(folder, 'mirror')))
  })

  test('and a lock is published whole in a suite of ours', async () => {
    await lockedThere()
    assert.match(
      await scene.succeed('repo', 'publish', '-r', 'base', '-s', 'base', '--locked'),
      /^base base published: 2 debs, signed by/,
    )
    assert.match(await scene.succeed('repo', 'list', '-r', 'base', 'base'), /^hello {2}1:1\.0-1\+b1 {2}amd64\ntool /)
  })
})
