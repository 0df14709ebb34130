import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { changesBetween, closedBugsIn, cveIdsIn, readChangelog } from '../../src/debian/index.ts'

const trailer = ' -- Ada Lovelace <ada@example.org>  Sat, 07 Sep 2024 11:00:00 +0200'
const upload = (version: string, ...lines: readonly string[]) =>
  `tool (${version}) bookworm-security; urgency=high\n\n${lines.map(line => `  ${line}\n`).join('')}\n${trailer}\n`
const versionsBetween = (text: string, after: string, upTo: string) => {
  const part = changesBetween(text, { after, upTo })
  return part.kind === 'entries' ? [...part.entries.map(each => each.version), part.reach] : [part.newest]
}

describe('a changelog', () => {
  test('is read as Policy 4.4 writes it', () => {
    const [entry, ...more] = readChangelog(
      `tool (1:2.0-1+deb12u1) bookworm unstable; urgency=Medium, binary-only=yes\n\n  [ Ada ]\n  * Fix it.\n    More.\n\n${trailer}\n`,
    )
    assert.deepEqual(entry, {
      source: 'tool',
      version: '1:2.0-1+deb12u1',
      distributions: 'bookworm unstable',
      urgency: 'medium',
      lines: ['[ Ada ]', '* Fix it.', '  More.'],
      date: 'Sat, 07 Sep 2024 11:00:00 +0200',
    })
    assert.deepEqual(more, [])
  })

  test('passes over what is no entry: mode lines, notes of Ubuntu, headings without a version, an upstream NEWS', () => {
    const text = `Local notes\n${upload('1.0-1', '* x')}# For older changelog entries, run 'apt-get changelog tool'\nLocal variables:\nmode: debian-changelog\nEnd:\ntool (not a version) x; urgency=low\n`
    assert.deepEqual(
      [...readChangelog(text)].map(each => [each.version, each.lines]),
      [['1.0-1', ['* x']]],
    )
    assert.deepEqual([...readChangelog('2024-01-01  Someone\n\t* main.c: Fixed.\n')], [])
  })

  const long = ['2.0-1~deb12u3', '2.0-1~deb12u2', '2.0-2', '2.0-1', '1.9-1'].map(each => upload(each, '* x')).join('')
  const parts = [
    ['2.0-1~deb12u2', '2.0-1~deb12u3', ['2.0-1~deb12u3', 'whole'], 'one update'],
    [
      '1.9-1',
      '2.0-1~deb12u3',
      ['2.0-1~deb12u3', '2.0-1~deb12u2', '2.0-2', '2.0-1', 'whole'],
      'also what is newer than the backport of it',
    ],
    [
      '1.0-1',
      '2.0-1~deb12u3',
      ['2.0-1~deb12u3', '2.0-1~deb12u2', '2.0-2', '2.0-1', '1.9-1', 'cut'],
      'a changelog that was trimmed',
    ],
    ['1.9-1', '2.1-1', ['2.0-1~deb12u3'], 'one that begins with another version'],
  ] as const
  for (const [after, upTo, expected, why] of parts)
    test(`between ${after} and ${upTo}: ${why}`, () => assert.deepEqual(versionsBetween(long, after, upTo), expected))

  test('of 10 MB in one line, of blanks, or of headings that never end, is read in a moment', () => {
    const startedAt = process.cpuUsage()
    const hostile = [
      upload('1.0-1', `* ${'CVE-2024-1 '.repeat(1_000_000)}`),
      `tool (1.0-1)${' '.repeat(10_000_000)}x`,
      `${' '.repeat(10_000_000)}\n`,
      ` -- ${'a '.repeat(5_000_000)}\n`,
      `Closes: ${'#1,'.repeat(1_000_000)}`,
    ]
    for (const text of hostile) {
      assert.ok([...readChangelog(text)].every(each => each.lines.every(line => line.length <= 2000)))
      closedBugsIn(text)
      cveIdsIn(text)
    }
    const { user } = process.cpuUsage(startedAt)
    assert.ok(user < 3_000_000, `${user} µs of processor time`)
  })
})

describe('an entry', () => {
  test('names CVEs, each once', () => {
    assert.deepEqual(cveIdsIn('CVE-2024-1234, (CVE-2023-123456) XCVE-2024-9999 CVE-2024-12 CVE-2024-1234'), [
      'CVE-2024-1234',
      'CVE-2023-123456',
    ])
  })

  test("closes bugs of Debian's and of Launchpad's", () => {
    assert.deepEqual(closedBugsIn('Fix. (Closes: #12, bug#34,\n 56) closes: 78; LP: #9, #10; see #11'), {
      debian: ['12', '34', '56', '78'],
      launchpad: ['9', '10'],
    })
  })
})
