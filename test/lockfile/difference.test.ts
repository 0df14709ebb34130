import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import {
  checkLockfile,
  diffLockfiles,
  graphOf,
  isEmptyDifference,
  pathsTo,
  writeLockfile,
} from '../../src/lockfile/index.ts'
import { digestOf, lockedDeb, lockWith, requestWith } from '../support/lock-values.ts'

describe('the difference of two locks', () => {
  const cases = [
    ['a higher version', 'nginx:amd64=1-1', 'nginx:amd64=1-2', {}, 'upgraded'],
    ['a lower version', 'nginx:amd64=1-2', 'nginx:amd64=1-1', {}, 'downgraded'],
    ['a rebuild of the same source', 'bash:amd64=5-2', 'bash:amd64=5-2+b1', { sourceVersion: '5-2' }, 'rebuilt'],
    [
      'the same version with other bytes',
      'bash:amd64=5-2',
      'bash:amd64=5-2',
      { sha256: digestOf('other') },
      'replaced',
    ],
    [
      'the same bytes from another suite',
      'bash:amd64=5-2',
      'bash:amd64=5-2',
      { from: 'debian/security/main' },
      'moved',
    ],
    ['another reason to be there', 'bash:amd64=5-2', 'bash:amd64=5-2', { root: 'base' }, 'remarked'],
  ] as const
  for (const [what, before, after, parts, kind] of cases) {
    test(`calls ${what} ${kind}`, () => {
      const difference = diffLockfiles(lockWith([lockedDeb(before)]), lockWith([lockedDeb(after, parts)]))
      assert.deepEqual(
        difference.sources.flatMap(source => source.debs.map(change => change.kind)),
        [kind],
      )
    })
  }

  const old = lockWith([
    lockedDeb('openssl:amd64=3-1'),
    lockedDeb('libssl3:amd64=3-1', { sourceName: 'openssl' }),
    lockedDeb('gone:all=1'),
  ])
  const young = lockWith(
    [
      lockedDeb('openssl:amd64=3-2'),
      lockedDeb('libssl3:amd64=3-2', { sourceName: 'openssl', sizeBytes: 500 }),
      lockedDeb('fresh:all=1'),
    ],
    { request: requestWith({ wanted: ['fresh'] }), keys: new Map([['debian', ['B'.repeat(40)]]]) },
  )

  test('groups debs by source, and counts only new bytes', () => {
    const difference = diffLockfiles(old, young)
    assert.deepEqual(
      difference.sources.map(source => [
        source.source,
        source.versionsBefore,
        source.versionsAfter,
        source.debs.map(change => change.kind),
      ]),
      [
        ['fresh', [], ['1'], ['added']],
        ['gone', ['1'], [], ['removed']],
        ['openssl', ['3-1'], ['3-2'], ['upgraded', 'upgraded']],
      ],
    )
    assert.equal(difference.newBytes, 2500)
    assert.deepEqual(difference.request, [{ field: 'wanted', kind: 'added', text: 'fresh' }])
    assert.deepEqual(difference.keys, [{ archive: 'debian', kind: 'added', fingerprint: 'B'.repeat(40) }])
  })

  test('is empty for a lock and itself', () => assert.ok(isEmptyDifference(diffLockfiles(young, young))))

  test('mirrors itself when the locks change places', () => {
    const mirror: Readonly<Record<string, string>> = { added: 'removed', removed: 'added', upgraded: 'downgraded' }
    const forward = diffLockfiles(old, young).sources.flatMap(source => source.debs.map(change => mirror[change.kind]))
    const back = diffLockfiles(young, old).sources.flatMap(source => source.debs.map(change => change.kind))
    assert.deepEqual(back, forward)
  })
})

test('the difference of two locks of 20,000 sources takes no time that grows with their square', () => {
  const before = lockWith(Array.from({ length: 20_000 }, (_, at) => lockedDeb(`package${at}:all=1`)))
  const after = lockWith(
    before.debs.map(deb => ({ ...deb, version: '2', sourceVersion: '2', sha256: digestOf(deb.name) })),
  )
  const usage = process.cpuUsage()
  assert.equal(diffLockfiles(before, after).sources.length, 20_000)
  // It took 11 s when each source looked through all debs.
  assert.ok(process.cpuUsage(usage).user < 8_000_000)
})

describe('what a lockfile proves by itself', () => {
  const sound = lockWith(
    [lockedDeb('bash:amd64=5', { root: 'wanted', needs: ['libc6'] }), lockedDeb('libc6:amd64=2')],
    {
      request: requestWith({ wanted: ['bash'] }),
    },
  )
  const names = new Map([['bash', ['bash']]])
  const problems = (lock: typeof sound): readonly string[] =>
    checkLockfile(lock, writeLockfile(lock), names).map(problem => problem.kind)

  test('is everything when it is sound', () => assert.deepEqual(problems(sound), []))
  test('is that a needed deb is missing', () =>
    assert.deepEqual(problems({ ...sound, debs: sound.debs.slice(0, 1) }), ['needs']))
  test('is that a deb is left over', () =>
    assert.deepEqual(problems({ ...sound, debs: [...sound.debs, lockedDeb('extra:all=1')] }), ['unreachable']))
  test('is that something wanted has no deb', () => assert.deepEqual(problems({ ...sound, debs: [] }), ['wanted']))
  test('is that a deb fits no root', () =>
    assert.deepEqual(problems({ ...sound, debs: [...sound.debs, lockedDeb('odd:armhf=1')] }), ['architecture']))
  test('is that a deb is kept for a root that nobody asked for, and so would be installed nowhere', () =>
    assert.deepEqual(problems({ ...sound, debs: [...sound.debs, lockedDeb('odd:amd64=1', { roots: ['i386'] })] }), [
      'architecture',
    ]))
  test('is that a deb is kept for no root at all', () =>
    assert.deepEqual(problems({ ...sound, debs: [...sound.debs, lockedDeb('odd:amd64=1', { roots: [] })] }), [
      'architecture',
    ]))
  test('is that a deb comes from a suite that was not asked for', () =>
    assert.deepEqual(
      problems({ ...sound, debs: sound.debs.map(deb => ({ ...deb, from: 'debian/bookworm-backports/main' })) }),
      ['origin', 'origin'],
    ))
  test('is that something wanted is missing in one of two roots', () => {
    const request = requestWith({ architectures: ['amd64', 'arm64'], wanted: ['bash', 'grub [amd64]'] })
    const debs = [
      lockedDeb('bash:amd64=5', { root: 'wanted' }),
      lockedDeb('grub:amd64=2', { root: 'wanted' }),
      lockedDeb('dash:arm64=1', { root: 'base' }),
    ]
    const lock = lockWith(debs, { request })
    const wanted = new Map([...names, ['grub [amd64]', ['grub']]])
    assert.deepEqual(
      checkLockfile(lock, writeLockfile(lock), wanted).map(problem => problem.message),
      ['"bash" is wanted, but no deb is marked as wanted for it in the root arm64'],
    )
  })
  test('is nothing about a virtual package, which a deb of another name satisfies', () => {
    const lock = lockWith([lockedDeb('mawk:amd64=1', { root: 'wanted' })], {
      request: requestWith({ wanted: ['awk'] }),
    })
    assert.deepEqual(checkLockfile(lock, writeLockfile(lock), new Map([['awk', ['awk']]])), [])
  })
  test('is that somebody reformatted it', () =>
    assert.deepEqual(
      checkLockfile(sound, `${writeLockfile(sound)}\n`, names).map(problem => problem.kind),
      ['form'],
    ))
})

describe('why a deb is locked', () => {
  const lock = lockWith([
    lockedDeb('nginx:amd64=1', { root: 'wanted', needs: ['nginx-common', 'libc6'] }),
    lockedDeb('nginx-common:all=1', { needs: ['debconf'] }),
    lockedDeb('debconf:all=1', { root: 'base' }),
    lockedDeb('libc6:amd64=1', { needs: ['libgcc-s1'] }),
    lockedDeb('libgcc-s1:amd64=1', { needs: ['libc6'] }),
  ])
  const graph = graphOf(lock, 'amd64')
  const why = (name: string): string[] =>
    graph.named(name).flatMap(deb => pathsTo(graph, deb).map(path => path.map(each => each.name).join(' > ')))

  test('is a shortest path from each root deb, wanted ones first', () =>
    assert.deepEqual(why('debconf'), ['nginx > nginx-common > debconf', 'debconf']))
  test('ends although packages need each other', () =>
    assert.deepEqual(why('libgcc-s1'), ['nginx > libc6 > libgcc-s1']))
  test('knows both ways', () =>
    assert.deepEqual(
      graph.named('libc6').flatMap(deb => graph.neededBy(deb).map(each => each.name)),
      ['libgcc-s1', 'nginx'],
    ))
})
