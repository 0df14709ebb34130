import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { readChangelog } from '../../src/debian/index.ts'
import { entrySeconds, newestEntry, versionEntry } from '../../src/package-build/index.ts'

const changelog = `hello (1.0-1) bookworm; urgency=medium

  * First.

 -- Ada Lovelace <ada@example.org>  Sat, 07 Sep 2024 11:00:00 +0200
`

describe('debian/changelog', () => {
  test('says when the sources were made', () => {
    const newest = newestEntry(changelog)
    assert.equal(newest === undefined ? undefined : entrySeconds(newest), Date.UTC(2024, 8, 7, 9) / 1000)
  })

  test('says nothing where a date has no offset: it would be another moment elsewhere', () => {
    assert.equal(entrySeconds({ date: 'Sat, 07 Sep 2024 11:00:00' }), undefined)
    assert.equal(entrySeconds({ date: undefined }), undefined)
  })

  test('gets an entry on top with the version of the revision, the same each time', () => {
    const newest = newestEntry(changelog) ?? assert.fail('there is an entry')
    const wanted = { version: '1.0-1+r4', atSeconds: 1_700_000_000 }
    const text = versionEntry(newest, wanted) + changelog
    assert.equal(versionEntry(newest, wanted), versionEntry(newest, wanted))
    const [first, second] = [...readChangelog(text)]
    assert.deepEqual(
      [first?.source, first?.version, first?.distributions, first?.date],
      ['hello', '1.0-1+r4', 'bookworm', 'Tue, 14 Nov 2023 22:13:20 +0000'],
    )
    assert.equal(second?.version, '1.0-1')
  })
})
