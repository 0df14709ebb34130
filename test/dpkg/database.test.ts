import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'vitest'
import { mergedUsrDirectories, sortTriggerInterests } from '../../src/dpkg/index.ts'
import { assertFault } from '../support/assert-fault.ts'
import { debSeconds, hard, link, unpackedDeb } from '../support/unpacked-deb.ts'
import { database, listOf, merge, nowSeconds } from './scene.ts'

const md5 = (text: string) => createHash('md5').update(text).digest('hex')
const conffiles = (text: string) => ({ files: { 'etc/a.conf': 'a' }, control: { conffiles: text } })

describe('the status of a package', () => {
  test("has dpkg's order of fields and spelling of relations, and keeps unknown fields at the end", () => {
    const deb = unpackedDeb('a', {
      version: '0:1.0-1',
      essential: true,
      multiArch: 'foreign',
      fields: {
        Homepage: 'https://example.org/',
        Depends: 'b(>=0:2)|c:any , d (<1)',
        'Built-Using': 'x (= 1)',
        Provides: 'v (= 00:3)',
        Priority: 'Optional',
        Section: 'admin',
        'Installed-Size': '12',
        Source: 'src (1.0)',
        Filename: 'pool/x.deb',
        Description: 'short\n long  text \n .\n end',
      },
    })
    const expected = [
      'Package: a',
      'Essential: yes',
      'Status: install ok installed',
      'Priority: optional',
      'Section: admin',
      'Installed-Size: 12',
      'Maintainer: Debian Tests <tests@example.org>',
      'Architecture: amd64',
      'Multi-Arch: foreign',
      'Source: src (1.0)',
      'Version: 1.0-1',
      'Provides: v (= 3)',
      'Depends: b (>= 2) | c:any, d (<= 1)',
      'Description: short',
      ' long  text ',
      ' .',
      ' end',
      'Homepage: https://example.org/',
      'Built-Using: x (= 1)',
      '',
      '',
    ]
    assert.equal(database(merge([deb]), 'status'), expected.join('\n'))
  })

  const states = [
    [{}, 'installed', 'nothing is to be run'],
    [{ prerm: '#!/bin/sh\n', postrm: '#!/bin/sh\n' }, 'installed', 'these run at removal only'],
    [{ triggers: 'activate-noawait ldconfig\n' }, 'installed', 'whom it activates is not configured either'],
    [{ postinst: '#!/bin/sh\n' }, 'unpacked', 'postinst configure has not run'],
    [{ preinst: '#!/bin/sh\n' }, 'unpacked', 'preinst install has not run'],
    [{ triggers: 'interest /usr/share/x\n' }, 'unpacked', 'its trigger may have been activated'],
  ] as const
  for (const [control, state, why] of states) {
    test(`with ${Object.keys(control).join(' and ') || 'no script'} is ${state}: ${why}`, () => {
      assert.match(
        database(merge([unpackedDeb('a', { control })]), 'status'),
        new RegExp(`^Status: install ok ${state}$`, 'm'),
      )
    })
  }

  test('lists conffiles with the checksum of what is in place', () => {
    const root = merge([unpackedDeb('a', conffiles('/etc/a.conf\n'))])
    assert.match(database(root, 'status'), new RegExp(`^Conffiles:\n /etc/a.conf ${md5('a')}\nDescription`, 'm'))
    assert.equal(root.entries.get('etc/a.conf.dpkg-new'), undefined)
  })

  test('leaves conffiles that are not there as unpacking does', () => {
    const deb = unpackedDeb('a', conffiles('/etc/a.conf\n/etc/absent\nremove-on-upgrade /etc/old\n'))
    const root = merge([deb], { excludePaths: ['/etc/*'] })
    const expected = ' /etc/a.conf newconffile\n /etc/absent newconffile\n /etc/old newconffile remove-on-upgrade\n'
    assert.ok(database(root, 'status').includes(`Conffiles:\n${expected}`))
  })

  test('marks a conffile obsolete that another package took over', () => {
    const other = unpackedDeb('b', { ...conffiles('/etc/a.conf\n'), fields: { Replaces: 'a' } })
    const root = merge([unpackedDeb('a', conffiles('/etc/a.conf\n')), other])
    assert.ok(database(root, 'status').includes(' /etc/a.conf newconffile obsolete\n'))
  })

  const malformed = [
    ['/etc/a.conf', 'no newline at the end'],
    ['etc/a.conf\n', 'not absolute'],
    ['forget /etc/a.conf\n', 'unknown flag'],
    ['remove-on-upgrade /etc/a.conf\n', 'a file to be removed is shipped'],
  ] as const
  for (const [text, why] of malformed) {
    test(`cannot be written for the conffiles ${JSON.stringify(text)}: ${why}`, async () => {
      await assertFault(() => merge([unpackedDeb('a', conffiles(text))]), 'DEB_MALFORMED')
    })
  }
})

describe('the info of a package', () => {
  test('has the list in the order of the deb, /. first', () => {
    const root = merge([unpackedDeb('a', { files: { 'usr/z': 'z', 'usr/a': link('z') } })])
    assert.deepEqual(listOf(root, 'a'), ['/.', '/usr', '/usr/z', '/usr/a'])
    assert.equal(root.entries.get('var/lib/dpkg/info/a.list')?.modifiedSeconds, nowSeconds)
  })

  test('has every control member but control, with its mode and time', () => {
    const root = merge([unpackedDeb('a', { control: { postinst: '#!/bin/sh\n', 'with.dot': '', list: 'mine' } })])
    const entry = root.entries.get('var/lib/dpkg/info/a.postinst')
    assert.deepEqual([entry?.mode, entry?.modifiedSeconds], [0o755, debSeconds])
    assert.equal(database(root, 'info/a.postinst'), '#!/bin/sh\n')
    assert.equal(root.entries.get('var/lib/dpkg/info/a.with.dot'), undefined)
    assert.deepEqual(listOf(root, 'a'), ['/.'])
  })

  test('has md5sums made where the deb has none', () => {
    const files = { 'usr/z': 'z', 'usr/h': hard('usr/z'), 'usr/l': link('z') }
    const root = merge([unpackedDeb('a', { files })])
    assert.equal(database(root, 'info/a.md5sums'), `${md5('z')}  usr/z\n${md5('z')}  usr/h\n`)
    const own = merge([unpackedDeb('a', { files, control: { md5sums: 'own\n' } })])
    assert.equal(database(own, 'info/a.md5sums'), 'own\n')
  })

  test('has the architecture in its names for Multi-Arch: same', () => {
    const root = merge([unpackedDeb('a', { multiArch: 'same' })])
    assert.ok(root.entries.has('var/lib/dpkg/info/a:amd64.list'))
  })
})

describe('the triggers', () => {
  test('are listed by path in File and by name in files of their own', () => {
    const triggers = '# comment\ninterest-noawait /usr/share/x\n\n interest ldconfig \ninterest /opt\nactivate y\n'
    const root = merge([
      unpackedDeb('b', { multiArch: 'same', control: { triggers: 'interest-noawait ldconfig\n' } }),
      unpackedDeb('a', { control: { triggers } }),
    ])
    assert.equal(database(root, 'triggers/File'), '/usr/share/x a/noawait\n/opt a\n')
    assert.equal(database(root, 'triggers/ldconfig'), 'a\nb:amd64/noawait\n')
    assert.equal(root.entries.has('var/lib/dpkg/triggers/y'), false)
  })

  test('are sorted by line, in each file that names who is interested, when an image is sealed', () => {
    assert.equal(sortTriggerInterests('File', '/usr b\n/opt c\n/usr a/noawait\n'), '/opt c\n/usr a/noawait\n/usr b\n')
    assert.equal(sortTriggerInterests('ldconfig', 'b:amd64\nB\n\xffodd'), 'B\nb:amd64\n\xffodd')
    for (const name of ['Unincorp', 'Lock']) assert.equal(sortTriggerInterests(name, 'b -\na -\n'), 'b -\na -\n')
  })

  const malformed = [
    'interest',
    'interest ../../etc/passwd',
    'interest /a//b',
    'interest /a/',
    'forget x',
    'interest File',
  ]
  for (const line of malformed) {
    test(`cannot be ${JSON.stringify(line)}`, async () => {
      await assertFault(() => merge([unpackedDeb('a', { control: { triggers: `${line}\n` } })]), 'DEB_MALFORMED')
    })
  }
})

describe('the database', () => {
  test('has the files that dpkg makes, and arch only with foreign architectures', () => {
    const root = merge([])
    const files = [...root.entries].filter(([path]) => path.startsWith('var/lib/dpkg/'))
    assert.deepEqual(
      files.map(([path, entry]) => `${path.slice(13)} ${entry.kind} ${entry.mode.toString(8)}`),
      [
        'available file 644',
        'info directory 755',
        'info/format file 644',
        'lock file 640',
        'lock-frontend file 640',
        'status file 644',
        'triggers directory 755',
        'triggers/Lock file 600',
        'triggers/Unincorp file 644',
        'updates directory 755',
      ],
    )
    assert.equal(database(root, 'info/format'), '1\n')
    assert.equal(database(merge([], { foreignArchitectures: ['i386', 'arm64'] }), 'arch'), 'amd64\ni386\narm64\n')
  })

  test('is sorted by name in status', () => {
    const root = merge(['b', 'base-files', 'a', 'a+'].map(name => unpackedDeb(name)))
    assert.deepEqual(database(root, 'status').match(/^Package: .*$/gm), [
      'Package: a',
      'Package: a+',
      'Package: b',
      'Package: base-files',
    ])
  })

  test('is not what a deb says it is', async () => {
    const forged = unpackedDeb('a', { files: { 'var/lib/dpkg/status': 'forged' } })
    assert.match(database(merge([forged]), 'status'), /^Package: a\n/)
    const blocked = unpackedDeb('a', { files: { 'var/lib/dpkg/status/x': 'x' } })
    await assertFault(() => merge([blocked]), 'ROOTFS_CLASH', '/var/lib/dpkg/status')
  })
})

test('packages with a preinst are named in one warning', () => {
  const preinst = { control: { preinst: '#!/bin/sh\n' } }
  const root = merge([unpackedDeb('b', preinst), unpackedDeb('a', preinst), unpackedDeb('c')])
  assert.deepEqual(
    root.warnings.map(each => each.message),
    ['2 packages have a preinst script, which did not run: a, b'],
  )
})

test('names that are no names and relations that are none are refused', async () => {
  await assertFault(() => merge([unpackedDeb('../a')]), 'DEB_MALFORMED')
  await assertFault(() => merge([unpackedDeb('a', { architecture: '../x' })]), 'DEB_MALFORMED')
  await assertFault(() => merge([unpackedDeb('a', { fields: { Depends: '(' } })]), 'RELATION_MALFORMED')
  await assertFault(() => merge([{ ...unpackedDeb('a'), control: new Uint8Array() }]), 'DEB_MALFORMED')
})

test('merged /usr links the library folders of the architecture', () => {
  assert.deepEqual(mergedUsrDirectories('amd64'), ['bin', 'lib', 'lib32', 'lib64', 'libx32', 'sbin'])
  assert.deepEqual(mergedUsrDirectories('arm64'), ['bin', 'lib', 'sbin'])
})
