import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it, test } from 'vitest'
import * as archive from '../../src/archive/index.ts'
import { openUniverse, type PackagesIndex } from '../../src/archive/index.ts'
import { type BinaryPackage, describePackage, formatOrGroup, formatRelation } from '../../src/debian/index.ts'
import { Fault, isFault, sortedByBytes } from '../../src/kernel/index.ts'
import { packageName, versionText } from '../support/debian-values.ts'
import { digestOf, indexOf, packagesFile, type StanzaFields, stanzaText } from '../support/packages-file.ts'

function universeOf(indexes: readonly PackagesIndex[], foreignArchitectures: readonly string[] = []) {
  return openUniverse({ nativeArchitecture: 'amd64', foreignArchitectures, indexes })
}

function debian(stanzas: Readonly<Record<string, StanzaFields>>) {
  return universeOf([indexOf(packagesFile(stanzas))])
}

function described(packages: readonly BinaryPackage[]): string[] {
  return packages.map(describePackage)
}

function onlyPackage(fields: StanzaFields): BinaryPackage {
  const [deb] = debian({ 'bash 5.2': fields }).packagesNamed('bash')
  assert.ok(deb)
  return deb
}

it('the door of the room gives nobody the means to call bytes verified', () => {
  const makers = Object.keys(archive).filter(name => /SignedRelease|TrustedByManifest/.test(name))
  assert.deepEqual(makers, [])
  assert.ok(Object.keys(archive).includes('openUniverse'))
})

describe('a package of an index', () => {
  it('has the fields of its stanza', () => {
    const deb = onlyPackage({
      Source: 'bash-source (5.2-0)',
      Essential: 'yes',
      Priority: 'required',
      Section: 'shells',
      'Multi-Arch': 'foreign',
      'Pre-Depends': 'libc6 (>= 2.36)',
      Depends: 'base-files (>= 2.1.12),\n debianutils | busybox',
      Recommends: 'bash-completion',
      Conflicts: 'bash-doc (<< 1)',
      Breaks: 'old:any',
      Replaces: 'older',
      Provides: 'sh, shell-abi (= 5)',
      'Installed-Size': '7164',
      'Phased-Update-Percentage': '20',
    })
    assert.deepEqual(deb.source, { name: 'bash-source', version: '5.2-0' })
    assert.equal(deb.essential, true)
    assert.equal(deb.important, false)
    assert.equal(deb.priority, 'required')
    assert.equal(deb.section, 'shells')
    assert.equal(deb.multiArch, 'foreign')
    assert.deepEqual(deb.preDepends.map(formatOrGroup), ['libc6 (>= 2.36)'])
    assert.deepEqual(deb.depends.map(formatOrGroup), ['base-files (>= 2.1.12)', 'debianutils | busybox'])
    assert.deepEqual(deb.recommends.map(formatOrGroup), ['bash-completion'])
    assert.deepEqual(deb.conflicts.map(formatRelation), ['bash-doc (<< 1)'])
    assert.deepEqual(deb.breaks.map(formatRelation), ['old:any'])
    assert.deepEqual(deb.replaces.map(formatRelation), ['older'])
    assert.deepEqual(
      deb.provides.map(each => each.version),
      [undefined, '5'],
    )
    assert.equal(deb.sizeBytes, 1000)
    assert.equal(deb.installedSizeKibibytes, 7164)
    assert.equal(deb.phasedUpdatePercentage, 20)
    assert.equal(deb.sha256, digestOf('bash 5.2 amd64'))
    const [listing] = deb.listings
    assert.equal(listing.fileName, 'pool/main/b/bash/bash_5.2_amd64.deb')
    assert.equal(listing.release.codename, 'bookworm')
  })

  it('does without every field that only some archives write', () => {
    const deb = onlyPackage({})
    assert.deepEqual(deb.source, { name: 'bash', version: '5.2' })
    assert.deepEqual(
      [deb.essential, deb.important, deb.priority, deb.section, deb.multiArch],
      [false, false, '', '', 'no'],
    )
    const lists = [deb.preDepends, deb.depends, deb.recommends, deb.conflicts, deb.breaks, deb.replaces, deb.provides]
    assert.deepEqual(lists.flat(), [])
    assert.equal(deb.installedSizeKibibytes, undefined)
    assert.equal(deb.phasedUpdatePercentage, undefined)
  })

  for (const field of ['Important', 'Protected']) {
    it(`with ${field}: yes is important`, () => assert.equal(onlyPackage({ [field]: 'yes' }).important, true))
  }

  it('is found whatever the case of the field names and the line ends', () => {
    const text = stanzaText('bash 5.2', { Provides: 'sh' }).replace('Package', 'PACKAGE').replaceAll('\n', '\r\n')
    const universe = universeOf([indexOf(text)])
    assert.deepEqual(described(universe.packagesNamed('bash')), ['bash:amd64=5.2'])
    assert.deepEqual(described(universe.providersOf('sh')), ['bash:amd64=5.2'])
  })

  it('may have a name with capitals and underscores in a third-party archive', () => {
    assert.deepEqual(described(debian({ 'My_Tool 1': {} }).packagesNamed('My_Tool')), ['My_Tool:amd64=1'])
  })

  it('lies in the archive’s own folder where a flat repository writes ./', () => {
    const [deb] = universeOf([
      indexOf(stanzaText('tool 1', { Filename: './tool_1.deb' }), { component: '', architecture: undefined }),
    ]).packagesNamed('tool')
    assert.equal(deb?.listings[0].fileName, 'tool_1.deb')
  })

  it('has its digest in lower case', () => {
    assert.equal(onlyPackage({ SHA256: digestOf('x').toUpperCase() }).sha256, digestOf('x'))
  })

  it('is the same object however it is reached', () => {
    const universe = debian({ 'bash 5.2': { Essential: 'yes', Priority: 'required', Provides: 'sh' } })
    const [deb] = universe.packagesNamed('bash')
    for (const list of [
      universe.providersOf('sh'),
      universe.essentialPackages(),
      universe.packagesOfPriority('required'),
    ])
      assert.equal(list[0], deb)
    assert.equal(deb?.depends, universe.packagesNamed('bash')[0]?.depends)
  })
})

const malformedFields = [
  ['Version', undefined, 'packagesNamed', 'without a version there is no candidate'],
  ['Version', '1.0-', 'packagesNamed', 'a version that dpkg refuses'],
  ['Version', '../../x', 'packagesNamed', 'a version that is a path'],
  ['Architecture', undefined, 'packagesNamed', 'without an architecture nobody knows which root may have it'],
  ['SHA256', undefined, 'sha256', 'an archive that only lists MD5 cannot be pinned'],
  ['SHA256', 'deadbeef', 'sha256', 'a digest of another length'],
  ['SHA256', 'g'.repeat(64), 'sha256', 'a digest that is not hexadecimal'],
  ['Size', undefined, 'sizeBytes', 'the size is part of the pin'],
  ['Size', '-1', 'sizeBytes', 'a negative size'],
  ['Size', '1e3', 'sizeBytes', 'another way to write a number'],
  ['Size', '99999999999999999999', 'sizeBytes', 'a size beyond what a double counts exactly'],
  ['Filename', undefined, 'listings', 'nobody could fetch it'],
  ['Filename', '/etc/passwd', 'listings', 'an absolute path'],
  ['Filename', 'pool/../../../x.deb', 'listings', 'a path out of the archive'],
  ['Filename', './../x.deb', 'listings', 'the same after a harmless beginning'],
  ['Filename', 'http://mirror.example.org/x.deb', 'listings', 'another server'],
  ['Filename', 'pool\\x.deb', 'listings', 'a backslash'],
  ['Filename', 'pool/\u0007.deb', 'listings', 'a control character'],
  ['Depends', 'libc6 (>= ', 'depends', 'an open bracket'],
  ['Depends', 'libc6 [amd64]', 'depends', 'restrictions belong to source packages'],
  ['Pre-Depends', 'a b', 'preDepends', 'a missing comma'],
  ['Recommends', '|', 'recommends', 'no name'],
  ['Conflicts', 'a | b', 'conflicts', 'alternatives in Conflicts'],
  ['Breaks', 'a (1', 'breaks', 'an open bracket'],
  ['Replaces', '-a', 'replaces', 'no name'],
  ['Provides', 'a (>= 1)', 'provides', 'a range in Provides'],
  ['Source', 'a b c', 'source', 'no source'],
  ['Multi-Arch', 'maybe', 'multiArch', 'a value that Multi-Arch does not have'],
  ['Essential', 'perhaps', 'essential', 'neither yes nor no'],
  ['Installed-Size', 'big', 'installedSizeKibibytes', 'no number'],
  ['Phased-Update-Percentage', '101', 'phasedUpdatePercentage', 'more than all'],
] as const

describe('a malformed field', () => {
  for (const [field, value, read, why] of malformedFields) {
    test(`${field}: ${value ?? '(absent)'} faults when it is looked at: ${why}`, () => {
      const text = `${stanzaText('aaa 1')}\n${stanzaText('bash 5.2', { [field]: value })}`
      const universe = universeOf([indexOf(text)])
      assert.deepEqual(described(universe.packagesNamed('aaa')), ['aaa:amd64=1'])
      const look = () => {
        const packages = universe.packagesNamed('bash')
        switch (read) {
          case 'packagesNamed':
            return packages
          case 'listings':
            return packages[0]?.listings[0].fileName
          default:
            return packages[0]?.[read]
        }
      }
      const lines = text.split('\n')
      const line = 1 + (value === undefined ? lines.indexOf('Package: bash') : lines.indexOf(`${field}: ${value}`))
      const place = `debian: dists/bookworm/main/binary-amd64/Packages, line ${line}: the ${field} of "bash": `
      assert.throws(look, error => {
        assert.ok(error instanceof Fault && error.code === 'INDEX_MALFORMED', String(error))
        assert.ok(error.message.startsWith(place), `${error.message} does not begin with ${place}`)
        assert.equal(error.context.line, line)
        assert.equal(error.exitCode, 6)
        return !/[\n\u0007]/.test(error.message)
      })
    })
  }

  it('does not keep the other fields from being read', () => {
    const deb = onlyPackage({ Depends: '((', Recommends: 'a' })
    assert.deepEqual(deb.recommends.map(formatOrGroup), ['a'])
  })
})

describe('a malformed stanza', () => {
  const rows = [
    ['a field given twice', `${stanzaText('bash 1')}Version: 2\n`, 7],
    ['a line that is no field', `${stanzaText('bash 1')}what is this\n`, 7],
    ['a NUL byte', `${stanzaText('bash 1')}Tag: a\u0000b\n`, 7],
  ] as const
  for (const [what, stanza, lineInStanza] of rows) {
    test(`with ${what} faults with its line when it is looked at`, () => {
      const before = `${stanzaText('aaa 1')}\n`
      const universe = universeOf([indexOf(before + stanza)])
      assert.equal(universe.packagesNamed('aaa').length, 1)
      const line = before.split('\n').length - 1 + lineInStanza
      assert.throws(
        () => universe.packagesNamed('bash')[0]?.priority,
        error => isFault(error, 'INDEX_MALFORMED') && error.message.includes(`Packages, line ${line}: `),
      )
    })
  }

  const structural = [
    ['without Package', 'Version: 1\n', 1],
    ['with an empty Package', 'Version: 1\nPackage:\n', 2],
    ['with a name that is a path', 'Package: ../x\n', 1],
    ['of HTML, as a captive portal answers', '<html>\n<body>\n', 1],
  ] as const
  for (const [what, stanza, lineInStanza] of structural) {
    test(`${what} makes the whole index malformed`, () => {
      const before = `${stanzaText('aaa 1')}\n`
      const line = before.split('\n').length - 1 + lineInStanza
      assert.throws(
        () => indexOf(before + stanza),
        error => isFault(error, 'INDEX_MALFORMED') && error.message.includes(`, line ${line}: `),
      )
    })
  }

  it('cannot exist in an empty index, which is one of no packages', () => {
    for (const text of ['', '\n', '\n\n\n']) assert.deepEqual(universeOf([indexOf(text)]).names(), [])
  })

  it('any bytes are indexed or refused', () => {
    const line = fc.constantFrom(
      'Package: a',
      'Package: b',
      'Version: 1',
      'Architecture: amd64',
      'Provides: a, b (= 1)',
      '',
      ' x',
      '\r',
      'Essential: yes',
      `SHA256: ${'0'.repeat(64)}`,
      '\u0000',
      ':',
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), lines => {
        try {
          const universe = universeOf([indexOf(lines.join('\n'))])
          for (const name of universe.names()) universe.packagesNamed(name)
          universe.essentialPackages()
          universe.providersOf('a')
        } catch (error) {
          assert.ok(isFault(error, 'INDEX_MALFORMED'), String(error))
        }
      }),
      { seed: 121, numRuns: 1000 },
    )
  })
})

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
