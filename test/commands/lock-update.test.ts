import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { readRecordedProblem } from '../../src/resolver/index.ts'
import { envelopeOf, runAptroot } from '../support/aptroot-program.ts'
import { asOf, signedProject, web } from '../support/signed-project.ts'

describe('lock update', () => {
  test('writes a first lock, and leaves it alone when nothing changed', async () => {
    const { folder, publish, want, run } = await signedProject()
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
    const { folder, publish, want, run, read } = await signedProject()
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
    const { run, write } = await signedProject()
    for (const name of ['a.yaml', 'b.yaml']) write(name, 'manifest: 1')
    const result = await run('lock', 'update', '-f', 'a.yaml', '-f', 'b.yaml', '--record', 'problem.json')
    assert.equal(result.exitCode, 2)
    assert.match(result.errorOutput, /--record takes one manifest at a time/)
  })

  test('records each root in a file of its own', async () => {
    const { publish, want, run, read, write } = await signedProject()
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
    const { publish, want, run, read } = await signedProject()
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
    const { publish, want, run, read } = await signedProject()
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
    const { publish, want, run, read } = await signedProject()
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
    const { publish, want, run, read, write } = await signedProject()
    const arm64 = { 'loader 1': { Architecture: 'arm64' }, 'odd 1': { Architecture: 'arm64', Depends: 'gone' } }
    await publish(web, { arm64 })
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
    const { publish, want, run } = await signedProject()
    await publish(web, { fields: { 'Valid-Until': 'Thu, 22 Jan 2026 10:00:00 UTC' } })
    want('nginx')
    const expired = await run('lock', 'update', '--json')
    assert.deepEqual([expired.exitCode, envelopeOf(expired).fault?.code], [6, 'RELEASE_EXPIRED'])
    assert.equal((await run('lock', 'update', ...asOf)).exitCode, 0)
  })

  test('takes an archive from the mirror that a flag or a variable names', async () => {
    const { folder, publish, want, run, read, write } = await signedProject()
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
    const { publish, want, run, read, write } = await signedProject()
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
    const { run } = await signedProject()
    for (const flag of ['--as-of', '--snapshot']) {
      const result = await run('lock', 'update', flag, 'yesterday', '--json')
      assert.deepEqual([result.exitCode, envelopeOf(result).fault?.code], [2, 'USAGE_INVALID'])
    }
  })
})
