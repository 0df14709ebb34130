import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { archiveOfOldReleases } from '../../src/archive/absent-suite.ts'
import { archiveOf } from '../support/signed-suite.ts'

const mirror = 'http://mirror.example.org'
const old = 'http://archive.debian.org'
const ubuntu = 'http://old-releases.ubuntu.com/ubuntu'

describe('a release that its distribution took off the mirrors', () => {
  const rows: readonly [uri: string, suite: string, movedTo: string | undefined, why: string][] = [
    [`${mirror}/debian`, 'buster', `${old}/debian`, 'Debian 10 left the mirrors'],
    [`${mirror}/debian/`, 'stretch-updates', `${old}/debian`, 'its updates went with it'],
    [`${mirror}/debian-security`, 'buster/updates', `${old}/debian-security`, 'security suites were named so then'],
    [`${mirror}/debian`, 'bookworm', undefined, 'Debian 12 is on the mirrors'],
    [`${mirror}/debian`, 'bokworm', undefined, 'a slip of the pen is no release'],
    [`${mirror}/ubuntu`, 'mantic-updates', ubuntu, 'interim releases stay nine months'],
    [`${mirror}/ubuntu-ports`, 'lunar', ubuntu, 'ports went to the same place'],
    [`${mirror}/ubuntu`, 'noble', undefined, 'Ubuntu 24.04 is supported'],
    [`${mirror}/tools`, 'buster', undefined, "a third party names its suites after Debian's"],
  ]
  for (const [uri, suite, movedTo, why] of rows)
    test(`${suite} of ${uri.slice(mirror.length)}: ${why}`, () => {
      assert.equal(archiveOfOldReleases(archiveOf(uri, undefined), suite), movedTo)
    })

  test('is not meant by a third party that names its folder debian too', () => {
    const archive = archiveOf(`${mirror}/linux/debian`, undefined, { components: ['stable'] })
    assert.equal(archiveOfOldReleases(archive, 'buster'), undefined)
  })

  test('is known by its key ring on a mirror with another path', () => {
    const trust = { kind: 'signed-by', signedBy: { kind: 'named', name: 'debian-archive' } } as const
    const archive = archiveOf(`${mirror}/d`, undefined, { trust, components: ['contrib'] })
    assert.equal(archiveOfOldReleases(archive, 'buster'), `${old}/debian`)
  })
})
