import assert from 'node:assert/strict'
import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { startProgram } from '../support/child-program.ts'
import { scratchFolder } from '../support/scratch.ts'

const root = join(import.meta.dirname, '../..')
const example = join(root, 'examples/quickstart')

/** `TMPDIR` of its own, so that what is left behind shows. */
async function runQuickstart(...words: readonly string[]) {
  const temporary = await scratchFolder()
  const script = join(root, 'scripts/quickstart.mjs')
  const result = await startProgram('env', [`TMPDIR=${temporary}`, process.execPath, script, ...words]).ended()
  return { ...result, left: await readdir(temporary) }
}

/** The example with one file changed. */
async function changedExample(name: string, change: (text: string) => string): Promise<string> {
  const folder = await scratchFolder()
  await cp(example, folder, { recursive: true })
  const text = await readFile(join(folder, name), 'utf8')
  assert.notEqual(change(text), text, 'the change changes something')
  await writeFile(join(folder, name), change(text))
  return folder
}

// Each run starts the program half a dozen times.
describe('the quick start', { timeout: 60_000 }, () => {
  test('gives the committed lock, difference and digests, without a network, and leaves nothing behind', async () => {
    const { status, output, errorOutput, left } = await runQuickstart()
    assert.equal(status, 0, output + errorOutput)
    assert.match(output, /the same bytes as on any other machine/)
    assert.deepEqual(left, [])
  })

  test('fails on a lock that was changed by hand, names the line, and leaves nothing behind', async () => {
    const folder = await changedExample('aptroot.lock', text => text.replace('"1.22.1-9"', '"1.22.1-8"'))
    const { status, errorOutput, left } = await runQuickstart(folder)
    assert.equal(status, 1)
    assert.match(
      errorOutput,
      /^quick start: aptroot\.lock differs from the committed one in line \d+: it has ".*1\.22\.1-9"/m,
    )
    assert.deepEqual(left, [])
  })

  test('fails on digests that are not the stated ones, and names them', async () => {
    const folder = await changedExample('README.md', text => text.replaceAll(/sha256:[0-9a-f]/g, 'sha256:x'))
    const { status, errorOutput } = await runQuickstart(folder)
    assert.equal(status, 1)
    assert.match(errorOutput, /^quick start: the example's README\.md does not show what was printed:$/m)
    // Two architectures, before and after the update: whoever has to bring the page up to date sees all of them at once.
    assert.equal(errorOutput.match(/^a(md|rm)64: .* tree sha256:[0-9a-f]{64}$/gm)?.length, 4)
  })

  test('uses the public half of the key that signs the demo archive', async () => {
    const [used, made] = await Promise.all(
      [join(example, 'keys/demo-archive.asc'), join(root, 'fixtures/keys/demo-archive.asc')].map(path =>
        readFile(path, 'utf8'),
      ),
    )
    assert.equal(used, made)
  })
})
