import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { archive, explain, resolve } from '../support/universe.ts'

describe('an or-group', () => {
  it('takes its first alternative', async () => {
    const debian = archive({ 'app 1': { depends: 'b | a' }, 'a 1': {}, 'b 1': {} })
    assert.deepEqual(await resolve(debian, ['app']), ['app 1', 'b 1'])
  })

  it('takes the first alternative that can be installed', async () => {
    const debian = archive({ 'app 1': { depends: 'b | a' }, 'a 1': {}, 'b 1': { depends: 'missing' } })
    assert.deepEqual(await resolve(debian, ['app']), ['a 1', 'app 1'])
  })

  it('is fulfilled by an alternative that is needed anyway', async () => {
    const debian = archive({ 'app 1': { depends: 'b | a, c' }, 'a 1': {}, 'b 1': {}, 'c 1': { depends: 'a' } })
    assert.deepEqual(await resolve(debian, ['app']), ['a 1', 'app 1', 'c 1'])
  })

  it('keeps its first alternative although that one needs another alternative', async () => {
    // lsb-base | sysvinit-utils in bookworm: apt takes lsb-base, which depends on sysvinit-utils.
    const debian = archive({ 'app 1': { depends: 'a | b' }, 'a 1': { depends: 'b' }, 'b 1': {} })
    assert.deepEqual(await resolve(debian, ['app']), ['a 1', 'app 1', 'b 1'])
  })

  it('may ask for versions', async () => {
    const debian = archive({ 'app 1': { depends: 'a (>= 2) | b (>= 2)' }, 'a 1': {}, 'b 2': {} })
    assert.deepEqual(await resolve(debian, ['app']), ['app 1', 'b 2'])
  })

  it('that repeats a plain dependency changes nothing', async () => {
    const debian = archive({ 'app 1': { depends: 'a, b | a' }, 'a 1': {}, 'b 1': {} })
    assert.deepEqual(await resolve(debian, ['app']), ['a 1', 'app 1'])
  })

  it('gives way later rather than earlier when two choices exclude each other', async () => {
    const debian = archive({
      'app 1': { depends: 'a | b, c | d' },
      'a 1': { conflicts: 'c' },
      'b 1': {},
      'c 1': {},
      'd 1': {},
    })
    assert.deepEqual(await resolve(debian, ['app']), ['a 1', 'app 1', 'd 1'])
  })

  it('goes back to an earlier choice when only that helps', async () => {
    const debian = archive({
      'app 1': { depends: 'a | b, c' },
      'a 1': { breaks: 'd' },
      'b 1': {},
      'c 1': { depends: 'd' },
      'd 1': {},
    })
    assert.deepEqual(await resolve(debian, ['app']), ['app 1', 'b 1', 'c 1', 'd 1'])
  })
})

describe('a virtual package', () => {
  it('is satisfied by the first alternative although another provider sorts earlier', async () => {
    const debian = archive({
      'mail-client 1': { depends: 'exim4 | mail-transport-agent' },
      'exim4 4.97': { provides: 'mail-transport-agent' },
      'courier-mta 1.4': { provides: 'mail-transport-agent' },
    })
    assert.deepEqual(await resolve(debian, ['mail-client']), ['exim4 4.97', 'mail-client 1'])
  })

  it('comes second to a real package of that name', async () => {
    const debian = archive({ 'app 1': { depends: 'foo' }, 'foo 1': {}, 'bar 1': { provides: 'foo', essential: true } })
    assert.deepEqual(await resolve(debian, ['app']), ['app 1', 'foo 1'])
  })

  it('helps out when the real package does not fit', async () => {
    const debian = archive({ 'app 1': { depends: 'foo (>= 2)' }, 'foo 1': {}, 'bar 1': { provides: 'foo (= 2)' } })
    assert.deepEqual(await resolve(debian, ['app']), ['app 1', 'bar 1'])
  })

  it('without a version does not satisfy a relation with one', async () => {
    const debian = archive({ 'app 1': { depends: 'foo (>= 1)' }, 'bar 9': { provides: 'foo' } })
    await explain(debian, ['app'])
  })

  it('is judged by the version it is provided at, not by that of its provider', async () => {
    const debian = archive({
      'app 1': { depends: 'abi (= 3)' },
      'old 3': { provides: 'abi (= 2)' },
      'new 1': { provides: 'abi (= 3)' },
    })
    assert.deepEqual(await resolve(debian, ['app']), ['app 1', 'new 1'])
  })

  it('may be provided at several versions by one package', async () => {
    const debian = archive({
      'app 1': { depends: 'abi (= 1), abi (= 2)' },
      'lib 1': { provides: 'abi (= 1), abi (= 2)' },
    })
    assert.deepEqual(await resolve(debian, ['app']), ['app 1', 'lib 1'])
  })

  const ties = [
    [{ essential: true }, {}, 'an Essential provider is preferred'],
    [{ important: true }, { priority: 'required' }, 'an Important provider is preferred to a Priority'],
    [{ priority: 'standard' }, { priority: 'extra' }, 'the higher Priority is preferred'],
    [{ priority: 'extra' }, { priority: '' }, 'a Priority is preferred to none'],
  ] as const
  for (const [better, worse, why] of ties) {
    it(`with several providers: ${why}`, async () => {
      const debian = archive({
        'app 1': { depends: 'virtual' },
        'a 1': { provides: 'virtual', ...worse },
        'b 1': { provides: 'virtual', ...better },
      })
      assert.deepEqual(await resolve(debian, ['app']), ['app 1', 'b 1'])
    })
  }

  it('with equal providers takes the byte-smallest name', async () => {
    const debian = archive({ 'app 1': { depends: 'v' }, 'b 1': { provides: 'v' }, 'a 1': { provides: 'v' } })
    assert.deepEqual(await resolve(debian, ['app']), ['a 1', 'app 1'])
  })

  it('can be wanted itself', async () => {
    const debian = archive({ 'postfix 3': { provides: 'mail-transport-agent' } })
    assert.deepEqual(await resolve(debian, ['mail-transport-agent']), ['postfix 3'])
  })
})

describe('Conflicts and Breaks', () => {
  for (const field of ['conflicts', 'breaks'] as const) {
    it(`${field} keeps two packages apart`, async () => {
      const debian = archive({ 'a 1': { [field]: 'b' }, 'b 1': {} })
      await explain(debian, ['a', 'b'])
    })

    it(`${field} speaks of the versions it names only`, async () => {
      const debian = archive({ 'a 1': { [field]: 'b (<< 2)' }, 'b 2': {} })
      assert.deepEqual(await resolve(debian, ['a', 'b']), ['a 1', 'b 2'])
    })

    it(`${field} on a name that the package provides itself means "only one provider"`, async () => {
      const debian = archive({
        'exim4 1': { provides: 'mta', [field]: 'mta' },
        'postfix 1': { provides: 'mta', [field]: 'mta' },
      })
      assert.deepEqual(await resolve(debian, ['exim4']), ['exim4 1'])
      await explain(debian, ['exim4', 'postfix'])
    })

    it(`${field} on its own name is ignored, also for other versions`, async () => {
      const debian = archive({ 'a 2': { [field]: 'a (<< 2)' }, 'a 1': {} })
      assert.deepEqual(await resolve(debian, ['a']), ['a 2'])
    })

    it(`${field} with a version is not triggered by an unversioned Provides`, async () => {
      const debian = archive({ 'a 1': { [field]: 'v (<< 9)' }, 'b 1': { provides: 'v' } })
      assert.deepEqual(await resolve(debian, ['a', 'b']), ['a 1', 'b 1'])
    })

    it(`${field} with a version is triggered by a versioned Provides`, async () => {
      const debian = archive({ 'a 1': { [field]: 'v (<< 9)' }, 'b 99': { provides: 'v (= 1)' } })
      await explain(debian, ['a', 'b'])
    })
  }

  it('are not what Replaces alone means', async () => {
    const debian = archive({ 'a 1': { replaces: 'b' }, 'b 1': {} })
    assert.deepEqual(await resolve(debian, ['a', 'b']), ['a 1', 'b 1'])
  })

  it('with Replaces and Provides let a package stand in for another', async () => {
    const debian = archive({
      'app 1': { depends: 'old' },
      'tool 1': { depends: 'new' },
      'old 1': {},
      'new 1': { provides: 'old', conflicts: 'old', replaces: 'old' },
    })
    assert.deepEqual(await resolve(debian, ['app', 'tool']), ['app 1', 'new 1', 'tool 1'])
  })
})

describe('dependencies', () => {
  it('may form a cycle', async () => {
    const debian = archive({ 'libc6 1': { depends: 'libgcc-s1' }, 'libgcc-s1 1': { preDepends: 'libc6' } })
    assert.deepEqual(await resolve(debian, ['libc6']), ['libc6 1', 'libgcc-s1 1'])
  })

  it('on what the package provides itself need nothing else', async () => {
    const debian = archive({ 'a 1': { depends: 'v', provides: 'v' }, 'b 1': { provides: 'v', essential: true } })
    assert.deepEqual(await resolve(debian, ['a']), ['a 1'])
  })

  it('of what was not chosen bring nothing in', async () => {
    const debian = archive({ 'a 1': {}, 'b 1': { depends: 'a' } })
    assert.deepEqual(await resolve(debian, ['a']), ['a 1'])
  })
})
