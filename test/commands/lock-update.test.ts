import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { PrivateKey } from 'openpgp'
import { afterEach, beforeAll, beforeEach, describe, test } from 'vitest'
import { readRecordedProblem } from '../../src/resolver/index.ts'
import { envelopeOf, runAptroot } from '../support/aptroot-program.ts'
import { packagesFile, type StanzaFields } from '../support/packages-file.ts'
import { signedSuite } from '../support/signed-suite.ts'
import { makeTestKey } from '../support/signing.ts'

let folder = ''
let key: PrivateKey
beforeAll(async () => {
  key = await makeTestKey({ name: 'Archive' })
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aptroot-update-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const asOf = ['--as-of', '2026-01-20']
const run = (...commandLine: string[]) => runAptroot(commandLine, { folder })
const read = (name: string) => readFileSync(join(folder, name), 'utf8')
function write(name: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true })
  writeFileSync(join(folder, name), content)
}

/** A signed archive below `archive/`, and a manifest that wants these packages from it. */
async function publish(
  stanzas: Readonly<Record<string, StanzaFields>>,
  fields: Record<string, string> = {},
  armStanzas: Readonly<Record<string, StanzaFields>> = {},
): Promise<void> {
  const files = await signedSuite({
    indexes: { 'main/binary-amd64': packagesFile(stanzas), 'main/binary-arm64': packagesFile(armStanzas) },
    fields,
    keys: [key],
  })
  for (const [path, bytes] of Object.entries(files)) write(`archive/${path}`, bytes)
}

function want(...packages: string[]): void {
  write('keys/test.asc', key.toPublic().armor())
  write(
    'aptroot.yaml',
    `manifest: 1
architectures: [amd64]
archives:
  - id: test
    uri: file://${folder}/archive
    suites: [stable]
    components: [main]
    signed-by: keys/test.asc
base: none
packages: [${packages.join(', ')}]
image:
  configure: none
`,
  )
}

const web = { 'nginx 1.22': { Depends: 'libssl3' }, 'libssl3 3.0.14': {}, 'curl 7.88': { Depends: 'libssl3' } }

describe('lock update', () => {
  test('writes a first lock, and leaves it alone when nothing changed', async () => {
    await publish(web)
    want('nginx')
    const first = await run('lock', 'update', ...asOf)
    assert.equal(first.exitCode, 0, first.errorOutput)
    assert.match(first.output, /^Wrote aptroot\.lock: 2 debs, 2\.0 kB\.\n$/)
    const { mtimeNs } = statSync(join(folder, 'aptroot.lock'), { bigint: true })
    const second = await run('lock', 'update', ...asOf)
    assert.match(second.output, /^aptroot\.lock is up to date: 2 debs/)
    assert.equal(statSync(join(folder, 'aptroot.lock'), { bigint: true }).mtimeNs, mtimeNs)
    const check = await run('lock', 'check')
    assert.deepEqual([check.exitCode, check.output], [0, 'aptroot.lock answers aptroot.yaml: 2 debs.\n'])
  })

  test('records the problem for a report, also when there is no solution', async () => {
    await publish(web)
    want('nginx')
    const solved = await run('lock', 'update', ...asOf, '--dry-run', '--record', 'problem.json')
    assert.equal(solved.exitCode, 0, solved.errorOutput)
    const problem = readRecordedProblem(read('problem.json'), 'problem.json')
    assert.deepEqual(problem.universe.names(), ['libssl3', 'nginx'])
    assert.doesNotMatch(read('problem.json'), new RegExp(folder))
    want('nginx', '"libssl3 (>= 4)"')
    const impossible = await run('lock', 'update', ...asOf, '--record', 'reports.json')
    assert.equal(impossible.exitCode, 3)
    assert.equal(readRecordedProblem(read('reports.json'), 'reports.json').wanted.length, 2)
  })

  test('records one manifest at a time', async () => {
    for (const name of ['a.yaml', 'b.yaml']) write(name, 'manifest: 1')
    const result = await run('lock', 'update', '-f', 'a.yaml', '-f', 'b.yaml', '--record', 'problem.json')
    assert.equal(result.exitCode, 2)
    assert.match(result.errorOutput, /--record takes one manifest at a time/)
  })

  test('records each root in a file of its own', async () => {
    await publish(web)
    want('nginx')
    write(
      'aptroot.yaml',
      read('aptroot.yaml').replace('[amd64]', '[amd64, arm64]').replace('[nginx]', '["nginx [amd64]"]'),
    )
    const { exitCode, errorOutput } = await run('lock', 'update', ...asOf, '--record', 'problem.json')
    assert.equal(exitCode, 0, errorOutput)
    const problems = ['problem.amd64.json', 'problem.arm64.json'].map(name => readRecordedProblem(read(name), name))
    assert.deepEqual(
      problems.map(each => each.universe.nativeArchitecture),
      ['amd64', 'arm64'],
    )
  })

  test('shows what an update changed, and writes nothing with --dry-run', async () => {
    await publish(web)
    want('nginx')
    await run('lock', 'update', ...asOf)
    const before = read('aptroot.lock')
    await publish({ ...web, 'libssl3 3.0.15': {} })
    const dry = await run('lock', 'update', '--dry-run', '--exit-code', ...asOf)
    assert.equal(dry.exitCode, 1)
    assert.match(
      dry.output,
      /^No change of trust\.\n1 source package changed\.\n\nOther changes\n {2}libssl3 3\.0\.14 → 3\.0\.15: new upstream/,
    )
    assert.match(dry.output, /^ {4}upgraded libssl3 \[\S+\]$/m)
    assert.match(dry.output, /^Would rewrite aptroot\.lock: 2 debs/m)
    assert.match(dry.errorOutput, /\[LOCK_DIFFERS\]/)
    assert.equal(read('aptroot.lock'), before)
    const real = await run('lock', 'update', ...asOf)
    assert.deepEqual([real.exitCode, /^Rewrote aptroot\.lock/m.test(real.output)], [0, true])
    assert.notEqual(read('aptroot.lock'), before)
  })

  test('says nothing under --quiet, but with --dry-run, where the change is the answer', async () => {
    await publish(web)
    want('nginx')
    const quiet = ['lock', 'update', '--quiet', ...asOf]
    assert.equal((await run(...quiet)).output, '')
    await publish({ ...web, 'libssl3 3.0.15': {} })
    assert.match((await run(...quiet, '--dry-run')).output, /Would rewrite/)
    const { exitCode, output, errorOutput } = await run(...quiet)
    assert.deepEqual([exitCode, output, errorOutput], [0, '', ''])
    assert.match(read('aptroot.lock'), /3\.0\.15/)
  })

  test('tells the reason when there is no solution, with exit code 3 and the old lock untouched', async () => {
    await publish(web)
    want('nginx')
    await run('lock', 'update', ...asOf)
    const before = read('aptroot.lock')
    await publish({ 'nginx 1.22': { Depends: 'libssl3 (>= 4)' }, 'libssl3 3.0.14': {} })
    const result = await run('lock', 'update', ...asOf)
    assert.equal(result.exitCode, 3)
    assert.match(result.output, /nginx/)
    assert.match(result.errorOutput, /^error: no set of packages satisfies .* \[RESOLVE_NO_SOLUTION\]\nhint: /m)
    assert.equal(read('aptroot.lock'), before)
    const json = envelopeOf(await run('lock', 'update', ...asOf, '--json'))
    assert.deepEqual([json.ok, json.exitCode, json.fault?.code], [false, 3, 'RESOLVE_NO_SOLUTION'])
  })

  test('proposes the foreign architecture that a wanted name asks for, after trying it with its indexes', async () => {
    await publish(
      web,
      {},
      { 'loader 1': { Architecture: 'arm64' }, 'odd 1': { Architecture: 'arm64', Depends: 'gone' } },
    )
    want('nginx', '"loader:arm64"')
    const without = await run('lock', 'update', ...asOf)
    assert.equal(without.exitCode, 3)
    assert.match(
      without.errorOutput,
      /^hint: Add the foreign architecture: write `amd64\+arm64` instead of `amd64` in `architectures` \(checked: /m,
    )
    write('aptroot.yaml', read('aptroot.yaml').replace('[amd64]', '[amd64+arm64]'))
    const { exitCode, errorOutput } = await run('lock', 'update', ...asOf)
    assert.equal(exitCode, 0, errorOutput)
    for (const useless of ['odd:arm64', 'loader:i386']) {
      want('nginx', `"${useless}"`)
      const result = await run('lock', 'update', ...asOf)
      assert.deepEqual([result.exitCode, result.errorOutput.includes('foreign')], [3, false], result.errorOutput)
    }
  })

  test('refuses an expired Release with exit code 6, unless it is judged as of its own time', async () => {
    await publish(web, { 'Valid-Until': 'Thu, 22 Jan 2026 10:00:00 UTC' })
    want('nginx')
    const expired = await run('lock', 'update', '--json')
    assert.deepEqual([expired.exitCode, envelopeOf(expired).fault?.code], [6, 'RELEASE_EXPIRED'])
    assert.equal((await run('lock', 'update', ...asOf)).exitCode, 0)
  })

  test('takes an archive from the mirror that a flag or a variable names', async () => {
    await publish(web)
    want('nginx')
    write('aptroot.yaml', read('aptroot.yaml').replace(`file://${folder}/archive`, 'http://127.0.0.1:9/debian'))
    const mirror = `test=file://${folder}/archive`
    assert.equal((await run('lock', 'update', ...asOf, '--mirror', mirror)).exitCode, 0)
    const lock = read('aptroot.lock')
    const environment = { APTROOT_MIRRORS: mirror }
    const again = await runAptroot(['lock', 'update', ...asOf], { folder, environment })
    assert.equal(again.exitCode, 0, again.errorOutput)
    assert.equal(read('aptroot.lock'), lock)
    const wrong = await run('lock', 'update', '--mirror', 'test', '--json')
    assert.deepEqual([wrong.exitCode, envelopeOf(wrong).fault?.code], [2, 'SETTINGS_INVALID'])
  })

  test('works on several manifests in one run', async () => {
    await publish(web)
    want('nginx')
    write('web.aptroot.yaml', read('aptroot.yaml').replace('[nginx]', '[curl]'))
    const result = await run('lock', 'update', '--all', ...asOf, '--json')
    const { locks } = envelopeOf(result).result as { locks: { lockName: string; outcome: string }[] }
    assert.deepEqual(
      locks.map(each => [each.lockName, each.outcome]),
      [
        ['aptroot.lock', 'created'],
        ['web.aptroot.lock', 'created'],
      ],
    )
    assert.equal((await run('lock', 'check', '-f', 'aptroot.yaml', '-f', 'web.aptroot.yaml')).exitCode, 0)
  })

  test('refuses times that are none', async () => {
    for (const flag of ['--as-of', '--snapshot']) {
      const result = await run('lock', 'update', flag, 'yesterday', '--json')
      assert.deepEqual([result.exitCode, envelopeOf(result).fault?.code], [2, 'USAGE_INVALID'])
    }
  })
})

describe('lock check', () => {
  test('of a changed manifest is no, and says line by line why', async () => {
    await publish(web)
    want('nginx')
    await run('lock', 'update', ...asOf)
    want('nginx', 'curl')
    const result = await run('lock', 'check')
    assert.equal(result.exitCode, 1)
    assert.match(result.output, /^ {2}\+ wanted: curl$/m)
    assert.match(result.errorOutput, /\[LOCK_STALE\]\nhint: Run `aptroot lock update`/)
    const json = await run('lock', 'check', '--json')
    const envelope = envelopeOf(json)
    assert.deepEqual([json.exitCode, envelope.exitCode, envelope.fault?.code], [1, 1, 'LOCK_STALE'])
  })

  test('of a lock that was edited by hand is no', async () => {
    await publish(web)
    want('nginx')
    await run('lock', 'update', ...asOf)
    write('aptroot.lock', read('aptroot.lock').replace('needs: ["libssl3"]', 'needs: ["libssl4"]'))
    const result = await run('lock', 'check')
    assert.equal(result.exitCode, 1)
    assert.match(result.output, /needs libssl4, which is not locked/)
    assert.match(result.errorOutput, /\[LOCK_INCONSISTENT\]/)
  })

  test('loads neither OpenPGP, nor HTTP, nor YAML, nor the whole command line parser', async () => {
    await publish(web)
    want('nginx')
    await run('lock', 'update', ...asOf)
    const trace = join(folder, 'loaded.txt')
    write(
      'trace.mjs',
      `import { appendFileSync } from 'node:fs'
export async function load(url, context, next) {
  const loaded = await next(url, context)
  if (url.startsWith('file:')) appendFileSync(${JSON.stringify(trace)}, String(loaded.source ?? '').slice(0, 20_000_000) + '\\n')
  return loaded
}`,
    )
    // The compiled program is one script: without it the modules show what a command asks for.
    write(
      'register.mjs',
      `import fs from 'node:fs'
import { register, syncBuiltinESMExports } from 'node:module'
const read = fs.readFileSync
fs.readFileSync = (path, ...rest) => {
  if (String(path).endsWith('.code')) throw new Error('no compiled code')
  return read(path, ...rest)
}
syncBuiltinESMExports()
register('./trace.mjs', import.meta.url)
`,
    )
    const result = await runAptroot(['lock', 'check'], {
      folder,
      environment: { NODE_OPTIONS: `--import ${join(folder, 'register.mjs')}` },
    })
    assert.equal(result.exitCode, 0, result.errorOutput)
    const loaded = read('loaded.txt')
    assert.ok(loaded.includes('src/workflows/check-lock.ts'), 'nothing was traced')
    assert.ok(!loaded.includes('node_modules/@oclif/'), 'oclif was loaded')
    assert.ok(!loaded.includes('node_modules/yaml/'), 'yaml was loaded')
    assert.ok(!loaded.includes('node_modules/openpgp/'), 'openpgp was loaded')
    assert.ok(!loaded.includes('node_modules/undici/'), 'undici was loaded')
  })
})

describe('lock why after an update', () => {
  const mail = {
    'app 1': { Depends: 'exim4 | postfix, mail-reader, awk' },
    'exim4 4': { Conflicts: 'legacy' },
    'postfix 3': {},
    'legacy 1': {},
    'mail-reader 2': {},
    'mutt 1': { Provides: 'mail-reader' },
    'mawk 1': { Provides: 'awk', Priority: 'required' },
    'original-awk 1': { Provides: 'awk' },
  }

  test('says which alternatives were rejected, from the indexes in the store, with the archive gone', async () => {
    await publish(mail)
    want('app')
    assert.equal((await run('lock', 'update', ...asOf)).exitCode, 0)
    rmSync(join(folder, 'archive'), { recursive: true })
    assert.equal(
      (await run('lock', 'why', 'exim4')).output,
      [
        'exim4:amd64 4',
        '  app (wanted) → exim4',
        '  rejected alternatives:',
        '    app:amd64=1 (Depends) asks for exim4 | postfix: exim4:amd64=4 was taken',
        '      not postfix:amd64=3: comes later in the or-group',
        '',
      ].join('\n'),
    )
    assert.match(
      (await run('lock', 'why', 'mawk')).output,
      /not original-awk:amd64=1: provider order: Priority required of mawk comes before none/,
    )
    const json = envelopeOf(await run('lock', 'why', 'mail-reader', '--json')).result as {
      reasons: { alternatives: { kind: string; groups: { rejected: { reason: string }[] }[] } }[]
    }
    assert.equal(json.reasons[0]?.alternatives.kind, 'known')
    assert.deepEqual(
      json.reasons[0]?.alternatives.groups.map(each => each.rejected.map(({ reason }) => reason)),
      [['provider-order']],
    )
  })

  test('says that they are unknown with an empty store, a changed manifest, or indexes of another day', async () => {
    await publish(mail)
    want('app')
    assert.equal((await run('lock', 'update', ...asOf)).exitCode, 0)
    const why = async (...flags: string[]) => (await run('lock', 'why', 'exim4', ...flags)).output
    assert.match(
      await why('--store', join(folder, 'empty')),
      /rejected alternatives: unknown, since the store has no Release/,
    )
    const lock = read('aptroot.lock')
    await publish({ ...mail, 'app 2': { Depends: 'exim4' } })
    assert.equal((await run('lock', 'update', ...asOf)).exitCode, 0)
    write('aptroot.lock', lock.replace('"1"', '"0.9"'))
    assert.match(
      await why(),
      /unknown, since the indexes in the store are not those of the lock: they do not list app 0\.9/,
    )
    want('app', 'mutt')
    assert.match(await why(), /rejected alternatives: unknown, since aptroot\.lock/)
  })
})
