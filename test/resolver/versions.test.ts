import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { archive, explain, pin, resolution, resolve } from '../support/universe.ts'

describe('the version of a package', () => {
  it('is the highest', async () => {
    const debian = archive({ 'a 1.9': {}, 'a 1.10': {}, 'a 1.10~rc1': {} })
    assert.deepEqual(await resolve(debian, ['a']), ['a 1.10'])
  })

  it('is the one that is asked for, and its siblings follow', async () => {
    const debian = archive({
      'nginx 1': { depends: 'nginx-common (= 1), libc6' },
      'nginx 2': { depends: 'nginx-common (= 2), libc6' },
      'nginx-common 1': { source: 'nginx' },
      'nginx-common 2': { source: 'nginx' },
      'libc6 1': {},
      'libc6 2': {},
    })
    assert.deepEqual(await resolve(debian, ['nginx=1']), ['libc6 2', 'nginx 1', 'nginx-common 1'])
  })

  it('is one that satisfies every relation on it', async () => {
    const debian = archive({ 'a 1': { depends: 'lib (<< 3), lib (>> 1)' }, 'lib 1': {}, 'lib 2': {}, 'lib 3': {} })
    assert.deepEqual(await resolve(debian, ['a']), ['a 1', 'lib 2'])
  })

  it('stays the highest of what was asked for when an older dependency will do', async () => {
    const debian = archive({ 'a 1': {}, 'a 2': { depends: 'lib (= 1)' }, 'lib 1': {}, 'lib 2': {} })
    assert.deepEqual(await resolve(debian, ['a']), ['a 2', 'lib 1'])
  })

  it('of what was asked for falls back when its highest cannot be installed', async () => {
    const debian = archive({ 'a 1': {}, 'a 2': { depends: 'gone' } })
    assert.deepEqual(await resolve(debian, ['a']), ['a 1'])
  })

  it('is the highest even if an or-group then has to take a later alternative', async () => {
    const debian = archive({
      'app 1': { depends: 'a | b' },
      'a 1': {},
      'a 2': { depends: 'gone' },
      'b 1': {},
    })
    assert.deepEqual(await resolve(debian, ['app']), ['app 1', 'b 1'])
  })

  it('of one package falls back no further than another needs', async () => {
    const debian = archive({
      'a 1': { depends: 'x (= 1)' },
      'x 1': {},
      'x 2': {},
      'y 1': { source: 'x' },
      'y 2': { source: 'x (2)' },
    })
    assert.deepEqual(await resolve(debian, ['a', 'y']), ['a 1', 'x 1', 'y 2'])
  })

  it('can be asked for by suite', async () => {
    const debian = archive({ 'a 1': {}, 'a 2': { suites: ['backports'] } }, { releases: { backports: backportsRules } })
    assert.deepEqual(await resolve(debian, ['a']), ['a 1'])
    assert.deepEqual(await resolve(debian, ['a/backports']), ['a 2'])
  })

  it('asked for by suite brings only those dependencies from there that need it', async () => {
    const debian = archive(
      {
        'a 2': { suites: ['backports'], depends: 'b (>= 2), c' },
        'b 1': {},
        'b 2': { suites: ['backports'] },
        'c 1': {},
        'c 2': { suites: ['backports'] },
      },
      { releases: { backports: backportsRules } },
    )
    assert.deepEqual(await resolve(debian, ['a/backports']), ['a 2', 'b 2', 'c 1'])
  })

  it('may be asked for with a relation', async () => {
    const debian = archive({ 'a 1': {}, 'a 2': {}, 'a 3': {} })
    assert.deepEqual(await resolve(debian, ['a (<< 3)']), ['a 2'])
  })
})

const backportsRules = { notAutomatic: true, butAutomaticUpgrades: true }

describe('a pin', () => {
  const twoSuites = archive({ 'a 1': { suites: ['stable'] }, 'a 2': { suites: ['testing'] } })

  it('for a release prefers its versions', async () => {
    assert.deepEqual(await resolve(twoSuites, ['a'], { pins: [pin({ package: 'a', release: { a: 'stable' } })] }), [
      'a 1',
    ])
  })

  it('for a version prefers it, also by glob', async () => {
    assert.deepEqual(await resolve(twoSuites, ['a'], { pins: [pin({ package: 'a', version: '1*' })] }), ['a 1'])
  })

  it('for a source package reaches all its binaries', async () => {
    const debian = archive({
      'a 1': { source: 's' },
      'a 2': { source: 's' },
      'b 1': { source: 's' },
      'b 2': { source: 's' },
    })
    assert.deepEqual(await resolve(debian, ['a', 'b'], { pins: [pin({ source: 's', version: '1' })] }), ['a 1', 'b 1'])
  })

  it('below zero forbids', async () => {
    assert.deepEqual(await resolve(twoSuites, ['a'], { pins: [pin({ package: 'a', version: '2', priority: -1 })] }), [
      'a 1',
    ])
    await explain(twoSuites, ['a'], { pins: [pin({ package: '*', priority: -1 })] })
  })

  it('in the specific form wins over one in the general form, whichever comes first', async () => {
    const general = pin({ package: '*', release: { a: 'testing' }, priority: 1001 })
    const specific = pin({ package: 'a', release: { a: 'testing' }, priority: 10 })
    for (const pins of [
      [general, specific],
      [specific, general],
    ]) {
      assert.deepEqual(await resolve(twoSuites, ['a'], { pins }), ['a 1'])
    }
  })

  it('that matches first is the one that counts', async () => {
    const pins = [pin({ package: 'a', version: '1', priority: 600 }), pin({ package: 'a', version: '1', priority: 1 })]
    assert.deepEqual(await resolve(twoSuites, ['a'], { pins }), ['a 1'])
  })

  it('for an origin means the host of the archive', async () => {
    const debian = archive(
      { 'a 1': { suites: ['own'] }, 'a 2': {} },
      { releases: { own: { host: 'packages.example.org' } } },
    )
    assert.deepEqual(await resolve(debian, ['a'], { pins: [pin({ package: '*', origin: 'packages.example.org' })] }), [
      'a 1',
    ])
  })

  it('is a preference: another version is taken where a relation needs it', async () => {
    const debian = archive({ 'app 1': { depends: 'a (>= 2)' }, 'a 1': {}, 'a 2': {} })
    assert.deepEqual(await resolve(debian, ['app'], { pins: [pin({ package: 'a', version: '1' })] }), ['a 2', 'app 1'])
  })

  it('that has expired still applies and is reported', async () => {
    const pins = [pin({ package: 'a', version: '1', until: '2026-01-31', reason: 'bug 1' })]
    const found = await resolution(twoSuites, ['a'], { pins, asOf: '2026-02-01' })
    assert.ok(found.kind === 'solved')
    assert.equal(found.packages[0]?.package.version, '1')
    assert.deepEqual(found.notes, [
      { kind: 'pin-expired', message: 'the pin of a was meant to last until 2026-01-31 and still applies: bug 1' },
    ])
  })

  it('on its last day has not expired', async () => {
    const found = await resolution(twoSuites, ['a'], {
      pins: [pin({ package: 'a', until: '2026-01-31' })],
      asOf: '2026-01-31',
    })
    assert.deepEqual(found.kind === 'solved' && found.notes, [])
  })
})

describe('a suite', () => {
  it('that is NotAutomatic is used only for what nothing else has', async () => {
    const debian = archive(
      { 'a 1': {}, 'a 2': { suites: ['experimental'] }, 'b 1': { suites: ['experimental'] } },
      { releases: { experimental: { notAutomatic: true } } },
    )
    assert.deepEqual(await resolve(debian, ['a', 'b']), ['a 1', 'b 1'])
  })

  it('that is ButAutomaticUpgrades comes before one that is only NotAutomatic', async () => {
    const debian = archive(
      { 'a 1': { suites: ['backports'] }, 'a 2': { suites: ['experimental'] } },
      { releases: { experimental: { notAutomatic: true }, backports: backportsRules } },
    )
    assert.deepEqual(await resolve(debian, ['a']), ['a 1'])
  })

  it('with a greater priority decides for a version that several suites list', async () => {
    const debian = archive(
      { 'a 1': { suites: ['backports', 'stable'] }, 'a 2': { suites: ['backports'] } },
      { releases: { backports: backportsRules } },
    )
    assert.deepEqual(await resolve(debian, ['a']), ['a 1'])
  })
})

describe('one version with two contents', () => {
  const debian = archive({ 'a 1 second': { suites: ['zeta/stable'] }, 'a 1 first': { suites: ['alpha/stable'] } })

  it('is taken from the byte-smallest archive, and reported with both places', async () => {
    const found = await resolution(debian, ['a'])
    assert.ok(found.kind === 'solved')
    assert.equal(found.packages[0]?.package.listings[0].archive, 'alpha')
    assert.match(
      found.notes[0]?.message ?? '',
      /a:all=1 is offered with .*\(alpha\/stable\/main, chosen\) and .*\(zeta\/stable\/main\)/,
    )
  })

  it('is taken from where a pin says', async () => {
    const releases = { own: { origin: 'Own' } }
    const both = archive({ 'a 1 x': { suites: ['alpha/stable'] }, 'a 1 y': { suites: ['zeta/own'] } }, { releases })
    const found = await resolution(both, ['a'], { pins: [pin({ package: 'a', release: { o: 'Own' } })] })
    assert.ok(found.kind === 'solved')
    assert.equal(found.packages[0]?.package.listings[0].archive, 'zeta')
  })
})
