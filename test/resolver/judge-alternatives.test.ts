import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import type { PackageUniverse } from '../../src/debian/index.ts'
import { judgeAlternatives, type Resolution } from '../../src/resolver/index.ts'
import { quietSession } from '../support/scratch.ts'
import { archive, pin, type RequestDetails, request, resolution } from '../support/universe.ts'

/** What was rejected where `owner` (the manifest if undefined) asked, after resolving: `name: reason`. */
async function rejected(
  universe: PackageUniverse,
  texts: readonly string[],
  step: { readonly owner?: string; readonly taken: string },
  details: RequestDetails = {},
) {
  const found = await resolution(universe, texts, details)
  assert.ok(found.kind === 'solved')
  return await rejectedOf(found, universe, texts, step, details)
}

/** The same of a lock that was made before. */
async function rejectedOf(
  found: Resolution,
  universe: PackageUniverse,
  texts: readonly string[],
  step: { readonly owner?: string; readonly taken: string },
  details: RequestDetails = {},
) {
  assert.ok(found.kind === 'solved')
  const debs = found.packages.map(({ package: { name, version } }) => {
    return universe.packagesNamed(name).find(each => each.version === version) ?? assert.fail(`${name} is gone`)
  })
  const named = (name: string) => debs.find(deb => deb.name === name) ?? assert.fail(`${name} was not chosen`)
  const owner = step.owner === undefined ? undefined : named(step.owner)
  const steps = [{ owner, taken: named(step.taken) }]
  const asked = request(universe, texts, details)
  const groups = await judgeAlternatives(asked, { chosen: new Set(debs), steps }, quietSession())
  return groups.flatMap(group => [
    ...group.alsoThere.map(each => `also there: ${each}`),
    ...group.rejected.map(({ alternative, because }) => `${alternative}: ${because}`),
  ])
}

describe('an alternative that was not taken', () => {
  const app = { owner: 'app' }

  it('comes later in the or-group', async () => {
    const debian = archive({ 'app 1': { depends: 'b | a' }, 'a 1': {}, 'b 1': {} })
    assert.deepEqual(await rejected(debian, ['app'], { ...app, taken: 'b' }), ['a:all=1: comes later in the or-group'])
  })

  it('is in no index, or not in that version', async () => {
    const debian = archive({ 'app 1': { depends: 'gone | old (>= 2) | b' }, 'old 1': {}, 'b 1': {} })
    assert.deepEqual(await rejected(debian, ['app'], { ...app, taken: 'b' }), [
      'gone: is not in any index',
      'old (>= 2): is not in any index in that form; there is old:all=1',
    ])
  })

  it('is excluded, or pinned below zero', async () => {
    const debian = archive({ 'app 1': { depends: 'a | b | c' }, 'a 1': {}, 'b 1': {}, 'c 1': {} })
    const details = { exclude: ['a'], pins: [pin({ package: 'b', priority: -1 })] }
    assert.deepEqual(await rejected(debian, ['app'], { ...app, taken: 'c' }, details), [
      'a:all=1: is excluded by the manifest',
      'b:all=1: is pinned below zero (-1)',
    ])
  })

  it('is a version that is pinned below the one that was taken, or older', async () => {
    const debian = archive({ 'app 1': { depends: 'a' }, 'a 1': {}, 'a 2': {} })
    assert.deepEqual(await rejected(debian, ['app'], { ...app, taken: 'a' }), [
      'a:all=1: 2 is preferred, the candidate of that name',
    ])
    const pins = [pin({ package: 'a', version: '1' })]
    assert.deepEqual(await rejected(debian, ['app'], { ...app, taken: 'a' }, { pins }), [
      'a:all=2: is pinned below 1 (500 against 990)',
    ])
  })

  it('conflicts with what is there, from its side or from the other', async () => {
    const debian = archive({
      'app 1': { depends: 'a | b | c' },
      'a 1': { conflicts: 'other' },
      'b 1': { provides: 'evil' },
      'c 1': {},
      'other 1': { breaks: 'evil' },
    })
    assert.deepEqual(await rejected(debian, ['app', 'other'], { ...app, taken: 'c' }), [
      'a:all=1: conflicts with other:all=1 (its own other)',
      'b:all=1: conflicts with other:all=1, which excludes evil',
    ])
  })

  it('comes first, but another was there anyway', async () => {
    const debian = archive({ 'app 1': { depends: 'a | b' }, 'a 1': {}, 'b 1': {}, 'tool 1': { depends: 'b' } })
    assert.deepEqual(await rejected(debian, ['app', 'tool'], { ...app, taken: 'b' }), [
      'a:all=1: b is there anyway: tool needs b',
    ])
  })

  it('comes first, but what it needs cannot be had', async () => {
    const debian = archive({ 'app 1': { depends: 'a | b' }, 'a 1': { depends: 'gone' }, 'b 1': {} })
    assert.deepEqual(await rejected(debian, ['app'], { ...app, taken: 'b' }), [
      'a:all=1: does not go with the rest of the root',
    ])
  })

  it('came first only after the lock was made, which kept what it had', async () => {
    const app = { 'app 1': { depends: 'a | b, v' } }
    const before = { ...app, 'b 1': {}, 'postfix 1': { provides: 'v', conflicts: 'v' } }
    const now = { ...before, 'a 1': {}, 'b 2': {}, 'exim4 1': { provides: 'v', conflicts: 'v' } }
    const kept = await resolution(archive(before), ['app'])
    const told = (taken: string) => rejectedOf(kept, archive(now), ['app'], { owner: 'app', taken })
    const why = 'a fresh lock would take it; this one holds what was locked before'
    assert.deepEqual(await told('b'), [`a:all=1: ${why}`, 'b:all=2: this lock holds what was locked before'])
    assert.deepEqual(await told('postfix'), [`exim4:all=1: ${why}`])
    const fresh = await resolution(archive(now), ['app'])
    assert.deepEqual(await rejectedOf(fresh, archive(now), ['app'], { owner: 'app', taken: 'exim4' }), [
      'postfix:all=1: provider order: exim4 comes first by name',
    ])
  })

  it('is another version than the one that all roots agreed on', async () => {
    const debian = archive({ 'app 1': { depends: 'lib' }, 'lib 2': {}, 'lib 1': {} })
    assert.deepEqual(
      await rejected(debian, ['app'], { owner: 'app', taken: 'lib' }, { lockstep: new Map([['lib', '1']]) }),
      ['lib:all=2: is not the version that the other roots have (same-version)'],
    )
  })

  it('is an older or newer version than what a sibling needs', async () => {
    const debian = archive({
      'app 1': { depends: 'lib' },
      'lib 2': {},
      'lib 1': {},
      'tool 1': { depends: 'lib (<< 2)' },
    })
    assert.deepEqual(await rejected(debian, ['app', 'tool'], { owner: 'app', taken: 'lib' }), [
      'lib:all=2: lib is there anyway: tool needs lib (<< 2)',
    ])
  })

  it('comes later among the providers, by the rule that sets them apart', async () => {
    const debian = archive({
      'app 1': { depends: 'v, w, x' },
      'v 1': {},
      'a 1': { provides: 'v' },
      'essential-w 1': { provides: 'w', essential: true },
      'b-w 1': { provides: 'w', priority: 'required' },
      'x-a 1': { provides: 'x' },
      'x-b 1': { provides: 'x' },
      'x-c 1': { provides: 'x', priority: 'extra' },
    })
    assert.deepEqual(await rejected(debian, ['app'], { ...app, taken: 'v' }), [
      'a:all=1: provider order: v is the real package of that name',
    ])
    assert.deepEqual(await rejected(debian, ['app'], { ...app, taken: 'essential-w' }), [
      'b-w:all=1: provider order: essential-w is essential',
    ])
    assert.deepEqual(await rejected(debian, ['app'], { ...app, taken: 'x-a' }), [
      'x-b:all=1: provider order: x-a comes first by name',
      'x-c:all=1: provider order: Priority optional of x-a comes before extra',
    ])
  })

  it('may be there all the same', async () => {
    const debian = archive({ 'app 1': { depends: 'a | b' }, 'a 1': {}, 'b 1': {} })
    assert.deepEqual(await rejected(debian, ['app', 'b'], { ...app, taken: 'b' }), [
      'a:all=1: b is there anyway: the manifest asks for b',
    ])
    assert.deepEqual(await rejected(debian, ['app', 'a', 'b'], { ...app, taken: 'a' }), ['also there: b:all=1'])
  })

  it('can be one that the manifest names itself', async () => {
    const debian = archive({ 'a 1': {}, 'b 1': {} })
    assert.deepEqual(await rejected(debian, ['a | b'], { taken: 'a' }), ['b:all=1: comes later in the or-group'])
  })

  it('is not mentioned where there is none', async () => {
    const debian = archive({ 'app 1': { depends: 'a' }, 'a 1': {} })
    assert.deepEqual(await rejected(debian, ['app'], { ...app, taken: 'a' }), [])
  })
})
