import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { archive, explain, pin } from '../support/universe.ts'

describe('an explanation', () => {
  it('follows the relations from the manifest to what is missing', async () => {
    const debian = archive({ 'app 2': { depends: 'lib (>= 3)' }, 'lib 1': {}, 'other 1': {} })
    const { lines, hint, core } = await explain(debian, ['app', 'other'])
    assert.deepEqual(lines, [
      '1. the manifest wants app',
      '2. app 2 (debian/stable) needs lib (>= 3) (field Depends), but the archives have only lib 1 (debian/stable)',
    ])
    assert.equal(hint, 'Take app out of `packages` (checked: then there is a solution)')
    assert.deepEqual(core, [
      { kind: 'requirement', field: 'packages', relation: 'app' },
      { kind: 'requirement', field: 'Depends', relation: 'lib (>= 3)', package: 'app:all=2' },
    ])
  })

  it('names the field that keeps two wanted packages apart', async () => {
    const debian = archive({ 'a 1': { depends: 'lib' }, 'b 1': { breaks: 'lib (<< 2)' }, 'lib 1': {} })
    const { lines } = await explain(debian, ['a', 'b'])
    assert.deepEqual(lines, [
      '1. the manifest wants a',
      '2. the manifest wants b',
      '3. a 1 (debian/stable) needs lib (field Depends), which only lib 1 (debian/stable) can satisfy',
      '4. b 1 (debian/stable) breaks lib (<< 2) (field Breaks), which lib 1 (debian/stable) is',
    ])
  })

  it('says that a package provides the name which another conflicts with', async () => {
    const debian = archive({
      'exim4 1': { provides: 'mail-transport-agent', conflicts: 'mail-transport-agent' },
      'postfix 1': { provides: 'mail-transport-agent', conflicts: 'mail-transport-agent' },
    })
    const { lines } = await explain(debian, ['exim4', 'postfix'])
    assert.match(lines.at(-1) ?? '', /conflicts with mail-transport-agent \(field Conflicts\), which .* provides$/)
  })

  it('merges versions that fail alike into a range', async () => {
    const versions = Object.fromEntries([1, 2, 3, 4, 5].map(each => [`app ${each}`, { depends: 'gone' }]))
    const { lines } = await explain(archive(versions), ['app'])
    assert.deepEqual(lines, [
      '1. the manifest wants app',
      '2. app 1 … 5 (5 versions) needs gone (field Depends), but no archive has a package gone',
    ])
  })

  it('stays within a dozen lines', async () => {
    const chain = Object.fromEntries(
      Array.from({ length: 30 }, (_, at) => [`link${at} 1`, { depends: `link${at + 1}` }] as const),
    )
    const { lines, core } = await explain(archive(chain), ['link0'])
    assert.equal(lines.length, 12)
    assert.equal(core.length, 31)
    assert.match(lines[11] ?? '', /^12\. … and 20 further relations/)
  })

  it('proposes the name that was meant', async () => {
    const { hint, lines } = await explain(archive({ 'nginx 1': {} }), ['ngimx'])
    assert.deepEqual(lines, ['1. the manifest wants ngimx, but no archive has a package ngimx'])
    assert.match(hint, /Write `nginx` \(checked/)
  })

  it('prefers the name with two letters swapped, and tries the next when the nearest does not work', async () => {
    const debian = archive({ 'nginx 1': {}, 'nnix 1': { depends: 'gone' }, 'ngnux 1': { depends: 'gone' } })
    const { hint } = await explain(debian, ['ngnix'])
    assert.match(hint, /Write `nginx` \(checked/)
  })

  it('proposes to lift an exclusion', async () => {
    const debian = archive({ 'app 1': { depends: 'lib' }, 'lib 1': {} })
    const { hint, lines } = await explain(debian, ['app'], { exclude: ['lib'] })
    assert.equal(lines.at(-1), '3. lib is excluded by the manifest (exclude)')
    assert.equal(hint, 'Take lib out of `exclude` (checked: then there is a solution)')
  })

  it('proposes to take a negative pin off', async () => {
    const debian = archive({ 'app 1': { depends: 'lib' }, 'lib 1': {} })
    const { hint, lines } = await explain(debian, ['app'], { pins: [pin({ package: 'lib', priority: -1 })] })
    assert.equal(lines.at(-1), '3. lib 1 (debian/stable) is forbidden by a pin with a negative priority (pins)')
    assert.equal(hint, 'Take the pins with a negative priority off lib (checked: then there is a solution)')
  })

  it('proposes another version than the one that does not exist', async () => {
    const { hint, lines } = await explain(archive({ 'app 1': {} }), ['app=7'])
    assert.deepEqual(lines, ['1. the manifest wants app=7, but the archives have only app 1 (debian/stable)'])
    assert.equal(hint, 'Want `app` instead of `app=7` (checked: then there is a solution)')
  })

  it('proposes nothing that was not checked to work', async () => {
    const { hint } = await explain(archive({ 'a 1': { depends: 'gone' }, 'b 1': { depends: 'gone' } }), ['a', 'b'])
    assert.equal(hint, 'No single change of the manifest helps: add an archive or suite that has gone, or want less.')
  })

  it('does not propose to want nothing', async () => {
    const { hint } = await explain(archive({ 'a 1': { depends: 'gone' } }), ['a'])
    assert.match(hint, /^No single change/)
  })
})
