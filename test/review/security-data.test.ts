import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { readSecurityData } from '../../src/review/index.ts'
import { assertFault } from '../support/assert-fault.ts'

/** Written by hand after https://security-tracker.debian.org/tracker/data/json. */
const tracker = JSON.stringify({
  openssl: {
    'CVE-2024-0001': {
      description: 'A flaw.',
      scope: 'remote',
      releases: {
        bookworm: {
          status: 'resolved',
          repositories: { bookworm: '3.0.15-1~deb12u1', 'bookworm-security': '3.0.16-1~deb12u1' },
          fixed_version: '3.0.16-1~deb12u1',
          urgency: 'high**',
        },
        sid: { status: 'resolved', repositories: { sid: '3.4.1-1' }, fixed_version: '3.4.1-1', urgency: 'high**' },
      },
    },
    'CVE-2024-0002': {
      releases: {
        bookworm: { status: 'open', urgency: 'not yet assigned', nodsa: 'Minor issue', nodsa_reason: 'postponed' },
      },
    },
    'CVE-2024-0003': { releases: { bookworm: { status: 'resolved', fixed_version: '0', urgency: 'unimportant' } } },
    'CVE-2024-0004': { releases: { bookworm: { status: 'undetermined', urgency: 'low' } } },
    'not an id': { releases: { bookworm: { status: 'open' } } },
    'CVE-2024-0005': { releases: { bookworm: { status: 'resolved', fixed_version: 'no version!', urgency: 7 } } },
  },
  constructor: { 'CVE-2024-0006': { releases: { sid: { status: 'open' } } } },
})
const bookworm = { vendor: 'debian', codename: 'bookworm', release: '12' }
const noble = { vendor: 'ubuntu', codename: 'noble', release: '24.04' }

describe("the security tracker's data", () => {
  const data = readSecurityData(tracker, 'tracker.json')
  const known = data.vulnerabilitiesOf({ source: 'openssl', ...bookworm }) ?? []
  const verdicts = (version: string) => known.map(each => `${each.id} ${each.verdictOf(version)}`)

  test('says of a version which vulnerabilities it has', () => {
    assert.deepEqual(verdicts('3.0.15-1~deb12u1'), [
      'CVE-2024-0001 affected',
      'CVE-2024-0002 affected',
      'CVE-2024-0003 not-affected',
      'CVE-2024-0004 not-known',
      'CVE-2024-0005 not-known',
    ])
    assert.equal(verdicts('3.0.16-1~deb12u1')[0], 'CVE-2024-0001 not-affected')
    assert.equal(verdicts('1:1.0')[0], 'CVE-2024-0001 not-affected', 'an epoch outweighs everything after it')
  })

  test('has urgency, fix, suites and the reason why nobody hurries', () => {
    const [first, second] = known
    assert.deepEqual(
      [first?.urgency, first?.fixedVersion, first?.suites.get('bookworm-security')],
      ['high', '3.0.16-1~deb12u1', '3.0.16-1~deb12u1'],
    )
    assert.deepEqual(
      [second?.urgency, second?.fixedVersion, second?.note],
      ['unassigned', undefined, 'Minor issue (postponed)'],
    )
  })

  test('knows nothing of releases and vendors that it does not have, and nothing bad of packages without entries', () => {
    assert.equal(data.vulnerabilitiesOf({ source: 'openssl', ...bookworm, codename: 'forky' }), undefined)
    assert.equal(data.vulnerabilitiesOf({ source: 'openssl', ...noble }), undefined)
    assert.deepEqual(data.vulnerabilitiesOf({ source: 'bash', ...bookworm }), [])
    assert.deepEqual(data.vulnerabilitiesOf({ source: 'toString', ...bookworm }), [])
  })
})

test("odd entries of the tracker's data neither stop it nor count for anything", () => {
  const release = (facts: object) => ({ scope: 'local', debianbug: 1_000_000, releases: { bookworm: facts } })
  const data = readSecurityData(
    JSON.stringify({
      zlib: {
        'CVE-2023-45853': release({
          status: 'open',
          repositories: { bookworm: '1:1.2.13.dfsg-1', 'bookworm-security': null, odd: 'no version!' },
          urgency: null,
          nodsa: null,
          nodsa_reason: 'ignored',
        }),
        'TEMP-0000000-1A2B3C': release({ status: 'resolved', fixed_version: '1:1.2.11-1', urgency: 'end-of-life' }),
        'CVE-2023-0001': release({ status: 'resolved', urgency: 'low' }),
        'CVE-2023-0002': { description: null, debianbug: null, releases: { bookworm: null, sid: [] } },
        'CVE-2023-0003': null,
        'CVE-2023-0004': release({ status: 'not-affected', fixed_version: '' }),
      },
      empty: {},
      nothing: null,
      list: ['CVE-2023-0005'],
    }),
    'tracker.json',
  )
  const known = data.vulnerabilitiesOf({ source: 'zlib', ...bookworm }) ?? []
  assert.deepEqual(
    known.map(each => [each.id, each.urgency, each.verdictOf('1:1.2.13.dfsg-1'), each.note, [...each.suites.keys()]]),
    [
      ['CVE-2023-45853', 'unassigned', 'affected', '(ignored)', ['bookworm']],
      ['TEMP-0000000-1A2B3C', 'end-of-life', 'not-affected', '', []],
      ['CVE-2023-0001', 'low', 'not-known', '', []],
      ['CVE-2023-0004', 'unassigned', 'not-known', '', []],
    ],
  )
  for (const source of ['empty', 'nothing', 'list'])
    assert.deepEqual(data.vulnerabilitiesOf({ source, ...bookworm }), [], source)
})

/** Written by hand after https://ossf.github.io/osv-schema/. */
const affected = (ecosystem: string, name: string, events: readonly object[], more: object = {}) => ({
  package: { ecosystem, name },
  ranges: [{ type: 'ECOSYSTEM', events }],
  ...more,
})
const records = [
  {
    id: 'DSA-5678-1',
    modified: '2024-03-01T00:00:00Z',
    upstream: ['CVE-2024-0001', 'CVE-2024-0002'],
    affected: [affected('Debian:12', 'openssl', [{ introduced: '0' }, { fixed: '3.0.16-1~deb12u1' }])],
  },
  {
    id: 'DEBIAN-CVE-2024-0002',
    modified: '2024-04-01T00:00:00Z',
    affected: [
      affected('Debian:12', 'openssl', [{ introduced: '0' }], { ecosystem_specific: { urgency: 'low' } }),
      affected('Debian:13', 'openssl', [{ introduced: '3.2-1' }, { fixed: '3.4-1' }]),
    ],
  },
  {
    id: 'UBUNTU-CVE-2024-0003',
    modified: '2024-05-01T00:00:00Z',
    severity: [{ type: 'Ubuntu', score: 'medium' }],
    affected: [
      affected('Ubuntu:24.04:LTS', 'openssl', [{ introduced: '0' }, { last_affected: '3.0.13-0ubuntu3' }]),
      affected('Ubuntu:Pro:18.04:LTS', 'openssl', [{ introduced: '0' }]),
    ],
  },
  {
    id: 'DSA-1-1',
    modified: '2024-01-01T00:00:00Z',
    withdrawn: '2024-02-01T00:00:00Z',
    affected: [affected('Debian:12', 'openssl', [{ introduced: '0' }])],
  },
]

describe('OSV records', () => {
  const forms: Readonly<Record<string, string>> = {
    'a list': JSON.stringify(records),
    'an answer of the API': JSON.stringify({ vulns: records }),
    'a record a line': records.map(each => JSON.stringify(each)).join('\n'),
  }
  for (const [form, text] of Object.entries(forms))
    test(`as ${form} name CVEs by release; the record of one CVE outweighs an advisory about several`, () => {
      const data = readSecurityData(text, 'osv.json')
      assert.equal(data.modified, '2024-05-01')
      const known = data.vulnerabilitiesOf({ source: 'openssl', ...bookworm }) ?? []
      assert.deepEqual(
        known.map(each => [each.id, each.urgency, each.fixedVersion, each.verdictOf('3.0.16-1~deb12u1')]),
        [
          ['CVE-2024-0002', 'low', undefined, 'affected'],
          ['CVE-2024-0001', 'unassigned', '3.0.16-1~deb12u1', 'not-affected'],
        ],
      )
    })

  test('tell what came in late, and what is affected up to a version', () => {
    const data = readSecurityData(JSON.stringify(records), 'osv.json')
    const trixie = data.vulnerabilitiesOf({ source: 'openssl', vendor: 'debian', codename: 'trixie', release: '13' })
    assert.deepEqual(
      ['3.1-1', '3.2-1', '3.3-1', '3.4-1'].map(each => trixie?.[0]?.verdictOf(each)),
      ['not-affected', 'affected', 'affected', 'not-affected'],
    )
    const [ubuntu] = data.vulnerabilitiesOf({ source: 'openssl', ...noble }) ?? []
    assert.deepEqual(
      [ubuntu?.urgency, ubuntu?.verdictOf('3.0.13-0ubuntu3'), ubuntu?.verdictOf('3.0.13-0ubuntu3.1')],
      ['medium', 'affected', 'not-affected'],
    )
    assert.equal(
      data.vulnerabilitiesOf({ source: 'openssl', vendor: 'ubuntu', codename: 'bionic', release: '18.04' }),
      undefined,
    )
  })
})

describe('an OSV record', () => {
  const verdict = (events: readonly object[], version: string, more: object = {}) => {
    const record = { id: 'DEBIAN-CVE-2024-0009', affected: [affected('Debian:12', 'odd', events, more)] }
    const data = readSecurityData(JSON.stringify(record), 'osv.json')
    return data.vulnerabilitiesOf({ source: 'odd', ...bookworm })?.[0]?.verdictOf(version)
  }

  test('that begins with 0 is about every version, also about those that sort before 0', () => {
    assert.equal(verdict([{ introduced: '0' }], '0~git20180101-1'), 'affected')
    assert.equal(verdict([{ introduced: '0' }, { fixed: '0~git20190101-1' }], '0~git20190101-1'), 'not-affected')
    assert.equal(verdict([{ introduced: '0' }, { fixed: '0~git20190101-1' }], '0~git20180101-1'), 'affected')
  })

  test('with a limit is about versions below it, and `*` is no limit', () => {
    assert.deepEqual(
      ['1', '2', '3'].map(each => verdict([{ introduced: '0' }, { limit: '2' }], each)),
      ['affected', 'not-affected', 'not-affected'],
    )
    assert.equal(verdict([{ introduced: '0' }, { limit: '*' }], '3'), 'affected')
  })

  test('that lists versions beside a range is about both', () => {
    assert.equal(verdict([{ introduced: '5' }], '1-1', { versions: ['1-1', 7, null] }), 'affected')
    assert.equal(verdict([{ introduced: '5' }], '1-2', { versions: ['1-1'] }), 'not-affected')
  })

  test('of an advisory names its CVEs also by the records of a distribution', () => {
    const range = affected('Ubuntu:24.04:LTS', 'odd', [{ introduced: '0' }])
    const named = (more: object) =>
      readSecurityData(
        JSON.stringify({ id: 'USN-7000-1', withdrawn: null, affected: [range, null, 1], ...more }),
        'osv.json',
      )
        .vulnerabilitiesOf({ source: 'odd', ...noble })
        ?.map(each => each.id)
    assert.deepEqual(named({ upstream: ['UBUNTU-CVE-2024-0001', 'CVE-2024-0001', 'CVE-2024-0002', 3] }), [
      'CVE-2024-0001',
      'CVE-2024-0002',
    ])
    assert.deepEqual(named({ aliases: null }), ['USN-7000-1'])
    assert.deepEqual(named({ withdrawn: '2024-02-01T00:00:00Z' }), [])
  })
})

test('anything else is no security data', async () => {
  for (const text of ['', '{', '[]', '{}', '"x"', '{"openssl": {"CVE-2024-0001": {}}}', '[{"id": 1}]', '[[[[]]]]'])
    await assertFault(() => readSecurityData(text, 'x.json'), 'SECURITY_DATA_MALFORMED')
})
