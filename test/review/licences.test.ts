import assert from 'node:assert/strict'
import { test } from 'vitest'
import { licenceChanges } from '../../src/review/licences.ts'

const copyright = (...names: readonly string[]) =>
  `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nCopyright: 2024 Ada\n${names.map(each => `License: ${each}\n text\n`).join('\n')}`

const rows = [
  [copyright('GPL-2+'), copyright('GPL-2+'), [], 'the same text'],
  [copyright('GPL-2+', 'Expat'), copyright('GPL-3+', 'Expat'), ['+ GPL-3+', '- GPL-2+'], 'one licence for another'],
  [copyright('Expat'), copyright('Expat').replace('2024', '2025'), [], 'another year'],
  ['Under the GPL.', 'Under the MIT licence.', ['the text of debian/copyright changed'], 'text for people'],
  ['Under the GPL.', copyright('GPL-2'), ['the text of debian/copyright changed'], 'text that became readable'],
  [undefined, copyright('proprietary'), ['+ proprietary'], 'a new deb'],
  [copyright('GPL-2'), undefined, ['the deb no longer says its licence'], 'a text that is gone'],
] as const
for (const [before, after, expected, why] of rows)
  test(`licences: ${why}`, () => assert.deepEqual(licenceChanges(before, after), expected))

test('a hostile list of licences is cut', () => {
  const changes = licenceChanges(
    undefined,
    copyright(...Array.from({ length: 100_000 }, (_, at) => `L${at}${'x'.repeat(500)}`)),
  )
  assert.equal(changes.length, 31)
  assert.ok(changes.every(each => each.length < 210))
})
