import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import type { PrivateKey } from 'openpgp'
import { afterEach, beforeAll, beforeEach, describe, test } from 'vitest'
import type { Outdated } from '../../src/workflows/find-outdated.ts'
import { envelopeOf, runAptroot } from '../support/aptroot-program.ts'
import { makeTestKey } from '../support/signing.ts'
import {
  type ArchiveState,
  type ManifestRequest,
  publishTwoArchives,
  twoArchivesManifest,
} from '../support/two-archives.ts'

let folder = ''
let key: PrivateKey
beforeAll(async () => {
  key = await makeTestKey({ name: 'Archive' })
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aptroot-outdated-'))
  mkdirSync(join(folder, 'keys'))
  writeFileSync(join(folder, 'keys/test.asc'), key.toPublic().armor())
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const run = (line: string) => runAptroot(`lock ${line} --as-of 2026-01-20`.split(' '), { folder })
const publish = (state: ArchiveState) => publishTwoArchives(folder, key, state)
const want = (request: ManifestRequest) =>
  writeFileSync(join(folder, 'aptroot.yaml'), twoArchivesManifest(folder, request))
const lockText = () => readFileSync(join(folder, 'aptroot.lock'), 'utf8')

const before = {
  'nginx 1.0-1': { Depends: 'nginx-common' },
  'nginx-common 1.0-1': { Source: 'nginx' },
  'curl 7.1-1': {},
  'openssl 3.0-1': {},
}
const after = {
  ...before,
  'nginx 2.0-1': { Depends: 'nginx-common, nginx-modules' },
  'nginx-common 2.0-1': { Source: 'nginx' },
  'nginx-modules 2.0-1': { Source: 'modules' },
  'curl 7.1-1+deb12u1': {},
}
const fix = { 'openssl 3.0-1+deb12u1': {} }

async function lockBefore(request: Partial<ManifestRequest> = {}): Promise<void> {
  await publish({ main: before })
  want({ packages: 'nginx, curl, openssl', ...request })
  const first = await run('update')
  assert.equal(first.exitCode, 0, first.errorOutput)
}

describe('lock outdated', () => {
  test('tells by group what would move and what kind of change it is, and writes nothing', async () => {
    await lockBefore()
    await publish({ main: after, security: fix })
    const lock = lockText()
    const result = await run('outdated')
    assert.equal(result.exitCode, 0, result.errorOutput)
    assert.equal(
      result.output,
      `security
  openssl 3.0-1 → 3.0-1+deb12u1: security upload

updates
  curl 7.1-1 → 7.1-1+deb12u1: stable update
  nginx 1.0-1 → 2.0-1: new upstream (major) (2 debs)

aptroot.lock: 3 source packages would move; 1 more come, go or change their place.
`,
    )
    assert.equal(lockText(), lock)
    assert.equal((await run('outdated --exit-code')).exitCode, 1)
  })

  test('answers under --json as schema/lock-outdated.schema.json says, whatever holds something back', async () => {
    const [outdated, diff] = ['outdated', 'diff'].map(name =>
      JSON.parse(readFileSync(new URL(`../../schema/lock-${name}.schema.json`, import.meta.url), 'utf8')),
    )
    const accepts = new Ajv({ strict: true }).addSchema(diff, 'lock-diff.schema.json').compile(outdated)
    const policy = 'policy:\n  ignore: [{source: curl, kinds: [stable-update], reason: not now, until: 2026-02-01}]\n'
    const pin = 'pins: [{source: openssl, version: "3.0-1", reason: tested, until: 2026-06-30}]\n'
    const age = '  minimum-age: {any: 30d}\n'
    const seen = new Set<string>()
    for (const more of ['', policy, policy + age, pin]) {
      await lockBefore({ more })
      await publish({ main: after, security: fix })
      const result = envelopeOf(await run('outdated --json')).result as { locks: Outdated[] }
      assert.ok(accepts(result), `${more}: ${JSON.stringify(accepts.errors)}`)
      for (const { held, newer } of result.locks)
        for (const kind of [...held.map(each => each.verdict.kind), ...newer.map(each => each.because.kind)])
          seen.add(kind)
      rmSync(join(folder, 'aptroot.lock'))
    }
    assert.deepEqual([...seen].sort(), ['ignored', 'pin', 'waits'])
    assert.ok(!accepts({ outdated: 1, locks: [{ kind: 'solved' }] }))
    await lockBefore()
    await publish({ main: { 'nginx 2.0-1': { Depends: 'gone' } } })
    const unsolvable = await run('outdated --json')
    assert.equal(unsolvable.exitCode, 3)
    assert.ok(accepts(envelopeOf(unsolvable).result), JSON.stringify(accepts.errors))
  })

  test('of a lock that is current says so', async () => {
    await lockBefore()
    const result = await run('outdated --exit-code')
    assert.deepEqual([result.exitCode, result.output], [0, 'aptroot.lock is up to date.\n'])
  })

  test('names the pin that holds a newer version back, and when it ends', async () => {
    await lockBefore({
      more: 'pins: [{source: nginx, version: "1.*", reason: plugins are not ready, until: 2026-06-30}]\n',
    })
    await publish({ main: after })
    const result = await run('outdated')
    assert.match(
      result.output,
      /^held back\n {2}nginx:all 1\.0-1, not 2\.0-1 of main\/stable: pin of nginx until 2026-06-30: plugins are not ready\n/m,
    )
  })

  test('says of a version that does not go with the manifest that nothing has it', async () => {
    await lockBefore({ packages: '"nginx (<< 2)", curl, openssl' })
    await publish({ main: after })
    const { output } = await run('outdated')
    assert.match(output, /nginx:all 1\.0-1, not 2\.0-1 of main\/stable: nothing that satisfies the manifest has it/)
  })

  test('sorts changes into the groups of the policy, and those that none takes by themselves', async () => {
    await lockBefore({
      more: 'policy:\n  groups:\n    - {name: web, sources: ["ngin*"]}\n    - {name: fixes, archives: [security]}\n',
    })
    await publish({ main: after, security: fix })
    const { locks } = envelopeOf(await run('outdated --json')).result as {
      locks: { groups: { name: string; sources: { source: string }[] }[] }[]
    }
    const groups = locks[0]?.groups.map(({ name, sources }) => [name, ...sources.map(each => each.source)])
    assert.deepEqual(groups, [
      ['web', 'nginx'],
      ['fixes', 'openssl'],
      ['curl', 'curl'],
    ])
  })

  test('holds back what a rule ignores until its day, unless another allows it', async () => {
    const ignore = 'policy:\n  ignore: [{source: "*", kinds: [major], reason: not in January, until: 2026-01-20}]\n'
    await lockBefore({ more: ignore })
    await publish({ main: after })
    const held = await run('outdated')
    assert.match(held.output, /nginx 1\.0-1 → 2\.0-1: ignored until 2026-01-20: not in January/)
    assert.match(held.output, /1 source package would move; 1 held back/)
    const allow = '  allow: [{source: nginx, versions: ["<< 3"], reason: we need it, until: 2026-01-31}]\n'
    want({ packages: 'nginx, curl, openssl', more: ignore + allow })
    assert.match((await run('outdated')).output, /2 source packages would move/)
    want({ packages: 'nginx, curl, openssl', more: ignore.replace('2026-01-20', '2026-01-19') })
    const ended = await run('outdated')
    assert.match(ended.output, /2 source packages would move/)
    assert.match(ended.errorOutput, /warning: the rule of `policy` about \* ended on 2026-01-19: not in January/)
  })

  test('is what `lock update --policy` takes', async () => {
    await lockBefore({
      more: 'policy:\n  ignore: [{source: "nginx", reason: not in January, until: 2026-01-31}]\n',
    })
    await publish({ main: after, security: fix })
    const result = await run('update --policy')
    assert.equal(result.exitCode, 0, result.errorOutput)
    const { debs } = envelopeOf(await runAptroot(['lock', 'show', '--json'], { folder })).result as {
      debs: { name: string; version: string }[]
    }
    assert.deepEqual(
      debs.map(({ name, version }) => `${name} ${version}`),
      ['curl 7.1-1+deb12u1', 'nginx 1.0-1', 'nginx-common 1.0-1', 'openssl 3.0-1+deb12u1'],
    )
  })

  test('of a lock that does not answer its manifest asks for an update first', async () => {
    await lockBefore()
    want({ packages: 'nginx' })
    const result = await run('outdated --json')
    assert.deepEqual([result.exitCode, envelopeOf(result).fault?.code], [1, 'LOCK_STALE'])
  })
})

describe('a minimum age', () => {
  const policy = 'policy: {minimum-age: {any: 3d, major: 2w}}\n'

  test('is reached by what a Release lists that is itself as old; security fixes never wait', async () => {
    await lockBefore({ more: policy })
    await publish({ main: after, security: fix })
    const { output } = await run('outdated')
    // The Release is of 15 January, five days before.
    assert.match(output, /curl 7\.1-1 → 7\.1-1\+deb12u1: stable update/)
    assert.match(output, /openssl 3\.0-1 → 3\.0-1\+deb12u1: security upload/)
    assert.match(
      output,
      /nginx 1\.0-1 → 2\.0-1: of unknown age: no Release of 14 days ago is at hand that could show it/,
    )
  })

  test('is judged by the snapshot of that time where the Release is younger', async () => {
    await lockBefore({ more: policy, snapshot: 'kept' })
    const date = new Date('2026-01-19T10:00:00Z')
    await publish({ main: after, date })
    await publish({
      main: { ...before, 'curl 7.1-1+deb12u1': {} },
      date: new Date('2026-01-16T10:00:00Z'),
      place: 'snapshot/20260117T000000Z',
    })
    await publish({ main: before, date: new Date('2026-01-05T10:00:00Z'), place: 'snapshot/20260106T000000Z' })
    const { output, errorOutput } = await run('outdated')
    assert.match(output, /curl 7\.1-1 → 7\.1-1\+deb12u1: stable update/, errorOutput)
    assert.match(output, /nginx 1\.0-1 → 2\.0-1: too young, 14 days are asked for/)
  })

  test('of a snapshot that does not answer is not known, and the change waits', async () => {
    await lockBefore({ more: policy, snapshot: 'kept' })
    await publish({ main: after, date: new Date('2026-01-19T10:00:00Z') })
    const { output, errorOutput } = await run('outdated')
    assert.match(output, /curl 7\.1-1 → 7\.1-1\+deb12u1: of unknown age/)
    assert.match(errorOutput, /warning: the state of main at 20260117T000000Z is not known/)
  })
})
