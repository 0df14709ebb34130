import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import { type LockedDeb, type Lockfile, readLockfile, writeLockfile } from '../../src/lockfile/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { digestOf, lockedDeb, lockWith, requestWith } from '../support/lock-values.ts'

const example = lockWith(
  [
    lockedDeb('ca-certificates:all=20230311+deb12u1', { root: 'wanted', needs: ['openssl', 'debconf'] }),
    lockedDeb('debconf:all=1.5.82'),
    lockedDeb('openssl:amd64=3.0.15-1~deb12u1', { needs: ['libssl3'] }),
    lockedDeb('libssl3:amd64=3.0.15-1~deb12u1', { sourceName: 'openssl', sizeBytes: 2_022_000 }),
    lockedDeb('bash:amd64=5.2.15-2+b13', { sourceVersion: '5.2.15-2', root: 'base' }),
  ],
  {
    request: requestWith({ base: 'required', wanted: ['ca-certificates'], exclude: ['usrmerge'] }),
    keys: new Map([['debian', ['A'.repeat(40)]]]),
  },
)

describe('the text of a lockfile', () => {
  test('groups debs by source, quotes every string and says once what a source shares', () => {
    const text = writeLockfile(example)
    assert.equal(
      text.slice(0, text.indexOf('  "ca-certificates":\n')),
      `# Written by aptroot; read the change with \`aptroot lock diff\`, change it with \`aptroot lock update\`.
lock: 1
request:
  architectures:
    - "amd64"
  archives:
    - "debian bookworm main"
  base: "required"
  recommends: false
  wanted:
    - "ca-certificates"
  exclude:
    - "usrmerge"
keys:
  "debian":
    - "${'A'.repeat(40)}"
sources:
  "bash":
    version: "5.2.15-2"
    from: "debian/bookworm/main"
    at: "20260711T101637Z"
    directory: "pool/main/b/bash"
    debs:
      "bash:amd64":
        version: "5.2.15-2+b13"
        sha256: "${digestOf('bash:amd64=5.2.15-2+b13')}"
        size: 1000
        root: "base"
`,
    )
    assert.match(text, /needs: \["debconf", "openssl"\]\n/)
    assert.equal(text.match(/"openssl":\n {4}version/g)?.length, 1, 'one block for both debs of openssl')
  })

  test('is read back to the same value', async () => {
    const read = await readLockfile(writeLockfile(example), 'aptroot.lock')
    assert.equal(writeLockfile(read), writeLockfile(example))
    assert.deepEqual(read.request, example.request)
    assert.deepEqual([...read.keys], [...example.keys])
    assert.equal(read.debs.length, example.debs.length)
    assert.deepEqual(
      read.debs.find(deb => deb.name === 'libssl3'),
      example.debs.find(deb => deb.name === 'libssl3'),
    )
  })

  test('does not change what debs of a source have when more of it are locked later, however many', () => {
    const first = lockedDeb('libc6:amd64=2', { sourceName: 'glibc', at: '20260101T000000Z' })
    const later = ['libc-bin', 'libc-l10n', 'locales'].map(name =>
      lockedDeb(`${name}:amd64=2`, {
        sourceName: 'glibc',
        at: '20260601T000000Z',
        from: 'debian/bookworm-updates/main',
        directory: 'pool/updates/g/glibc',
      }),
    )
    const before = writeLockfile(lockWith([first])).split('\n')
    const after = writeLockfile(lockWith([first, ...later])).split('\n')
    assert.deepEqual(
      before.filter(line => !after.includes(line)),
      [],
    )
    assert.equal(after.length - before.length, 3 * 6)
  })

  test('keeps two versions of one source apart', async () => {
    const lock = lockWith([
      lockedDeb('libpng16-16:amd64=1.6-1', { sourceName: 'libpng' }),
      lockedDeb('libpng16-16:arm64=1.6-2', { sourceName: 'libpng' }),
    ])
    const text = writeLockfile(lock)
    assert.match(text, / {2}"libpng 1\.6-1":\n[\s\S]* {2}"libpng 1\.6-2":\n/)
    assert.equal(writeLockfile(await readLockfile(text, 'x')), text)
  })

  test('names a file only where the archive names it otherwise than by name, version and architecture', () => {
    assert.doesNotMatch(writeLockfile(example), /file:/)
    assert.match(writeLockfile(lockWith([lockedDeb('vim:amd64=2:9-1', { file: 'vim.deb' })])), /file: "vim\.deb"/)
  })

  test('that adds a deb to a source later leaves the lines of the others alone', () => {
    const old = lockedDeb('openssl:amd64=3-1', { at: '20250101T000000Z' })
    const added = lockedDeb('libssl3:amd64=3-1', { sourceName: 'openssl', at: '20260101T000000Z' })
    const before = writeLockfile(lockWith([old])).split('\n')
    const after = writeLockfile(lockWith([old, added])).split('\n')
    assert.deepEqual(
      before.filter(line => !after.includes(line)),
      [],
    )
    assert.equal(after.length - before.length, 4, 'key, at, sha256, size')
  })

  test('may have CRLF line ends', async () => {
    const text = writeLockfile(example)
    assert.equal(writeLockfile(await readLockfile(text.replaceAll('\n', '\r\n'), 'aptroot.lock')), text)
  })

  test('may be rearranged by a formatter, with the same meaning', async () => {
    const text = writeLockfile(example)
      .replace(/^# .*\n/, '')
      .replace('    - "usrmerge"', "    - 'usrmerge'  # why not")
      .replaceAll('["debconf", "openssl"]', '[ "debconf",\n            "openssl" ]')
    assert.equal(writeLockfile(await readLockfile(text, 'aptroot.lock')), writeLockfile(example))
  })

  test('keeps plain keys that this version does not know, where they were', async () => {
    const text = writeLockfile(example)
      .replace('        root: "wanted"\n', '        root: "wanted"\n')
      .replace('  exclude:\n    - "usrmerge"\n', '  exclude:\n    - "usrmerge"\n  mood: "calm"\n')
      .replace('    directory: "pool/main/d/debconf"\n', '    directory: "pool/main/d/debconf"\n    urgency: "low"\n')
      .concat('notes:\n  by: "someone"\n')
    assert.equal(writeLockfile(await readLockfile(text, 'aptroot.lock')), text)
  })
})

describe('a property of every lockfile', () => {
  const word = fc.stringMatching(/^[a-z][a-z0-9+.-]{1,6}$/)
  const version = fc.stringMatching(/^[0-9]{1,3}(\.[0-9]{1,2})?-[0-9]{1,2}(\+b[0-9])?$/)
  const deb = fc
    .record({
      name: word,
      architecture: fc.constantFrom('all', 'amd64', 'arm64'),
      version,
      sourceName: word,
      sourceVersion: version,
      sizeBytes: fc.integer({ min: 1, max: 2 ** 40 }),
      at: fc.constantFrom('20250101T000000Z', '20260101T000000Z'),
      from: fc.constantFrom('debian/bookworm/main', 'security/bookworm-security/updates/main', 'flat/./'),
      directory: fc.constantFrom('', 'pool/main/x', 'pool/y'),
      file: fc.option(fc.constant('odd_name.deb'), { nil: undefined }),
      root: fc.constantFrom('wanted' as const, 'base' as const, undefined),
      roots: fc.constantFrom(['amd64'], undefined),
      needs: fc.uniqueArray(word, { maxLength: 3 }),
    })
    .map((parts): LockedDeb => lockedDeb(`${parts.name}:${parts.architecture}=${parts.version}`, parts))
  const lock = fc
    .record({
      debs: fc.uniqueArray(deb, {
        selector: each => `${each.sourceName} ${each.sourceVersion} ${each.name}:${each.architecture}`,
        maxLength: 12,
      }),
      wanted: fc.uniqueArray(fc.string({ maxLength: 8 }), { maxLength: 3 }),
      recommends: fc.oneof(fc.boolean(), fc.uniqueArray(word, { maxLength: 2 })),
      sameVersion: fc.oneof(fc.boolean(), fc.uniqueArray(word, { maxLength: 2 })),
      phasedUpdates: fc.constantFrom('always', 'never'),
    })
    .map(({ debs, ...request }): Lockfile => lockWith(debs, { request: requestWith(request) }))

  test('is that writing what was read gives the same bytes', async () => {
    await fc.assert(
      fc.asyncProperty(lock, async value => {
        const text = writeLockfile(value)
        const read = await readLockfile(text, 'aptroot.lock')
        assert.equal(writeLockfile(read), text)
        assert.deepEqual(read.request.wanted, value.request.wanted.toSorted())
      }),
      { seed: 20261120, numRuns: 200 },
    )
  })

  test('is that the order of its lists does not matter', () => {
    fc.assert(
      fc.property(lock, value => {
        const { request } = value
        const reversed = {
          ...value,
          debs: value.debs.toReversed(),
          request: { ...request, wanted: request.wanted.toReversed() },
        }
        assert.equal(writeLockfile(reversed), writeLockfile(value))
      }),
      { seed: 20261120, numRuns: 200 },
    )
  })

  test('is that a YAML library reads the same value from it as our own reader', async () => {
    await fc.assert(
      fc.asyncProperty(lock, async value => {
        const text = writeLockfile(value)
        // A flow map is YAML that only the library reads.
        const throughLibrary = await readLockfile(
          `${text}extra: {}\n`.replace('extra: {}', 'extra: {a: 1}'),
          'aptroot.lock',
        )
        assert.equal(writeLockfile({ ...throughLibrary, unknown: new Map() }), text)
      }),
      { seed: 20261120, numRuns: 50 },
    )
  })

  test('is that any damage gives a fault or another lockfile, never another error', async () => {
    const text = writeLockfile(example)
    await fc.assert(
      fc.asyncProperty(
        fc.nat(text.length - 1),
        fc.constantFrom('', ' ', '"', '\n', ':', '-', '\t', '{', '&'),
        async (at, put) => {
          const damaged = text.slice(0, at) + put + text.slice(at + 1)
          const outcome = await readLockfile(damaged, 'aptroot.lock').then(
            () => 'read',
            (error: { code?: string }) => error.code,
          )
          assert.ok(['read', 'LOCK_MALFORMED', 'LOCK_TOO_NEW'].includes(String(outcome)), `${at} ${put}: ${outcome}`)
        },
      ),
      { seed: 20261120, numRuns: 400 },
    )
  })
})

describe('a lockfile is refused', () => {
  const text = writeLockfile(example)
  const cases = [
    [
      'with a version that lost its quotes',
      text.replace('version: "1.5.82"', 'version: 1.5'),
      /aptroot\.lock:\d+: a quoted string was expected, not "1\.5"/,
    ],
    ['with a digest of another length', text.replace(/sha256: "../, 'sha256: "'), /64 lower-case hex digits/],
    ['with a size that is no number', text.replace('size: 2022000', 'size: "big"'), /whole number of bytes/],
    [
      'with a folder outside the archive',
      text.replace('pool/main/d/debconf', '../../etc'),
      /cannot be a folder of an archive/,
    ],
    ['without a digest', text.replace(/ {8}sha256: .*\n/, ''), /`sha256:` is missing/],
    [
      'with the same key twice',
      text.replace('  base: "required"', '  base: "required"\n  base: "none"'),
      /aptroot\.lock:\d+: /,
    ],
    ['that is empty', '', /aptroot\.lock:1: /],
    ['that is a list', '- a\n', /a lockfile is a map/],
    ['with an alias', text.replace('"required"', '&a "required"'), /anchors and aliases/],
    ['with a fingerprint that is none', text.replace('A'.repeat(40), 'cafe'), /no key fingerprint/],
    ['whose key and version disagree', text.replace('  "debconf":\n', '  "debconf 9":\n'), /disagree/],
  ] as const
  for (const [what, damaged, message] of cases) {
    test(`${what}`, async () => {
      assert.notEqual(damaged, text)
      await assertFault(() => readLockfile(damaged, 'aptroot.lock'), 'LOCK_MALFORMED', message)
    })
  }

  test('of a greater format', async () => {
    await assertFault(
      () => readLockfile(text.replace('lock: 1', 'lock: 2'), 'aptroot.lock'),
      'LOCK_TOO_NEW',
      /format 2/,
    )
  })

  test('that requires a feature this version lacks', async () => {
    const demanding = text.replace('lock: 1\n', 'lock: 1\nfeatures:\n  - "layers"\n')
    await assertFault(() => readLockfile(demanding, 'aptroot.lock'), 'LOCK_TOO_NEW', /layers/)
  })

  test('with conflict markers of a merge, which are named as such', async () => {
    const conflicted = text.replace('  "debconf":', '<<<<<<< ours\n  "debconf":\n=======\n>>>>>>> theirs')
    await assertFault(
      () => readLockfile(conflicted, 'aptroot.lock'),
      'LOCK_CONFLICTED',
      /aptroot\.lock:\d+: .*conflict markers/,
    )
  })
})
