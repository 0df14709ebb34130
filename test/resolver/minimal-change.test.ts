import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import type { PackageUniverse } from '../../src/debian/index.ts'
import type { AskedMove, ChangeResolution } from '../../src/resolver/index.ts'
import { archive, pin, type RequestDetails, resolution, type Stanzas, titlesOf } from '../support/universe.ts'
import { change, moving, previousOf } from '../support/updates.ts'

interface Update {
  readonly before: PackageUniverse
  readonly now: PackageUniverse
  readonly wanted: readonly string[]
  readonly moves?: readonly AskedMove[]
  readonly details?: RequestDetails
}

/** Locks the earlier archive afresh, then updates that lock to the present one. */
async function update({ before, now, wanted, moves = [], details = {} }: Update) {
  const previous = previousOf(await resolution(before, wanted, details))
  return solved(await change(now, wanted, { ...details, previous, moves }))
}

function solved(found: ChangeResolution) {
  if (found.kind === 'unsolvable') assert.fail(found.explanation.lines.join('\n'))
  return found
}

type Solved = ReturnType<typeof solved>

function reasons({ forced }: Solved): string[] {
  return forced.map(({ name, before, after, reason }) => `${name} ${before ?? '-'} → ${after ?? '-'}: ${reason}`)
}

const all = (name: string) => ({ name, architecture: 'all' })

/** A web server in two versions, beside a library that moved for its own reasons. */
const before: Stanzas = {
  'nginx 1': { depends: 'nginx-common (= 1), libc6' },
  'nginx-common 1': {},
  'libc6 1': {},
  'curl 1': { depends: 'libc6' },
}
const after: Stanzas = {
  ...before,
  'nginx 2': { depends: 'nginx-common (= 2), libc6' },
  'nginx-common 2': {},
  'libc6 2': {},
  'curl 2': { depends: 'libc6' },
}
const web = { before: archive(before), now: archive(after), wanted: ['curl', 'nginx'] }

describe('a named update', () => {
  it('moves the package with what it needs in lockstep, and leaves all other pending updates alone', async () => {
    const found = await update({ ...web, moves: [moving(all('nginx'), 'candidate')] })
    assert.deepEqual(titlesOf(found), ['curl 1', 'libc6 1', 'nginx 2', 'nginx-common 2'])
    assert.deepEqual(reasons(found), ['nginx-common 1 → 2: nginx 2 needs nginx-common (= 2)'])
  })

  it('leads each reason back to what was asked, also through a chain', async () => {
    const chain = (version: string): Stanzas => ({
      [`app ${version}`]: { depends: `lib-a (= ${version})` },
      [`lib-a ${version}`]: { depends: `lib-b (= ${version})` },
      [`lib-b ${version}`]: { depends: `lib-a (= ${version})` },
    })
    const found = await update({
      before: archive(chain('1')),
      now: archive({ ...chain('1'), ...chain('2') }),
      wanted: ['app'],
      moves: [moving(all('app'), 'candidate')],
    })
    assert.deepEqual(reasons(found), ['lib-a 1 → 2: app 2 needs lib-a (= 2)', 'lib-b 1 → 2: lib-a 2 needs lib-b (= 2)'])
  })

  it('moves what the new version breaks, and says so', async () => {
    const found = await update({
      before: archive({ 'php 7': {}, 'wiki 1': { depends: 'php' } }),
      now: archive({
        'php 7': {},
        'php 8': { breaks: 'wiki (<< 2)' },
        'wiki 1': { depends: 'php' },
        'wiki 2': { depends: 'php' },
      }),
      wanted: ['wiki'],
      moves: [moving(all('php'), 'candidate')],
    })
    assert.deepEqual(reasons(found), ['wiki 1 → 2: php 8 breaks wiki (<< 2)'])
  })

  it('takes the alternative that is locked already, although another one stands first', async () => {
    const now = {
      'mail 1': { depends: 'exim' },
      'mail 2': { depends: 'exim | postfix' },
      'exim 1': {},
      'postfix 1': {},
    }
    const found = await update({
      before: archive({ 'mail 1': { depends: 'postfix' }, 'postfix 1': {} }),
      now: archive(now),
      wanted: ['mail'],
      moves: [moving(all('mail'), 'candidate')],
    })
    assert.deepEqual(titlesOf(found), ['mail 2', 'postfix 1'])
  })

  it('changes no package that could leave, where another can be added: a change weighs more', async () => {
    const before = archive({ 'app 1': { depends: 'engine (<< 2)' }, 'engine 1': {} })
    const now = archive({
      'app 1': { depends: 'engine (<< 2)' },
      'app 2': { depends: 'api (>= 2)' },
      'engine 1': {},
      'engine 3': { provides: 'api (= 2)' },
      'motor 1': { provides: 'api (= 2)' },
    })
    const found = await update({ before, now, wanted: ['app'], moves: [moving(all('app'), 'candidate')] })
    assert.deepEqual(titlesOf(found), ['app 2', 'motor 1'])
    assert.deepEqual(reasons(found), ['engine 1 → -: nothing needs it any more', 'motor - → 1: app 2 needs api (>= 2)'])
  })

  it('lets go of what nothing needs any more, and brings what is needed now', async () => {
    const found = await update({
      before: archive({ 'app 1': { depends: 'libold' }, 'libold 1': {} }),
      now: archive({ 'app 1': { depends: 'libold' }, 'app 2': { depends: 'libnew' }, 'libold 1': {}, 'libnew 1': {} }),
      wanted: ['app'],
      moves: [moving(all('app'), 'candidate')],
    })
    assert.deepEqual(reasons(found), ['libnew - → 1: app 2 needs libnew', 'libold 1 → -: nothing needs it any more'])
  })

  it('holds back what does not go with the manifest, and moves the rest', async () => {
    const found = await update({
      before: archive({ 'app 1': {}, 'tool 1': {} }),
      now: archive({ 'app 1': {}, 'app 2': { depends: 'gone' }, 'tool 1': {}, 'tool 2': {} }),
      wanted: ['app', 'tool'],
      moves: [moving(all('app'), 'candidate'), moving(all('tool'), 'candidate')],
    })
    assert.deepEqual(titlesOf(found), ['app 1', 'tool 2'])
    assert.deepEqual(found.heldBack, [{ name: 'app', architecture: 'all', wish: '2', chosen: '1', notWith: [] }])
  })

  it('names what else was asked where only that holds a package back', async () => {
    const now = {
      'app 1': {},
      'app 2': { breaks: 'tool (>= 2)' },
      'editor 1': {},
      'editor 2': {},
      'tool 1': {},
      'tool 2': {},
    }
    const found = await update({
      before: archive({ 'app 1': {}, 'editor 1': {}, 'tool 1': {} }),
      now: archive(now),
      wanted: ['app', 'editor', 'tool'],
      moves: ['app', 'editor', 'tool'].map(name => moving(all(name), 'candidate')),
    })
    assert.deepEqual(titlesOf(found), ['app 2', 'editor 2', 'tool 1'])
    assert.deepEqual(found.heldBack, [
      { name: 'tool', architecture: 'all', wish: '2', chosen: '1', notWith: ['app 2'] },
    ])
  })

  it('takes the second alternative when the first one would move more packages along', async () => {
    const found = await update({
      before: archive({ 'app 1': {}, 'x 1': {}, 'y 1': {}, 'z 1': {} }),
      now: archive({
        'app 1': {},
        'app 2': { depends: 'x (>= 3) | y (>= 2)' },
        'x 1': {},
        'x 3': { breaks: 'z (<< 2)' },
        'y 1': {},
        'y 2': {},
        'z 1': {},
        'z 2': {},
      }),
      wanted: ['app', 'x', 'y', 'z'],
      moves: [moving(all('app'), 'candidate')],
    })
    assert.deepEqual(reasons(found), ['y 1 → 2: app 2 needs x (>= 3) | y (>= 2)'])
  })

  it('prefers the candidate among versions that cost the same', async () => {
    const found = await update({
      before: archive({ 'app 1': { depends: 'lib' }, 'lib 1': {} }),
      now: archive({ 'app 2': { depends: 'lib (>= 2)' }, 'lib 1': {}, 'lib 2': {}, 'lib 3': {} }),
      wanted: ['app'],
      moves: [moving(all('app'), 'candidate')],
    })
    assert.deepEqual(titlesOf(found), ['app 2', 'lib 3'])
  })

  it('is the same for permuted stanzas, wanted items and moves', async () => {
    const moves = [moving(all('nginx'), 'candidate'), moving(all('curl'), 'candidate')]
    const reversed = archive(Object.fromEntries(Object.entries(after).reverse()))
    const straight = await update({ ...web, moves })
    const permuted = await update({ ...web, now: reversed, wanted: ['nginx', 'curl'], moves: moves.toReversed() })
    assert.deepEqual(titlesOf(permuted), titlesOf(straight))
    assert.deepEqual(permuted.forced, straight.forced)
  })
})

describe('a precise update', () => {
  it('moves to a version that is not the candidate, siblings included', async () => {
    const now = archive({ ...after, 'nginx 3': { depends: 'nginx-common (= 3)' }, 'nginx-common 3': {} })
    const found = await update({ ...web, now, moves: [moving(all('nginx'), { version: '2' })] })
    assert.deepEqual(titlesOf(found), ['curl 1', 'libc6 1', 'nginx 2', 'nginx-common 2'])
  })

  it('may go back', async () => {
    const found = await update({ ...web, before: web.now, moves: [moving(all('nginx'), { version: '1' })] })
    assert.deepEqual(titlesOf(found), ['curl 2', 'libc6 2', 'nginx 1', 'nginx-common 1'])
  })

  it('that cannot be has no solution, and the reason is told', async () => {
    const previous = previousOf(await resolution(web.before, web.wanted))
    const found = await change(web.now, ['curl', 'nginx=1'], {
      previous,
      moves: [moving(all('nginx-common'), { version: '2' })],
    })
    assert.equal(found.kind, 'unsolvable')
    assert.deepEqual(found.kind === 'unsolvable' && found.explanation.lines, [
      '1. the update asks for nginx-common=2, which only nginx-common 2 (debian/stable) can satisfy',
      '2. the manifest wants nginx=1, which only nginx 1 (debian/stable) can satisfy',
      '3. nginx 1 (debian/stable) needs nginx-common (= 1) (field Depends), which only nginx-common 1 (debian/stable) can satisfy',
      '4. only one version of nginx-common can be installed: nginx-common 1, 2 exclude each other',
    ])
  })
})

describe('a security update', () => {
  const security = { suites: ['debian-security/stable-security'] }
  const listed = (universe: PackageUniverse): PackageUniverse => ({
    ...universe,
    packagesNamed: name => universe.packagesNamed(name).map(asSecurity),
  })
  const known = new WeakMap<object, object>()
  function asSecurity<Deb extends ReturnType<PackageUniverse['packagesNamed']>[number]>(deb: Deb): Deb {
    if (deb.listings[0].archive !== 'debian-security') return deb
    const marked = known.get(deb) ?? { ...deb, listings: deb.listings.map(each => ({ ...each, security: true })) }
    known.set(deb, marked)
    return marked as Deb
  }

  it('takes the security fix and neither the later version of another suite nor other updates', async () => {
    const now = listed(archive({ ...after, 'libc6 1+fix': security, 'curl 1+fix': { ...security, depends: 'libc6' } }))
    const found = await update({
      ...web,
      now,
      moves: ['curl', 'libc6', 'nginx', 'nginx-common'].map(name => moving(all(name), 'security')),
    })
    assert.deepEqual(titlesOf(found), ['curl 1+fix', 'libc6 1+fix', 'nginx 1', 'nginx-common 1'])
    assert.deepEqual(found.forced, [])
  })
})

describe('--keep', () => {
  it('changes nothing although everything has newer versions', async () => {
    const found = await update(web)
    assert.deepEqual(titlesOf(found), ['curl 1', 'libc6 1', 'nginx 1', 'nginx-common 1'])
    assert.deepEqual(found.forced, [])
  })

  it('adds what the manifest wants now, and removes what it wants no more', async () => {
    const previous = previousOf(await resolution(web.before, ['nginx']))
    const found = solved(await change(web.now, ['curl'], { previous, moves: [] }))
    assert.deepEqual(titlesOf(found), ['curl 2', 'libc6 1'])
    assert.deepEqual(reasons(found), [
      'curl - → 2: the manifest wants curl',
      'nginx 1 → -: nothing needs it any more',
      'nginx-common 1 → -: nothing needs it any more',
    ])
  })

  it('moves a version that left the archive, and says that it did', async () => {
    const { 'libc6 1': _gone, ...rest } = after
    const found = await update({ ...web, now: archive(rest) })
    assert.deepEqual(reasons(found), ['libc6 1 → 2: no archive lists libc6:all=1 any more'])
  })

  it('moves what a new pin forbids and what is excluded now', async () => {
    const previous = previousOf(
      await resolution(archive({ 'app 1': { depends: 'x | y' }, 'x 1': {}, 'z 1': {} }), ['app', 'z']),
    )
    const now = archive({ 'app 1': { depends: 'x | y' }, 'x 1': {}, 'y 1': {}, 'z 1': {}, 'z 2': {} })
    const pins = [pin({ package: 'z', version: '1', priority: -1 })]
    const found = solved(await change(now, ['app', 'z'], { previous, moves: [], exclude: ['x'], pins }))
    assert.deepEqual(reasons(found), [
      'x 1 → -: the manifest excludes x',
      'y - → 1: app 1 needs x | y',
      'z 1 → 2: a pin with a negative priority forbids z 1',
    ])
  })

  it('follows the Recommends of what it adds, but moves nothing for them', async () => {
    const recommends = { kind: 'follow' } as const
    const previous = previousOf(
      await resolution(archive({ 'lib 1': {}, 'old 1': { depends: 'lib' } }), ['old'], { recommends }),
    )
    const now = archive({
      'lib 1': {},
      'lib 2': {},
      'old 1': { depends: 'lib' },
      'new 1': { recommends: 'extra, picky' },
      'extra 1': {},
      'picky 1': { depends: 'lib (>= 2)' },
    })
    const found = solved(await change(now, ['new', 'old'], { previous, moves: [], recommends }))
    assert.deepEqual(titlesOf(found), ['extra 1', 'lib 1', 'new 1', 'old 1'])
    assert.deepEqual(reasons(found), ['extra - → 1: new 1 recommends extra', 'new - → 1: the manifest wants new'])
  })

  it('keeps an alternative that only its or-group can use', async () => {
    const universe = archive({ 'app 1': { depends: 'a | b' }, 'a 1': {}, 'b 1': {} })
    const previous = previousOf(await resolution(universe, ['a', 'app', 'b']))
    const found = solved(await change(universe, ['app'], { previous, moves: [] }))
    assert.deepEqual(titlesOf(found), ['a 1', 'app 1', 'b 1'])
  })
})

describe('in a root with a foreign architecture', () => {
  const multi = { native: 'amd64', foreign: ['i386'] }
  const stanzas = (version: string): Stanzas => ({
    [`libc6:amd64 ${version}`]: { multiArch: 'same' },
    [`libc6:i386 ${version}`]: { multiArch: 'same' },
  })
  const wine: Stanzas = { 'wine:amd64 1': { depends: 'libc6' }, 'wine32:i386 1': { depends: 'libc6' } }

  it('Multi-Arch: same packages move together', async () => {
    const found = await update({
      before: archive({ ...wine, ...stanzas('1') }, multi),
      now: archive({ ...wine, ...stanzas('1'), ...stanzas('2') }, multi),
      wanted: ['wine', 'wine32'],
      moves: [moving({ name: 'libc6', architecture: 'i386' }, 'candidate')],
    })
    assert.deepEqual(titlesOf(found), ['libc6:amd64 2', 'libc6:i386 2', 'wine:amd64 1', 'wine32:i386 1'])
    assert.deepEqual(reasons(found), ['libc6 1 → 2: it has to go with libc6:i386=2'])
  })
})
