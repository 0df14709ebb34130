import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { resolvePackages } from '../../src/resolver/index.ts'
import { quietSession } from '../support/scratch.ts'
import { archive, explain, pin, request, wanted } from '../support/universe.ts'

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

  it('proposes to lift all that is forbidden where one thing is not enough, and nothing more', async () => {
    const debian = archive({ 'app 1': { depends: 'lib | gone, tool, data' }, 'lib 1': {}, 'tool 1': {}, 'data 1': {} })
    const exclude = ['lib', 'other', 'tool']
    const pins = [pin({ package: 'data', priority: -1 }), pin({ package: 'other', priority: -1 })]
    const { hint, changes } = await explain(debian, ['app'], { exclude, pins })
    assert.equal(
      hint,
      'Take lib and tool out of `exclude`, and take the pins with a negative priority off data (checked: then there is a solution)',
    )
    assert.deepEqual(changes, [
      { kind: 'unexclude', name: 'lib' },
      { kind: 'unexclude', name: 'tool' },
      { kind: 'unpin', name: 'data', pins: [0] },
    ])
  })

  it('keeps version and restriction of an item whose name is misspelt, and the restriction of one whose version is wrong', async () => {
    const debian = archive({ 'nginx 2': {} })
    const item = (text: string) => ({ ...wanted(text), text: `${text} [amd64]`, architectures: ['amd64'] })
    const fixOf = async (text: string) => {
      const found = await resolvePackages({ ...request(debian, []), wanted: [item(text)] }, quietSession())
      return found.kind === 'unsolvable' ? found.explanation.changes : found.kind
    }
    const change = (kind: string, text: string, by: string) => [{ kind, wanted: `${text} [amd64]`, by }]
    assert.deepEqual(await fixOf('ngnix=2'), change('respell', 'ngnix=2', 'nginx=2 [amd64]'))
    assert.deepEqual(await fixOf('ngnix (>= 2)'), change('respell', 'ngnix (>= 2)', 'nginx (>= 2) [amd64]'))
    assert.deepEqual(await fixOf('ngnix=7'), change('respell', 'ngnix=7', 'nginx [amd64]'))
    assert.deepEqual(await fixOf('nginx=7'), change('replace', 'nginx=7', 'nginx [amd64]'))
  })

  it('tells a name that is only provided from one that nobody knows', async () => {
    const stanzas = {
      'app 1': { depends: 'mta (>= 2)' },
      'app32 1': { depends: 'mta32' },
      'exim4 1': { provides: 'mta' },
      'postfix:i386 1': { provides: 'mta32 (= 3)' },
    }
    const debian = archive(stanzas, { foreign: ['i386'] })
    const absences = async (text: string) => (await explain(debian, [text])).lines.at(-1)?.replace(/^.* but /, '')
    const told = (name: string, provider: string, flaw: string) =>
      `no archive has a package ${name}, and what provides it (${provider} (debian/stable)) does so ${flaw}`
    assert.equal(await absences('app'), told('mta', 'exim4 1', 'in no such version'))
    assert.equal(await absences('mta=1'), told('mta', 'exim4 1', 'without a version of its own'))
    assert.equal(await absences('mta/stable'), told('mta', 'exim4 1', 'without a suite of its own'))
    assert.equal(await absences('app32'), told('mta32', 'postfix:i386 1', 'for other architectures than amd64'))
    assert.equal(await absences('gone'), 'no archive has a package gone')
  })

  it('names the suites that have a package where the asked one does not', async () => {
    const debian = archive({ 'nginx:amd64 1': { suites: ['stable'] }, 'nginx:amd64 2': { suites: ['security/fixes'] } })
    const { lines } = await explain(debian, ['nginx/backports'])
    assert.deepEqual(lines, [
      '1. the manifest wants nginx/backports, but the archives have nginx:amd64 only in debian/stable, security/fixes',
    ])
  })

  it('says what :any asks for, and that :native is none of its business', async () => {
    for (const [qualifier, flaw] of [
      ['any', 'not Multi-Arch: allowed'],
      ['native', 'and :native is for build dependencies alone'],
    ]) {
      const { lines } = await explain(archive({ 'bash:amd64 5': {} }), [`bash:${qualifier}`])
      const only = 'but the archives have only bash:amd64 5 (debian/stable)'
      assert.deepEqual(lines, [`1. the manifest wants bash:${qualifier}, ${only}, ${flaw}`])
    }
  })

  it('proposes another version than the one that does not exist', async () => {
    const { hint, lines } = await explain(archive({ 'app 1': {} }), ['app=7'])
    assert.deepEqual(lines, ['1. the manifest wants app=7, but the archives have only app 1 (debian/stable)'])
    assert.equal(hint, 'Want `app` instead of `app=7` (checked: then there is a solution)')
  })

  it('proposes to give up all that cannot be had where one thing is not enough', async () => {
    const debian = archive({ 'a 1': { depends: 'gone' }, 'b 1': { depends: 'gone' }, 'c 1': {} })
    const { hint, changes } = await explain(debian, ['a', 'b', 'c'])
    assert.equal(
      hint,
      'Add an archive or suite that has gone; or take a and b out of `packages` (checked: then there is a solution, and giving up less is not enough)',
    )
    assert.deepEqual(changes, [
      { kind: 'unwant', wanted: 'a' },
      { kind: 'unwant', wanted: 'b' },
    ])
  })

  it('names what has to go in byte order', async () => {
    const lonely = { provides: 'mta', conflicts: 'mta' }
    const names = ['exim4', 'masqmail', 'nullmailer', 'opensmtpd', 'postfix', 'sendmail']
    const debian = archive(Object.fromEntries(names.map(name => [`${name} 1`, lonely])))
    const { changes } = await explain(debian, names)
    const given = changes.flatMap(each => (each.kind === 'unwant' ? [each.wanted] : []))
    assert.equal(given.length, 5)
    assert.deepEqual(given, [...given].sort())
  })

  it('gives up the one item that all others quarrel with, not the others', async () => {
    const debian = archive({ 'a 1': {}, 'b 1': {}, 'c 1': {}, 'tyrant 1': { conflicts: 'a, b, c' } })
    const { hint } = await explain(debian, ['a', 'b', 'c', 'tyrant'])
    assert.equal(hint, 'Take tyrant out of `packages` (checked: then there is a solution)')
  })

  it('says so when nothing else is wanted', async () => {
    const { hint } = await explain(archive({ 'a 1': { depends: 'gone' } }), ['a'])
    assert.equal(
      hint,
      'Add an archive or suite that has gone; or take a out of `packages` (checked: nothing else is wanted)',
    )
  })

  it('proposes to want it for the other architectures only', async () => {
    const debian = archive({ 'grub-efi-amd64-bin:arm64 1': {}, 'nginx:amd64 1': {} })
    const { hint, changes } = await explain(debian, ['grub-efi-amd64-bin', 'nginx'], {
      otherArchitectures: ['arm64'],
    })
    assert.equal(
      hint,
      'Want it elsewhere only: write `"grub-efi-amd64-bin [arm64]"` in `packages` (checked: then there is a solution)',
    )
    assert.deepEqual(changes, [
      {
        kind: 'restrict',
        wanted: 'grub-efi-amd64-bin',
        architectures: ['arm64'],
        by: 'grub-efi-amd64-bin [arm64]',
      },
    ])
  })

  it('proposes a smaller base set where the base set is the trouble', async () => {
    const debian = archive({
      'dpkg 1': { essential: true },
      'tools 1': { priority: 'important', depends: 'gone' },
      'app 1': {},
    })
    const { hint } = await explain(debian, ['app'], { base: 'important' })
    assert.equal(hint, 'Write `base: required` (checked: then there is a solution)')
    const broken = archive({ 'dpkg 1': { essential: true, depends: 'gone' }, 'app 1': {} })
    const last = await explain(broken, ['app'], { base: 'essential' })
    assert.equal(last.hint, 'Write `base: none` (checked: then there is a solution)')
  })

  it('takes only the pin off that forbids the package, if that is enough', async () => {
    const debian = archive({ 'app 1': { depends: 'lib' }, 'lib 1': {}, 'other 1': {} })
    const pins = [pin({ package: 'other', priority: -1 }), pin({ package: 'l*', priority: -1 })]
    const { changes } = await explain(debian, ['app'], { pins })
    assert.deepEqual(changes, [{ kind: 'unpin', name: 'lib', pins: [1] }])
  })
})
