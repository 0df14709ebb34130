import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { cp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, test } from 'vitest'
import { scratchFolder } from '../support/scratch.ts'

const example = join(process.cwd(), 'examples/quickstart')
const dist = join(process.cwd(), 'dist')
const scripts = ['program', 'lock-update']

describe('The code that the build compiled', () => {
  test('is accepted by the V8 that built it, at the start and wherever the engine is untuned again', () => {
    const address = JSON.stringify(pathToFileURL(join(process.cwd(), 'bin/program.js')).href)
    for (const name of scripts.map(each => JSON.stringify(each))) {
      const asked = `import { compileProgram, readCompiledCode, tuneEngine, untuneEngine } from ${address}
const isRefused = () => compileProgram(${name}, readCompiledCode(${name})).script.cachedDataRejected
const first = isRefused()
tuneEngine()
untuneEngine()
console.log(first, isRefused())`
      const output = execFileSync(process.execPath, ['--input-type=module', '-e', asked], { encoding: 'utf8' })
      assert.equal(output, 'false false\n', name)
    }
  })

  test('belongs to scripts of ASCII alone, which are read as latin1', () => {
    for (const name of scripts) {
      const bytes = readFileSync(join(dist, `${name}.cjs`))
      assert.equal(
        bytes.findIndex(byte => byte > 0x7f),
        -1,
        name,
      )
    }
  })

  test('of `lock update` alone is what that command runs, and no other one', async () => {
    const copy = await copyOfProgram()
    await writeFile(
      join(copy, 'dist/lock-update.cjs'),
      '(function () { throw new Error("the script of lock update") })',
    )
    for (const code of codesIn(dist)) await writeFile(join(copy, 'dist', code), 'V8 compiles the script instead')
    const ranIt = (words: readonly string[]) => answerOf(copy, words).stderr.includes('the script of lock update')
    assert.deepEqual(
      [
        ['lock', 'update', '--offline'],
        ['lock', 'check'],
        ['lock', 'diff', '--help'],
      ].map(ranIt),
      [true, false, false],
    )
  })

  test("loads Node's own modules when they are needed, such as the one that starts programs", async () => {
    const checkout = await scratchFolder()
    execFileSync('git', ['init', '--quiet', checkout])
    const { status, stderr } = answerOf(process.cwd(), ['init', '--git'], checkout)
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' })
  })

  test('changes no answer: refused or absent, the program says the same', async () => {
    const copy = await copyOfProgram()
    const lines = [
      ['lock:check'],
      ['lock', 'chek'],
      ['lock', 'update', '--as-of', 'yesterday'],
      ['lock', 'update', '-h'],
    ]
    const answers = () => lines.map(words => answerOf(copy, words))
    const accepted = answers()
    assert.deepEqual(
      accepted.map(each => each.status),
      [0, 2, 2, 0],
    )
    for (const code of codesIn(dist))
      await writeFile(join(copy, 'dist', code), 'this is no code of V8, and V8 sees that')
    assert.deepEqual(answers(), accepted)
    for (const code of codesIn(dist)) await rm(join(copy, 'dist', code))
    assert.deepEqual(answers(), accepted)
  })
})

async function copyOfProgram(): Promise<string> {
  const copy = join(await scratchFolder(), 'program')
  for (const name of ['package.json', 'oclif.manifest.json', 'bin', 'dist'])
    await cp(join(process.cwd(), name), join(copy, name), { recursive: true })
  return copy
}

/** One for each script. */
function codesIn(folder: string): readonly string[] {
  const codes = readdirSync(folder).filter(name => name.endsWith('.code'))
  assert.equal(codes.length, scripts.length)
  return codes
}

function answerOf(copy: string, words: readonly string[], folder = example) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(copy, 'bin/aptroot.js'), ...words], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: copy },
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}
