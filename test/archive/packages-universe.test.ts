import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { openUniverse, type PackagesIndex } from '../../src/archive/index.ts'
import { type BinaryPackage, describePackage } from '../../src/debian/index.ts'
import { sortedByBytes } from '../../src/kernel/index.ts'
import { packageName, versionText } from '../support/debian-values.ts'
import { digestOf, indexOf, packagesFile, stanzaText } from '../support/packages-file.ts'
import { debian, described, universeOf } from '../support/packages-universe.ts'

describe('packages of one name', () => {
  it('are sorted from the newest version down, as dpkg compares', () => {
    const universe = debian({ 'a 1.9': {}, 'a 1.10': {}, 'a 1:0': {}, 'a 1.10~rc1': {} })
    assert.deepEqual(
      universe.packagesNamed('a').map(each => each.version),
      ['1:0', '1.10', '1.10~rc1', '1.9'],
    )
  })

  it('of one version have the native architecture first, then the foreign ones as the manifest ranks them', () => {
    const indexes = ['i386', 'amd64', 'arm64'].map(architecture =>
      indexOf(stanzaText('a 1', { Architecture: architecture }), { architecture }),
    )
    assert.deepEqual(described(universeOf(indexes, ['i386', 'arm64']).packagesNamed('a')), [
      'a:amd64=1',
      'a:i386=1',
      'a:arm64=1',
    ])
    assert.deepEqual(described(universeOf(indexes, ['arm64', 'i386']).packagesNamed('a')), [
      'a:amd64=1',
      'a:arm64=1',
      'a:i386=1',
    ])
  })

  it('with the same bytes in two suites are one package with two listings', () => {
    const security = { archive: 'debian-security', suite: 'bookworm-security', security: true }
    const universe = universeOf([
      indexOf(stanzaText('a 1', { Filename: 'pool/updates/main/a/a_1_amd64.deb' }), security),
      indexOf(stanzaText('a 1')),
    ])
    const packages = universe.packagesNamed('a')
    assert.equal(packages.length, 1)
    assert.deepEqual(
      packages[0]?.listings.map(each => [each.archive, each.fileName, each.security]),
      [
        ['debian', 'pool/main/a/a/a_1_amd64.deb', false],
        ['debian-security', 'pool/updates/main/a/a_1_amd64.deb', true],
      ],
    )
  })

  it('with other bytes under the same version are two packages', () => {
    const universe = universeOf([
      indexOf(stanzaText('a 1', { SHA256: digestOf('x') })),
      indexOf(stanzaText('a 1', { SHA256: digestOf('y') }), { archive: 'other' }),
    ])
    const digests = universe.packagesNamed('a').map(each => each.sha256)
    assert.deepEqual(digests, sortedByBytes([digestOf('x'), digestOf('y')]))
  })

  it('speak through the byte-smallest archive where two suites describe the same bytes differently', () => {
    const indexes = [
      indexOf(stanzaText('a 1', { Priority: 'optional' }), { archive: 'zeta' }),
      indexOf(stanzaText('a 1', { Priority: 'required' }), { archive: 'alpha' }),
    ]
    for (const order of [indexes, indexes.toReversed()]) {
      const universe = universeOf(order)
      assert.equal(universe.packagesNamed('a')[0]?.priority, 'required')
      assert.deepEqual(described(universe.packagesOfPriority('optional')), [])
    }
  })

  it('are absent under a name that no index has', () => {
    for (const name of ['b', 'aa', '', 'a ', '\u0000', 'constructor', '\u0161'])
      assert.deepEqual(debian({ 'a 1': { Provides: 'v' } }).packagesNamed(name), [])
  })
})

describe('architectures', () => {
  const all = { Architecture: 'all' }

  it('all is part of every root, listed in binary-all or in each architecture’s index, and is one package', () => {
    const universe = universeOf([
      indexOf(stanzaText('a 1', all)),
      indexOf(stanzaText('a 1', all), { architecture: 'all', fileName: 'dists/bookworm/main/binary-all/Packages' }),
    ])
    assert.deepEqual(described(universe.packagesNamed('a')), ['a:all=1'])
    assert.equal(universe.packagesNamed('a')[0]?.listings.length, 1)
  })

  it('a stanza of another architecture than its index does not exist', () => {
    const universe = universeOf(
      [indexOf(packagesFile({ 'a 1': { Architecture: 'i386', Essential: 'yes' } }))],
      ['i386'],
    )
    assert.deepEqual(universe.packagesNamed('a'), [])
    assert.deepEqual(universe.essentialPackages(), [])
    assert.deepEqual(universe.names(), [])
  })

  it('a stanza of an architecture that the root does not have does not exist in a flat repository', () => {
    const flat = { component: '', architecture: undefined }
    const index = indexOf(packagesFile({ 'a 1': { Architecture: 'arm64' }, 'b 1': {}, 'c 1': all }), flat)
    assert.deepEqual(universeOf([index]).names(), ['b', 'c'])
    assert.deepEqual(universeOf([index], ['arm64']).names(), ['a', 'b', 'c'])
  })

  it('the index of an architecture that the root does not have offers nothing, not even all', () => {
    const index = indexOf(stanzaText('a 1', all), { architecture: 'arm64' })
    assert.deepEqual(universeOf([index]).packagesNamed('a'), [])
    assert.deepEqual(described(universeOf([index], ['arm64']).packagesNamed('a')), ['a:all=1'])
  })
})

describe('providers', () => {
  it('are found by every name in Provides, versioned, qualified and folded', () => {
    const universe = debian({
      'courier-mta 1': { Provides: 'mail-transport-agent' },
      'exim4 4': { Provides: 'foo (= 1), mail-transport-agent,\n perl-abi:any (= 5.36),bar' },
      'mail-transport-agent 0': {},
      'none 1': { Depends: 'mail-transport-agent' },
    })
    assert.deepEqual(described(universe.providersOf('mail-transport-agent')), ['courier-mta:amd64=1', 'exim4:amd64=4'])
    for (const name of ['foo', 'perl-abi', 'bar'])
      assert.deepEqual(described(universe.providersOf(name)), ['exim4:amd64=4'])
    assert.deepEqual(universe.providersOf('exim4'), [])
  })

  it('are only the versions that provide', () => {
    const universe = debian({ 'a 1': { Provides: 'v' }, 'a 2': {} })
    assert.deepEqual(described(universe.providersOf('v')), ['a:amd64=1'])
  })

  it('include a package that provides its own name', () => {
    assert.deepEqual(described(debian({ 'a 1': { Provides: 'a (= 5)' } }).providersOf('a')), ['a:amd64=1'])
  })
})

describe('sets', () => {
  const universe = debian({
    'zsh 1': { Priority: 'optional' },
    'dpkg 1': { Essential: 'yes', Priority: 'required' },
    'bash 1': { Essential: 'yes', Priority: 'required' },
    'adduser 1': { Priority: 'important' },
    'init 1': { Important: 'yes', Essential: 'no' },
  })

  it('essential packages come by name', () => {
    assert.deepEqual(described(universe.essentialPackages()), ['bash:amd64=1', 'dpkg:amd64=1'])
  })

  it('packages of a priority are those of exactly this one', () => {
    assert.deepEqual(described(universe.packagesOfPriority('required')), ['bash:amd64=1', 'dpkg:amd64=1'])
    assert.deepEqual(described(universe.packagesOfPriority('important')), ['adduser:amd64=1'])
    assert.deepEqual(universe.packagesOfPriority('extra'), [])
  })

  it('all names are listed in byte order', () => {
    assert.deepEqual(universe.names(), ['adduser', 'bash', 'dpkg', 'init', 'zsh'])
  })
})

describe('a universe', () => {
  const stanza = fc.record({
    title: fc.tuple(fc.constantFrom('a', 'b', 'a-b', 'b+', 'B'), versionText()).map(parts => parts.join(' ')),
    provides: fc.option(fc.array(packageName(), { minLength: 1, maxLength: 3 }), { nil: undefined }),
    essential: fc.boolean(),
    bytes: fc.constantFrom('one', 'two'),
  })
  const text = fc.array(stanza, { maxLength: 12 }).map(stanzas =>
    stanzas.map(({ title, provides, essential, bytes }) =>
      stanzaText(title, {
        Provides: provides?.join(', '),
        Essential: essential ? 'yes' : undefined,
        SHA256: digestOf(bytes),
      }),
    ),
  )

  it('is the same for every order of stanzas and indexes', () => {
    const describeAll = (indexes: readonly PackagesIndex[]) => {
      const universe = universeOf(indexes)
      const full = (packages: readonly BinaryPackage[]) =>
        packages.map(each => [describePackage(each), each.sha256, each.essential, each.listings.map(at => at.archive)])
      return [
        universe.names(),
        universe.names().map(name => full(universe.packagesNamed(name))),
        full(universe.essentialPackages()),
      ]
    }
    fc.assert(
      fc.property(text, text, (here, there) => {
        const straight = [indexOf(here.join('\n')), indexOf(there.join('\n'), { archive: 'other' })]
        const reversed = [
          indexOf(there.toReversed().join('\n'), { archive: 'other' }),
          indexOf(here.toReversed().join('\n')),
        ]
        assert.deepEqual(describeAll(reversed), describeAll(straight))
      }),
      { seed: 122 },
    )
  })

  it('finds exactly what reading every stanza finds', () => {
    fc.assert(
      fc.property(text, stanzas => {
        const universe = universeOf([indexOf(stanzas.join('\n'))])
        const field = (each: string, name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(each)?.[1] ?? ''
        const names = new Set(stanzas.map(each => field(each, 'Package')))
        assert.deepEqual(universe.names(), sortedByBytes(names))
        const everything = universe.names().flatMap(name => universe.packagesNamed(name))
        for (const name of new Set(stanzas.flatMap(each => field(each, 'Provides').split(', ')))) {
          const expected = everything.filter(deb => deb.provides.some(each => each.name === name))
          assert.deepEqual(universe.providersOf(name).map(describePackage), expected.map(describePackage))
        }
        assert.deepEqual(
          universe.essentialPackages(),
          everything.filter(deb => deb.essential),
        )
      }),
      { seed: 123 },
    )
  })

  it('takes the project’s own debs as candidates like any other', () => {
    const [own] = debian({ 'own 1': { Provides: 'v', Essential: 'yes', Priority: 'required' } }).packagesNamed('own')
    assert.ok(own)
    const universe = openUniverse({
      nativeArchitecture: 'amd64',
      foreignArchitectures: [],
      indexes: [indexOf(packagesFile({ 'own 2': {}, 'a 1': { Provides: 'v' } }))],
      ownDebs: [own],
    })
    assert.deepEqual(described(universe.packagesNamed('own')), ['own:amd64=2', 'own:amd64=1'])
    assert.deepEqual(described(universe.providersOf('v')), ['a:amd64=1', 'own:amd64=1'])
    assert.deepEqual(described(universe.essentialPackages()), ['own:amd64=1'])
    assert.deepEqual(described(universe.packagesOfPriority('required')), ['own:amd64=1'])
    assert.deepEqual(universe.names(), ['a', 'own'])
  })
})
