import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { archive, explain, resolution, resolve } from '../support/universe.ts'

const small = archive({
  'dpkg 1': { essential: true, priority: 'required' },
  'base-files 1': { essential: true, priority: 'required', depends: 'awk' },
  'mawk 1': { priority: 'required', provides: 'awk' },
  'gawk 1': { provides: 'awk' },
  'apt 1': { priority: 'important', important: true },
  'vim-tiny 1': { priority: 'important' },
  'sudo 1': { important: true },
  'hello 1': {},
})

describe('the base set', () => {
  const sets = [
    ['none', ['hello 1'], 'Essential packages are not implied'],
    ['essential', ['base-files 1', 'dpkg 1', 'hello 1', 'mawk 1'], 'with what they need'],
    ['required', ['base-files 1', 'dpkg 1', 'hello 1', 'mawk 1'], 'Priority: required as well'],
    [
      'important',
      ['apt 1', 'base-files 1', 'dpkg 1', 'hello 1', 'mawk 1', 'vim-tiny 1'],
      'Important: yes alone brings nothing in',
    ],
  ] as const
  for (const [base, expected, why] of sets) {
    it(`${base}: ${why}`, async () => assert.deepEqual(await resolve(small, ['hello'], { base }), expected))
  }

  it('is judged by the candidate, not by older versions', async () => {
    const debian = archive({ 'e2fsprogs 1': { essential: true }, 'e2fsprogs 2': {}, 'dpkg 1': { essential: true } })
    assert.deepEqual(await resolve(debian, [], { base: 'essential' }), ['dpkg 1'])
  })

  it('loses what is excluded', async () => {
    assert.deepEqual(await resolve(small, [], { base: 'required', exclude: ['dpkg'] }), ['base-files 1', 'mawk 1'])
  })

  it('is marked in the result, unless it was wanted too', async () => {
    const found = await resolution(small, ['dpkg', 'hello'], { base: 'essential' })
    assert.ok(found.kind === 'solved')
    assert.deepEqual(
      found.packages.map(each => [each.package.name, each.root, each.needs.map(need => need.name)]),
      [
        ['base-files', 'base', ['mawk']],
        ['dpkg', 'wanted', []],
        ['hello', 'wanted', []],
        ['mawk', undefined, []],
      ],
    )
  })

  it('is native', async () => {
    const debian = archive(
      { 'dpkg:amd64 1': { essential: true }, 'dpkg:i386 1': { essential: true } },
      { foreign: ['i386'] },
    )
    assert.deepEqual(await resolve(debian, [], { base: 'essential' }), ['dpkg:amd64 1'])
  })
})

describe('exclude', () => {
  it('makes an or-group take another alternative', async () => {
    const debian = archive({
      'init-system-helpers 1': { depends: 'usrmerge | usr-is-merged' },
      'usrmerge 1': {},
      'usr-is-merged 1': {},
    })
    assert.deepEqual(await resolve(debian, ['init-system-helpers']), ['init-system-helpers 1', 'usrmerge 1'])
    const without = await resolve(debian, ['init-system-helpers'], { exclude: ['usrmerge'] })
    assert.deepEqual(without, ['init-system-helpers 1', 'usr-is-merged 1'])
  })

  it('does not reach packages that only provide the name', async () => {
    const debian = archive({ 'app 1': { depends: 'mta' }, 'mta 1': {}, 'postfix 1': { provides: 'mta' } })
    assert.deepEqual(await resolve(debian, ['app'], { exclude: ['mta'] }), ['app 1', 'postfix 1'])
  })

  it('contradicts wanting the same', async () => {
    await explain(archive({ 'a 1': {} }), ['a'], { exclude: ['a'] })
  })
})

const follow = { recommends: { kind: 'follow' } } as const

describe('Recommends', () => {
  it('are left alone unless asked for, Suggests always', async () => {
    assert.deepEqual(await resolve(archive({ 'a 1': { recommends: 'b' }, 'b 1': {} }), ['a']), ['a 1'])
  })

  it('are followed transitively, through Depends as well', async () => {
    const debian = archive({
      'a 1': { recommends: 'b' },
      'b 1': { depends: 'c' },
      'c 1': { recommends: 'd' },
      'd 1': {},
    })
    assert.deepEqual(await resolve(debian, ['a'], follow), ['a 1', 'b 1', 'c 1', 'd 1'])
  })

  it('of named packages only, when a list says so', async () => {
    const debian = archive({ 'a 1': { recommends: 'x' }, 'b 1': { recommends: 'y' }, 'x 1': {}, 'y 1': {} })
    const details = { recommends: { kind: 'follow-of', packages: ['b'] } } as const
    assert.deepEqual(await resolve(debian, ['a', 'b'], details), ['a 1', 'b 1', 'y 1'])
  })

  it('that cannot be met are reported and not fatal', async () => {
    const debian = archive({ 'a 1': { recommends: 'gone, b' }, 'b 1': { conflicts: 'a' } })
    const found = await resolution(debian, ['a'], follow)
    assert.ok(found.kind === 'solved')
    assert.deepEqual(
      found.notes.map(({ message }) => message),
      ['a:all=1 recommends b: it does not go with what is chosen', 'a:all=1 recommends gone: no archive has it'],
    )
  })

  it('never change a hard choice', async () => {
    const debian = archive({
      'app 1': { depends: 'x | y', recommends: 'extra' },
      'x 1': {},
      'y 1': {},
      'extra 1': { conflicts: 'x' },
    })
    assert.deepEqual(await resolve(debian, ['app'], follow), ['app 1', 'x 1'])
  })

  it('take a later alternative when the first does not go with a hard choice', async () => {
    const debian = archive({
      'app 1': { depends: 'x', recommends: 'a | b' },
      'x 1': { breaks: 'a' },
      'a 1': {},
      'b 1': {},
    })
    assert.deepEqual(await resolve(debian, ['app'], follow), ['app 1', 'b 1', 'x 1'])
  })

  it('are met by what another Recommends without a choice brings', async () => {
    const debian = archive({ 'app 1': { recommends: 'a | b, b' }, 'a 1': {}, 'b 1': {} })
    assert.deepEqual(await resolve(debian, ['app'], follow), ['app 1', 'b 1'])
  })

  it('that open a choice come after those that settle it', async () => {
    // plasma-vault needs fuse or fuse3; xdg-desktop-portal, recommended after it, needs fuse3, which breaks fuse.
    const debian = archive({
      'plasma 1': { recommends: 'vault, portal' },
      'vault 1': { depends: 'fuse' },
      'portal 1': { depends: 'fuse3' },
      'fuse 2': {},
      'fuse3 3': { provides: 'fuse (= 3)', breaks: 'fuse' },
    })
    assert.deepEqual(await resolve(debian, ['plasma'], follow), ['fuse3 3', 'plasma 1', 'portal 1', 'vault 1'])
  })

  it('do not bring an older version in', async () => {
    const debian = archive({ 'app 1': { recommends: 'a (<< 2)' }, 'a 1': {}, 'a 2': {} })
    assert.deepEqual(await resolve(debian, ['app'], follow), ['app 1'])
  })

  it('that are met are part of what a package needs', async () => {
    const found = await resolution(archive({ 'a 1': { recommends: 'b' }, 'b 1': {} }), ['a'], follow)
    assert.ok(found.kind === 'solved')
    assert.deepEqual(
      found.packages[0]?.needs.map(({ name }) => name),
      ['b'],
    )
  })
})
