import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { afterEach, beforeEach, describe, test } from 'vitest'
import { type Lockfile, writeLockfile } from '../../src/lockfile/index.ts'
import type { Review } from '../../src/review/index.ts'
import { envelopeOf, runAptroot } from '../support/aptroot-program.ts'
import { lockedDeb, lockWith, requestWith } from '../support/lock-values.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aptroot-diff-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const request = requestWith({ wanted: ['nginx'] })
const nginx = (version: string) => lockedDeb(`nginx:amd64=${version}`, { root: 'wanted' })
const manifest = (more = '') => `manifest: 1
architectures: [amd64]
archives:
  - {id: debian, uri: "http://mirror.example.org/debian", suites: [bookworm], components: [main], signed-by: debian-archive}
base: none
packages: [nginx]
image:
  configure: none
  outputs: [{format: tar, path: out/rootfs.tar}]
${more}`

function put(name: string, lock: Lockfile, text?: string): void {
  writeFileSync(join(folder, `${name}.lock`), writeLockfile(lock))
  if (text !== undefined) writeFileSync(join(folder, `${name}.yaml`), text)
}
const ask = (...commandLine: string[]) => runAptroot(['lock', 'diff', ...commandLine], { folder })
const lockOf = (version: string, parts: Partial<Lockfile> = {}) => lockWith([nginx(version)], { request, ...parts })
const git = (...words: string[]) =>
  execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...words], {
    cwd: folder,
    stdio: 'pipe',
  })

describe('lock diff --fail-on', () => {
  test('ends with exit code 9 and says why, with and without --json', async () => {
    put('old', lockOf('1.22-2'), manifest())
    put('aptroot', lockOf('1.22-1'), manifest())
    const text = await ask('old.lock', '--fail-on', 'key,downgrade')
    assert.equal(text.exitCode, 9)
    assert.match(text.errorOutput, /Version older than before: nginx \[REVIEW_GATE\]/)
    const json = envelopeOf(await ask('old.lock', '--fail-on', 'downgrade', '--json'))
    assert.deepEqual([json.exitCode, json.ok, json.fault?.code], [9, false, 'REVIEW_GATE'])
    assert.ok(json.result !== undefined, 'the review is printed all the same')
    assert.equal((await ask('old.lock', '--fail-on', 'key,archive,hook,epoch')).exitCode, 0)
    assert.equal((await ask('old.lock')).exitCode, 0)
  })

  test('stops at a size, and refuses words it does not know', async () => {
    put('old', lockOf('1.22-1'))
    put('aptroot', lockOf('1.22-2'))
    assert.equal((await ask('old.lock', '--fail-on', 'size=999')).exitCode, 9)
    assert.equal((await ask('old.lock', '--fail-on', 'size=1k')).exitCode, 0)
    const unknown = await ask('old.lock', '--fail-on', 'keys')
    assert.equal(unknown.exitCode, 2)
    assert.match(unknown.errorOutput, /--fail-on has "keys".*\nhint: Did you mean key\?/)
  })

  test('does not pass what it cannot judge: a manifest on one side only', async () => {
    put('old', lockOf('1.22-1'))
    put('aptroot', lockOf('1.22-2'), manifest())
    const result = await ask('old.lock', '--fail-on', 'hook')
    assert.equal(result.exitCode, 9)
    assert.match(result.output, /^The manifests were not compared: beside old\.lock there is none\.$/m)
  })
})

describe('lock diff', () => {
  test('compares the manifest of a revision with that of the working tree', async () => {
    put('aptroot', lockOf('1.22-1'), manifest())
    git('init', '-q')
    git('add', '.')
    git('commit', '-qm', 'one')
    put('aptroot', lockOf('1.22-1'), manifest('  files: [{source: overlay, target: /}]\n'))
    const { output } = await ask()
    assert.match(output, /^ {2}Files laid over the image added: files: source: overlay, target: \/$/m)
    const owned = "  files: [{source: overlay, target: /, owner: app, mode: '0750', template: true}]\n"
    put('aptroot', lockOf('1.22-1'), manifest(owned))
    const added = 'source: overlay, target: /, owner: app, mode: 0750, template: true'
    assert.ok((await ask()).output.includes(`Files laid over the image added: files: ${added}\n`))
  })

  test('takes an address as a side', async () => {
    put('old', lockOf('1.22-1'), manifest())
    put('aptroot', lockOf('1.22-2'), manifest())
    const { output } = await ask(`file://${folder}/old.lock`)
    assert.match(output, /^ {2}nginx 1\.22-1 → 1\.22-2: new revision; 1\.0 kB to download$/m)
    assert.doesNotMatch(output, /were not compared/)
  })

  test('prints JSON that its schema describes, bare and in the envelope', async () => {
    put('old', lockOf('1.22-1'), manifest())
    const more = lockWith([nginx('1:1.23-1'), lockedDeb('curl:amd64=7-1')], { request })
    put('aptroot', more, manifest('  files: [{source: overlay, target: /}]\n'))
    const schema = JSON.parse(readFileSync(new URL('../../schema/lock-diff.schema.json', import.meta.url), 'utf8'))
    const accepts = new Ajv().compile(schema)
    const bare: Review = JSON.parse((await ask('old.lock', '--format', 'json')).output)
    assert.ok(accepts({ ...bare }), JSON.stringify(accepts.errors))
    assert.deepEqual(envelopeOf(await ask('old.lock', '--json')).result, bare)
    assert.equal(bare.sources[0]?.step?.kind, 'epoch')
  })

  test('prints the body of a request', async () => {
    put('old', lockOf('1.22-1'), manifest())
    put('aptroot', lockOf('1.23-1'), manifest())
    assert.equal(
      (await ask('old.lock', '--format', 'markdown')).output,
      [
        'Lock change: `old.lock` → `aptroot.lock`',
        '',
        'No change of trust.',
        '',
        '1 source package changed.',
        '',
        '### Other changes',
        '',
        '- `nginx` `1.22-1 → 1.23-1`: new upstream (minor); 1.0 kB to download',
        '  - upgraded `nginx [amd64]`',
        '',
        '1.0 kB to download; installed size unknown: a lock does not say it, `--deep` opens the debs.',
        '',
      ].join('\n'),
    )
  })
})
