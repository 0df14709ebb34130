import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, it } from 'vitest'
import {
  type ResolutionRequest,
  readRecordedProblem,
  recordProblem,
  resolvePackages,
} from '../../src/resolver/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { answerText } from '../support/recorded-problems.ts'
import { quietSession } from '../support/scratch.ts'
import { archive, pin, request, titlesOf, wanted } from '../support/universe.ts'

const folder = fileURLToPath(new URL('../../fixtures/recorded-problems', import.meta.url))
const names = readdirSync(folder).flatMap(file => (file.endsWith('.json') ? [file.slice(0, -'.json'.length)] : []))

describe('a recorded problem', () => {
  it('is there to be replayed', () => assert.ok(names.length >= 4))

  for (const name of names) {
    it(`gets the answer that the archive gave: ${name}`, async () => {
      const text = readFileSync(join(folder, `${name}.json`), 'utf8')
      assert.ok(text.length < 200_000, `${text.length} bytes are no fixture`)
      const found = await resolvePackages(readRecordedProblem(text, name), quietSession())
      const path = join(folder, `${name}.expected.txt`)
      if (process.env.APTROOT_ACCEPT === 'yes') writeFileSync(path, answerText(found))
      assert.equal(answerText(found), existsSync(path) ? readFileSync(path, 'utf8') : undefined)
    })

    it(`is written again with the same bytes: ${name}`, () => {
      const text = readFileSync(join(folder, `${name}.json`), 'utf8')
      assert.equal(recordProblem(readRecordedProblem(text, name)), text)
    })
  }

  const debian = archive({
    'app 2': { depends: 'lib (>= 1) | other, init', recommends: 'doc', breaks: 'old, unheard-of' },
    'app 1': { depends: 'far-away', suites: ['oldstable'] },
    'lib 1': { provides: 'unasked, virtual (= 3)' },
    'old 1': {},
    'other 1': { depends: 'old, virtual' },
    'init 1': { multiArch: 'foreign', priority: 'required', source: 'sysvinit (3.06)' },
    'doc 1': {},
    'far-away 1': {},
    'elsewhere 1': { depends: 'app' },
  })

  it('holds what can be reached from the request, and of it what steers a choice', () => {
    const text = recordProblem(request(debian, ['app']))
    const recorded = JSON.parse(text) as { packages: Record<string, unknown>[] }
    assert.deepEqual(
      recorded.packages.map(each => `${each.name} ${each.version}`),
      // An older version may be needed, and so may what it needs; Recommends were not asked for.
      ['app 1', 'app 2', 'far-away 1', 'init 1', 'lib 1', 'old 1', 'other 1'],
    )
    const [, app] = recorded.packages
    assert.deepEqual([app?.depends, app?.breaks, app?.recommends], ['lib (>= 1) | other, init', 'old', undefined])
    assert.equal(recorded.packages[4]?.provides, 'virtual (= 3)')
  })

  it('says nothing of files, hosts, addresses and dates', () => {
    assert.doesNotMatch(recordProblem(request(debian, ['app'])), /pool|mirror\.example|http|2026/)
  })

  it('names the host of an archive only where a pin goes by it', () => {
    const pins = [pin({ package: 'app', origin: 'mirror.example.org' })]
    assert.match(recordProblem(request(debian, ['app'], { pins })), /"host": "mirror\.example\.org"/)
  })

  it('keeps pins, exclusions, selections and the base set', async () => {
    const details = {
      base: 'required',
      recommends: { kind: 'follow-of', packages: ['app'] },
      exclude: ['doc'],
      pins: [pin({ source: 'app', version: '1', release: { n: 'oldstable' }, reason: 'a test', until: '2026-01-01' })],
      asOf: '2026-11-20',
    } as const
    for (const item of ['app', 'app=2', 'app/stable']) {
      const live = request(debian, [item], details)
      const replayed = readRecordedProblem(recordProblem(live), 'it')
      const answers = await Promise.all([live, replayed].map(each => resolvePackages(each, quietSession())))
      const [first, second] = answers.map(answerText)
      assert.equal(second, first)
      assert.match(first ?? '', /the pin of source app was meant to last/)
    }
  })

  it('has the same bytes however the request and the archive are ordered', () => {
    const texts = ['other', 'app', 'doc']
    const text = recordProblem(request(debian, texts, { exclude: ['z', 'a'] }))
    assert.equal(recordProblem(request(debian, texts.reverse(), { exclude: ['a', 'z'] })), text)
  })

  it('of a misspelt name keeps those that are near, since they are proposed', async () => {
    const found = await resolvePackages(
      readRecordedProblem(recordProblem(request(debian, ['aqp'])), 'it'),
      quietSession(),
    )
    assert.match(answerText(found), /Write `app` \(checked/)
  })

  it('explains the same: what provides a name, alone or beside the one that was meant, and the restriction of an item', async () => {
    const provided = archive({
      'app 1': { depends: 'mta (>= 2)' },
      'exim4 1': { provides: 'mta, nginx-light' },
      'nginx-light 1': { depends: 'gone' },
    })
    const item = { ...wanted('app=2'), text: 'app=2 [amd64]', architectures: ['amd64'] }
    const live = [
      request(provided, ['app']),
      request(provided, ['ngnix-light']),
      { ...request(archive({ 'app 1': {} }), []), wanted: [item] },
    ]
    const answers = async (asked: ResolutionRequest) => answerText(await resolvePackages(asked, quietSession()))
    for (const [at, hint] of ['take app out', 'Write `nginx-light`', 'Want `app [amd64]`'].entries()) {
      const asked = live[at] ?? assert.fail()
      const replayed = readRecordedProblem(recordProblem(asked), 'it')
      assert.equal(recordProblem(replayed), recordProblem(asked))
      assert.equal(await answers(replayed), await answers(asked))
      assert.ok((await answers(asked)).includes(hint), await answers(asked))
    }
  })

  it('keeps the other architectures of the manifest, which advice may name', async () => {
    const live = request(debian, ['init', 'unheard-of'], { otherArchitectures: ['arm64'] })
    const found = await resolvePackages(readRecordedProblem(recordProblem(live), 'it'), quietSession())
    assert.match(answerText(found), /write `"unheard-of \[arm64\]"`/)
  })

  it('chooses the same where several suites list a package', async () => {
    const two = archive({ 'a 1': { suites: ['b-suite', 'a-suite'] }, 'a 1 again': { suites: ['c-suite'] } })
    const found = await resolvePackages(readRecordedProblem(recordProblem(request(two, ['a'])), 'it'), quietSession())
    assert.deepEqual(titlesOf(found), ['a 1'])
    assert.match(answerText(found), /offered with sha256/)
  })
})

describe('a file that is no recorded problem', () => {
  const sound = recordProblem(request(archive({ 'app 1': {} }), ['app']))
  const broken = [
    ['not JSON', '{'],
    ['a list', '[]'],
    ['of another format', sound.replace('"aptroot-problem": 1', '"aptroot-problem": 2')],
    ['without packages', sound.replace('"packages"', '"debs"')],
    ['with a suite that is not recorded', sound.replace('"suites":[0]', '"suites":[7]')],
    ['with a package of no suite', sound.replace('"suites":[0]', '"suites":[]')],
    ['with a sha256 that is none', sound.replace(/"sha256":"[0-9a-f]+"/, '"sha256":"1"')],
    ['with a number for a name', sound.replace('"name":"app"', '"name":7')],
    ['with an unknown base', sound.replace('"base": "none"', '"base": "all"')],
  ] as const
  for (const [what, text] of broken) {
    it(`is refused: ${what}`, async () => {
      assert.notEqual(text, sound)
      await assertFault(
        () => readRecordedProblem(text, 'problem.json'),
        'PROBLEM_MALFORMED',
        'problem.json is no recorded problem: ',
      )
    })
  }
})
