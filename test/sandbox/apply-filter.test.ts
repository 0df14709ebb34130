import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { describe, test } from 'vitest'
import { filteringWords } from '../../src/sandbox/apply-filter.ts'
import { seccompFilter } from '../../src/sandbox/seccomp-filter.ts'
import { skippedForWantOf } from '../support/real-archive.ts'

const filter = seccompFilter(process.arch)
const wanting = !existsSync('/usr/bin/perl')
  ? 'there is no perl'
  : filter === undefined
    ? 'a table of system calls'
    : undefined

/** clone3 without arguments: the kernel finds them invalid (22), the filter says that there is no such call (38). */
const askForClone3 = ['/usr/bin/perl', '-e', 'syscall(435, 0, 0); print $! + 0, " @ARGV"', 'two words', '*']

function said(words: readonly string[]): string {
  const [program = '', ...rest] = words
  const { stdout, stderr } = spawnSync(program, rest, { encoding: 'utf8', env: {} })
  assert.equal(stderr, '')
  return stdout
}

describe.skipIf(skippedForWantOf(wanting))("a chroot's filter of system calls", () => {
  test("is applied by the image's own perl, which passes the words on as they are", () => {
    assert.equal(said(askForClone3), '22 two words *')
    assert.equal(said([...filteringWords(filter ?? assert.fail()), ...askForClone3]), '38 two words *')
  })

  test('that the kernel refuses lets nothing run without it', () => {
    const [program = '', ...words] = filteringWords(new Uint8Array(8))
    const { status, stdout } = spawnSync(program, [...words, '/bin/echo', 'unfiltered'], { encoding: 'utf8', env: {} })
    assert.deepEqual([status, stdout], [97, ''])
  })
})
