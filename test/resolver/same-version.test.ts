import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import type { PackageUniverse } from '../../src/debian/index.ts'
import type { SameVersionPolicy } from '../../src/manifest/index.ts'
import { agreeOnVersions, rankCandidates, resolvePackages } from '../../src/resolver/index.ts'
import { quietSession } from '../support/scratch.ts'
import { archive, pin, type RequestDetails, request, type Stanzas, titlesOf } from '../support/universe.ts'

const everything: SameVersionPolicy = { kind: 'all' }
const listed = (...packages: string[]): SameVersionPolicy => ({ kind: 'all-of', packages })

/** Roots of one manifest by their architecture; each has the stanzas of its own architecture and of `all`. */
function twoRoots(stanzas: Stanzas, architectures = ['amd64', 'armel']): ReadonlyMap<string, PackageUniverse> {
  return new Map(architectures.map(native => [native, archive(stanzas, { native })]))
}

function agree(
  roots: ReadonlyMap<string, PackageUniverse>,
  wanted: readonly string[],
  policy: SameVersionPolicy,
  details: RequestDetails = {},
) {
  return agreeOnVersions(
    [...roots].map(([architecture, universe]) => {
      const asked = request(universe, wanted, details)
      return {
        architecture,
        universe,
        priorityOf: rankCandidates(asked).priorityOf,
        resolve: lockstep => resolvePackages({ ...asked, lockstep }, quietSession()),
      }
    }),
    policy,
  )
}

async function chosen(...asked: Parameters<typeof agree>): Promise<readonly (readonly string[])[]> {
  const found = await agree(...asked)
  assert.ok(found.kind === 'solved', found.kind === 'unsolvable' ? found.explanation.lines.join('\n') : '')
  return found.resolutions.map(titlesOf)
}

/** What held back a release of moby: one architecture's kernel headers were not built yet. */
const kernelHeaders = {
  'linux-libc-dev:amd64 6.1.2': {},
  'linux-libc-dev:amd64 6.1.1': {},
  'linux-libc-dev:armel 6.1.1': {},
}

describe('same-version', () => {
  it('is not asked for: each root takes its own highest', async () => {
    assert.deepEqual(await chosen(twoRoots(kernelHeaders), ['linux-libc-dev'], { kind: 'none' }), [
      ['linux-libc-dev:amd64 6.1.2'],
      ['linux-libc-dev:armel 6.1.1'],
    ])
  })

  for (const policy of [everything, listed('linux-libc-dev')])
    it(`waits for the architecture that lags behind (${policy.kind})`, async () => {
      assert.deepEqual(await chosen(twoRoots(kernelHeaders), ['linux-libc-dev'], policy), [
        ['linux-libc-dev:amd64 6.1.1'],
        ['linux-libc-dev:armel 6.1.1'],
      ])
    })

  it('says nothing about packages that are not on its list', async () => {
    assert.deepEqual(await chosen(twoRoots(kernelHeaders), ['linux-libc-dev'], listed('libc6')), [
      ['linux-libc-dev:amd64 6.1.2'],
      ['linux-libc-dev:armel 6.1.1'],
    ])
  })

  it('takes the highest version that all of them have, not the oldest', async () => {
    const roots = twoRoots({
      'a:amd64 4': {},
      'a:amd64 3': {},
      'a:amd64 1': {},
      'a:armel 3': {},
      'a:armel 2': {},
      'a:armel 1': {},
    })
    assert.deepEqual(await chosen(roots, ['a'], everything), [['a:amd64 3'], ['a:armel 3']])
  })

  it('takes the siblings along that ask for the same version', async () => {
    const roots = twoRoots({
      'app:amd64 2': { depends: 'data (= 2)' },
      'app:amd64 1': { depends: 'data (= 1)' },
      'app:armel 1': { depends: 'data (= 1)' },
      'data 2': { source: 'app' },
      'data 1': { source: 'app' },
    })
    assert.deepEqual(await chosen(roots, ['app'], listed('app')), [
      ['app:amd64 1', 'data 1'],
      ['app:armel 1', 'data 1'],
    ])
  })

  it('reaches what nobody wants by name', async () => {
    const roots = twoRoots({ 'app 1': { depends: 'linux-libc-dev' }, ...kernelHeaders })
    assert.deepEqual(await chosen(roots, ['app'], everything), [
      ['app 1', 'linux-libc-dev:amd64 6.1.1'],
      ['app 1', 'linux-libc-dev:armel 6.1.1'],
    ])
  })

  it('lets go of what cannot agree where only a package that can agree brought it in', async () => {
    const roots = twoRoots({
      'app:amd64 2': { depends: 'codec (>= 2)' },
      'app:amd64 1': {},
      'app:armel 1': { depends: 'codec' },
      'codec:amd64 2': {},
      'codec:armel 1': {},
    })
    assert.deepEqual(await chosen(roots, ['app'], everything), [['app:amd64 1'], ['app:armel 1', 'codec:armel 1']])
  })

  it('does not bind a root that does not hold the package', async () => {
    const roots = twoRoots({ 'a:amd64 2': { depends: 'b' }, 'a:armel 2': {}, 'b:amd64 2': {}, 'b:armel 1': {} })
    assert.deepEqual(await chosen(roots, ['a'], everything), [['a:amd64 2', 'b:amd64 2'], ['a:armel 2']])
  })

  it('goes on to the next version when the highest in common does not go with the rest', async () => {
    const roots = twoRoots({
      'a:amd64 3': {},
      'a:amd64 2': {},
      'a:amd64 1': {},
      'a:armel 2': { depends: 'gone' },
      'a:armel 1': {},
    })
    assert.deepEqual(await chosen(roots, ['a'], everything), [['a:amd64 1'], ['a:armel 1']])
  })

  it('settles several packages, also such that come apart only then', async () => {
    const roots = twoRoots({
      'a:amd64 2': {},
      'a:amd64 1': { depends: 'b' },
      'a:armel 1': { depends: 'b' },
      'b:amd64 2': {},
      'b:amd64 1': {},
      'b:armel 1': {},
    })
    assert.deepEqual(await chosen(roots, ['a'], everything), [
      ['a:amd64 1', 'b:amd64 1'],
      ['a:armel 1', 'b:armel 1'],
    ])
  })

  it('does not turn to backports only because both have the same there', async () => {
    const backports = { backports: { notAutomatic: true, butAutomaticUpgrades: true } }
    const stanzas = {
      ...kernelHeaders,
      'linux-libc-dev:amd64 6.12': { suites: ['backports'] },
      'linux-libc-dev:armel 6.12': { suites: ['backports'] },
    }
    const roots = new Map(
      ['amd64', 'armel'].map(native => [native, archive(stanzas, { native, releases: backports })] as const),
    )
    assert.deepEqual(await chosen(roots, ['linux-libc-dev'], everything), [
      ['linux-libc-dev:amd64 6.1.1'],
      ['linux-libc-dev:armel 6.1.1'],
    ])
  })

  it('obeys pins: a version that one forbids is not common', async () => {
    const roots = twoRoots({ 'a:amd64 3': {}, 'a:amd64 2': {}, 'a:amd64 1': {}, 'a:armel 2': {}, 'a:armel 1': {} })
    const pins = [pin({ package: 'a', version: '2', priority: -1 })]
    assert.deepEqual(await chosen(roots, ['a'], everything, { pins }), [['a:amd64 1'], ['a:armel 1']])
  })

  it('gives the same answer whatever the order of the architectures', async () => {
    const forwards = await chosen(twoRoots(kernelHeaders), ['linux-libc-dev'], everything)
    const backwards = await chosen(twoRoots(kernelHeaders, ['armel', 'amd64']), ['linux-libc-dev'], everything)
    assert.deepEqual(backwards, [...forwards].reverse())
  })

  it('has no solution without a common version, and names both', async () => {
    const roots = twoRoots({ 'a:amd64 2': {}, 'a:armel 1': {}, 'b 1': {} })
    const found = await agree(roots, ['a', 'b'], listed('a', 'b'))
    assert.ok(found.kind === 'unsolvable')
    assert.equal(found.architecture, 'amd64 and armel')
    assert.deepEqual(found.explanation.lines, [
      '1. the manifest asks for one version of a in all roots (same-version)',
      '2. the root amd64 needs a, and its archives have 2 (debian/stable)',
      '3. the root armel needs a, and its archives have 1 (debian/stable)',
      '4. no version of a is in all of them',
    ])
    assert.equal(found.explanation.hint, 'Write `same-version: [b]` (checked: then there is a solution)')
  })

  it('proposes only what helps: where two packages disagree, taking one off the list does not', async () => {
    const roots = twoRoots({ 'a:amd64 2': {}, 'a:armel 1': {}, 'b:amd64 2': {}, 'b:armel 1': {} })
    const found = await agree(roots, ['a', 'b'], listed('a', 'b'))
    assert.ok(found.kind === 'unsolvable')
    assert.equal(found.explanation.hint, 'Write `same-version: false` (checked: then there is a solution)')
  })
})
