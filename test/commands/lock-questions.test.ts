import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'vitest'
import { writeLockfile } from '../../src/lockfile/index.ts'
import { envelopeOf, runAptroot } from '../support/aptroot-program.ts'
import { digestOf, lockedDeb, lockWith, requestWith } from '../support/lock-values.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aptroot-lock-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const key = '4CB50190207B4758A3F73A796ED0E7B82643E131'

const before = lockWith(
  [
    lockedDeb('bash:amd64=5.2-2', { root: 'base', needs: ['libc6'] }),
    lockedDeb('libc6:amd64=2.36-9', { sourceName: 'glibc', needs: ['libgcc-s1'] }),
    // A cycle, as between libc6 and libgcc-s1 in Debian.
    lockedDeb('libgcc-s1:amd64=12.2-14', { sourceName: 'gcc-12', needs: ['libc6'] }),
    lockedDeb('libssl3:amd64=3.0.14-1', { sourceName: 'openssl', needs: ['libc6'] }),
    lockedDeb('nginx:amd64=1.22.1-9', { root: 'wanted', needs: ['libc6', 'libssl3'] }),
    lockedDeb('tzdata:all=2024a-0', { needs: [] }),
  ],
  { request: requestWith({ base: 'required', wanted: ['nginx'] }) },
)

const after = lockWith(
  [
    ...before.debs.filter(deb => !['libssl3', 'nginx', 'tzdata'].includes(deb.name)),
    lockedDeb('libssl3:amd64=3.0.15-1', {
      sourceName: 'openssl',
      needs: ['libc6'],
      from: 'debian-security/bookworm-security/main',
      sizeBytes: 2_000_000,
    }),
    lockedDeb('nginx:amd64=1.22.1-9', { root: 'wanted', needs: ['libc6', 'libssl3'], sha256: digestOf('other bytes') }),
    lockedDeb('curl:amd64=7.88.1-10', { root: 'wanted', needs: ['libc6'] }),
  ],
  { request: requestWith({ base: 'required', wanted: ['curl', 'nginx'] }), keys: new Map([['debian', [key]]]) },
)

function put(name: string, lock = before): void {
  writeFileSync(join(folder, name), writeLockfile(lock))
}

const ask = (...commandLine: string[]) => runAptroot(commandLine, { folder })

describe('lock show', () => {
  test('prints one line per deb, by name, without alignment, for git', async () => {
    put('aptroot.lock')
    const { output } = await ask('lock', 'show')
    const lines = output.trimEnd().split('\n')
    assert.equal(lines.length, 6)
    assert.equal(lines[0], `bash:amd64 5.2-2 debian/bookworm/main ${digestOf('bash:amd64=5.2-2')}`)
    assert.match(lines[5] ?? '', /^tzdata:all 2024a-0 /)
  })

  test('takes a path, as git calls a textconv with a temporary file', async () => {
    put('copy-of-blob')
    assert.equal((await ask('lock', 'show', 'copy-of-blob')).output.split('\n').length, 7)
  })

  test('ends with exit code 2 when there is no lock, or one that cannot be read', async () => {
    const missing = await ask('lock', 'show')
    assert.equal(missing.exitCode, 2)
    assert.match(
      missing.errorOutput,
      /^error: aptroot\.lock does not exist \[LOCK_MISSING\]\nhint: Run `aptroot lock update`/,
    )
    writeFileSync(join(folder, 'aptroot.lock'), '<<<<<<< ours\n')
    assert.equal(envelopeOf(await ask('lock', 'show', '--json')).fault?.code, 'LOCK_CONFLICTED')
    writeFileSync(join(folder, 'aptroot.lock'), 'lock: 99\n')
    assert.equal(envelopeOf(await ask('lock', 'show', '--json')).fault?.code, 'LOCK_TOO_NEW')
  })
})

describe('lock why', () => {
  beforeEach(() => put('aptroot.lock'))

  const unknown = '  rejected alternatives: unknown, since aptroot.yaml does not exist'

  test('shows a shortest path from what was wanted, then from the base set', async () => {
    assert.equal(
      (await ask('lock', 'why', 'libc6')).output,
      ['libc6:amd64 2.36-9', '  nginx (wanted) → libc6', '  bash (base set) → libc6', unknown, ''].join('\n'),
    )
    assert.equal(
      (await ask('lock', 'why', 'nginx')).output,
      `nginx:amd64 1.22.1-9\n  it is itself wanted\n${unknown}\n`,
    )
  })

  test('says when nothing leads to a deb', async () => {
    assert.match((await ask('lock', 'why', 'tzdata')).output, /nothing wanted leads to it/)
  })

  test('answers for each root that has the package', async () => {
    put(
      'aptroot.lock',
      lockWith([lockedDeb('nginx:amd64=1', { root: 'wanted' }), lockedDeb('nginx:arm64=1', { root: 'wanted' })], {
        request: requestWith({ architectures: ['amd64', 'arm64'], wanted: ['nginx'] }),
      }),
    )
    const { output } = await ask('lock', 'why', 'nginx')
    assert.match(output, /^nginx:amd64 1 in the root amd64$/m)
    assert.match(output, /^nginx:arm64 1 in the root arm64$/m)
    const one = envelopeOf(await ask('lock', 'why', 'nginx:arm64', '--json')).result as { reasons: unknown[] }
    assert.equal(one.reasons.length, 1)
  })

  test('names the architecture of what is foreign in a root', async () => {
    put(
      'aptroot.lock',
      lockWith(
        [
          lockedDeb('wine32:i386=8', { root: 'wanted', needs: ['libc6:i386', 'fonts'] }),
          lockedDeb('libc6:i386=2', { needs: ['mount'] }),
          lockedDeb('mount:amd64=2'),
          lockedDeb('fonts:all=1'),
        ],
        { request: requestWith({ architectures: ['amd64+i386'], wanted: ['wine32:i386'] }) },
      ),
    )
    assert.match((await ask('lock', 'why', 'mount')).output, /^ {2}wine32:i386 \(wanted\) → libc6:i386 → mount$/m)
    assert.match((await ask('lock', 'why', 'fonts')).output, /^ {2}wine32:i386 \(wanted\) → fonts$/m)
  })

  test('ends with exit code 1 for a package that is not locked, and suggests what is', async () => {
    const misspelt = await ask('lock', 'why', 'ngnix')
    assert.equal(misspelt.exitCode, 1)
    assert.match(misspelt.errorOutput, /\[LOCK_PACKAGE_ABSENT\]\nhint: Did you mean nginx\?/)
    const foreign = await ask('lock', 'why', 'nginx:i386')
    assert.match(foreign.errorOutput, /Locked are nginx:amd64/)
  })
})

describe('lock tree', () => {
  beforeEach(() => put('aptroot.lock'))

  test('spells every package out once, where it is nearest to the start, wanted first', async () => {
    assert.equal(
      (await ask('lock', 'tree')).output,
      [
        'nginx:amd64 1.22.1-9 (wanted)',
        '├── libc6:amd64 2.36-9',
        '│   └── libgcc-s1:amd64 12.2-14',
        '│       └── libc6:amd64 2.36-9 …',
        '└── libssl3:amd64 3.0.14-1',
        '    └── libc6:amd64 2.36-9 …',
        'bash:amd64 5.2-2 (base)',
        '└── libc6:amd64 2.36-9 …',
        '',
      ].join('\n'),
    )
  })

  test('turns round with --invert and ends at --depth', async () => {
    assert.equal(
      (await ask('lock', 'tree', 'libssl3', '--invert')).output,
      'libssl3:amd64 3.0.14-1\n└── nginx:amd64 1.22.1-9 (wanted)\n',
    )
    assert.equal((await ask('lock', 'tree', 'nginx', '--depth', '0')).output, 'nginx:amd64 1.22.1-9 (wanted) …\n')
    assert.equal((await ask('lock', 'tree', 'nginx', '--depth', '-1')).exitCode, 2)
  })

  test('survives a chain of thirty thousand packages', async () => {
    const length = 30_000
    const debs = Array.from({ length }, (_, at) =>
      lockedDeb(
        `p${at}:amd64=1`,
        at === 0 ? { root: 'wanted', needs: ['p1'] } : at < length - 1 ? { needs: [`p${at + 1}`] } : {},
      ),
    )
    put('aptroot.lock', lockWith(debs))
    const { output, exitCode } = await ask('lock', 'tree')
    assert.equal(exitCode, 0)
    assert.match(output.trimEnd().split('\n').at(-1) ?? '', /p200:amd64 1 …$/)
    assert.equal((await ask('lock', 'why', `p${length - 1}`)).exitCode, 0)
  })
})

describe('lock diff', () => {
  beforeEach(() => {
    put('old.lock', before)
    put('aptroot.lock', after)
  })

  test('shows trust first, then the request, then each source package by what happened to it', async () => {
    assert.equal(
      (await ask('lock', 'diff', 'old.lock')).output,
      [
        'Lock change: old.lock → aptroot.lock',
        'TRUST CHANGES. Same version with other bytes: 1; Signing key added: 1; Another origin: 1.',
        '1 source package with security fixes, 1 source package changed, 1 source package added, 1 source package removed.',
        '',
        'Trust',
        `  Same version with other bytes: nginx:amd64: 1.22.1-9, sha256 ${digestOf('nginx:amd64=1.22.1-9')} → sha256 ${digestOf('other bytes')}`,
        `  Signing key added: debian: ${key}`,
        '  Another origin: openssl: debian/bookworm/main → debian-security/bookworm-security/main (libssl3:amd64)',
        '',
        'Request',
        '  + wanted: curl',
        '',
        'Only the locks were compared: neither has a manifest beside it.',
        '',
        'Security',
        '  openssl 3.0.14-1 → 3.0.15-1: security upload, new upstream (patch); 2.0 MB to download',
        '    upgraded libssl3 [amd64], from debian/bookworm/main → debian-security/bookworm-security/main',
        '',
        'Other changes',
        '  nginx 1.22.1-9: SAME VERSION, OTHER BYTES; 1.0 kB to download',
        '    REPLACED nginx [amd64]',
        '',
        'Added',
        '  curl 7.88.1-10: 1.0 kB to download',
        '    added curl [amd64], from debian/bookworm/main, wanted',
        '',
        'Removed',
        '  tzdata 2024a-0',
        '    removed tzdata [all]: nothing needed it',
        '',
        '2.0 MB to download; installed size unknown: a lock does not say it, `--deep` opens the debs.',
        '',
      ].join('\n'),
    )
  })

  test('the other way round is a downgrade, which is a change of trust', async () => {
    const { output } = await ask('lock', 'diff', 'aptroot.lock', 'old.lock')
    assert.match(output, /^ {2}Version older than before: openssl: 3\.0\.15-1 → 3\.0\.14-1 \(libssl3:amd64\)$/m)
    assert.match(output, /DOWNGRADED libssl3 \[amd64\]/)
  })

  test('of equal locks is empty, and exit code 0 with --exit-code', async () => {
    const same = await ask('lock', 'diff', 'aptroot.lock', '--exit-code')
    assert.deepEqual([same.output.split('\n')[0], same.exitCode], ['No difference.', 0])
  })

  test('answers 1 with --exit-code only, with and without --json', async () => {
    assert.equal((await ask('lock', 'diff', 'old.lock')).exitCode, 0)
    assert.equal((await ask('lock', 'diff', 'old.lock', '--exit-code')).exitCode, 1)
    const json = await ask('lock', 'diff', 'old.lock', '--exit-code', '--json')
    const envelope = envelopeOf(json)
    assert.deepEqual(
      [json.exitCode, envelope.exitCode, envelope.ok, envelope.fault?.code],
      [1, 1, false, 'LOCK_DIFFERS'],
    )
    assert.ok(envelope.result !== undefined, 'the difference is printed all the same')
  })

  test('compares HEAD with the working tree by default', async () => {
    const git = (...words: string[]) =>
      execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...words], {
        cwd: folder,
        stdio: 'pipe',
      })
    put('aptroot.lock', before)
    git('init', '-q')
    git('add', '.')
    git('commit', '-qm', 'one')
    assert.match((await ask('lock', 'diff')).output, /^No difference\.\n/)
    put('aptroot.lock', after)
    assert.match((await ask('lock', 'diff')).output, /^ {2}openssl 3\.0\.14-1 → 3\.0\.15-1: security upload/m)
    assert.match((await ask('lock', 'diff', 'HEAD', 'HEAD')).output, /^No difference\.\n/)
  })

  test('names a side that is neither a file nor a revision', async () => {
    const result = await ask('lock', 'diff', 'nonsense')
    assert.equal(result.exitCode, 2)
    assert.match(result.errorOutput, /^error: nonsense is neither a file nor a revision/)
  })

  test('of a hostile lock shows control characters, it does not send them', async () => {
    const hostile = writeLockfile(after).replaceAll('7.88.1-10', '7.88\\e[2J')
    writeFileSync(join(folder, 'aptroot.lock'), hostile)
    const result = await ask('lock', 'diff', 'old.lock')
    assert.doesNotMatch(result.output + result.errorOutput, /\u001b/)
  })
})
