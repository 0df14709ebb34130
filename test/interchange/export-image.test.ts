import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'vitest'
import { scriptNote } from '../../src/interchange/export/bill-of-materials.ts'
import {
  type BuildFacts,
  type BuiltImage,
  billOfImage,
  formatCycloneDx,
  formatProvenance,
  formatSpdx,
} from '../../src/interchange/index.ts'
import { digestOf, lockedDeb, lockWith, requestWith } from '../support/lock-values.ts'
import { quietSession } from '../support/scratch.ts'
import { contentOf, file, folder, symlink, type TestEntry, treeOf } from '../support/trees.ts'

const status = ['bash', 'dash']
  .map(name => `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n\n`)
  .join('')

const entries: Readonly<Record<string, TestEntry>> = {
  bin: symlink('usr/bin'),
  'etc/motd': file('welcome to the project\n'),
  'etc/bash.bashrc': file('changed by a script\n'),
  'etc/dash.conf': file('laid over by the project\n'),
  'etc/ld.so.cache': file('cache'),
  'usr/bin': folder(),
  'usr/bin/bash': file('bash'),
  'usr/bin/rbash': file('bash'),
  'usr/bin/sh.distrib': file('dash'),
  'usr/share/caf\xe9': file('latin'),
  'var/lib/dpkg/diversions': file('/bin/sh\n/bin/sh.distrib\nbash\n'),
  'var/lib/dpkg/info/bash.list': file('/.\n/etc\n/etc/bash.bashrc\n/bin\n/bin/bash\n/bin/rbash\n'),
  'var/lib/dpkg/info/dash:amd64.list': file('/.\n/etc/dash.conf\n/bin/sh\n/usr/share/caf\xe9\n'),
  'var/lib/dpkg/status': file(status),
}

function unpacked(name: string, texts: readonly string[]): BuiltImage['unpacked'][number] {
  const attributes = { mode: 0o644, userId: 0, groupId: 0, modifiedSeconds: 0 }
  return {
    name,
    architecture: 'amd64',
    entries: texts.map((text, at) => ({
      path: `file${at}`,
      entry: { kind: 'file', content: contentOf(text), ...attributes },
    })),
  }
}

const image: BuiltImage = {
  ...treeOf(entries),
  digest: digestOf('tree'),
  unpacked: [unpacked('bash', ['bash', 'original']), unpacked('dash', ['dash', 'conf', 'latin'])],
  scripts: new Map([
    ['etc/ld.so.cache', 'the triggers of libc-bin'],
    ['etc/bash.bashrc', 'the postinst of bash'],
    ['etc/motd', 'the postinst of dash'],
    ['var/lib/dpkg/status', 'the postinst of dash'],
  ]),
  projectContents: new Set(
    ['welcome to the project\n', 'laid over by the project\n', 'bash'].map(text => contentOf(text).sha256),
  ),
}
const lock = lockWith([lockedDeb('bash:amd64=1', { needs: ['dash'], root: 'wanted' }), lockedDeb('dash:amd64=1')], {
  request: requestWith(),
})
const bill = await billOfImage(
  image,
  { lock, root: 'amd64', name: 'aptroot amd64', toolVersion: '0.1.0' },
  quietSession(),
)

const pathsOf = (files: readonly { readonly path: string }[] = []) => files.map(({ path }) => path)

describe('the bill of an image', () => {
  test('gives each file to the package that lists it, through links of merged /usr and diversions', () => {
    assert.deepEqual(
      bill.debs.map(({ deb, files }) => [deb.name, pathsOf(files)]),
      [
        ['bash', ['etc/bash.bashrc', 'usr/bin/bash', 'usr/bin/rbash']],
        ['dash', ['usr/bin/sh.distrib', 'usr/share/caf\xe9']],
      ],
    )
  })

  test('gives what no package lists to the project, the databases or scripts', () => {
    assert.deepEqual(
      bill.made.map(({ maker, files }) => [maker, pathsOf(files)]),
      [
        ['project', ['etc/dash.conf', 'etc/motd']],
        [
          'database',
          [
            'var/lib/dpkg/diversions',
            'var/lib/dpkg/info/bash.list',
            'var/lib/dpkg/info/dash:amd64.list',
            'var/lib/dpkg/status',
          ],
        ],
        ['scripts', ['etc/ld.so.cache']],
      ],
    )
  })

  test('has every regular file once', () => {
    const files = [...bill.debs.flatMap(each => each.files ?? []), ...bill.made.flatMap(each => each.files)]
    const regular = [...image.tree].filter(([, { kind }]) => kind === 'file').map(([path]) => path)
    assert.deepEqual(pathsOf(files).sort(), regular.sort())
  })

  test("marks a package's file that scripts changed, and no other", () => {
    const changed = bill.debs.flatMap(each => each.files ?? []).filter(each => each.changed)
    assert.deepEqual(pathsOf(changed), ['etc/bash.bashrc'])
  })

  test('names the script of what scripts made or changed, and of nothing else', () => {
    const files = [...bill.debs.flatMap(each => each.files ?? []), ...bill.made.flatMap(each => each.files)]
    assert.deepEqual(
      files.flatMap(file => scriptNote(file) ?? []),
      ['changed by the postinst of bash', 'made by the triggers of libc-bin'],
    )
  })

  test('gives files to their packages also where the manifest removed the database of dpkg', async () => {
    const isLeft = ([path]: readonly [string, unknown]) => !path.startsWith('var/lib/dpkg')
    const tree = new Map([...image.tree].filter(isLeft))
    const other = await billOfImage(
      { ...image, tree, whole: image.tree },
      { lock, root: 'amd64', name: 'aptroot amd64', toolVersion: '0.1.0' },
      quietSession(),
    )
    assert.deepEqual(
      other.debs.map(each => pathsOf(each.files)),
      bill.debs.map(each => pathsOf(each.files)),
    )
    assert.ok(other.debs.every(each => (each.files ?? []).length > 0))
    const made = (of: typeof bill) => pathsOf(of.made.find(each => each.maker === 'scripts')?.files)
    assert.deepEqual(made(other), made(bill))
  })

  test('is the same whatever the order of the debs', async () => {
    const other = await billOfImage(
      { ...image, unpacked: [...image.unpacked].reverse() },
      { lock: { ...lock, debs: [...lock.debs].reverse() }, root: 'amd64', name: 'aptroot amd64', toolVersion: '0.1.0' },
      quietSession(),
    )
    assert.equal(formatSpdx(other), formatSpdx(bill))
    assert.equal(formatCycloneDx(other), formatCycloneDx(bill))
  })
})

describe('an SPDX document of an image', () => {
  const document = JSON.parse(formatSpdx(bill)) as {
    readonly packages: readonly { readonly [name: string]: unknown }[]
    readonly files: readonly { readonly SPDXID: string; readonly fileName: string; readonly checksums: unknown }[]
    readonly relationships: readonly { readonly [name: string]: string }[]
  }

  test('has SHA1 and SHA256 of each file, and names that are text', () => {
    const bash = document.files.find(each => each.fileName === './usr/bin/bash')
    assert.deepEqual(bash?.checksums, [
      { algorithm: 'SHA1', checksumValue: createHash('sha1').update('bash').digest('hex') },
      { algorithm: 'SHA256', checksumValue: createHash('sha256').update('bash').digest('hex') },
    ])
    assert.ok(document.files.some(each => each.fileName === './usr/share/caf\\xe9'))
  })

  test('says nothing that the specification and its schema spell differently', () => {
    assert.doesNotMatch(formatSpdx(bill), /OPERATING/)
  })

  test('contains each file in one package, whose verification code is made of its SHA1s', () => {
    const holders = document.relationships.filter(each => each.relatedSpdxElement?.startsWith('SPDXRef-File-'))
    assert.equal(new Set(holders.map(each => each.relatedSpdxElement)).size, document.files.length)
    assert.equal(holders.length, document.files.length)
    const sums = ['bash', 'bash', 'changed by a script\n'].map(text => createHash('sha1').update(text).digest('hex'))
    const code = createHash('sha1').update(sums.sort().join('')).digest('hex')
    const found = document.packages.find(each => each.name === 'bash')
    assert.deepEqual(found?.packageVerificationCode, { packageVerificationCodeValue: code })
  })
})

describe('a CycloneDX document of an image', () => {
  test('has the files inside their packages', () => {
    const { components } = JSON.parse(formatCycloneDx(bill)) as {
      readonly components: readonly {
        readonly name: string
        readonly components: readonly { readonly name: string }[]
      }[]
    }
    const [, dash, project] = components
    assert.deepEqual(
      dash?.components.map(each => each.name),
      ['/usr/bin/sh.distrib', '/usr/share/caf\\xe9'],
    )
    assert.equal(project?.name, 'files of the project')
  })
})

describe('provenance', () => {
  const facts: BuildFacts = {
    toolVersion: '0.1.0',
    manifest: { name: 'aptroot.yaml', sha256: digestOf('manifest') },
    lock: { name: 'aptroot.lock', sha256: digestOf('lock') },
    projectFiles: [{ name: 'files:/etc/motd', sha256: digestOf('motd') }],
    debs: lock.debs,
    sourceDateEpochSeconds: 1_700_000_000,
    roots: [
      { architecture: 'amd64', digest: digestOf('tree'), outputs: [{ name: 'out/a.tar', sha256: digestOf('a') }] },
    ],
  }
  const statement = JSON.parse(formatProvenance(facts))

  test('is an in-toto statement about the outputs and the tree', () => {
    assert.equal(statement._type, 'https://in-toto.io/Statement/v1')
    assert.equal(statement.predicateType, 'https://slsa.dev/provenance/v1')
    assert.deepEqual(statement.subject, [
      { name: 'out/a.tar', digest: { sha256: digestOf('a') } },
      { name: 'tree:amd64', digest: { sha256: digestOf('tree') } },
    ])
  })

  test('names manifest, lock, files of the project and each deb by digest, and the builder by version', () => {
    const { buildDefinition, runDetails } = statement.predicate
    assert.deepEqual(
      buildDefinition.resolvedDependencies.map((each: { name: string; digest: { sha256: string } }) => [
        each.name,
        each.digest.sha256,
      ]),
      [
        ['aptroot.yaml', digestOf('manifest')],
        ['aptroot.lock', digestOf('lock')],
        ['files:/etc/motd', digestOf('motd')],
        ['bash_1_amd64.deb', digestOf('bash:amd64=1')],
        ['dash_1_amd64.deb', digestOf('dash:amd64=1')],
      ],
    )
    assert.match(buildDefinition.buildType, /^urn:aptroot:/)
    assert.deepEqual(runDetails, { builder: { id: 'pkg:npm/aptroot@0.1.0', version: { aptroot: '0.1.0' } } })
  })
})
