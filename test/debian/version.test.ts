import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it, test } from 'vitest'
import { compareVersions, parseVersion, satisfies, type VersionOperator } from '../../src/debian/index.ts'
import { isFault } from '../../src/kernel/index.ts'
import { versionText } from '../support/debian-values.ts'

const ascending = [
  ['1.0~rc1', '1.0', 'a tilde sorts before the end of the string'],
  ['1.0~~', '1.0~', 'two tildes sort before one'],
  ['1.0~~a', '1.0~', 'also with something after them'],
  ['1.0~', '1.0', 'even a lone tilde'],
  ['1.0~rc1-1', '1.0-1', 'a tilde before the revision ends the upstream version early'],
  ['1.0-1~bpo12+1', '1.0-1', 'a backport is older than what it was made from'],
  ['1.0-1', '1.0-1+b1', 'a binary-only rebuild is newer'],
  ['1.0-1+b1', '1.0-1+b2', 'a second rebuild is newer still'],
  ['1.0-1+b9', '1.0-1+b10', 'rebuilds are counted, not spelled'],
  ['1.0-1', '1.0-1+deb12u1', 'a stable update is newer than the release'],
  ['1.0-1+b1', '1.0-1+deb12u1', 'a stable update is newer than a rebuild: d sorts after b'],
  ['1.0-1+deb11u9', '1.0-1+deb12u1', 'a newer release outweighs the count of updates'],
  ['1.0a', '1.0+', 'letters sort before other characters'],
  ['1.0Z', '1.0a', 'capital letters sort before small ones, as in ASCII'],
  ['1.0', '1.0a', 'the end sorts before a letter'],
  ['1.0-9', '1.0+-1', 'the upstream version decides before the revision is looked at'],
  ['1.9', '1.10', 'digits are numbers'],
  ['1.2', '1.2.0', 'the end sorts before a further part'],
  ['9.9', '1:0.1', 'an epoch outweighs everything after it'],
  ['2:0', '10:0', 'epochs are numbers'],
  ['1.0', '1.0-1', 'an absent revision is an earlier revision'],
  ['1.0-1', '1.0-1-1', 'the last hyphen begins the revision: 1.0-1 is a longer upstream version than 1.0'],
  ['1-2-3', '1-2.0-1', 'a hyphen in the upstream version sorts before a dot'],
  ['20250419', '20260101', 'a date is one number'],
  ['999999999999999999', '1000000000000000000', 'numbers beyond 2^53 stay exact'],
  ['9007199254740992', '9007199254740993', 'neighbours that a double cannot tell apart'],
  [`1.${'9'.repeat(400)}`, `1.1${'0'.repeat(400)}`, 'numbers of 400 digits are compared, not converted'],
  ['1.0-0.1', '1.0-1', 'a non-maintainer upload comes before the first maintainer revision'],
  ['4294967297', '4294967298', 'numbers beyond 2^32 do not wrap'],
] as const

describe('versions in ascending order', () => {
  for (const [earlier, later, why] of ascending) {
    test(`${earlier.slice(0, 30)} << ${later.slice(0, 30)}: ${why}`, () => {
      assert.ok(compareVersions(earlier, later) < 0)
      assert.ok(compareVersions(later, earlier) > 0)
    })
  }
})

const equal = [
  ['1', '0:1', 'an absent epoch is 0'],
  ['00:1', '1', 'however it is written'],
  ['1.0', '1.00', 'numbers have no leading zeros'],
  ['0', '00', 'and zero is zero'],
  ['1.0', '1.0-0', 'an absent revision is 0'],
  ['1.0-0', '1.0-00', 'in any number of digits'],
  ['1.', '1.0', 'an empty number is 0'],
  ['1.a', '1.a0', 'after letters too'],
] as const

describe('versions that are the same', () => {
  for (const [left, right, why] of equal) {
    test(`${left} = ${right}: ${why}`, () => {
      assert.equal(compareVersions(left, right), 0)
      assert.equal(compareVersions(right, left), 0)
    })
  }
})

describe('compareVersions', () => {
  const version = versionText()

  it('is a total order', () => {
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        assert.equal(compareVersions(a, a), 0)
        assert.equal(Math.sign(compareVersions(a, b)), -Math.sign(compareVersions(b, a)) + 0)
        const [low, middle, high] = [a, b, c].sort(compareVersions)
        assert.ok(compareVersions(low!, middle!) <= 0 && compareVersions(middle!, high!) <= 0)
        assert.ok(compareVersions(low!, high!) <= 0)
        if (compareVersions(a, b) === 0)
          assert.equal(Math.sign(compareVersions(a, c)), Math.sign(compareVersions(b, c)))
      }),
      { seed: 101, numRuns: 5000 },
    )
  })

  it('does not see how zeros are written', () => {
    fc.assert(
      fc.property(version, text => {
        const padded = text.replace(/[0-9]+/g, digits => `00${digits}`)
        assert.equal(compareVersions(text, padded), 0)
      }),
      { seed: 102, numRuns: 1000 },
    )
  })

  it('puts anything with a tilde appended earlier, and anything with a plus appended later', () => {
    fc.assert(
      fc.property(version, text => {
        assert.ok(compareVersions(`${text}~`, text) < 0)
        assert.ok(compareVersions(`${text}+`, text) > 0)
      }),
      { seed: 103, numRuns: 1000 },
    )
  })

  for (const text of ['a:1', ':1', '1-2:3', '-1:2']) {
    it(`refuses an epoch that is no number: ${text}`, () => {
      assert.throws(
        () => compareVersions(text, '1'),
        error => isFault(error, 'VERSION_MALFORMED'),
      )
    })
  }

  it('compares two versions of 100,000 parts in less than a second', () => {
    const long = '1.'.repeat(100_000)
    const before = process.cpuUsage()
    assert.ok(compareVersions(`${long}1`, `${long}2`) < 0)
    assert.ok(process.cpuUsage(before).user < 1_000_000)
  })
})

const parsed = [
  ['1.2.3', 0, '1.2.3', undefined, 'a native package has no revision'],
  ['1.2-3', 0, '1.2', '3', 'the hyphen parts upstream version and revision'],
  ['2:1-2-3', 2, '1-2', '3', 'the last hyphen does'],
  ['1:2:3-4', 1, '2:3', '4', 'the first colon ends the epoch'],
  ['2147483647:1', 2147483647, '1', undefined, 'the greatest epoch of dpkg'],
  ['v1.0', 0, 'v1.0', undefined, 'dpkg only warns about a letter at the beginning'],
  ['1.0_beta-1', 0, '1.0_beta', '1', 'third-party archives have underscores; dpkg only warns'],
] as const

describe('parseVersion', () => {
  for (const [text, epoch, upstream, revision, why] of parsed) {
    test(`${text}: ${why}`, () => assert.deepEqual(parseVersion(text), { epoch, upstream, revision }))
  }

  it('takes nothing away', () => {
    fc.assert(
      fc.property(versionText(), text => {
        const { epoch, upstream, revision } = parseVersion(text)
        const written = `${epoch}:${upstream}${revision === undefined ? '' : `-${revision}`}`
        assert.equal(compareVersions(written, text), 0)
      }),
      { seed: 104 },
    )
  })
})

const malformed = [
  ['', 'empty'],
  ['1.0-', 'an empty revision, as dpkg refuses it'],
  ['-1', 'an empty upstream version'],
  ['1:', 'nothing after the colon'],
  ['1:-1', 'an empty upstream version after an epoch'],
  [':1', 'an empty epoch'],
  ['a:1', 'an epoch of letters'],
  ['1-2:3', 'an epoch with a hyphen'],
  ['2147483648:1', 'an epoch that dpkg cannot hold'],
  ['1 0', 'a blank'],
  ['1\n0', 'a line break'],
  ['1/2', 'a slash: the version becomes part of a file name'],
  ['../1', 'a path'],
  ['1)', 'a bracket'],
  ['1.0é', 'a letter beyond ASCII'],
  ['1.0\u0000', 'NUL'],
  ['1-1:', 'a colon in the revision'],
] as const

describe('no version', () => {
  for (const [text, why] of malformed) {
    test(`${JSON.stringify(text)}: ${why}`, () => {
      assert.throws(
        () => parseVersion(text),
        error => isFault(error, 'VERSION_MALFORMED') && !error.message.includes('\n') && error.exitCode === 2,
      )
    })
  }
})

const constraints = [
  ['<<', [true, false, false]],
  ['<=', [true, true, false]],
  ['=', [false, true, false]],
  ['>=', [false, true, true]],
  ['>>', [false, false, true]],
] as const satisfies readonly (readonly [VersionOperator, readonly boolean[]])[]

describe('satisfies', () => {
  for (const [operator, expected] of constraints) {
    test(`0.9, 1.00 and 1.1 against (${operator} 1.0)`, () => {
      const answers = ['0.9', '1.00', '1.1'].map(each => satisfies(each, { operator, version: '1.0' }))
      assert.deepEqual(answers, expected)
    })
  }
})
