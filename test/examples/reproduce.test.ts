import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { startProgram } from '../support/child-program.ts'
import { scratchFolder } from '../support/scratch.ts'

const script = join(import.meta.dirname, '../../scripts/reproduce.mjs')

/** Stands for aptroot: `leak` is an expression that ends up in the tar of arm64. */
async function packageThatLeaks(leak: string): Promise<string> {
  const folder = await scratchFolder()
  await mkdir(join(folder, 'bin'))
  await writeFile(join(folder, 'package.json'), '{"type": "module"}')
  await writeFile(
    join(folder, 'bin/aptroot.js'),
    `import { mkdirSync, writeFileSync } from 'node:fs'
const [, , , verb] = process.argv
if (verb === 'update') writeFileSync('aptroot.lock', 'lock: 1')
if (verb === 'install')
  for (const architecture of ['amd64', 'arm64']) {
    mkdirSync('out/' + architecture, { recursive: true })
    writeFileSync('out/' + architecture + '/rootfs.tar', architecture === 'arm64' ? String(${leak}) : '')
    console.log(architecture + ': 1 debs, tree sha256:' + '0'.repeat(64))
  }
`,
  )
  return folder
}

async function reproduce(packageFolder: string) {
  return startProgram('env', ['CI=', process.execPath, script, packageFolder]).ended()
}

// That aptroot itself passes is checked by `npm run reproduce`, which builds the example a dozen times.
describe('the comparison of surroundings', { timeout: 60_000 }, () => {
  const leaks = [
    ['new Date(0).getTimezoneOffset()', 'TZ=Pacific/Kiritimati', 'local time in a header'],
    ['process.env.LC_ALL', 'LC_ALL=tr_TR.UTF-8', 'an order or a case that depends on the locale'],
    ['process.umask()', 'umask 077', 'modes taken from files on this host'],
    ['process.cwd().includes("plain")', 'another folder', 'a path of this host'],
    ['process.env.SOURCE_DATE_EPOCH', 'SOURCE_DATE_EPOCH=1', 'a date from the environment'],
  ] as const
  test('fails on every leak, and says which surroundings show it', async () => {
    // One run for all: each of these surroundings differs from the usual one in nothing but what its leak looks at.
    const all = `[${leaks.map(([leak]) => leak).join(', ')}]`
    const { status, output, errorOutput } = await reproduce(await packageThatLeaks(all))
    assert.equal(status, 1, output + errorOutput)
    assert.match(errorOutput, /^reproduce: other bytes than as usual$/m)
    for (const [, surrounding, why] of leaks)
      assert.ok(errorOutput.includes(`  ${surrounding}: tar arm64\n`), `${why}: ${errorOutput}`)
    assert.doesNotMatch(errorOutput, /HOME=/, 'no leak looks at HOME')
  })

  test('passes when all bytes are the same, and says what it compared', async () => {
    const { status, output, errorOutput } = await reproduce(await packageThatLeaks("''"))
    assert.equal(status, 0, output + errorOutput)
    assert.match(output, /^\d+ of 13 surroundings were built in and gave the same bytes\.$/m)
  })

  test('fails when the program does, with what it said', async () => {
    const { status, errorOutput } = await reproduce(await packageThatLeaks('undefined.x'))
    assert.equal(status, 1)
    assert.match(errorOutput, /^reproduce: as usual: aptroot lock install ended with exit code 1$/m)
  })
})
