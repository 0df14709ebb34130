import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { archive, explain, resolve, type Stanzas } from '../support/universe.ts'

const wine = (stanzas: Stanzas) => archive(stanzas, { native: 'amd64', foreign: ['i386'] })

describe('on two architectures', () => {
  it('a package depends on its own architecture', async () => {
    const debian = wine({ 'a:i386 1': { depends: 'lib' }, 'lib:amd64 1': {}, 'lib:i386 1': {} })
    assert.deepEqual(await resolve(debian, ['a:i386']), ['a:i386 1', 'lib:i386 1'])
  })

  it('architecture all counts as native', async () => {
    const debian = wine({ 'a 1': { depends: 'lib' }, 'lib:i386 1': {} })
    await explain(debian, ['a'])
    const other = wine({ 'a:i386 1': { depends: 'data' }, 'data 1': {} })
    await explain(other, ['a:i386'])
  })

  it('Multi-Arch: foreign serves any architecture, the native one first', async () => {
    const debian = wine({
      'a:i386 1': { depends: 'tool' },
      'tool:amd64 1': { multiArch: 'foreign', priority: 'extra' },
      'tool:i386 1': { multiArch: 'foreign', priority: 'required' },
    })
    assert.deepEqual(await resolve(debian, ['a:i386']), ['a:i386 1', 'tool:amd64 1'])
  })

  it('Multi-Arch: foreign of architecture all serves a foreign package', async () => {
    const debian = wine({ 'a:i386 1': { depends: 'data' }, 'data 1': { multiArch: 'foreign' } })
    assert.deepEqual(await resolve(debian, ['a:i386']), ['a:i386 1', 'data 1'])
  })

  it('Multi-Arch: foreign exports its virtual packages to all architectures', async () => {
    const debian = wine({ 'a:i386 1': { depends: 'v' }, 'p:amd64 1': { multiArch: 'foreign', provides: 'v' } })
    assert.deepEqual(await resolve(debian, ['a:i386']), ['a:i386 1', 'p:amd64 1'])
  })

  it('a virtual package of another architecture does not count', async () => {
    const debian = wine({ 'a:i386 1': { depends: 'v' }, 'p:amd64 1': { provides: 'v' } })
    await explain(debian, ['a:i386'])
  })

  it('Multi-Arch: allowed serves another architecture only where :any is written', async () => {
    const perl = { 'perl:amd64 1': { multiArch: 'allowed' } } as const
    assert.deepEqual(await resolve(wine({ 'a:i386 1': { depends: 'perl:any' }, ...perl }), ['a:i386']), [
      'a:i386 1',
      'perl:amd64 1',
    ])
    await explain(wine({ 'a:i386 1': { depends: 'perl' }, ...perl }), ['a:i386'])
  })

  it('Multi-Arch: allowed also provides its virtual packages as :any', async () => {
    const debian = wine({ 'a:i386 1': { depends: 'v:any' }, 'p:amd64 1': { multiArch: 'allowed', provides: 'v' } })
    assert.deepEqual(await resolve(debian, ['a:i386']), ['a:i386 1', 'p:amd64 1'])
  })

  it(':any on a package that is not Multi-Arch: allowed is never satisfied, as in dpkg', async () => {
    await explain(archive({ 'a:amd64 1': { depends: 'b:any' }, 'b:amd64 1': {} }), ['a'])
    await explain(archive({ 'a:amd64 1': { depends: 'b:any' }, 'b:amd64 1': { multiArch: 'foreign' } }), ['a'])
  })

  it('a Provides may name an architecture, or any', async () => {
    const cross = wine({ 'a:amd64 1': { depends: 'cc:i386' }, 'gcc:amd64 1': { provides: 'cc:i386' } })
    assert.deepEqual(await resolve(cross, ['a']), ['a:amd64 1', 'gcc:amd64 1'])
    const any = wine({ 'a:i386 1': { depends: 'v:any' }, 'p:amd64 1': { provides: 'v:any' } })
    assert.deepEqual(await resolve(any, ['a:i386']), ['a:i386 1', 'p:amd64 1'])
  })

  it('what is provided as name:any serves name:any alone: dpkg configures nothing else with it', async () => {
    const provider = { 'p:amd64 1': { provides: 'v:any' } }
    for (const depends of ['v', 'v:amd64', 'v:i386'])
      await explain(wine({ 'a:amd64 1': { depends }, ...provider }), ['a'])
    const foreign = wine({ 'a:i386 1': { depends: 'v' }, 'p:amd64 1': { provides: 'v:any', multiArch: 'foreign' } })
    assert.deepEqual(await resolve(foreign, ['a:i386']), ['a:i386 1', 'p:amd64 1'])
  })

  it('a Conflicts that names an architecture means what is provided for that one, or for any', async () => {
    for (const provides of ['v:i386', 'v:any'])
      await explain(wine({ 'a:amd64 1': { conflicts: 'v:i386' }, 'cross:amd64 1': { provides } }), ['a', 'cross'])
    const other = wine({ 'a:amd64 1': { conflicts: 'v:amd64' }, 'cross:amd64 1': { provides: 'v:i386' } })
    assert.deepEqual(await resolve(other, ['a', 'cross']), ['a:amd64 1', 'cross:amd64 1'])
  })

  it('a dependency may name an architecture', async () => {
    const debian = wine({ 'a:amd64 1': { depends: 'lib:i386' }, 'lib:amd64 1': {}, 'lib:i386 1': {} })
    assert.deepEqual(await resolve(debian, ['a']), ['a:amd64 1', 'lib:i386 1'])
  })

  it('a dependency on an architecture that the root does not have is not satisfied, and no error where it is optional', async () => {
    const debian = archive({ 'gamemode:amd64 1': { recommends: 'libgamemode0:i386' }, 'libgamemode0:i386 1': {} })
    assert.deepEqual(await resolve(debian, ['gamemode'], { recommends: { kind: 'follow' } }), ['gamemode:amd64 1'])
  })

  it(':native is for build dependencies and never satisfied', async () => {
    await explain(archive({ 'a:amd64 1': { depends: 'b:native' }, 'b:amd64 1': {} }), ['a'])
  })

  const same = { multiArch: 'same' } as const

  it('Multi-Arch: same is installed for both at one version', async () => {
    const debian = wine({ 'lib:amd64 1': same, 'lib:i386 1': same })
    assert.deepEqual(await resolve(debian, ['lib', 'lib:i386']), ['lib:amd64 1', 'lib:i386 1'])
  })

  it('Multi-Arch: same waits for the architecture that lags behind', async () => {
    const debian = wine({ 'lib:amd64 2': same, 'lib:amd64 1': same, 'lib:i386 1': same })
    assert.deepEqual(await resolve(debian, ['lib', 'lib:i386']), ['lib:amd64 1', 'lib:i386 1'])
    await explain(wine({ 'lib:amd64 2': same, 'lib:i386 1': same }), ['lib', 'lib:i386'])
  })

  it('Multi-Arch: same asks for equal versions, however they are spelled', async () => {
    const debian = wine({ 'lib:amd64 1.0-0': same, 'lib:i386 0:1.0': same })
    assert.deepEqual(await resolve(debian, ['lib', 'lib:i386']), ['lib:amd64 1.0-0', 'lib:i386 0:1.0'])
  })

  it('two architectures of any other package exclude each other', async () => {
    await explain(wine({ 'tool:amd64 1': {}, 'tool:i386 1': {} }), ['tool', 'tool:i386'])
  })

  it('providers of one virtual package on two architectures do not', async () => {
    const debian = wine({ 'a:amd64 1': { provides: 'v' }, 'b:i386 1': { provides: 'v' } })
    assert.deepEqual(await resolve(debian, ['a', 'b:i386']), ['a:amd64 1', 'b:i386 1'])
  })

  it('Conflicts and Breaks reach the other architecture, unless they name one', async () => {
    const libraries = { 'b:i386 1': {} }
    await explain(wine({ 'a:amd64 1': { conflicts: 'b' }, ...libraries }), ['a', 'b:i386'])
    await explain(wine({ 'a:amd64 1': { breaks: 'b:i386' }, ...libraries }), ['a', 'b:i386'])
    const named = wine({ 'a:amd64 1': { conflicts: 'b:amd64' }, ...libraries })
    assert.deepEqual(await resolve(named, ['a', 'b:i386']), ['a:amd64 1', 'b:i386 1'])
  })

  it('Multi-Arch: same packages that conflict with what they provide go together with themselves', async () => {
    const lonely = { ...same, provides: 'lib-abi', conflicts: 'lib-abi' }
    const debian = wine({ 'lib:amd64 1': lonely, 'lib:i386 1': lonely })
    assert.deepEqual(await resolve(debian, ['lib', 'lib:i386']), ['lib:amd64 1', 'lib:i386 1'])
  })

  it('dpkg is only ever native', async () => {
    const dpkg = { multiArch: 'foreign' } as const
    await explain(wine({ 'a:i386 1': { depends: 'dpkg' }, 'dpkg:i386 1': dpkg }), ['a:i386'])
    const both = wine({ 'a:i386 1': { depends: 'dpkg' }, 'dpkg:amd64 1': dpkg, 'dpkg:i386 2': dpkg })
    assert.deepEqual(await resolve(both, ['a:i386']), ['a:i386 1', 'dpkg:amd64 1'])
  })

  it('a wanted name that only the foreign architecture has is taken from there', async () => {
    assert.deepEqual(await resolve(wine({ 'wine32:i386 1': {} }), ['wine32']), ['wine32:i386 1'])
  })

  it('a wanted name is native where both have it', async () => {
    assert.deepEqual(await resolve(wine({ 'a:amd64 1': {}, 'a:i386 2': {} }), ['a']), ['a:amd64 1'])
  })
})
