import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import { parseRelease, releaseTrustedByManifest } from '../../src/archive/release.ts'
import { futureToleranceSeconds } from '../../src/archive/release-check.ts'
import { formatTimestamp, parseReleaseDate } from '../../src/archive/release-date.ts'
import { type FaultCode, isFault } from '../../src/kernel/index.ts'
import { clockToleranceSeconds } from '../../src/openpgp/index.ts'
import { assertFault } from '../support/assert-fault.ts'

const digest = 'a'.repeat(64)
const longDigest = 'b'.repeat(128)
const minimal = `Date: Sat, 11 Jul 2026 10:16:37 UTC\nSHA256:\n ${digest} 100 main/binary-amd64/Packages\n`
const parse = (text: string) => parseRelease(releaseTrustedByManifest(text, 'a test'), 'Release')

describe('the date of a Release', () => {
  const dates: readonly [string, string | undefined, string][] = [
    ['Sat, 11 Jul 2026 10:16:37 UTC', '20260711T101637Z', 'as dak writes it'],
    ['Sat, 11 Jul 2026 10:16:37 GMT', '20260711T101637Z', 'RFC 1123'],
    ['Sat, 11 Jul 2026 10:16:37 +0000', '20260711T101637Z', 'as aptly and date -R write it'],
    ['Sat, 11 Jul 2026 12:16:37 +0200', '20260711T101637Z', 'a zone is taken into account'],
    ['Sat, 11 Jul 2026 05:46:37 -0430', '20260711T101637Z', 'and its minutes'],
    ['Sat,  4 Jul 2026  9:16:37 UTC', '20260704T091637Z', 'padded with blanks'],
    ['11 Jul 2026 10:16:37 Z', '20260711T101637Z', 'without the day of the week'],
    ['Mon, 30 Feb 2026 10:16:37 UTC', undefined, 'there is no 30th of February'],
    ['Sat, 11 Jul 2026 24:16:37 UTC', undefined, 'there is no 24th hour'],
    ['Sat, 11 Jul 2026 10:16:37', undefined, 'the zone is not guessed'],
    ['Sat, 11 Jul 2026 10:16:37 CEST', undefined, 'names of zones are ambiguous'],
    ['2026-07-11T10:16:37Z', undefined, 'another format'],
    ['11 Jül 2026 10:16:37 UTC', undefined, 'no month'],
    ['', undefined, 'nothing'],
  ]
  for (const [text, expected, why] of dates)
    test(`${JSON.stringify(text)} is ${expected ?? 'refused'}: ${why}`, () => {
      const date = parseReleaseDate(text)
      assert.equal(date === undefined ? undefined : formatTimestamp(date), expected)
    })
})

describe('a Release', () => {
  test('says what a pin and an index choice need', () => {
    const release = parse(`Origin: Debian
Label: Debian-Security
Suite: oldstable-security
Version: 12
Codename: bookworm-security
Date: Wed, 18 Nov 2026 22:17:41 UTC
Valid-Until: Wed, 25 Nov 2026 22:17:41 UTC
NotAutomatic: yes
ButAutomaticUpgrades: yes
Acquire-By-Hash: yes
Architectures: amd64 arm64
Components: updates/main updates/contrib
SHA256:
 ${digest} 2513441 main/binary-amd64/Packages
SHA512:
 ${longDigest} 2513441 ./main/binary-amd64/Packages
`)
    assert.deepEqual(
      { ...release, files: [...release.files.values()] },
      {
        origin: 'Debian',
        label: 'Debian-Security',
        suite: 'oldstable-security',
        codename: 'bookworm-security',
        version: '12',
        date: new Date('2026-11-18T22:17:41Z'),
        validUntil: new Date('2026-11-25T22:17:41Z'),
        components: ['updates/main', 'updates/contrib'],
        architectures: ['amd64', 'arm64'],
        acquireByHash: true,
        notAutomatic: true,
        butAutomaticUpgrades: true,
        separateAllIndexes: false,
        files: [{ path: 'main/binary-amd64/Packages', sizeBytes: 2513441, sha256: digest, sha512: longDigest }],
      },
    )
  })

  const allIndexes: readonly [string, boolean, string][] = [
    ['Architectures: all amd64\n', true, 'all is an architecture of its own'],
    [
      'Architectures: all amd64\nNo-Support-for-Architecture-all: Packages\n',
      false,
      'bookworm: binary-amd64 repeats them',
    ],
    ['Architectures: all amd64\nNo-Support-for-Architecture-all: Contents\n', true, 'only for Contents'],
    ['Architectures: amd64\n', false, 'bookworm-security has no all'],
  ]
  for (const [fields, expected, why] of allIndexes)
    test(`has ${expected ? '' : 'no '}separate indexes of all: ${why}`, () => {
      assert.equal(parse(fields + minimal).separateAllIndexes, expected)
    })

  const refused: readonly [string, FaultCode, string][] = [
    ['', 'RELEASE_MALFORMED', 'no stanza'],
    ['<html></html>', 'RELEASE_MALFORMED', 'no field'],
    [`${minimal}\nSuite: other\n`, 'RELEASE_MALFORMED', 'two stanzas'],
    [minimal.replace('Date', 'Datum'), 'RELEASE_MALFORMED', 'no Date'],
    [minimal.replace('Jul', 'Juli'), 'RELEASE_MALFORMED', 'a Date that is none'],
    [`Valid-Until: tomorrow\n${minimal}`, 'RELEASE_MALFORMED', 'a Valid-Until that is none: it must not be skipped'],
    [minimal.replace(digest, 'aaaa'), 'RELEASE_MALFORMED', 'a digest too short'],
    [minimal.replace('100', '-1'), 'RELEASE_MALFORMED', 'a size below zero'],
    [minimal.replace('100', '9'.repeat(30)), 'RELEASE_MALFORMED', 'a size beyond all disks'],
    [minimal.replace(' main/binary-amd64/Packages', ''), 'RELEASE_MALFORMED', 'no path'],
    [`${minimal} ${digest} 101 main/binary-amd64/Packages\n`, 'RELEASE_MALFORMED', 'two sizes for one file'],
    [`${minimal} ${'c'.repeat(64)} 100 main/binary-amd64/Packages\n`, 'RELEASE_MALFORMED', 'two digests for one file'],
    [
      `Date: Sat, 11 Jul 2026 10:16:37 UTC\nMD5Sum:\n ${'d'.repeat(32)} 1 Packages\nSHA1:\n ${'d'.repeat(40)} 1 Packages\n`,
      'RELEASE_WEAK_HASH',
      'nothing better than SHA1',
    ],
    ['Date: Sat, 11 Jul 2026 10:16:37 UTC\n', 'RELEASE_WEAK_HASH', 'no list at all'],
  ]
  for (const [text, code, why] of refused)
    test(`is refused as ${code} with ${why}`, async () => {
      await assertFault(() => parse(text), code, /^Release /)
    })

  test('however damaged, is read or refused, never a crash', () => {
    const lines = [
      ...minimal.split('\n'),
      'Suite: x',
      ' continued',
      '',
      'SHA512:',
      ` ${longDigest} 7 Packages`,
      '#',
      '\0',
      ': x',
    ]
    const text = fc.array(fc.oneof(fc.constantFrom(...lines), fc.string({ maxLength: 40 })), { maxLength: 12 })
    fc.assert(
      fc.property(text, each => {
        try {
          const { files, date } = parse(each.join('\n'))
          assert.ok(files.size > 0 && !Number.isNaN(date.getTime()))
        } catch (error) {
          assert.ok(isFault(error, 'RELEASE_MALFORMED') || isFault(error, 'RELEASE_WEAK_HASH'), String(error))
        }
      }),
      { seed: 20261120, numRuns: 2000 },
    )
  })

  test('and a signature are judged with the same tolerance for clocks', () => {
    assert.equal(futureToleranceSeconds, clockToleranceSeconds)
  })
})
