import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import {
  type Assignment,
  assignRevision,
  type KnownRevisions,
  type RevisionMode,
  type UpstreamRevisions,
} from '../../src/revision/assign.ts'
import { compareRevisions, type Revision, type RevisionKey } from '../../src/revision/index.ts'
import { laterOf } from '../../src/revision/revision-number.ts'
import { seededRandom } from '../support/seeded-random.ts'

interface Row extends Omit<RevisionKey, 'package' | 'architecture'> {
  readonly revision: Revision
}

/** One package on one architecture, in the plainest way: a list that is searched. */
function table(mode: RevisionMode, depth: number) {
  const rows: Row[] = []
  const latest = (wanted: (row: Row) => boolean) =>
    rows.filter(wanted).reduce<Revision | undefined>((latest, row) => laterOf(latest, row.revision), undefined)
  const known = (version: string, checksum: string): KnownRevisions => ({
    newest: latest(() => true),
    ofChecksum: latest(row => row.version === version && row.checksum === checksum),
    ofVersion: latest(row => row.version === version),
  })
  return {
    rows,
    ask(version: string, checksum: string, upstream?: UpstreamRevisions): Assignment {
      const assignment = assignRevision({ mode, depth, known: known(version, checksum), upstream })
      if (assignment.kind !== 'known') rows.push({ version, checksum, revision: assignment.revision })
      return assignment
    },
  }
}

describe('a service with history', () => {
  it('gives an old checksum its old revision back', () => {
    const { ask } = table('history', 1)
    assert.deepEqual(ask('1.0', 'a'), { kind: 'new', revision: '1' })
    assert.deepEqual(ask('1.0', 'b'), { kind: 'new', revision: '2' })
    assert.deepEqual(ask('1.0', 'a'), { kind: 'known', revision: '1' })
    assert.deepEqual(ask('1.0', 'c'), { kind: 'new', revision: '3' })
  })

  it('counts over all versions of a package, so that a revision names one build whatever the template shows', () => {
    const { ask } = table('history', 1)
    assert.equal(ask('1.0', 'a').revision, '1')
    assert.equal(ask('1.1', 'a').revision, '2')
    assert.equal(ask('1.0', 'b').revision, '3')
  })

  it('answers what it knows before it listens to the service that it extends', () => {
    const { ask } = table('history', 2)
    assert.deepEqual(ask('1.0', 'x', { revision: undefined, newest: '4' }), { kind: 'new', revision: '4.1' })
    assert.deepEqual(ask('1.0', 'x', { revision: '5', newest: '5' }), { kind: 'known', revision: '4.1' })
    assert.deepEqual(ask('1.0', 'y', { revision: '3', newest: '5' }), { kind: 'adopted', revision: '3' })
    assert.deepEqual(ask('1.0', 'z', { revision: undefined, newest: '5' }), { kind: 'new', revision: '5.1' })
  })
})

describe('a service without history', () => {
  it('gives an old checksum a new revision, and the newest its own', () => {
    const { ask } = table('no-history', 1)
    assert.deepEqual(ask('1.0', 'a'), { kind: 'new', revision: '1' })
    assert.deepEqual(ask('1.0', 'b'), { kind: 'new', revision: '2' })
    assert.deepEqual(ask('1.0', 'b'), { kind: 'known', revision: '2' })
    assert.deepEqual(ask('1.0', 'a'), { kind: 'new', revision: '3' })
    assert.deepEqual(ask('1.0', 'a'), { kind: 'known', revision: '3' })
  })

  it('judges what is newest within a version, so that two branches built in turn do not push each other on', () => {
    const { ask } = table('no-history', 1)
    assert.equal(ask('1.0', 'a').revision, '1')
    assert.equal(ask('2.0', 'b').revision, '2')
    assert.deepEqual(ask('1.0', 'a'), { kind: 'known', revision: '1' })
  })

  it('takes from the service that it extends only what is no decrease', () => {
    const { ask } = table('no-history', 2)
    assert.deepEqual(ask('1.0', 'a', { revision: '4', newest: '4' }), { kind: 'adopted', revision: '4' })
    assert.deepEqual(ask('1.0', 'x', { revision: undefined, newest: '4' }), { kind: 'new', revision: '4.1' })
    assert.deepEqual(ask('1.0', 'a', { revision: '4', newest: '4' }), { kind: 'new', revision: '4.2' })
    assert.deepEqual(ask('1.0', 'b', { revision: '5', newest: '5' }), { kind: 'adopted', revision: '5' })
  })
})

const seed = Number(process.env.APTROOT_SEED ?? 20261121)

describe(`hundreds of questions in any order (seed ${seed})`, () => {
  for (const mode of ['history', 'no-history'] as const)
    it(`keep the promises with ${mode}, at a service and at one that extends it`, () => {
      const random = seededRandom(seed)
      const root = table(mode, 1)
      const extension = table(mode, 2)
      const answers = new Map<string, Revision>()
      let upstream: UpstreamRevisions[] = []
      for (let question = 0; question < 600; question++) {
        const version = random.pick(['1.0', '1.1', '2.0'])
        const checksum = `c${random.below(60)}`
        if (random.below(3) === 0) root.ask(version, checksum)
        const seen = root.rows.filter(row => row.version === version)
        const own = [...seen].reverse().find(row => row.checksum === checksum)
        const isTold = own !== undefined && (mode === 'history' || own === seen.at(-1))
        const now: UpstreamRevisions = {
          revision: isTold ? own.revision : undefined,
          newest: root.rows.at(-1)?.revision,
        }
        // What was asked of the other service may be old news by the time it is used.
        upstream = [now, ...upstream].slice(0, 3)
        const told = now.revision === undefined ? { ...random.pick(upstream), revision: undefined } : now
        const before = extension.rows.at(-1)
        const answer = extension.ask(version, checksum, told)
        if (answer.kind === 'new' && before !== undefined)
          for (const row of extension.rows.slice(0, -1)) assert.ok(compareRevisions(row.revision, answer.revision) < 0)
        const place = mode === 'history' ? `${version} ${checksum}` : version
        const last = answers.get(place)
        if (last !== undefined && mode === 'history') assert.equal(answer.revision, last)
        if (last !== undefined && mode === 'no-history') assert.ok(compareRevisions(last, answer.revision) <= 0)
        answers.set(place, answer.revision)
      }
      for (const { rows } of [root, extension])
        assert.equal(new Set(rows.map(row => row.revision)).size, rows.length, 'a revision names one checksum')
    })
})
