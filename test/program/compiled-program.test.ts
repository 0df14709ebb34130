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

describe('The code that the build compiled', () => {
  test('is accepted by the V8 that built it, at the start and wherever the engine is untuned again', () => {
    const address = JSON.stringify(pathToFileURL(join(process.cwd(), 'bin/program.js')).href)
    const asked = `import { compileProgram, readCompiledCode, tuneEngine, untuneEngine } from ${address}
const isRefused = () => compileProgram(readCompiledCode()).script.cachedDataRejected
const first = isRefused()
tuneEngine()
untuneEngine()
console.log(first, isRefused())`
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', asked], { encoding: 'utf8' })
    assert.equal(output, 'false false\n')
  })

  test('belongs to a script of ASCII alone, which is read as latin1', () => {
    const bytes = readFileSync(join(dist, 'program.cjs'))
    assert.equal(
      bytes.findIndex(byte => byte > 0x7f),
      -1,
    )
  })

  test("loads Node's own modules when they are needed, such as the one that starts programs", async () => {
    const checkout = await scratchFolder()
    execFileSync('git', ['init', '--quiet', checkout])
    const { status, stderr } = answerOf(process.cwd(), ['init', '--git'], checkout)
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' })
  })

  test('changes no answer: refused or absent, the program says the same', async () => {
    const copy = join(await scratchFolder(), 'program')
    for (const name of ['package.json', 'oclif.manifest.json', 'bin', 'dist'])
      await cp(join(process.cwd(), name), join(copy, name), { recursive: true })
    const [code = ''] = readdirSync(dist).filter(name => name.endsWith('.code'))
    const lines = [['lock:check'], ['lock', 'chek']]
    const answers = () => lines.map(words => answerOf(copy, words))
    const accepted = answers()
    assert.deepEqual(
      accepted.map(each => each.status),
      [0, 2],
    )
    await writeFile(join(copy, 'dist', code), 'this is no code of V8, and V8 sees that')
    assert.deepEqual(answers(), accepted)
    await rm(join(copy, 'dist', code))
    assert.deepEqual(answers(), accepted)
  })
})

function answerOf(copy: string, words: readonly string[], folder = example) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(copy, 'bin/aptroot.js'), ...words], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: copy },
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}
