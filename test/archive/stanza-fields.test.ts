import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { openUniverse, type PackagesIndex } from '../../src/archive/index.ts'
import type { BinaryPackage } from '../../src/debian/index.ts'
import { isFault } from '../../src/kernel/index.ts'
import { digestOf, indexOf } from '../support/packages-file.ts'

/** The same index as if the scan had taken no stanza apart: each is read where it is looked at. */
function readWhole(index: PackagesIndex): PackagesIndex {
  const { table } = index
  return { ...index, table: { ...table, fields: { ...table.fields, offsets: table.fields.offsets.map(() => 0) } } }
}

const questions: readonly ((deb: BinaryPackage) => unknown)[] = [
  deb => deb.sha256,
  deb => deb.source,
  deb => deb.essential,
  deb => deb.important,
  deb => deb.priority,
  deb => deb.section,
  deb => deb.multiArch,
  deb => deb.preDepends,
  deb => deb.depends,
  deb => deb.recommends,
  deb => deb.conflicts,
  deb => deb.breaks,
  deb => deb.replaces,
  deb => deb.provides,
  deb => deb.sizeBytes,
  deb => deb.installedSizeKibibytes,
  deb => deb.phasedUpdatePercentage,
  deb => deb.listings.map(each => ({ ...each })),
]

/** Every answer, or the fault in its place. */
function answersOf(index: PackagesIndex): unknown {
  const universe = openUniverse({ nativeArchitecture: 'amd64', foreignArchitectures: [], indexes: [index] })
  const outcome = (read: () => unknown) => {
    try {
      return read()
    } catch (error) {
      if (!isFault(error)) throw error
      return error.message
    }
  }
  return outcome(() =>
    universe
      .names()
      .map(name =>
        outcome(() => universe.packagesNamed(name).map(deb => questions.map(ask => outcome(() => ask(deb))))),
      ),
  )
}

const values: Readonly<Record<string, readonly string[]>> = {
  Version: ['1', '1:2-3', '2:1:4', '', 'a b'],
  Architecture: ['amd64', 'all', ''],
  SHA256: [digestOf('a'), digestOf('b').toUpperCase(), 'short', `${'g'.repeat(64)}`],
  Filename: [
    'pool/main/p/p/p_1_amd64.deb',
    './p_2-3_all.deb',
    'p_1_amd64.deb',
    '/p_1_amd64.deb',
    'pool/../p_1_amd64.deb',
    'pool/q_1_amd64.deb',
    '',
  ],
  Size: ['10', 'ten', ''],
  'Installed-Size': ['10', '-1'],
  'Phased-Update-Percentage': ['50', '101'],
  Source: ['s', 's (2)', '()', ''],
  Essential: ['yes', 'No', 'maybe', ''],
  Protected: ['yes'],
  Priority: ['optional', ''],
  Section: ['misc', 'm\u00e4th'],
  'Multi-Arch': ['same', 'foreign', 'allowed', 'no', 'odd', ''],
  'Pre-Depends': ['a | b', 'a,, b'],
  Depends: ['a, b (>= 1) | c:any', 'a,\n b', 'a ,', ',', '(', 'a (<< 1,2)', '\ta\t,b', 'a\u00a0, b', ''],
  Recommends: ['a [x]', 'a'],
  Conflicts: ['a | b', 'a (<< 2), b'],
  Breaks: ['a ('],
  Replaces: ['a:i386'],
  Provides: ['v (= 1), w', 'v (>= 1)', 'v, , w'],
}

/** A field of the stanza, or a line that makes the stanza odd. */
const line = fc.oneof(
  { weight: 12, arbitrary: fieldLine(Object.keys(values)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'no field',
      ' continued',
      '  ',
      '-Depends: a',
      '#Depends: a',
      'depends: b',
      'Size : 1',
      'A: \r',
      'B: \0',
    ),
  },
)

function fieldLine(names: readonly string[]) {
  return fc
    .constantFrom(...names)
    .chain(name => fc.constantFrom(...(values[name] ?? [])).map(value => `${name}: ${value}`))
}

const usual = ['Version: 1', 'Architecture: amd64', `SHA256: ${digestOf('a')}`, 'Size: 10']

const nameOf = (text: string) => text.split(':')[0]?.toLowerCase()

const stanza = fc
  .tuple(
    fc.constantFrom('p', 'q'),
    fc.uniqueArray(line, { selector: nameOf, maxLength: 8 }),
    fc.option(line, { freq: 8, nil: undefined }),
  )
  .map(([name, lines, repeated]) => {
    const given = new Set(lines.map(nameOf))
    const all = [`Package: ${name}`, ...usual.filter(each => !given.has(nameOf(each))), ...lines]
    return `${[...all, ...(repeated === undefined ? [] : [repeated])].join('\n')}\n`
  })

describe('what the scan takes apart', () => {
  it('is what a reading of the stanza says, faults and their lines included', () => {
    fc.assert(
      fc.property(fc.array(stanza, { minLength: 1, maxLength: 4 }), stanzas => {
        const index = indexOf(stanzas.join('\n'))
        assert.deepEqual(answersOf(index), answersOf(readWhole(index)))
      }),
      { seed: 20261121, numRuns: 500 },
    )
  })
})
