import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, test } from 'vitest'
import { openArchives, openUniverse } from '../../src/archive/index.ts'
import { describePackage } from '../../src/debian/index.ts'
import { archivesOfPreset, presetOf } from '../../src/manifest/index.ts'
import { missingForDepcache } from '../support/apt-depcache.ts'
import { startMirror } from '../support/loopback-mirror.ts'
import { currentArchive, skippedForWantOf } from '../support/real-archive.ts'
import { quietSession, scratchFolder } from '../support/scratch.ts'
import { transferScene } from '../support/transfer-world.ts'
import { resolution } from '../support/universe.ts'

const run = promisify(execFile)

const requests = [
  ['wine', 'wine32:i386'],
  ['wine32:i386'],
  ['libc6', 'libc6:i386'],
  ['steam-devices', 'libgl1:i386'],
  ['gcc-multilib'],
  ['bash', 'zlib1g:i386'],
] as const

/** As `apt-get install` marks: everything asked for first, then with its dependencies. */
const program = `
import json, sys, apt_pkg
apt_pkg.init()
cache = apt_pkg.Cache(None)
depcache = apt_pkg.DepCache(cache)
for names in json.loads(sys.argv[1]):
    depcache.init()
    wanted = [cache[name.split(":")[0], (name.split(":") + ["amd64"])[1]] for name in names]
    with apt_pkg.ActionGroup(depcache):
        for package in wanted: depcache.mark_install(package, False, True)
        for package in wanted: depcache.mark_install(package, True, True)
    chosen = [(package.name, depcache.get_candidate_ver(package)) for package in cache.packages if depcache.marked_install(package)]
    print(json.dumps(None if depcache.broken_count else sorted(f"{name}:{version.arch}={version.ver_str}" for name, version in chosen)))
`

describe('a root of amd64 with i386 beside it', () => {
  test("holds what apt would install from this host's mirror", { timeout: 600_000 }, async context => {
    if (skippedForWantOf(missingForDepcache())) return context.skip()
    const architectures = ['amd64', 'i386'] as const
    const folder = await scratchFolder()
    const current = await currentArchive(join(folder, 'served'), architectures).catch((error: Error) => error)
    if (current instanceof Error) {
      skippedForWantOf(`the current indexes of bookworm cannot be had here: ${current.message.split('\n')[0]}`)
      return context.skip()
    }
    const { stdout } = await run('/usr/bin/python3', ['-c', program, JSON.stringify(requests)], {
      env: current.aptEnvironment,
      maxBuffer: 2 ** 28,
    })
    const theirs = stdout
      .split('\n')
      .filter(line => line.startsWith('[') || line === 'null')
      .map((line): readonly string[] | null => JSON.parse(line))

    const mirror = await startMirror({ folder: current.folder })
    const { transfer, store } = await transferScene()
    const isServed = (id: string, suite: string) => existsSync(join(current.folder, id, 'dists', suite, 'InRelease'))
    const served = archivesOfPreset(presetOf('debian/bookworm'), architectures, { line: 1, column: 1 }).flatMap(
      each => {
        const [first, ...rest] = each.suites.filter(suite => isServed(each.id, suite))
        return first === undefined ? [] : [{ ...each, suites: [first, ...rest] as const }]
      },
    )
    const { indexes, close } = await openArchives(
      {
        archives: served,
        architectures,
        urisOf: archive => [`${mirror.url}/${archive.id}`],
        readKeyFile: path => Promise.reject(new Error(`${path} was read`)),
        asOf: new Date(current.asOf),
        mode: 'online',
        store,
        transfer,
      },
      quietSession(),
    )
    const universe = openUniverse({ nativeArchitecture: 'amd64', foreignArchitectures: ['i386'], indexes })
    const rows: string[] = []
    const differences: string[] = []
    for (const [at, wanted] of requests.entries()) {
      const found = await resolution(universe, wanted)
      assert.ok(found.kind === 'solved', found.kind === 'unsolvable' ? found.explanation.lines.join('\n') : '')
      const ours = found.packages.map(each => describePackage(each.package)).sort()
      const expected = theirs[at] ?? []
      const foreign = ours.filter(each => each.includes(':i386=')).length
      rows.push(`${wanted.join(' ')}: ${ours.length} debs, ${foreign} of i386; apt ${expected.length}`)
      differences.push(
        ...ours.filter(each => !expected.includes(each)).map(each => `${wanted.join(' ')}: + ${each}`),
        ...expected.filter(each => !ours.includes(each)).map(each => `${wanted.join(' ')}: - ${each}`),
      )
    }
    await close()
    const suites = served.flatMap(each => each.suites).join(', ')
    process.stderr.write(`current indexes of ${suites}\n${rows.join('\n')}\n`)
    assert.deepEqual(differences, [])
  })
})
