import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { describe, it } from 'vitest'
import { coversArchitecture, knownArchitectures } from '../../src/debian/index.ts'
import { skippedForWantOf } from '../support/real-archive.ts'

const program = '/usr/bin/dpkg-architecture'

function dpkgArchitectures(filter: readonly string[]): string[] {
  const { stdout, stderr, status } = spawnSync(program, ['-L', ...filter], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  return stdout.trim().split('\n').filter(Boolean).sort()
}

describe('architectures', () => {
  const missing = existsSync(program) ? undefined : 'dpkg-architecture (package dpkg-dev) is not installed'

  it('are those that dpkg lists', context => {
    if (skippedForWantOf(missing)) return context.skip()
    const listed = dpkgArchitectures([])
    const known = new Set(knownArchitectures())
    assert.deepEqual(
      listed.filter(each => !known.has(each)),
      [],
    )
  })

  for (const wildcard of [
    'linux-any',
    'any-arm',
    'any-amd64',
    'musl-linux-any',
    'gnu-any-any',
    'eabi-gnu-linux-any',
    'hurd-any',
    'bsd-any-any',
  ])
    it(`${wildcard} covers what dpkg says`, context => {
      if (skippedForWantOf(missing)) return context.skip()
      // Another dpkg may know a CPU more or less; what both know has to agree.
      const listed = new Set(dpkgArchitectures([]))
      const both = new Set(knownArchitectures().filter(each => listed.has(each)))
      const ours = [...both].filter(each => coversArchitecture(wildcard, each))
      assert.ok(ours.length > 0)
      assert.deepEqual(
        ours,
        dpkgArchitectures(['-W', wildcard]).filter(each => both.has(each)),
      )
    })
})
