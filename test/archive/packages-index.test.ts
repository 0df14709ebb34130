import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it, test } from 'vitest'
import * as archive from '../../src/archive/index.ts'
import { formatOrGroup, formatRelation } from '../../src/debian/index.ts'
import { Fault, isFault } from '../../src/kernel/index.ts'
import { digestOf, indexOf, stanzaText } from '../support/packages-file.ts'
import { debian, described, onlyPackage, universeOf } from '../support/packages-universe.ts'

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
