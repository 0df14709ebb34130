import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { envelopeOf, type ProgramResult, runAptroot } from '../support/aptroot-program.ts'
import { runAsNobody } from '../support/ordinary-user.ts'
import { missingForRealData, skippedForWantOf } from '../support/real-archive.ts'
import { essentialRoot, type RealProject, realProject } from '../support/real-project.ts'
import { startRevisionServer } from '../support/revision-servers.ts'
import { keyOf, whyNoSqlite } from '../support/revision-table.ts'
import { makeTestKey } from '../support/signing.ts'

function missing(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can become another user'
  return missingForRealData()
}

interface Build {
  readonly key: string
  readonly version: string
  readonly built: boolean
  readonly from: string
  readonly changes?: readonly { readonly kind: string; readonly name: string; readonly change: string }[]
  readonly outputs: readonly { readonly name: string; readonly sha256: string }[]
}

/** With the dpkg-deb of the build root: no compiler has to be fetched. */
const script = (more = '') => `command: |
  mkdir -p pkg/DEBIAN pkg/usr/share
  cp text pkg/usr/share/text
  printf 'Package: %s\\nVersion: %s\\nArchitecture: all\\nMaintainer: T <t@example.org>\\nDescription: t\\n' \\
    "$APTROOT_PACKAGE_NAME" "$APTROOT_PACKAGE_VERSION" > pkg/DEBIAN/control
${more.replace(/^(?=.)/gm, '  ')}
  dpkg-deb --root-owner-group --build pkg ..
`

describe.skipIf(skippedForWantOf(missing()))('a package', () => {
  let scratch = ''
  let project: RealProject
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'aptroot-package-test-'))
    project = await realProject(scratch, essentialRoot)
    await project.run('lock', 'install', '--digest')
  })
  afterAll(() => rm(scratch, { recursive: true, force: true }))

  /** A package in a folder of its own, beside the build root's manifest. */
  async function packageOf(name: string, description = script()) {
    const folder = await mkdtemp(join(scratch, `${name}-`))
    for (const file of ['aptroot.yaml', 'aptroot.lock']) await cp(join(project.folder, file), join(folder, file))
    const write = async (path: string, text: string) => {
      await mkdir(join(folder, path, '..'), { recursive: true })
      await writeFile(join(folder, path), text)
    }
    await write('package.yaml', `package: 1\nname: ${name}\nversion: "1.0-1"\nsource: src\n${description}`)
    await write('src/text', 'good day\n')
    const run = (words: readonly string[] = [], environment: Readonly<Record<string, string>> = {}) =>
      runAptroot(['package', 'build', '--json', ...words], {
        folder,
        environment: { APTROOT_STORE: join(scratch, 'store'), APTROOT_OFFLINE: '1', ...environment },
      })
    const build = async (words: readonly string[] = [], environment: Readonly<Record<string, string>> = {}) => {
      const result = await run(words, environment)
      assert.equal(result.exitCode, 0, result.output + result.errorOutput)
      return firstOf(result)
    }
    return { folder, write, run, build, read: (path: string) => readFile(join(folder, path)) }
  }

  function firstOf(result: ProgramResult): Build {
    const { builds } = envelopeOf(result).result as { readonly builds: readonly [Build] }
    return builds[0]
  }

  const faultOf = (result: ProgramResult) => {
    const { exitCode, fault } = envelopeOf(result)
    return { exitCode, code: fault?.code, message: fault?.message ?? '' }
  }
  const warningsOf = (result: ProgramResult) =>
    JSON.stringify((envelopeOf(result) as { readonly warnings?: unknown }).warnings)

  test('is built once: with the same inputs nothing is started again, and the debs are the same', async () => {
    const tool = await packageOf('tool')
    const first = await tool.build()
    assert.deepEqual([first.built, first.from], [true, 'build'])
    const deb = await tool.read('out/tool_1.0-1_all.deb')
    await rm(join(tool.folder, 'out'), { recursive: true })
    await utimes(join(tool.folder, 'src/text'), 1, 1)
    await chmod(join(tool.folder, 'src/text'), 0o600)
    const second = await tool.build()
    assert.deepEqual([second.built, second.from, second.key], [false, 'store', first.key])
    assert.ok((await tool.read('out/tool_1.0-1_all.deb')).equals(deb))

    await tool.write('src/text', 'good dax\n')
    const third = await tool.build()
    assert.equal(third.built, true, 'one byte of the sources')
    assert.deepEqual(
      third.changes?.map(each => `${each.kind} ${each.name} ${each.change}`),
      ['source text changed'],
    )
    assert.ok(!(await tool.read('out/tool_1.0-1_all.deb')).equals(deb))
    await tool.write('src/text', 'good day\n')
    assert.equal((await tool.build()).built, false, 'back to what was built before')
  })

  test('is built again where a byte of its cached deb was flipped', async () => {
    const flipped = await packageOf('flipped')
    const [output] = (await flipped.build()).outputs
    const sha256 = output?.sha256 ?? ''
    const blob = join(scratch, 'store/store-v1/sha256', sha256.slice(0, 2), sha256.slice(2))
    const bytes = await readFile(blob)
    bytes[200] = (bytes[200] ?? 0) ^ 1
    await chmod(blob, 0o644)
    await writeFile(blob, bytes)
    const result = await flipped.run()
    assert.match(warningsOf(result), /flipped_1\.0-1_all\.deb is damaged in this store/)
    assert.equal(firstOf(result).built, true)
    assert.equal(firstOf(result).outputs[0]?.sha256, sha256)
  })

  test('has the same bytes under other conditions, and one that has not is found out', async () => {
    const same = await packageOf('same')
    await same.build(['--jobs', '1'])
    const temporary = await mkdtemp(join(scratch, 'other-place-'))
    const environment = { TMPDIR: temporary, TZ: 'Pacific/Auckland', LANG: 'tr_TR.UTF-8', USER: 'other', CFLAGS: '-O3' }
    const umask = process.umask(0o077)
    try {
      assert.equal((await same.build(['--no-cache', '--jobs', '7'], environment)).built, true)
    } finally {
      process.umask(umask)
    }
    assert.deepEqual(await readdir(temporary), [])

    const chance = await packageOf('chance', script('head -c 8 /dev/urandom > pkg/usr/share/chance\n'))
    await chance.build()
    const before = await chance.read('out/chance_1.0-1_all.deb')
    const { exitCode, code, message } = faultOf(await chance.run(['--no-cache']))
    assert.deepEqual([exitCode, code], [1, 'BUILD_DIFFERS'])
    assert.match(message, /chance_1\.0-1_all\.deb: ".\/usr\/share\/chance"$/)
    assert.ok((await chance.read('out/chance_1.0-1_all.deb')).equals(before), 'the first build stays')
  })

  test('sees nothing of this host: no network, no files, a fixed place, user and environment', async () => {
    const looks = `{
  id -un; hostname; umask; pwd; echo "$TZ $LC_ALL $SOURCE_DATE_EPOCH $DEB_BUILD_OPTIONS"
  sed -n 's/^ *\\([a-z0-9]*\\):.*/\\1/p' /proc/net/dev
  test ! -e ${scratch} && echo hidden
  cat link 2>/dev/null || echo leads nowhere
  env | grep -c SECRET || true
} > pkg/usr/share/seen
cp pkg/usr/share/seen ../seen.txt
`
    const looking = await packageOf(
      'looking',
      `outputs: ["*.deb", seen.txt]\nsource-date-epoch: 1700000000\n${script(looks)}`,
    )
    await writeFile(join(scratch, 'secret'), 'of this host')
    const { symlink } = await import('node:fs/promises')
    await symlink(join(scratch, 'secret'), join(looking.folder, 'src/link'))
    await looking.build(['--jobs', '3'], { SECRET: 'x' })
    assert.deepEqual((await looking.read('out/seen.txt')).toString().split('\n'), [
      'root',
      'localhost',
      '0022',
      '/build/looking-1.0-1',
      'UTC C.UTF-8 1700000000 parallel=3',
      'lo',
      'hidden',
      'leads nowhere',
      '0',
      '',
    ])
  })

  test('that fails says so with its last lines, keeps the whole log on demand, and leaves no outputs', async () => {
    const failing = await packageOf('failing', script('for i in $(seq 100); do echo "line $i"; done\nexit 3\n'))
    const log = join(failing.folder, 'build.log')
    const result = await failing.run(['--log', log])
    const fault = envelopeOf(result).fault as {
      readonly code: string
      readonly context?: { readonly excerpt?: string[] }
    }
    assert.deepEqual([result.exitCode, fault.code], [8, 'PACKAGE_BUILD_FAILED'])
    assert.equal(fault.context?.excerpt?.at(-1), 'line 100')
    assert.match(await readFile(log, 'utf8'), /^line 1$[\s\S]*^line 100$/m)
    assert.deepEqual((await readdir(failing.folder)).includes('out'), false)
  })

  test('cannot hand out what is no plain file of its own', async () => {
    for (const [what, words] of [
      ['ln -s /etc/shadow ../evil_1_all.deb', /evil_1_all\.deb, which the build left, is no regular file/],
      ['dpkg-deb --build pkg ../other_1.0-1_all.deb', /other_1\.0-1_all\.deb, which the build left, is the deb "evil_/],
      [
        'cd /; mv /build /moved; ln -s /moved /build; cd /moved/evil-1.0-1',
        /\/build, which the build left, is no folder/,
      ],
    ] as const) {
      const evil = await packageOf('evil', script(`${what}\n`))
      const { exitCode, message } = faultOf(await evil.run())
      assert.ok(exitCode === 8 || exitCode === 6, `${what}: ${exitCode} ${message}`)
      assert.match(message, words, what)
      assert.equal((await readdir(evil.folder)).includes('out'), false, what)
    }
  })

  test('ends at once when it is interrupted, with all that it started, and leaves nothing behind', async () => {
    const endless = await packageOf('endless', script('sleep 4711 & sleep 4711\n'))
    const temporary = await mkdtemp(join(scratch, 'interrupted-'))
    const child = spawn(process.execPath, [join(process.cwd(), 'bin/aptroot.js'), 'package', 'build', '--verbose'], {
      cwd: endless.folder,
      env: {
        PATH: process.env.PATH ?? '',
        HOME: endless.folder,
        TMPDIR: temporary,
        APTROOT_STORE: join(scratch, 'store'),
        APTROOT_OFFLINE: '1',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const ended = new Promise<number | null>(resolve => child.on('close', resolve))
    await new Promise<void>((resolve, reject) => {
      ended.then(() => reject(new Error('it ended by itself')), reject)
      const look = setInterval(async () => {
        if ((await sleepers()) < 2) return
        clearInterval(look)
        resolve()
      }, 50)
    })
    child.kill('SIGINT')
    assert.equal(await ended, 130)
    assert.equal(await sleepers(), 0)
    assert.deepEqual(await readdir(temporary), [])
  })

  /** Processes of the test above. */
  async function sleepers(): Promise<number> {
    let count = 0
    for (const name of await readdir('/proc')) {
      if (!/^\d+$/.test(name)) continue
      const words = await readFile(`/proc/${name}/cmdline`, 'latin1').catch(() => '')
      if (words === 'sleep\x004711\x00') count++
    }
    return count
  }

  test('has the same bytes when an ordinary user builds it', async () => {
    const ordinary = await packageOf('ordinary')
    await ordinary.build()
    const deb = await ordinary.read('out/ordinary_1.0-1_all.deb')
    const place = await mkdtemp(join(scratch, 'nobody-'))
    await cp(ordinary.folder, join(place, 'package'), { recursive: true })
    await rm(join(place, 'package/out'), { recursive: true })
    await cp(join(scratch, 'store'), join(place, 'store'), { recursive: true })
    await rm(join(place, 'store/store-v1/objects/package-build'), { recursive: true })
    for (const folder of [scratch, place]) await chmod(folder, 0o755)
    const { stdout } = await runAsNobody(['package', 'build', '--offline', '--json'], {
      place,
      folder: join(place, 'package'),
      environment: { APTROOT_STORE: join(place, 'store') },
    })
    assert.equal(firstOf({ exitCode: 0, output: stdout, errorOutput: '' }).built, true)
    assert.ok((await readFile(join(place, 'package/out/ordinary_1.0-1_all.deb'))).equals(deb))
    assert.deepEqual(await readdir(join(place, 'tmp')), [])
  })

  test('is taken from a cache of others under a trusted signature alone', async () => {
    const shared = await packageOf('shared')
    const [key, stranger] = [await makeTestKey({ name: 'Farm' }), await makeTestKey({ name: 'Stranger' })]
    await shared.write('key.asc', key.armor())
    await shared.write('farm.asc', key.toPublic().armor())
    await shared.write('stranger.asc', stranger.toPublic().armor())
    await shared.build(['--cache-to', 'cache', '--sign-with', 'key.asc'])
    const deb = await shared.read('out/shared_1.0-1_all.deb')
    const forget = () => rm(join(scratch, 'store/store-v1/objects/package-build'), { recursive: true })

    await forget()
    const distrusted = await shared.run(['--package-cache', 'cache', '--package-cache-key', 'stranger.asc'])
    assert.equal(firstOf(distrusted).built, true)
    assert.match(warningsOf(distrusted), /is not used/)

    await forget()
    const trusted = await shared.build(['--package-cache', 'cache', '--package-cache-key', 'farm.asc'])
    assert.deepEqual([trusted.built, trusted.from], [false, join(shared.folder, 'cache')])
    assert.ok((await shared.read('out/shared_1.0-1_all.deb')).equals(deb))
    await forget()
  })

  test.skipIf(skippedForWantOf(whyNoSqlite()))(
    'is numbered by the revision service, and keeps its number with its inputs',
    async () => {
      const numbered = await packageOf('numbered', `version-template: "{version}+r{revision}"\n${script()}`)
      const server = await startRevisionServer({ folder: numbered.folder, words: ['--database', 'revisions.db'] })
      try {
        // Others had eight revisions before.
        for (let before = 1; before <= 8; before++) await ask(server.url, `before ${before}`)
        const words = ['--revision-service', server.url]
        const online = { APTROOT_OFFLINE: '0' }
        const ninth = await numbered.build(words, online)
        assert.deepEqual([ninth.version, ninth.outputs[0]?.name], ['1.0-1+r9', 'numbered_1.0-1+r9_all.deb'])
        await numbered.write('src/text', 'better day\n')
        assert.equal((await numbered.build(words, online)).version, '1.0-1+r10')
        await numbered.write('src/text', 'good day\n')
        const again = await numbered.build(words, online)
        assert.deepEqual([again.built, again.version, again.outputs], [false, '1.0-1+r9', ninth.outputs])
        assert.equal((await numbered.build()).version, '1.0-1+r9', 'offline, what the service said before')
      } finally {
        await server.kill()
      }
    },
  )

  async function ask(url: string, word: string): Promise<void> {
    const response = await fetch(`${url}/v1/revision`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(keyOf(word, { package: 'numbered', version: '1.0-1' })),
    })
    assert.equal(response.status, 200, await response.text())
  }

  test('goes into a repository with its build', async () => {
    const published = await packageOf('published')
    await published.write('key.asc', (await makeTestKey({ name: 'Repository' })).armor())
    const words = ['--publish', 'apt', '--suite', 'bookworm', '--sign-with', 'key.asc']
    await published.build(words)
    const again = await published.run(words)
    assert.equal(firstOf(again).built, false)
    assert.ok((await stat(join(published.folder, 'apt/pool/p/published/published_1.0-1_all.deb'))).isFile())
    assert.match((await published.read('apt/dists/bookworm/InRelease')).toString(), /^Suite: bookworm$/m)
  })
})
