import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, it } from 'vitest'
import { envelopeOf, runAptroot } from '../support/aptroot-program.ts'
import { buildDeb } from '../support/deb-builder.ts'
import { scratchFolder } from '../support/scratch.ts'
import { writeSource } from '../support/source-package.ts'

const key = resolve('fixtures/keys/demo-archive.secret.asc')

async function place() {
  const folder = await scratchFolder()
  const put = (name: string, control: Readonly<Record<string, string>>) =>
    writeFile(join(folder, name), buildDeb({ control }))
  await put('hello.deb', { Package: 'hello', Version: '1.0-1' })
  await put('rebuilt.deb', { Package: 'hello', Version: '1.0-1', Description: 'built again' })
  const run = (...words: string[]) => runAptroot(['repo', ...words], { folder })
  return { folder, run, put }
}

describe('aptroot repo', () => {
  it('publishes, lists, shows, copies, removes and prunes', async () => {
    const { run } = await place()
    const published = await run('publish', '-s', 'bookworm', '--sign-with', key, 'hello.deb', '--release', '2026.11.3')
    assert.equal(published.exitCode, 0, published.errorOutput)
    assert.match(
      published.output,
      /^repository bookworm published: 1 deb, signed by [0-9A-F]{40}\.\nKept as bookworm-2026\.11\.3\.\n$/,
    )
    assert.match(
      (await run('list')).output,
      /^bookworm +moving +1 deb +main +amd64 .*\nbookworm-2026\.11\.3 +never changes /,
    )
    assert.equal((await run('list', 'bookworm')).output, 'hello  1.0-1  amd64\n')
    assert.match((await run('show', 'hello')).output, /^hello 1\.0-1 amd64 {2}in bookworm, bookworm-2026\.11\.3\n/)
    assert.equal((await run('copy', '--from', 'bookworm', '--to', 'canary', '--sign-with', key)).exitCode, 0)
    const removed = await run('remove', '-s', 'canary', '--sign-with', key, 'hello=1.0-1')
    assert.match(removed.output, /repository canary has 1 deb less:\n {2}hello 1\.0-1 amd64\n/)
    assert.match((await run('prune', '--unused-for', '0')).output, /removed 0 files \(0 B\), kept 1/)
  })

  it('refuses a version with other bytes, whole and under --json', async () => {
    const { folder, run } = await place()
    await run('publish', '-s', 'bookworm', '--sign-with', key, 'hello.deb')
    const before = await readFile(join(folder, 'repository/dists/bookworm/InRelease'))
    const refused = await run('publish', '-s', 'bookworm', '--sign-with', key, 'rebuilt.deb', '--json')
    assert.equal(refused.exitCode, 6)
    assert.equal(envelopeOf(refused).fault?.code, 'REPOSITORY_REBINDING')
    assert.match(envelopeOf(refused).fault?.hint ?? '', /1\.0-1\+r1/)
    assert.deepEqual(await readFile(join(folder, 'repository/dists/bookworm/InRelease')), before)
  })

  it('names the version that a revision service gives to a deb whose own is taken', async () => {
    const { run, put } = await place()
    await put('hello.deb', { Package: 'hello', Version: '1.0-1+r4.2' })
    await put('rebuilt.deb', { Package: 'hello', Version: '1.0-1+r4.2', Description: 'built again' })
    await run('publish', '-s', 'bookworm', '--sign-with', key, 'hello.deb')
    const asked: unknown[] = []
    const service = createServer(async (request, response) => {
      asked.push(JSON.parse(await text(request)))
      response.end(JSON.stringify({ revision: '12', known: false }))
    })
    await new Promise<void>(resolve => service.listen(0, '127.0.0.1', resolve))
    try {
      const { port } = service.address() as AddressInfo
      const words = ['--revision-service', `http://127.0.0.1:${port}`, '--sign-with', key, '--dry-run', '--json']
      const refused = envelopeOf(await run('publish', '-s', 'bookworm', ...words, 'rebuilt.deb')).fault
      assert.equal(refused?.code, 'REPOSITORY_REBINDING')
      assert.match(refused?.hint ?? '', /build it with version 1\.0-1\+r12, which http:\/\/127\.0\.0\.1:\d+ gives/)
    } finally {
      service.close()
    }
    const [question] = asked as { package: string; version: string; architecture: string }[]
    assert.deepEqual([question?.package, question?.version, question?.architecture], ['hello', '1.0-1', 'amd64'])
  })

  it('checks everything and writes nothing with --dry-run', async () => {
    const { folder, run } = await place()
    const planned = await run('publish', '-s', 'bookworm', '--sign-with', key, 'hello.deb', '--dry-run')
    assert.match(planned.output, /^repository bookworm would be published: 1 deb/)
    await assert.rejects(readFile(join(folder, 'repository/archive-key.asc')))
  })

  it.each([
    [['publish', '-s', 'bookworm', 'hello.deb'], 2, /no key is given/],
    [['publish', '-s', '../x', '--sign-with', key, 'hello.deb'], 2, /cannot be the name of a suite/],
    [
      ['publish', '-s', 'bookworm', '--sign-with', 'absent.asc', 'hello.deb'],
      2,
      /absent\.asc cannot sign: it cannot be read/,
    ],
    [['publish', '-s', 'bookworm', '--sign-with', 'gpg:abc', 'hello.deb'], 2, /it is no fingerprint/],
    [['publish', '-s', 'bookworm', '--sign-with', key, 'absent.deb'], 2, /there is no file absent\.deb/],
    [
      ['publish', '-s', 'bookworm', '--sign-with', key, 'hello.deb', 'rebuilt.deb'],
      6,
      /hello\.deb and rebuilt\.deb are both hello_1\.0-1_amd64/,
    ],
    [['list'], 2, /there is no repository of aptroot in repository/],
    [['serve', 'absent'], 2, /there is no folder absent/],
  ] as const)('answers %j with exit code %i', async (words, exitCode, message) => {
    const { run } = await place()
    const result = await run(...words)
    assert.equal(result.exitCode, exitCode, result.errorOutput)
    assert.match(result.errorOutput, message)
    assert.doesNotMatch(result.errorOutput, /^ {4}at /m)
  })

  it('names a package that no suite has', async () => {
    const { run } = await place()
    await run('publish', '-s', 'bookworm', '--sign-with', key, 'hello.deb')
    const unknown = await run('remove', '-s', 'bookworm', '--sign-with', key, 'helo', '--json')
    assert.equal(envelopeOf(unknown).fault?.code, 'REPOSITORY_PACKAGE_UNKNOWN')
  })

  it('mirrors the sources of a lock once an archive lists them, and is at a loss before', async () => {
    const { folder, run } = await place()
    await run('publish', '-s', 'stable', '--sign-with', key, 'hello.deb')
    const manifest = [
      'manifest: 1',
      'architectures: [amd64]',
      `archives: [{id: ours, uri: "file://${folder}/repository", suites: [stable], components: [main], signed-by: repository/archive-key.asc}]`,
      'base: none',
      'packages: [hello]',
    ]
    await writeFile(join(folder, 'aptroot.yaml'), `${manifest.join('\n')}\n`)
    assert.equal((await runAptroot(['lock', 'update'], { folder })).exitCode, 0)
    const words = ['mirror', '--sources', '--sign-with', key, 'mirror', '--json']
    const lost = await run(...words)
    assert.equal(lost.exitCode, 5)
    assert.equal(envelopeOf(lost).fault?.code, 'SOURCE_NOT_LISTED')
    await run(
      'publish',
      '-s',
      'stable',
      '--sign-with',
      key,
      await writeSource(folder, { name: 'hello', version: '1.0-1' }),
    )
    const { debs, sources } = envelopeOf(await run(...words)).result as { debs: number; sources: number }
    assert.deepEqual({ debs, sources }, { debs: 1, sources: 1 })
    const text = await readFile(join(folder, 'mirror/ours/dists/stable/main/source/Sources'), 'utf8')
    assert.match(text, /^Package: hello$/m)
  })
})
