import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import {
  auditLock,
  formatMarkdown,
  type PlaceOf,
  readSecurityData,
  reviewDocument,
  reviewLocks,
  type SourceChangelog,
  securityReview,
  stoppedAudit,
} from '../../src/review/index.ts'
import { lockedDeb, lockWith } from '../support/lock-values.ts'

const fixedIn = (version: string, urgency = 'not yet assigned', repositories: object = {}) => ({
  releases: { bookworm: { status: 'resolved', fixed_version: version, urgency, repositories } },
})
const open = (urgency = 'low') => ({ releases: { bookworm: { status: 'open', urgency, nodsa: 'Minor issue' } } })

const data = readSecurityData(
  JSON.stringify({
    tool: {
      'CVE-2024-0001': fixedIn('1.0-2', 'high', { bookworm: '1.0-1', 'bookworm-security': '1.0-2' }),
      'CVE-2024-0002': open(),
      'CVE-2024-0003': open(),
      'CVE-2020-0004': fixedIn('0.9-1'),
      'CVE-2024-0005': fixedIn('1.0-1.1', 'unimportant'),
    },
    added: { 'CVE-2024-0006': open() },
    removed: { 'CVE-2024-0007': open() },
    native: { 'CVE-2024-0008': fixedIn('1:2.0') },
  }),
  'tracker.json',
)
const placeOf: PlaceOf = ({ from }) =>
  from.startsWith('debian')
    ? { vendor: 'debian', codename: 'bookworm', release: '12' }
    : { vendor: 'docker', codename: 'bookworm', release: undefined }
const origin = { name: 'tracker.json', date: '2026-07-11', dateIs: 'of-file' } as const
const tool = (version: string) => lockedDeb(`tool:amd64=${version}`)
const before = lockWith([
  tool('1.0-1'),
  lockedDeb('removed:amd64=1-1'),
  lockedDeb('docker:amd64=1-1', { from: 'docker/bookworm/stable' }),
])
const after = lockWith([
  tool('1.0-2'),
  lockedDeb('added:amd64=1-1'),
  lockedDeb('docker:amd64=1-2', { from: 'docker/bookworm/stable' }),
])
const changelog = (direction: 'gained' | 'lost'): SourceChangelog => ({
  kind: 'known',
  source: 'tool',
  direction,
  deb: 'tool:amd64 1.0-2',
  entries: [],
  entriesLeftOut: 0,
  reach: 'whole',
  cves: ['CVE-2024-0001', 'CVE-2024-0003', 'CVE-2024-9999'],
})

describe('a change', () => {
  const sources = ['added', 'docker', 'removed', 'tool']
  const security = securityReview({ data, origin, before, after, sources, changelogs: [changelog('gained')], placeOf })
  const verdicts = security.changes.map(each => `${each.verdict} ${each.source} ${each.id}`)

  test('fixes, claims, leaves open and opens vulnerabilities', () => {
    assert.deepEqual(verdicts, [
      'opened added CVE-2024-0006',
      'fixed removed CVE-2024-0007',
      'fixed tool CVE-2024-0001',
      'fixed tool CVE-2024-0005',
      'claimed tool CVE-2024-0003',
      'claimed tool CVE-2024-9999',
      'open tool CVE-2024-0002',
    ])
    assert.deepEqual(security.unjudged, [{ source: 'docker', reason: 'the data has nothing about bookworm of docker' }])
  })

  test('says so in its first lines, with the date of the data, and links CVEs', () => {
    const side = (lock: typeof before) => ({ name: 'x', lock, manifest: undefined })
    const review = reviewLocks({ before: side(before), after: side(after), security })
    const body = formatMarkdown(reviewDocument(review), 'github')
    assert.match(
      body.split('\n').slice(0, 6).join('\n'),
      /Vulnerabilities: \*\*1 OPENED by this change\*\*, 3 fixed by this change, 2 claimed only by the changelog, 1 still open \(file of 2026-07-11: `tracker\.json`\)\./,
    )
    assert.match(body, /still open: \[CVE-2024-0002\]\(https:\S+\) in `tool`, low: `Minor issue`/)
    assert.match(body, /- `docker`: not known, since `the data has nothing about bookworm of docker`/)
  })

  test('back to an older version opens what was fixed, whatever the changelog of the newer one says', () => {
    const back = securityReview({
      data,
      origin,
      before: after,
      after: before,
      sources: ['tool'],
      changelogs: [changelog('lost')],
      placeOf,
    })
    assert.deepEqual(
      back.changes.filter(each => each.verdict === 'opened').map(each => each.id),
      ['CVE-2024-0001', 'CVE-2024-0005'],
    )
    assert.ok(!back.changes.some(each => each.verdict === 'claimed'))
  })

  test('without data claims nothing: what changelogs name is counted and no more', () => {
    const side = (lock: typeof before) => ({ name: 'x', lock, manifest: undefined })
    const review = reviewLocks({ before: side(before), after: side(after), changelogs: [changelog('gained')] })
    const body = formatMarkdown(reviewDocument(review), 'github')
    assert.match(body, /Changelogs name 3 CVEs; without security data nobody knows which are fixed\./)
    assert.doesNotMatch(body, /fixed by this change/)
  })
})

describe('an audit', () => {
  const audit = (debs = before.debs, ignored: Parameters<typeof auditLock>[0]['ignored'] = []) =>
    auditLock({
      lockName: 'aptroot.lock',
      lock: lockWith(debs),
      data,
      origin,
      placeOf,
      ignored,
      today: '2026-07-11',
      listed: () => [
        { suite: 'debian/bookworm', version: '1.0-1' },
        { suite: 'debian-security/bookworm-security', version: '1.0-2' },
      ],
    })

  test('compares versions of sources as Debian does: rebuilds, revisions of non-maintainers, epochs', () => {
    const rows = [
      ['tool:amd64=1.0-1+b1', '1.0-1', ['CVE-2024-0001', 'CVE-2024-0002', 'CVE-2024-0003', 'CVE-2024-0005']],
      ['tool:amd64=1.0-1.1+b2', '1.0-1.1', ['CVE-2024-0001', 'CVE-2024-0002', 'CVE-2024-0003']],
      ['tool:amd64=1.0-2~rc1', '1.0-2~rc1', ['CVE-2024-0001', 'CVE-2024-0002', 'CVE-2024-0003']],
      ['native:amd64=9.0', '9.0', ['CVE-2024-0008']],
      ['native:amd64=1:2.0+b1', '1:2.0', []],
    ] as const
    for (const [title, sourceVersion, ids] of rows)
      assert.deepEqual(
        audit([lockedDeb(title, { sourceVersion })]).vulnerabilities.map(each => each.id),
        ids,
        title,
      )
  })

  test('says where the fix can be had: by the indexes at hand, and by the data', () => {
    const [first] = audit().vulnerabilities.filter(each => each.id === 'CVE-2024-0001')
    assert.deepEqual(
      first?.fixedIn.map(each => `${each.by} ${each.suite} ${each.version}`),
      ['index debian-security/bookworm-security 1.0-2', 'data bookworm-security 1.0-2'],
    )
  })

  test('ignores until a day, of one source package or of any; says what expired and what nothing has', () => {
    const entry = (id: string, until: string, source?: string) => ({ id, source, until, reason: 'not reachable' })
    const result = audit(before.debs, [
      entry('CVE-2024-0001', '2026-07-11', 'tool'),
      entry('CVE-2024-0002', '2026-07-10'),
      entry('CVE-2024-0003', '2027-01-01', 'other'),
    ])
    assert.deepEqual(
      result.vulnerabilities.filter(each => each.ignored !== undefined).map(each => each.id),
      ['CVE-2024-0001'],
    )
    assert.deepEqual(
      [result.expired.map(each => each.id), result.unused.map(each => each.id)],
      [['CVE-2024-0002'], ['CVE-2024-0003']],
    )
  })

  const gates = [
    [['high'], ['CVE-2024-0001']],
    [['low'], ['CVE-2024-0007', 'CVE-2024-0001', 'CVE-2024-0002', 'CVE-2024-0003']],
    [['unassigned'], []],
    [['fixable'], ['CVE-2024-0001', 'CVE-2024-0005']],
    [['any'], ['CVE-2024-0007', 'CVE-2024-0001', 'CVE-2024-0002', 'CVE-2024-0003', 'CVE-2024-0005']],
  ] as const
  for (const [gate, ids] of gates)
    test(`is stopped by ${gate} for ${ids.length} of its vulnerabilities`, () =>
      assert.deepEqual(
        stoppedAudit(audit(), gate).map(each => each.id),
        ids,
      ))
})
