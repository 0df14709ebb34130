import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { debsOfRoot, readLockfile, writeLockfile } from '../../src/lockfile/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { lockedDeb, lockWith, requestWith } from '../support/lock-values.ts'

const text = writeLockfile(
  lockWith([lockedDeb('bash:amd64=5', { root: 'wanted', needs: ['libc6'] }), lockedDeb('libc6:amd64=2')], {
    request: requestWith({ wanted: ['bash'] }),
    keys: new Map([['debian', ['A'.repeat(40)]]]),
  }),
)

describe('a lockfile from a hostile pull request is refused', () => {
  const values = [
    ['an escape sequence in a suite', '"debian/bookworm/main"', '"debian/\\u001b[2J/main"', /control characters/],
    ['an escape sequence written raw', 'base: "none"', 'base: "\u001b[2J"', /control characters/],
    ['a line break in a need', '"libc6"]', '"libc6\\nroot"]', /control characters/],
    ['a need that is no package', '"libc6"]', '"../libc6"]', /aptroot\.lock:\d+: "\.\.\/libc6" is not a package name/],
    ['a need with two architectures', '"libc6"]', '"libc6:amd64:i386"]', /is not a package name/],
    ['a root that is no architecture', '- "amd64"', '- "amd64/../.."', /is not a root such as amd64\+i386/],
    ['a day that no calendar has', '20260711T101637Z', '20260231T101637Z', /is not a time/],
    ['an hour that no day has', '20260711T101637Z', '20260711T251637Z', /is not a time/],
    ['an archive id with a slash', '  "debian":\n', '  "debian/x":\n', /is no archive id/],
    ['an origin without a suite', '"debian/bookworm/main"', '"debian"', /is not archive\/suite\/component/],
    ['a tag', 'base: "none"', 'base: !!binary "none"', /the tag .* has no place/],
    ['a folder that climbs when decoded', 'pool/main/b/bash', 'pool/%2e%2e/bash', /cannot be a folder of an archive/],
    ['a second document', /$/, '---\nlock: 1\n', /a second document begins/],
  ] as const
  for (const [what, sought, put, message] of values) {
    test(`with ${what}`, async () => {
      const damaged = text.replace(sought, put)
      assert.notEqual(damaged, text)
      await assertFault(() => readLockfile(damaged, 'aptroot.lock'), 'LOCK_MALFORMED', message)
    })
  }

  const shapes = [
    ['flow lists nested 20,000 deep', `lock: 1\nx: ${'['.repeat(20_000)}`],
    ['block lists nested 20,000 deep', `lock: 1\nx:\n ${'- '.repeat(20_000)}a`],
    [
      'maps nested 2,000 deep',
      `lock: 1\n${Array.from({ length: 2000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')} 1`,
    ],
  ] as const
  for (const [what, hostile] of shapes) {
    test(`with ${what}, although the YAML library recurses`, async () => {
      await assertFault(() => readLockfile(hostile, 'aptroot.lock'), 'LOCK_MALFORMED', /nested too deeply/)
    })
  }

  test('with 5 MB that are not canonical, since the YAML library takes hundreds of times the memory', async () => {
    const large = `lock:  1\n${'#\n'.repeat(2_500_000)}`
    await assertFault(() => readLockfile(large, 'aptroot.lock'), 'LOCK_MALFORMED', /too many to read/)
  })

  test('with one key twice among 100,000, before a comparison of each with each would end', {
    timeout: 90_000,
  }, async () => {
    const keys = Array.from({ length: 100_000 }, (_, at) => `k${at}: plain`).join('\n')
    const started = performance.now()
    await assertFault(
      () => readLockfile(`lock: 1\n${keys}\nk7: plain\n`, 'aptroot.lock'),
      'LOCK_MALFORMED',
      /aptroot\.lock:100002: the key "k7" stands here a second time/,
    )
    // Compared each with each they take minutes on an idle machine; on a busy one this takes a quarter of one.
    assert.ok(performance.now() - started < 60_000)
  })

  test('with 50,000 commas that are missing from one line, before each of them has a copy of the line', async () => {
    const start = process.cpuUsage()
    await assertFault(
      () => readLockfile(`lock: 1\nx: [${'"a" '.repeat(50_000)}]\n`, 'aptroot.lock'),
      'LOCK_MALFORMED',
      /^aptroot\.lock:2: Missing , or :/,
    )
    // Copying the line takes the system's time more than ours: 14 s against 1 s.
    const { user, system } = process.cpuUsage(start)
    assert.ok(user + system < 8_000_000, `${(user + system) / 1000} ms`)
  })

  test('where only the middle of a conflict is left', async () => {
    const left = text.replace('request:', '=======\nrequest:')
    await assertFault(() => readLockfile(left, 'aptroot.lock'), 'LOCK_CONFLICTED', /aptroot\.lock:3: /)
  })
})

describe('a key that this version does not know', () => {
  test('keeps its value when somebody indents the file by four', async () => {
    const indented = text
      .replace('  base: "none"', '  mood:\n    of: "today"\n\n    # a remark\n    is: calm\n  base: "none"')
      .replace(/^ +/gm, blanks => blanks + blanks)
    const written = writeLockfile(await readLockfile(indented, 'aptroot.lock'))
    assert.match(written, /\n {2}mood:\n {6}of: "today"\n\n {6}# a remark\n {6}is: calm\nkeys:\n/)
    assert.equal(writeLockfile(await readLockfile(written, 'aptroot.lock')), written)
  })

  test('keeps its value when somebody indents the file by one', async () => {
    const indented = text
      .replace('        sha256', '        mood: {"of": "today"}\n        sha256')
      .replace(/^ +/gm, blanks => blanks.slice(blanks.length / 2))
    const written = writeLockfile(await readLockfile(indented, 'aptroot.lock'))
    assert.match(written, /\n {8}mood: \{"of": "today"\}\n/)
    assert.equal(writeLockfile(await readLockfile(written, 'aptroot.lock')), written)
  })

  test('is refused where it shares a line, since the file could not be written again with it', async () => {
    await assertFault(
      () => readLockfile('{"lock": 1, "mood": "calm", "request": {"base": "none"}, "sources": {}}', 'aptroot.lock'),
      'LOCK_MALFORMED',
      /aptroot\.lock:1: the unknown key "mood" must stand on a line of its own/,
    )
  })
})

test('a byte order mark before the first line is no reason to refuse a lockfile', async () => {
  assert.equal(writeLockfile(await readLockfile(`\ufeff${text}`, 'aptroot.lock')), text)
})

test('a deb is never part of a root that cannot run its architecture, whatever its `roots` say', () => {
  const lock = lockWith([lockedDeb('bash:arm64=5', { roots: ['amd64'] }), lockedDeb('dash:amd64=1')])
  assert.deepEqual(
    debsOfRoot(lock, 'amd64').map(deb => deb.name),
    ['dash'],
  )
})
