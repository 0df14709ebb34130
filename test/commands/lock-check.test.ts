import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { envelopeOf, runAptroot } from '../support/aptroot-program.ts'
import { asOf, signedProject, web } from '../support/signed-project.ts'

describe('lock check', () => {
  test('of a changed manifest is no, and says line by line why', async () => {
    const { publish, want, run } = await signedProject()
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
    const { publish, want, run, read, write } = await signedProject()
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
    const { folder, publish, want, run, read, write } = await signedProject()
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
