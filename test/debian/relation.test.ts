import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it, test } from 'vitest'
import {
  formatOrGroup,
  formatProvidedName,
  formatRelation,
  parseOrGroups,
  parseProvides,
  parseRelations,
  parseRestrictedOrGroups,
} from '../../src/debian/index.ts'
import { Fault, isFault } from '../../src/kernel/index.ts'
import { orGroup, relation } from '../support/debian-values.ts'

const readable = [
  ['', [], 'an empty field has no relations'],
  ['libc6', ['libc6'], 'a bare name'],
  ['libc6 (>= 2.36)', ['libc6 (>= 2.36)'], 'a version'],
  ['libc6(>=2.36)', ['libc6 (>= 2.36)'], 'no blanks at all'],
  ['libc6  (  >=  2.36  )  ', ['libc6 (>= 2.36)'], 'many blanks'],
  ['libc6 (< 2)', ['libc6 (<= 2)'], 'the obsolete < means <='],
  ['libc6 (> 2)', ['libc6 (>= 2)'], 'the obsolete > means >='],
  ['libc6 (<< 2), libc6 (>> 1)', ['libc6 (<< 2)', 'libc6 (>> 1)'], 'strict operators'],
  ['libc6 (2.36)', ['libc6 (= 2.36)'], 'a version without operator is exact, as dpkg reads it'],
  ['a | b | c', ['a | b | c'], 'alternatives keep their order'],
  ['a|b,c', ['a | b', 'c'], 'no blanks around the separators'],
  ['a (>= 1) | b (= 2:3-4)', ['a (>= 1) | b (= 2:3-4)'], 'versioned alternatives'],
  ['python3:any (>= 3.9~)', ['python3:any (>= 3.9~)'], 'an architecture qualifier'],
  ['libgamemode0:i386', ['libgamemode0:i386'], 'a foreign architecture by name'],
  ['gcc:native', ['gcc:native'], 'native is kept for the reader to judge'],
  ['a,\n b,\n\tc', ['a', 'b', 'c'], 'a folded field'],
  ['a,\r\n b', ['a', 'b'], 'a folded field with CRLF'],
  ['a\n | b', ['a | b'], 'a break before the bar'],
  ['a (>=\n 1)', ['a (>= 1)'], 'a break inside the brackets'],
  ['a, b,', ['a', 'b'], 'a comma may end the field'],
  ['a, b, \n', ['a', 'b'], 'with blanks after it'],
  ['g++, libstdc++6, r-api-4.0', ['g++', 'libstdc++6', 'r-api-4.0'], 'plus, dots and digits in names'],
  ['MyTool_x, 0ad', ['MyTool_x', '0ad'], 'third-party names with capitals and underscores'],
  ['a, a', ['a', 'a'], 'what is written twice stays twice'],
] as const

describe('a list of or-groups', () => {
  for (const [field, expected, why] of readable) {
    test(`${JSON.stringify(field)}: ${why}`, () => {
      assert.deepEqual(parseOrGroups(field).map(formatOrGroup), expected)
    })
  }

  it('reads back what was written', () => {
    fc.assert(
      fc.property(fc.array(orGroup(), { maxLength: 5 }), groups => {
        assert.deepEqual(parseOrGroups(groups.map(formatOrGroup).join(', ')), groups)
      }),
      { seed: 111 },
    )
  })
})

const unreadable = [
  [', a', 'a comma before anything'],
  ['a, , b', 'an empty group'],
  ['a | ', 'an empty alternative'],
  ['a || b', 'two bars'],
  ['a b', 'a missing comma'],
  ['a (', 'an open bracket'],
  ['a ()', 'no version in the brackets'],
  ['a (>=)', 'an operator without a version'],
  ['a (>= 1', 'a bracket that is not closed'],
  ['a (>= 1 2)', 'two versions'],
  ['a (>= 1))', 'a bracket too many'],
  ['a (== 1)', 'an operator that does not exist'],
  ['a (!= 1)', 'another one'],
  ['a (=> 1)', 'and a reversed one'],
  ['a (>= 1-)', 'a malformed version'],
  ['a (>= ../x)', 'a path in place of a version'],
  ['a:', 'an empty qualifier'],
  ['a:ANY', 'a qualifier in capitals'],
  ['a :any', 'a blank before the colon'],
  ['-a', 'a name that begins with a sign'],
  ['a/b', 'a slash'],
  ['\u0024{misc:Depends}', 'a variable that was not substituted'],
  ['a [amd64]', 'an architecture restriction in a binary package'],
  ['a <!nocheck>', 'a build profile in a binary package'],
  ['a\u0000', 'NUL'],
  ['naïve', 'a letter beyond ASCII'],
] as const

describe('no list of or-groups', () => {
  for (const [field, why] of unreadable) {
    test(`${JSON.stringify(field)}: ${why}`, () => {
      assert.throws(
        () => parseOrGroups(field),
        error => isFault(error, 'RELATION_MALFORMED') && !/[\n\u0000]/.test(error.message),
      )
    })
  }

  it('says where', () => {
    assert.throws(
      () => parseOrGroups('libc6 (>= 2.36), libssl3 >= 3'),
      error =>
        error instanceof Fault &&
        error.message ===
          '"libc6 (>= 2.36), libssl3 >= 3" is not a list of relations: "," was expected at character 26, ">= 3"',
    )
  })

  it('any text is read or refused', () => {
    const hostile = fc.array(
      fc.constantFrom('a', '1', ' ', '\n', ',', '|', '(', ')', '[', ']', '<', '>', '=', ':', '!', '-'),
      {
        maxLength: 25,
      },
    )
    fc.assert(
      fc.property(hostile, letters => {
        const text = letters.join('')
        for (const parse of [parseOrGroups, parseRelations, parseProvides, parseRestrictedOrGroups]) {
          try {
            parse(text)
          } catch (error) {
            assert.ok(isFault(error, 'RELATION_MALFORMED'), String(error))
          }
        }
      }),
      { seed: 112, numRuns: 3000 },
    )
  })

  it('a field of a million alternatives is read in less than two seconds of processor time', () => {
    const before = process.cpuUsage()
    assert.equal(parseOrGroups('a|'.repeat(999_999).concat('a'))[0]?.length, 1_000_000)
    assert.ok(process.cpuUsage(before).user < 2_000_000)
  })
})

describe('Conflicts, Breaks and Replaces', () => {
  it('are single relations', () => {
    assert.deepEqual(parseRelations('a (<< 2), b:any').map(formatRelation), ['a (<< 2)', 'b:any'])
  })

  it('have no alternatives', () => {
    assert.throws(
      () => parseRelations('a | b'),
      error => isFault(error, 'RELATION_MALFORMED'),
    )
  })

  it('read back what was written', () => {
    fc.assert(
      fc.property(fc.array(relation(), { maxLength: 5 }), relations => {
        assert.deepEqual(parseRelations(relations.map(formatRelation).join(', ')), relations)
      }),
      { seed: 113 },
    )
  })
})

describe('Provides', () => {
  it('has names, exact versions and qualifiers', () => {
    const field = 'mail-transport-agent, libfoo-abi (= 3), perl:any, perl:any (= 5.36)'
    assert.equal(parseProvides(field).map(formatProvidedName).join(', '), field)
    assert.deepEqual(parseProvides('libfoo-abi (= 3)'), [
      { name: 'libfoo-abi', version: '3', architectureQualifier: undefined },
    ])
  })

  for (const [field, why] of [
    ['a (>= 1)', 'no package provides a range'],
    ['a (<< 1)', 'nor everything before a version'],
    ['a | b', 'nor one of two'],
  ] as const) {
    test(`${field} is refused: ${why}`, () => {
      assert.throws(
        () => parseProvides(field),
        error => isFault(error, 'RELATION_MALFORMED'),
      )
    })
  }
})

describe('relations of a source package or manifest', () => {
  it('may be restricted to architectures', () => {
    const [group] = parseRestrictedOrGroups('grub-efi-amd64-bin (>= 2) [amd64 any-i386] | grub-pc')
    assert.deepEqual(
      group?.map(each => each.architectures),
      [['amd64', 'any-i386'], undefined],
    )
  })

  it('may be kept from architectures', () => {
    const [group] = parseRestrictedOrGroups('valgrind [!armel !hurd-any]')
    assert.deepEqual(group?.[0].architectures, ['!armel', '!hurd-any'])
  })

  it('may depend on build profiles, each list apart', () => {
    const [group] = parseRestrictedOrGroups('a:native (= 1) [linux-any] <!nocheck !cross> <pkg.a.b>')
    assert.deepEqual(group?.[0].profiles, [['!nocheck', '!cross'], ['pkg.a.b']])
    assert.equal(formatRelation(group[0]), 'a:native (= 1)')
  })

  for (const [field, why] of [
    ['a [amd64 !arm64]', 'a list that is half negated means nothing'],
    ['a []', 'an empty list'],
    ['a [amd64', 'a list that is not closed'],
    ['a [!]', 'a negation of nothing'],
    ['a <>', 'an empty profile list'],
    ['a [amd64,arm64]', 'blanks separate the entries'],
    ['a <x> [amd64]', 'architectures come before profiles'],
  ] as const) {
    test(`${field} is refused: ${why}`, () => {
      assert.throws(
        () => parseRestrictedOrGroups(field),
        error => isFault(error, 'RELATION_MALFORMED'),
      )
    })
  }
})
