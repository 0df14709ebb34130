import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import type { LockedDeb, Lockfile } from '../../src/lockfile/index.ts'
import { type Manifest, readManifest } from '../../src/manifest/index.ts'
import { formatMarkdown, type Gate, reviewDocument, reviewLocks, stoppedBy } from '../../src/review/index.ts'
import { lockedDeb, lockWith, requestWith } from '../support/lock-values.ts'

const key = '4CB50190207B4758A3F73A796ED0E7B82643E131'
const security = { from: 'debian-security/bookworm-security/main' }
const archives = ['debian bookworm main', 'debian-security bookworm-security main']

const debs: readonly LockedDeb[] = [
  lockedDeb('libc6:amd64=2.36-9+deb12u9', { sourceName: 'glibc', root: 'base' }),
  lockedDeb('libssl3:amd64=3.0.15-1~deb12u1', { sourceName: 'openssl', needs: ['libc6'], ...security }),
  lockedDeb('nginx:amd64=1.22.1-9', { root: 'wanted', needs: ['libc6', 'libssl3'] }),
  lockedDeb('tzdata:all=2024a-0+deb12u1', { needs: [] }),
]
const base = lockWith(debs, {
  request: requestWith({ archives, wanted: ['nginx'] }),
  keys: new Map([['debian', [key]]]),
})

const text = (more = '', archive = '') => `manifest: 1
architectures: [amd64]
archives:
  - {id: debian, uri: "http://mirror.example.org/debian", suites: [bookworm], components: [main], signed-by: debian-archive}
  - {id: debian-security, uri: "http://mirror.example.org/security", suites: [bookworm-security], components: [main], signed-by: debian-archive, security: true}
${archive}base: none
packages: [nginx]
image:
  configure: none
  outputs: [{format: tar, path: out/rootfs.tar}]
${more}`

const manifest = (more = '', archive = '') => readManifest(text(more, archive), 'aptroot.yaml', 'amd64')

/** Every gate that a nightly update may be merged behind. */
const nightly: readonly Gate[] = (
  ['key', 'archive', 'hook', 'pin', 'origin', 'downgrade', 'epoch', 'stale'] as const
).map(kind => ({ kind }))

function locked(replacements: Readonly<Record<string, LockedDeb>>, parts: Partial<Lockfile> = {}): Lockfile {
  return { ...base, debs: debs.map(deb => replacements[deb.name] ?? deb), ...parts }
}

/** So many unrelated updates stand beside what a hostile request hides. */
const noise = Array.from({ length: 60 }, (_, at) => `noise${String(at).padStart(2, '0')}`)
const noisyBefore = noise.map(name => lockedDeb(`${name}:amd64=1.0-1`))
const noisyAfter = noise.map(name => lockedDeb(`${name}:amd64=1.1-1`))

async function bodyOf(after: Lockfile, manifestAfter?: Manifest) {
  const before = { name: 'HEAD', lock: { ...base, debs: [...base.debs, ...noisyBefore] }, manifest: await manifest() }
  const side = {
    name: 'aptroot.lock',
    lock: { ...after, debs: [...after.debs, ...noisyAfter] },
    manifest: manifestAfter ?? before.manifest,
  }
  const review = reviewLocks({ before, after: side })
  const markdown = formatMarkdown(reviewDocument(review), 'github')
  return { review, head: markdown.split('\n').slice(0, 20).join('\n'), stopped: stoppedBy(review, nightly) }
}

const fix = lockedDeb('libssl3:amd64=3.0.16-1~deb12u1', { sourceName: 'openssl', needs: ['libc6'], ...security })

describe('an honest request', () => {
  const honest: readonly (readonly [string, Lockfile])[] = [
    ['a security fix', locked({ libssl3: fix })],
    [
      'a point release',
      locked({ libc6: lockedDeb('libc6:amd64=2.36-9+deb12u10', { sourceName: 'glibc', root: 'base' }) }),
    ],
    [
      'a rebuild',
      locked({
        nginx: lockedDeb('nginx:amd64=1.22.1-9+b1', {
          sourceVersion: '1.22.1-9',
          root: 'wanted',
          needs: ['libc6', 'libssl3'],
        }),
      }),
    ],
    ['a deb that moves from security into main', locked({ libssl3: { ...fix, from: 'debian/bookworm/main' } })],
    ['a new dependency', { ...base, debs: [...debs, lockedDeb('libbrotli1:amd64=1.0.9-2')] }],
    ['a dependency that is gone', { ...base, debs: debs.filter(deb => deb.name !== 'tzdata') }],
    ['only noise', base],
  ]
  for (const [what, after] of honest)
    test(`with ${what} passes the gates and shows no change of trust`, async () => {
      const { review, head, stopped } = await bodyOf(after)
      assert.deepEqual(review.trust, [])
      assert.match(head, /No change of trust/)
      assert.deepEqual(stopped, [])
    })
})

describe('a hostile request', () => {
  const old = lockedDeb('libssl3:amd64=3.0.9-1', { sourceName: 'openssl', needs: ['libc6'] })

  test('that swaps in an old deb which Debian really signed once is a downgrade in the first lines, and stopped', async () => {
    const { head, stopped } = await bodyOf(locked({ libssl3: { ...old, ...security } }))
    assert.match(head, /Version older than before\*\*: `openssl`: `3\.0\.15-1~deb12u1 → 3\.0\.9-1 \(libssl3:amd64\)`/)
    assert.equal(stopped.length, 1)
  })

  test('that swaps in the hash of the old deb and keeps the version is other bytes, stopped by any gate', async () => {
    const libssl3 = debs.find(deb => deb.name === 'libssl3')
    assert.ok(libssl3)
    const { review, head, stopped } = await bodyOf(locked({ libssl3: { ...libssl3, sha256: old.sha256 } }))
    assert.match(head, /Same version with other bytes\*\*: `libssl3:amd64`/)
    assert.ok(stopped.length > 0)
    assert.equal(stoppedBy(review, [{ kind: 'size', maximumBytes: 1e12 }]).length, 1, 'whatever was asked for')
  })

  test('that adds a key is evident and stopped', async () => {
    const { head, stopped } = await bodyOf(
      locked({ libssl3: fix }, { keys: new Map([['debian', [key, 'B'.repeat(40)]]]) }),
    )
    assert.match(head, new RegExp(`Signing key added\\*\\*: \`debian\`: \`${'B'.repeat(40)}\``))
    assert.match(stopped.join('\n'), /Signing key added: debian/)
  })

  test('that slips a script into the image is evident and stopped', async () => {
    const { head, stopped } = await bodyOf(
      locked({ libssl3: fix }),
      await manifest('  files: [{source: hooks/, target: /etc}]\n'),
    )
    assert.match(head, /Files laid over the image added\*\*: `files`: `source: hooks, target: \/etc`/)
    assert.match(stopped.join('\n'), /Files laid over the image added/)
  })

  test('that adds an archive without signature is evident and stopped, even when the lock is left alone', async () => {
    const evil = '  - {id: evil, uri: "http://evil.example.org/", suites: ["./"], trusted: {reason: "ours"}}\n'
    const { head, stopped, review } = await bodyOf(base, await manifest('', evil))
    assert.match(head, /Archive without signature added\*\*: `evil`/)
    assert.ok(stopped.length > 0)
    assert.ok(review.trust.some(({ kind }) => kind === 'stale'))
  })

  test('that exchanges a key file for another is evident although no fingerprint of the lock moved', async () => {
    const other = await readManifest(
      text().replace('signed-by: debian-archive', 'signed-by: keys/mine.asc'),
      'aptroot.yaml',
      'amd64',
    )
    const { head, stopped } = await bodyOf(base, other)
    assert.match(head, /Signing key changed\*\*: `debian`: `signed by debian-archive → signed by keys\/mine\.asc`/)
    assert.ok(stopped.length > 0)
  })

  test('that hides a key behind a thousand pins still has it in the first lines', async () => {
    const pins = Array.from({ length: 1000 }, (_, at) => `package=p${at} version=1`)
    const after = locked({}, { keys: new Map([['debian', [key, 'B'.repeat(40)]]]), request: { ...base.request, pins } })
    const { head } = await bodyOf(after)
    assert.match(head, /Signing key added: 1; Pin added: 1000/)
    assert.match(head, /Signing key added\*\*: `debian`/)
  })
})

test('a deb from another archive than before is another origin, a step back in the same suite a rollback', async () => {
  const docker = { from: 'docker/bookworm/stable' }
  const moved = await bodyOf(locked({ nginx: lockedDeb('nginx:amd64=1.22.1-10', { root: 'wanted', ...docker }) }))
  assert.deepEqual(
    moved.review.trust.map(each => each.kind),
    ['origin'],
  )
  const older = { at: '20260101T000000Z', root: 'wanted' } as const
  const back = await bodyOf(locked({ nginx: lockedDeb('nginx:amd64=1.22.1-10', older) }))
  assert.deepEqual(
    back.review.trust.map(each => each.kind),
    ['rollback'],
  )
  assert.ok(back.stopped.length > 0 && moved.stopped.length > 0)
})

test('two architectures of one change are told once', async () => {
  const both = (version: string) => ['amd64', 'arm64'].map(architecture => lockedDeb(`bash:${architecture}=${version}`))
  const side = (version: string) => ({ name: version, lock: lockWith(both(version)), manifest: undefined })
  const { sources } = reviewLocks({ before: side('5.2-1'), after: side('5.2-2') })
  assert.deepEqual(
    sources[0]?.debs.map(deb => [deb.name, deb.architectures, deb.downloadBytes]),
    [['bash', ['amd64', 'arm64'], 2000]],
  )
})

test('two locks of 2,000 packages, half of each another, take a fraction of a second of computing', () => {
  const name = (at: number) => `package${at}`
  const lockAt = (version: string, first: number) =>
    lockWith(
      Array.from({ length: 2000 }, (_, at) =>
        lockedDeb(`${name(first + at)}:amd64=${version}`, {
          root: at === 0 ? 'wanted' : undefined,
          needs: at < 1999 ? [name(first + at + 1)] : [],
        }),
      ),
    )
  const [before, after] = [lockAt('1.0-1', 0), lockAt('1.1-1', 1000)]
  const startedAt = process.cpuUsage()
  const side = (lock: Lockfile) => ({ name: 'x', lock, manifest: undefined })
  const review = reviewLocks({ before: side(before), after: side(after) })
  formatMarkdown(reviewDocument(review), 'gitlab')
  const { user, system } = process.cpuUsage(startedAt)
  assert.equal(review.sources.length, 3000)
  assert.ok(user + system < 1_500_000, `${user + system} µs of processor time`)
})
