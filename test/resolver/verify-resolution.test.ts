import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'vitest'
import type { PackageUniverse } from '../../src/debian/index.ts'
import { type ResolvedPackage, verifyResolution } from '../../src/resolver/index.ts'
import { archive, request } from '../support/universe.ts'

/** Takes every deb of the universe as chosen and needed. */
function verifyAll(
  universe: PackageUniverse,
  texts: readonly string[] = [],
  change: (each: ResolvedPackage) => ResolvedPackage = each => each,
) {
  const packages = universe
    .names()
    .flatMap(name => universe.packagesNamed(name))
    .map(deb => change({ package: deb, root: 'wanted', needs: [] }))
  return verifyResolution(request(universe, texts), packages)
}

describe('the verifier', () => {
  const faulty = [
    ['a relation that nothing meets', archive({ 'a 1': { depends: 'b | c' } }), 'a:all=1 lacks b | c'],
    ['a version that is too low', archive({ 'a 1': { preDepends: 'b (>= 2)' }, 'b 1': {} }), 'a:all=1 lacks b (>= 2)'],
    [
      'an unversioned Provides for a version',
      archive({ 'a 1': { depends: 'v (>= 1)' }, 'b 1': { provides: 'v' } }),
      'a:all=1 lacks v (>= 1)',
    ],
    ['two that conflict', archive({ 'a 1': { conflicts: 'b' }, 'b 1': {} }), 'a:all=1 excludes b, which b:all=1 is'],
    [
      'two providers of which one wants to be alone',
      archive({ 'a 1': { breaks: 'v', provides: 'v' }, 'b 1': { provides: 'v' } }),
      'a:all=1 excludes v, which b:all=1 is',
    ],
    ['two versions', archive({ 'a 1': {}, 'a 2': {} }), 'a:all=2 and a:all=1 cannot be installed together'],
  ] as const
  for (const [what, universe, problem] of faulty) {
    it(`refuses ${what}`, () => assert.deepEqual(verifyAll(universe), [problem]))
  }

  const twoArchitectures = { foreign: ['i386'] }
  const crossing = [
    [
      'a dependency on another architecture',
      archive({ 'a:amd64 1': { depends: 'b' }, 'b:i386 1': {} }, twoArchitectures),
      ['a:amd64=1 lacks b'],
    ],
    [
      'a dependency on Multi-Arch: foreign',
      archive({ 'a:amd64 1': { depends: 'b' }, 'b:i386 1': { multiArch: 'foreign' } }, twoArchitectures),
      [],
    ],
    [
      'a :any dependency on Multi-Arch: allowed',
      archive({ 'a:amd64 1': { depends: 'b:any' }, 'b:i386 1': { multiArch: 'allowed' } }, twoArchitectures),
      [],
    ],
    [
      'a :any dependency on Multi-Arch: foreign',
      archive({ 'a:amd64 1': { depends: 'b:any' }, 'b:i386 1': { multiArch: 'foreign' } }, twoArchitectures),
      ['a:amd64=1 lacks b:any'],
    ],
    [
      'a plain dependency on what is provided as :any',
      archive({ 'a:amd64 1': { depends: 'v' }, 'b:amd64 1': { provides: 'v:any' } }, twoArchitectures),
      ['a:amd64=1 lacks v'],
    ],
    [
      'a Conflicts with an architecture for which another provides it',
      archive({ 'a:amd64 1': { conflicts: 'v:i386' }, 'b:amd64 1': { provides: 'v:any' } }, twoArchitectures),
      ['a:amd64=1 excludes v:i386, which b:amd64=1 is'],
    ],
    [
      'Multi-Arch: same of two architectures',
      archive({ 'a:amd64 1': { multiArch: 'same' }, 'a:i386 1': { multiArch: 'same' } }, twoArchitectures),
      [],
    ],
    [
      'Multi-Arch: same at two versions',
      archive({ 'a:amd64 1': { multiArch: 'same' }, 'a:i386 2': { multiArch: 'same' } }, twoArchitectures),
      ['a:i386=2 and a:amd64=1 cannot be installed together'],
    ],
  ] as const
  for (const [what, universe, problems] of crossing) {
    it(`${problems.length === 0 ? 'accepts' : 'refuses'} ${what}`, () =>
      assert.deepEqual(verifyAll(universe), problems))
  }

  it('refuses a selection without what was wanted', () => {
    assert.deepEqual(verifyAll(archive({ 'a 1': {} }), ['b', 'a=2', 'a']), ['b is missing', 'a=2 is missing'])
  })

  it('refuses what was excluded', () => {
    const universe = archive({ 'a 1': {} })
    const packages = [{ package: universe.packagesNamed('a')[0]!, root: 'base', needs: [] } as const]
    assert.deepEqual(verifyResolution(request(universe, [], { exclude: ['a'] }), packages), ['a:all=1 is excluded'])
  })

  it('refuses what nothing needs', () => {
    const universe = archive({ 'a 1': {}, 'b 1': {} })
    const change = (each: ResolvedPackage) => (each.package.name === 'a' ? each : { ...each, root: undefined })
    assert.deepEqual(verifyAll(universe, [], change), ['nothing needs b:all=1'])
  })

  it('refuses a need that is not there', () => {
    const universe = archive({ 'a 1': {}, 'b 1': {} })
    const [a, b] = ['a', 'b'].map(name => universe.packagesNamed(name)[0]!)
    const packages = [{ package: a!, root: 'wanted', needs: [b!] } as const]
    assert.deepEqual(verifyResolution(request(universe, []), packages), ['a:all=1 needs b:all=1, which is not there'])
  })

  it('shares no code with the search: it imports the words of Debian and the types of question and answer', () => {
    const source = readFileSync(new URL('../../src/resolver/verify-resolution.ts', import.meta.url), 'utf8')
    const imports = [...source.matchAll(/^(import(?: type)?) [^']*? from '([^']+)'/gms)]
    assert.deepEqual(
      imports.map(([, kind, target]) => [kind, target]),
      [
        ['import', '../debian/index.ts'],
        ['import type', './model.ts'],
      ],
    )
  })

  it('takes less than 50 ms of processor time for 300 packages', () => {
    const stanzas = Object.fromEntries(
      Array.from({ length: 300 }, (_, at) => [
        `p${at}:amd64 1.${at}-2`,
        {
          depends: [1, 2, 3, 5, 8, 13, 21, 34].map(step => `p${(at + step) % 300} (>= 1.0~)`).join(', '),
          conflicts: `p${at} (<< 1), old-p${at}`,
          breaks: `p${(at + 7) % 300} (<< 1~), legacy`,
          provides: `virtual-${at % 10} (= 1), old-p${(at + 1) % 300}-dev`,
        },
      ]),
    )
    const universe = archive(stanzas)
    const durations = Array.from({ length: 5 }, () => {
      const before = process.cpuUsage()
      assert.deepEqual(verifyAll(universe, ['p7', 'virtual-3']), [])
      return process.cpuUsage(before).user / 1000
    })
    // The least of five: this machine does other things too.
    assert.ok(Math.min(...durations) < 50, `${durations.map(each => each.toFixed(1)).join(', ')} ms`)
  })
})
