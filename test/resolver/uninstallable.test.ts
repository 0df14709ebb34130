import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { archive, explain, resolve } from '../support/universe.ts'

/** The kinds of packages that a released bookworm really has and that nothing can install (SEMANTICS T62). */
describe('a package that was left behind', () => {
  it('needs a range of versions that a security update has passed by', async () => {
    const debian = archive({
      'webext-tbsync 4.12': { depends: 'thunderbird (>= 1:128.0), thunderbird (<= 1:128.x)' },
      'thunderbird:amd64 1:140.12.0esr-1~deb12u1': { suites: ['security'] },
    })
    const { lines } = await explain(debian, ['webext-tbsync'])
    assert.match(
      lines.join('\n'),
      /thunderbird \(<= 1:128\.x\).*only thunderbird:amd64 1:140\.12\.0esr-1~deb12u1 \(debian\/security\)/,
    )
  })

  it('installs as long as an older suite still lists the version it needs', async () => {
    const debian = archive({
      'webext-tbsync 4.12': { depends: 'thunderbird (>= 1:128.0), thunderbird (<= 1:128.x)' },
      'thunderbird:amd64 1:140.12': { suites: ['security'] },
      'thunderbird:amd64 1:128.5': {},
    })
    assert.deepEqual(await resolve(debian, ['webext-tbsync']), ['thunderbird:amd64 1:128.5', 'webext-tbsync 4.12'])
  })

  it('is for all architectures but needs what only another kernel has', async () => {
    const debian = archive({ 'console-setup-freebsd 1': { depends: 'vidcontrol, kbdcontrol' }, 'kbdcontrol 1': {} })
    const { lines } = await explain(debian, ['console-setup-freebsd'])
    assert.match(lines.join('\n'), /needs vidcontrol/)
  })

  it('needs a metapackage whose own dependency is gone', async () => {
    const debian = archive({
      'design-desktop-web 3': { depends: 'design-desktop' },
      'design-desktop 3': { depends: 'colorhug-client | gnome-color-manager, gone' },
      'gnome-color-manager 1': {},
    })
    const { lines } = await explain(debian, ['design-desktop-web'])
    assert.equal(lines.length, 3)
    assert.match(lines.at(-1) ?? '', /design-desktop 3 .*needs gone/)
  })

  it('does not stand in the way where it is only an alternative, or recommended', async () => {
    const debian = archive({
      'app 1': { depends: 'broken | works', recommends: 'broken' },
      'broken 1': { depends: 'gone' },
      'works 1': {},
    })
    assert.deepEqual(await resolve(debian, ['app'], { recommends: { kind: 'follow' } }), ['app 1', 'works 1'])
  })
})

/** SEMANTICS T55: apt draws lots by machine; a lock that did would be another one on each machine. */
describe('a phased update', () => {
  for (const percentage of [0, 10, 100]) {
    it(`is taken like any other at ${percentage} %`, async () => {
      const ubuntu = archive({
        'openssl 3.0.2-0ubuntu1': {},
        'openssl 3.0.2-0ubuntu1.1': { suites: ['updates'], phasedUpdatePercentage: percentage },
      })
      assert.deepEqual(await resolve(ubuntu, ['openssl']), ['openssl 3.0.2-0ubuntu1.1'])
    })
  }

  const ubuntu = (percentage: number, suites = ['updates']) =>
    archive({ 'openssl 1': {}, 'openssl 1.1': { suites, phasedUpdatePercentage: percentage } })

  it('is left for later below 100 % where the manifest says never', async () => {
    for (const percentage of [0, 99])
      assert.deepEqual(await resolve(ubuntu(percentage), ['openssl'], { phasedUpdates: 'never' }), ['openssl 1'])
    assert.deepEqual(await resolve(ubuntu(100), ['openssl'], { phasedUpdates: 'never' }), ['openssl 1.1'])
  })

  it('is taken all the same where nothing else will do', async () => {
    const never = { phasedUpdates: 'never' } as const
    assert.deepEqual(await resolve(ubuntu(10), ['openssl (>= 1.1)'], never), ['openssl 1.1'])
    const only = archive({ 'new-tool 1': { phasedUpdatePercentage: 10 } })
    assert.deepEqual(await resolve(only, ['new-tool'], never), ['new-tool 1'])
  })

  it('of a security archive is never held back', async () => {
    const security = ubuntu(10, ['updates', 'noble-security'])
    assert.deepEqual(await resolve(security, ['openssl'], { phasedUpdates: 'never' }), ['openssl 1.1'])
  })

  it('can be refused by its version, as every update can', async () => {
    const ubuntu = archive({ 'openssl 1': {}, 'openssl 1.1': { suites: ['updates'], phasedUpdatePercentage: 10 } })
    assert.deepEqual(await resolve(ubuntu, ['openssl=1']), ['openssl 1'])
  })
})
