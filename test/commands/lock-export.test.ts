import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, test } from 'vitest'
import { writeLockfile } from '../../src/lockfile/index.ts'
import { envelopeOf, runAptroot } from '../support/aptroot-program.ts'
import { lockedDeb, lockWith, requestWith } from '../support/lock-values.ts'
import { scratchFolder } from '../support/scratch.ts'

const lock = lockWith(
  [
    lockedDeb('nginx:amd64=1.22.1-9', { root: 'wanted', needs: ['libc6'] }),
    lockedDeb('nginx:arm64=1.22.1-9', { root: 'wanted', needs: ['libc6'] }),
    lockedDeb('libc6:amd64=2.36-9', { sourceName: 'glibc' }),
    lockedDeb('libc6:arm64=2.36-9', { sourceName: 'glibc' }),
  ],
  { request: requestWith({ architectures: ['amd64', 'arm64'], wanted: ['nginx'] }) },
)

let folder = ''
beforeEach(async () => {
  folder = await scratchFolder()
  writeFileSync(join(folder, 'aptroot.lock'), writeLockfile(lock))
})
const ask = (line: string) => runAptroot(line.split(' '), { folder })

describe('lock export', () => {
  for (const format of ['spdx', 'cyclonedx', 'sha256sums', 'packages', 'apt-pins', 'purls'])
    test(`--format ${format} gives the same bytes in a file, on standard output, again and elsewhere`, async () => {
      const printed = await ask(`lock export --format ${format}`)
      assert.equal(printed.exitCode, 0, printed.errorOutput)
      const written = await ask(`lock export --format ${format} -o export`)
      assert.equal(written.output, 'Wrote export (4 debs).\n')
      assert.equal(readFileSync(join(folder, 'export'), 'utf8'), printed.output)
      const other = await scratchFolder()
      writeFileSync(join(other, 'aptroot.lock'), writeLockfile(lock))
      const elsewhere = await runAptroot(['lock', 'export', '--format', format, '-f', `${other}/aptroot.yaml`], {
        folder,
        environment: { TZ: 'Asia/Tokyo', LANG: 'tr_TR.UTF-8' },
      })
      assert.equal(elsewhere.output, printed.output)
    })

  test('--architecture takes one root, and refuses one that the lock does not have', async () => {
    const { output } = await ask('lock export --format purls --architecture arm64')
    assert.deepEqual(output.match(/arch=\w+/g), ['arch=arm64', 'arch=arm64'])
    const refused = await ask('lock export --format purls --architecture s390x')
    assert.equal(refused.exitCode, 2)
    assert.match(
      refused.errorOutput,
      /has no root "s390x".*\[USAGE_INVALID\]\nhint: Its architectures are amd64, arm64/,
    )
  })

  test('--format packages says which debs it could not describe', async () => {
    const { output, errorOutput } = await ask('lock export --format packages')
    assert.match(errorOutput, /^warning: the store does not have 4 debs, so their stanzas have no relations: /)
    assert.equal(output.match(/^Package: /gm)?.length, 4)
  })

  test('--json has the text, or the name of the file', async () => {
    const { result } = envelopeOf(await ask('lock export --format sha256sums --json'))
    assert.equal((result as { text: string }).text.split('\n').length, 5)
    const written = envelopeOf(await ask('lock export --format sha256sums -o SHA256SUMS --json'))
    assert.deepEqual(written.result, { format: 'sha256sums', debs: 4, undescribed: [], output: 'SHA256SUMS' })
  })

  test('ends with exit code 2 without a lock, and with 7 where the file cannot be written', async () => {
    assert.equal(envelopeOf(await ask('lock export --format spdx -f other.yaml --json')).fault?.code, 'LOCK_MISSING')
    const refused = await ask('lock export --format spdx -o missing/folder/file')
    assert.equal(refused.exitCode, 7)
    assert.match(refused.errorOutput, /OUTPUT_UNWRITABLE/)
  })
})
