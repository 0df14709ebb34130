import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import {
  type LockedDeb,
  type Lockfile,
  type LockMerge,
  type LockRequest,
  mergeLocks,
  readLockfile,
  readMergeable,
  takeSides,
  writeLockfile,
} from '../../src/lockfile/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { lockedDeb, lockWith, requestWith } from '../support/lock-values.ts'

const key = 'A'.repeat(40)

/** A lock that wants the debs marked as wanted, unless the request says otherwise. */
function lock(debs: readonly LockedDeb[], request: Partial<LockRequest> = {}): Lockfile {
  const wanted = [...new Set(debs.filter(deb => deb.root === 'wanted').map(deb => deb.name))]
  return lockWith(debs, { keys: new Map([['debian', [key]]]), request: requestWith({ wanted, ...request }) })
}

const wantedDeb = (title: string, parts: Partial<LockedDeb> = {}) => lockedDeb(title, { root: 'wanted', ...parts })

function merge(base: Lockfile | undefined, ours: Lockfile, theirs: Lockfile): LockMerge {
  const mirrored = mergeLocks({ base, ours: theirs, theirs: ours })
  const merged = mergeLocks({ base, ours, theirs })
  assert.equal(mirrored.kind, merged.kind, 'which branch is ours must not decide whether there is a conflict')
  if (merged.kind === 'merged' && mirrored.kind === 'merged') assert.equal(mirrored.text, merged.text)
  return merged
}

function mergedTitles(result: LockMerge): string[] {
  if (result.kind === 'conflict') assert.fail(`conflict: ${result.conflicts.join('; ')}\n${result.text}`)
  return result.lock.debs.map(({ name, version }) => `${name} ${version}`)
}

function conflictOf(result: LockMerge): Extract<LockMerge, { kind: 'conflict' }> {
  if (result.kind === 'merged') assert.fail(`merged:\n${result.text}`)
  return result
}

const bash = wantedDeb('bash:amd64=5.2-1', { needs: ['libc6'] })
const libc6 = lockedDeb('libc6:amd64=2.36-9', { sourceName: 'glibc' })
const libc6Fixed = lockedDeb('libc6:amd64=2.36-10', { sourceName: 'glibc' })
const base = lock([bash, libc6])

describe('branches that changed different packages', () => {
  test('are merged: each package has the version of the branch that moved it', () => {
    const ours = lock([wantedDeb('bash:amd64=5.2-2', { needs: ['libc6'] }), libc6])
    const theirs = lock([bash, libc6Fixed])
    assert.deepEqual(mergedTitles(merge(base, ours, theirs)), ['bash 5.2-2', 'libc6 2.36-10'])
  })

  test('both of which added a package want both', () => {
    const curl = wantedDeb('curl:amd64=7-1', { needs: ['libc6'] })
    const wget = wantedDeb('wget:amd64=1-1', { needs: ['libc6'] })
    const merged = merge(base, lock([bash, libc6, curl]), lock([bash, libc6, wget]))
    assert.deepEqual(mergedTitles(merged), ['bash 5.2-1', 'curl 7-1', 'libc6 2.36-9', 'wget 1-1'])
    if (merged.kind === 'merged') assert.deepEqual(merged.lock.request.wanted, ['bash', 'curl', 'wget'])
  })

  test('of which one removed what the other began to need keep it', () => {
    const jq = wantedDeb('jq:amd64=1-1', { needs: ['libjq1'] })
    const libjq1 = lockedDeb('libjq1:amd64=1-1', { sourceName: 'jq' })
    const yq = wantedDeb('yq:amd64=1-1', { needs: ['libjq1'] })
    const before = lock([bash, libc6, jq, libjq1])
    const merged = merge(before, base, lock([bash, libc6, jq, libjq1, yq]))
    assert.deepEqual(mergedTitles(merged), ['bash 5.2-1', 'libc6 2.36-9', 'libjq1 1-1', 'yq 1-1'])
  })

  test('that each removed one of the two users of a library leave no library behind', () => {
    const library = lockedDeb('libz:amd64=1-1')
    const [curl, wget] = ['curl:amd64=7-1', 'wget:amd64=1-1'].map(title => wantedDeb(title, { needs: ['libz'] }))
    assert.ok(curl !== undefined && wget !== undefined)
    const before = lock([bash, libc6, library, curl, wget])
    const merged = merge(before, lock([bash, libc6, library, curl]), lock([bash, libc6, library, wget]))
    assert.deepEqual(mergedTitles(merged), ['bash 5.2-1', 'libc6 2.36-9'])
  })

  test('of which one removed a package and the other updated it remove it', () => {
    const curl = wantedDeb('curl:amd64=7-1', { needs: ['libc6'] })
    const newer = wantedDeb('curl:amd64=7-2', { needs: ['libc6'] })
    const merged = merge(lock([bash, libc6, curl]), base, lock([bash, libc6, newer]))
    assert.deepEqual(mergedTitles(merged), ['bash 5.2-1', 'libc6 2.36-9'])
  })

  test('that locked the same bytes at different times keep the older time', () => {
    const at = (time: string) => lock([bash, { ...libc6Fixed, at: time }])
    const merged = merge(base, at('20260712T000000Z'), at('20260713T000000Z'))
    assert.ok(merged.kind === 'merged' && merged.text.includes('20260712T000000Z'))
    assert.ok(!merged.text.includes('20260713T000000Z'))
  })

  test('merge to the text that the writer writes, and to the same lock when read back', async () => {
    const merged = merge(base, lock([bash, libc6Fixed]), base)
    assert.ok(merged.kind === 'merged')
    assert.equal(writeLockfile(await readLockfile(merged.text, 'aptroot.lock')), merged.text)
  })

  test('with an architecture more on one of them keep the debs of each root apart', () => {
    const two = { architectures: ['amd64', 'arm64'] }
    const arm = [
      wantedDeb('bash:arm64=5.2-1', { needs: ['libc6'] }),
      lockedDeb('libc6:arm64=2.36-9', { sourceName: 'glibc' }),
    ]
    const curl = wantedDeb('curl:amd64=7-1', { needs: ['libc6'] })
    const wanted = { wanted: ['bash', 'curl [amd64]'] }
    const merged = merge(base, lock([bash, libc6, ...arm], two), lock([bash, libc6, curl], wanted))
    assert.ok(merged.kind === 'merged', JSON.stringify(merged))
    assert.deepEqual(
      merged.lock.debs.map(deb => `${deb.name}:${deb.architecture}`),
      ['bash:amd64', 'bash:arm64', 'curl:amd64', 'libc6:amd64', 'libc6:arm64'],
    )
  })
})

describe('branches that disagree', () => {
  test('about the version of a package leave markers around its lines and nowhere else', () => {
    const [mine, other] = ['2.36-10', '2.36-11'].map(version =>
      lock([bash, lockedDeb(`libc6:amd64=${version}`, { sourceName: 'glibc' })]),
    )
    assert.ok(mine !== undefined && other !== undefined)
    const { text, conflicts } = conflictOf(merge(base, mine, other))
    assert.deepEqual(conflicts, ['glibc: ours 2.36-10, theirs 2.36-11'])
    assert.equal(text.split('\n').filter(line => line.startsWith('<<<<<<<')).length, 1)
    const [inside = ''] = /<{7}.*>{7}/s.exec(text) ?? []
    assert.match(inside, /version: "2\.36-10".*={7}.*version: "2\.36-11"/s)
    assert.doesNotMatch(inside, /bash|"glibc"/)
    assert.deepEqual(takeSides(text, 'aptroot.lock'), {
      base: undefined,
      ours: writeLockfile(mine),
      theirs: writeLockfile(other),
    })
  })

  test('because one updated a source of which the other took one more deb at the old version', () => {
    const dev = wantedDeb('libc6-dev:amd64=2.36-9', { sourceName: 'glibc', needs: ['libc6'] })
    const { conflicts } = conflictOf(merge(base, lock([bash, libc6Fixed]), lock([bash, libc6, dev])))
    assert.match(conflicts[0] ?? '', /^glibc: ours 2\.36-10, theirs 2\.36-9$/)
  })

  test('about what a wanted package must be like', () => {
    const [mine, other] = ['bash (>= 5.1)', 'bash (>= 5.2)'].map(item => lock([bash, libc6], { wanted: [item] }))
    assert.ok(mine !== undefined && other !== undefined)
    const { text, conflicts } = conflictOf(merge(base, mine, other))
    assert.deepEqual(conflicts, ['wanted: ours has "bash (>= 5.1)"', 'wanted: theirs has "bash (>= 5.2)"'])
    assert.match(text, /<{7} ours\n {4}- "bash \(>= 5\.1\)"\n={7}\n {4}- "bash \(>= 5\.2\)"\n>{7} theirs\n/)
  })

  test('about the signers of an archive', () => {
    const signedBy = (letter: string) => ({ ...base, keys: new Map([['debian', [letter.repeat(40)]]]) })
    const { conflicts } = conflictOf(merge(base, signedBy('B'), signedBy('C')))
    assert.equal(conflicts.length, 2)
    assert.match(conflicts[0] ?? '', /^keys of debian: ours has B+$/)
  })

  test('because one excludes what the other began to need', () => {
    const curl = wantedDeb('curl:amd64=7-1', { needs: ['libz'] })
    const theirs = lock([bash, libc6, curl, lockedDeb('libz:amd64=1-1')])
    const { text, conflicts } = conflictOf(merge(base, lock([bash, libc6], { exclude: ['libz'] }), theirs))
    assert.deepEqual(conflicts, ['"libz" is excluded, but something that is locked needs it'])
    assert.match(text, /<{7}.*"libz":.*>{7}/s)
  })

  test('and had no lock in common keep what only one has and disagree about the rest', () => {
    const curl = wantedDeb('curl:amd64=7-1', { needs: ['libc6'] })
    const { conflicts } = conflictOf(merge(undefined, lock([bash, libc6, curl]), lock([bash, libc6Fixed])))
    assert.deepEqual(conflicts, ['glibc: ours 2.36-9, theirs 2.36-10'])
    assert.deepEqual(mergedTitles(merge(undefined, lock([bash, libc6, curl]), base)), [
      'bash 5.2-1',
      'curl 7-1',
      'libc6 2.36-9',
    ])
  })
})

describe('own debs that are locked by their relations', () => {
  const own = (fingerprint: string, parts: Partial<LockedDeb> = {}) => {
    const { sizeBytes: _, ...deb } = wantedDeb('nightly:amd64=1.0', {
      from: 'project/debs',
      needs: ['libc6'],
      ...parts,
    })
    return { ...deb, sha256: '', sizeBytes: 0, relations: fingerprint.repeat(64) }
  }
  const request = { debs: ['build/*.deb relations'] }
  const before = lock([own('a'), bash, libc6], request)

  test('have the fingerprint of the branch that changed it, and the lock keeps what says that a reader must know', async () => {
    const ours = lock([own('a'), bash, libc6Fixed], request)
    const theirs = lock([own('b'), bash, libc6], request)
    const result = merge(before, ours, theirs)
    assert.deepEqual(mergedTitles(result), ['bash 5.2-1', 'libc6 2.36-10', 'nightly 1.0'])
    const text = result.kind === 'merged' ? result.text : ''
    assert.match(text, /^features:\n {2}- "relations"$/m)
    assert.match(text, /relations: "b{64}"/)
    assert.deepEqual(
      (await readLockfile(text, 'aptroot.lock')).debs.map(deb => deb.relations?.[0]),
      [undefined, undefined, 'b'],
    )
  })

  test('that declare different things on the two branches are a conflict', () => {
    const { conflicts, text } = conflictOf(
      merge(before, lock([own('b'), bash, libc6], request), lock([own('c'), bash, libc6], request)),
    )
    assert.deepEqual(conflicts, ['nightly: both have 1.0, in different ways'])
    assert.match(text, /<{7} ours\n {8}relations: "b{64}"\n={7}\n {8}relations: "c{64}"\n>{7} theirs/)
  })

  test('are locked by their hash once one branch asks for that', () => {
    const hashed = wantedDeb('nightly:amd64=1.0', { from: 'project/debs', needs: ['libc6'] })
    const ours = lock([hashed, bash, libc6], { debs: ['build/*.deb hash'] })
    const result = merge(before, ours, lock([own('a'), bash, libc6Fixed], request))
    const text = result.kind === 'merged' ? result.text : ''
    assert.doesNotMatch(text, /relations/)
    assert.match(text, /- "build\/\*\.deb hash"/)
  })
})

describe('plain keys that this version does not know', () => {
  test('are merged with the block that holds them', async () => {
    const plain = writeLockfile(base)
    const marked = plain.replace('    debs:', '    note: "ours"\n    debs:')
    const theirs = writeLockfile(lock([bash, libc6Fixed]))
    const merged = mergeLocks(await readMergeable({ base: plain, ours: marked, theirs, fileName: 'aptroot.lock' }))
    assert.ok(merged.kind === 'merged')
    assert.match(merged.text, /"bash":.*note: "ours".*"glibc":/s)
    assert.match(merged.text, /2\.36-10/)
  })

  test('changed on both branches are a conflict, whose sides are the two texts', async () => {
    const plain = writeLockfile(base)
    const marked = (word: string) =>
      `${plain}future:\n  list:\n    - "same"\n    - "same"\n    - "${word}"\n  odd:\n     deep: "${word}"\n  end: 1\n`
    const [ours, theirs] = [marked('ours'), marked('theirs')]
    const merged = mergeLocks(await readMergeable({ base: plain, ours, theirs, fileName: 'aptroot.lock' }))
    const { text, conflicts } = conflictOf(merged)
    assert.deepEqual(conflicts, ['keys that this version of aptroot does not know'])
    assert.deepEqual(takeSides(text, 'aptroot.lock'), { base: undefined, ours, theirs })
  })
})

describe('conflict markers', () => {
  const [ours, theirs] = ['a\n', 'b\n']

  test('in the style diff3 give the base as well', () => {
    const text = `x\n<<<<<<< HEAD\n${ours}||||||| 1234567\no\n=======\n${theirs}>>>>>>> topic\ny\n`
    assert.deepEqual(takeSides(text, 'aptroot.lock'), { base: 'x\no\ny\n', ours: 'x\na\ny\n', theirs: 'x\nb\ny\n' })
  })

  test('are absent from a sound file', () => assert.equal(takeSides('x\n', 'aptroot.lock'), undefined))

  for (const [name, text] of [
    ['an end is missing', '<<<<<<< a\nx\n=======\ny\n'],
    ['an end has no beginning', 'x\n>>>>>>> b\n'],
    ['two begin', '<<<<<<< a\n<<<<<<< a\n=======\n>>>>>>> b\n'],
  ] as const)
    test(`are refused where ${name}`, () => {
      return assertFault(() => takeSides(text, 'aptroot.lock'), 'LOCK_MALFORMED')
    })
})
