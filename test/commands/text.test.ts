import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { parseDuration, parseInstant } from '../../src/commands/base/duration.ts'
import { colourOf } from '../../src/commands/base/terminal.ts'
import { alignColumns, formatBytes, formatDuration, renderLine, span } from '../../src/commands/base/text.ts'
import { assertFault } from '../support/assert-fault.ts'

describe('a line of output', () => {
  test('shows control characters instead of obeying them', () => {
    assert.equal(renderLine('a\u001b[2Jb\rc\u0007', 'plain'), 'a\\u001b[2Jb\\u000dc\\u0007')
    assert.equal(renderLine(['nginx', span('bad', '1.0\u202e')], 'plain'), 'nginx1.0\\u202e')
  })

  test('carries colour only where colour was asked for', () => {
    assert.equal(renderLine([span('bad', 'error: '), 'x'], 'plain'), 'error: x')
    assert.equal(renderLine([span('bad', 'error: '), 'x'], 'colour'), '\u001b[31merror: \u001b[0mx')
  })

  test('keeps letters of every script', () => {
    assert.equal(renderLine('Größe → 大', 'plain'), 'Größe → 大')
  })

  test('aligns columns but the last', () => {
    assert.deepEqual(
      alignColumns([
        ['a', 'bbb', 'x'],
        ['aaa', 'b', 'yy'],
      ]),
      ['a    bbb  x', 'aaa  b    yy'],
    )
  })
})

describe('colour', () => {
  const terminal = { isTerminal: true, columns: 80 }
  const pipe = { isTerminal: false, columns: 80 }
  const rows = [
    [terminal, {}, 'colour', 'a person looks at a terminal'],
    [pipe, {}, 'plain', 'a file keeps no colour'],
    [terminal, { NO_COLOR: '1' }, 'plain', 'NO_COLOR forbids'],
    [terminal, { NO_COLOR: '' }, 'colour', 'an empty NO_COLOR says nothing'],
    [pipe, { FORCE_COLOR: '1' }, 'colour', 'FORCE_COLOR demands'],
    [terminal, { FORCE_COLOR: '0' }, 'plain', 'FORCE_COLOR=0 forbids'],
    [pipe, { NO_COLOR: '1', FORCE_COLOR: '1' }, 'plain', 'NO_COLOR outweighs FORCE_COLOR'],
    [terminal, { TERM: 'dumb' }, 'plain', 'a dumb terminal shows escapes as letters'],
  ] as const
  for (const [stream, environment, expected, why] of rows)
    test(`${JSON.stringify(environment)} gives ${expected}: ${why}`, () => {
      assert.equal(colourOf(stream, environment), expected)
    })
})

describe('numbers for people', () => {
  test('bytes have decimal units', () => {
    assert.deepEqual([0, 999, 1000, 999_949, 999_950, 1_500_000_000].map(formatBytes), [
      '0 B',
      '999 B',
      '1.0 kB',
      '999.9 kB',
      '1.0 MB',
      '1.5 GB',
    ])
  })

  test('durations get coarser as they get longer', () => {
    assert.deepEqual([40, 9_940, 12_300, 185_000, 7_800_000].map(formatDuration), [
      '0.0 s',
      '9.9 s',
      '12 s',
      '3 min 05 s',
      '2 h 10 min',
    ])
  })

  test('a length of time on the command line has a unit', async () => {
    assert.deepEqual(
      ['0', '90m', '12h', '30d', '8w'].map(text => parseDuration('--unused-for', text)),
      [0, 5_400_000, 43_200_000, 2_592_000_000, 4_838_400_000],
    )
    for (const text of ['', '30', '-1d', '1y', '1.5h', '99999999d'])
      await assertFault(() => parseDuration('--unused-for', text), 'USAGE_INVALID', /--unused-for/)
  })

  test('an instant on the command line is RFC 3339, a day, or as the lockfile writes it', async () => {
    const texts = ['2026-11-20T00:00:00Z', '2026-11-20', '20261120T000000Z', '2026-11-20T01:00:00+01:00']
    for (const text of texts) assert.equal(parseInstant('--as-of', text).toISOString(), '2026-11-20T00:00:00.000Z')
    for (const text of ['yesterday', '2026', '2026-13-01', '2026-02-30', '2026-11-20T25:00:00Z', '20261120'])
      await assertFault(() => parseInstant('--as-of', text), 'USAGE_INVALID', /--as-of/)
  })
})
