import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { compareVersions, versionProblem } from '../../src/debian/index.ts'
import { versionPair } from '../support/debian-values.ts'
import { skippedForWantOf } from '../support/real-archive.ts'

const seed = 20261120
const pairs = Number(process.env.APTROOT_VERSION_PAIRS ?? 100_000)
// Debian's own interpreter: python3-apt is installed for no other.
const python = '/usr/bin/python3'

const compareInBulk = `
import sys, apt_pkg
apt_pkg.init_system()
for line in sys.stdin:
    left, right = line.rstrip("\\n").split(" ")
    order = apt_pkg.version_compare(left, right)
    print((order > 0) - (order < 0))
`

describe('compareVersions', () => {
  it(`agrees with apt on ${pairs} pairs (seed ${seed})`, context => {
    const installed = existsSync(python) && spawnSync(python, ['-c', 'import apt_pkg']).status === 0
    if (skippedForWantOf(installed ? undefined : 'python3-apt is not installed')) return context.skip()
    const sample = fc.sample(versionPair(), { numRuns: pairs, seed })
    const input = sample.map(([left, right]) => `${left} ${right}\n`).join('')
    const { stdout, status, stderr } = spawnSync(python, ['-c', compareInBulk], {
      input,
      encoding: 'utf8',
      maxBuffer: 2 ** 30,
    })
    assert.equal(status, 0, stderr)
    const answers = stdout.trim().split('\n').map(Number)
    assert.equal(answers.length, pairs)
    const wrong = sample.filter(([left, right], index) => Math.sign(compareVersions(left, right)) !== answers[index])
    assert.deepEqual(wrong.slice(0, 10), [])
    // A sample of one kind only would prove little.
    for (const sign of [-1, 0, 1]) assert.ok(answers.filter(each => each === sign).length > pairs / 10, `few ${sign}`)
  })

  it(`agrees with dpkg on 300 pairs (seed ${seed})`, context => {
    if (skippedForWantOf(existsSync('/usr/bin/dpkg') ? undefined : 'dpkg is not installed')) return context.skip()
    const sample = fc.sample(versionPair(), { numRuns: 300, seed })
    for (const [left, right] of sample) {
      const order = compareVersions(left, right)
      const operator = order < 0 ? 'lt' : order > 0 ? 'gt' : 'eq'
      const { status, stderr } = spawnSync('/usr/bin/dpkg', ['--compare-versions', left, operator, right])
      assert.equal(status, 0, `${left} ${operator} ${right}: ${stderr}`)
    }
  })

  it('refuses every version that dpkg calls an error', context => {
    if (skippedForWantOf(existsSync('/usr/bin/dpkg') ? undefined : 'dpkg is not installed')) return context.skip()
    const text = fc.array(fc.constantFrom('0', '1', 'a', '.', '-', ':', '~', '+', '_', '/'), {
      minLength: 1,
      maxLength: 5,
    })
    for (const letters of fc.sample(text, { numRuns: 300, seed })) {
      const version = letters.join('')
      // dpkg takes a leading hyphen for an option.
      if (version.startsWith('-')) continue
      const { stderr } = spawnSync('/usr/bin/dpkg', ['--compare-versions', version, 'eq', version], {
        encoding: 'utf8',
      })
      if (/^dpkg: error: /.test(stderr)) assert.ok(versionProblem(version) !== undefined, `${version}: ${stderr}`)
      if (stderr === '') assert.equal(versionProblem(version), undefined, version)
    }
  })
})
