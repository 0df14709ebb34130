import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { createProcessRunner } from '../../src/adapters/process-runner.ts'
import { debsOfRoot, readLockfile } from '../../src/lockfile/index.ts'
import { assembleRoot, type DebIdentity } from '../../src/rootfs/index.ts'
import { Store } from '../../src/store/index.ts'
import { configureHost, plainImage } from '../support/configure-host.ts'
import type { DebDescription } from '../support/deb-builder.ts'
import { missingForRealData, skippedForWantOf } from '../support/real-archive.ts'
import { type RealProject, realProject } from '../support/real-project.ts'
import { recordedSession } from '../support/scratch.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { storeDeb } from '../support/stored-debs.ts'

function missing(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can run scripts without subordinate ids'
  return missingForRealData()
}

const seed = 20_261_121
const rounds = 2

/** Each sees what the ones before it did, and changes what they and dpkg left. */
const scripts: Readonly<Record<string, NonNullable<DebDescription['scripts']>>> = {
  'leaf-a': { postinst: '#!/bin/sh\nset -e\nln /etc/leaf-a /etc/leaf-a.second\nchmod 4711 /usr/share/leaf/leaf-a\n' },
  'leaf-b': {
    preinst:
      '#!/bin/sh\nset -e\ndpkg-divert --package leaf-b --add --rename --divert /usr/share/leaf/moved /usr/share/leaf/shared\n',
    postinst: '#!/bin/sh\nset -e\ndpkg-statoverride --add daemon daemon 2755 /usr/share/leaf/other\n',
  },
  'leaf-c': { postinst: '#!/bin/sh\nset -e\nrm -f /usr/share/leaf/leaf-a\nchown 12:34 /etc/leaf-b\n' },
  'leaf-d': { postinst: '#!/bin/sh\nset -e\nls -lRn /etc /usr/share/leaf | cut -c1-30 >/usr/share/leaf.seen\n' },
}

function leaf(name: string, revision: number): DebDescription {
  const own = scripts[name] ?? {}
  const trace = `n=$(cat /etc/trace 2>/dev/null | wc -l)\necho "$n ${name} ${revision}" >>/etc/trace\n`
  return {
    control: { Package: name, Version: '1.0', Depends: 'dpkg' },
    scripts: { ...own, postinst: `${own.postinst ?? '#!/bin/sh\nset -e\n'}${trace}` },
    conffiles: [`/etc/${name}`],
    files: [
      { kind: 'file', path: `/etc/${name}`, content: `${revision}\n` },
      { kind: 'file', path: `/usr/share/leaf/${name}`, content: `${name} ${revision}\n` },
      ...(name === 'leaf-c' ? [{ kind: 'file' as const, path: '/usr/share/leaf/shared', content: 'diverted\n' }] : []),
      ...(name === 'leaf-d' ? [{ kind: 'file' as const, path: '/usr/share/leaf/other', content: 'owned\n' }] : []),
    ],
  }
}

describe.skipIf(skippedForWantOf(missing()))('a root of real bookworm, built on from a checkpoint', () => {
  let scratch = ''
  let store: Store
  let essential: readonly DebIdentity[] = []
  let project: RealProject
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'aptroot-checkpoints-'))
    project = await realProject(scratch, [
      'architectures: [amd64]',
      'base: essential',
      'packages: [usr-is-merged]',
      'exclude: [usrmerge]',
    ])
    await project.run('lock', 'install', '--fetch-only')
    const lock = await readLockfile(await readFile(join(project.folder, 'aptroot.lock'), 'utf8'), 'aptroot.lock')
    essential = debsOfRoot(lock, 'amd64')
    store = new Store({ folder: join(scratch, 'store'), clock: { now: () => new Date() } })
  })
  afterAll(async () => {
    await project.mirror.close()
    await rm(scratch, { recursive: true, force: true })
  })

  async function build(leaves: readonly DebIdentity[], reuse: 'stored' | 'fresh') {
    const session = recordedSession()
    const runner = createProcessRunner({ searchPath: process.env.PATH ?? '', maximumOutputBytes: 2 ** 26 })
    const root = await assembleRoot(
      {
        debs: [...essential, ...leaves],
        nativeArchitecture: 'amd64',
        foreignArchitectures: [],
        image: { configure: 'scripts', excludePaths: [], mergedUsr: true },
        files: [],
        customisation: plainImage,
        sourceDateEpochSeconds: 1_750_000_000,
        automatic: [],
        store,
        host: configureHost(runner),
        reuse,
      },
      session,
    )
    await root.close()
    const configured = session.events.flatMap(each =>
      each.kind === 'started' && each.stage === 'configure' ? [each.name] : [],
    )
    return { digest: root.digest, configured }
  }

  test(`has the bytes of one whose scripts all ran, ${rounds} leaves changed by seed ${seed}`, async () => {
    const random = seededRandom(seed)
    const names = Object.keys(scripts).sort()
    const revisions = new Map(names.map(name => [name, 0]))
    const debs = () => Promise.all(names.map(name => storeDeb(store, leaf(name, revisions.get(name) ?? 0))))
    const first = await build(await debs(), 'stored')
    assert.ok(first.configured.length > 20, 'all packages')
    for (let round = 1; round <= rounds; round++) {
      const changed = random.pick(names)
      revisions.set(changed, round)
      const leaves = await debs()
      const built = await build(leaves, 'stored')
      assert.deepEqual(
        built.configured.filter(name => !name.startsWith('leaf-')),
        [],
        'nothing but leaves is configured again',
      )
      assert.ok(built.configured.includes(changed))
      const whole = await build(leaves, 'fresh')
      assert.equal(built.digest, whole.digest, `${changed} changed in round ${round}`)
      assert.ok(whole.configured.length >= first.configured.length)
    }
    // Records of configured roots build on checkpoints, which can be deleted at any time.
    const unchanged = await build(await debs(), 'stored')
    assert.deepEqual(unchanged.configured, [])
    revisions.set('leaf-d', rounds + 1)
    const known = await build(await debs(), 'stored')
    await rm(join(scratch, 'store/store-v1/objects/checkpoint'), { recursive: true })
    const again = await build(await debs(), 'stored')
    assert.ok(again.configured.length >= first.configured.length)
    assert.equal(again.digest, known.digest)
  })
})
