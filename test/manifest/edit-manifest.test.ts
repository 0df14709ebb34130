import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import {
  type ArchiveText,
  addArchive,
  addPackages,
  createManifest,
  type NewManifest,
  parseWantedItem,
  presetOf,
  readManifest,
  removePackages,
} from '../../src/manifest/index.ts'
import { assertFault } from '../support/assert-fault.ts'

const file = 'aptroot.yaml'

describe('adding packages', () => {
  const rows: readonly (readonly [why: string, before: string, items: readonly string[], after: string])[] = [
    [
      'goes below the last item, with its indentation; comments stay',
      'manifest: 1 # one\npackages: # wanted\n    - nginx   # the server\n    # more\n\nbase: none\n',
      ['curl'],
      'manifest: 1 # one\npackages: # wanted\n    - nginx   # the server\n    - curl\n    # more\n\nbase: none\n',
    ],
    [
      'works where the dashes are not indented',
      'packages:\n- a\nbase: none\n',
      ['b'],
      'packages:\n- a\n- b\nbase: none\n',
    ],
    ['works without a line break at the end', 'packages:\n  - a', ['b'], 'packages:\n  - a\n  - b\n'],
    ['stays in flow style', 'packages: [a, b] # two\n', ['c'], 'packages: [a, b, c] # two\n'],
    ['fills an empty list', 'packages: []\n', ['c (>= 1)'], 'packages: ["c (>= 1)"]\n'],
    [
      'fills a key without value',
      'packages: # none yet\nbase: none\n',
      ['c'],
      'packages: # none yet\n  - c\nbase: none\n',
    ],
    ['writes the missing key', 'manifest: 1\n', ['a', 'b'], 'manifest: 1\npackages:\n  - a\n  - b\n'],
    ['keeps CRLF', 'packages:\r\n  - a\r\n', ['b'], 'packages:\r\n  - a\r\n  - b\r\n'],
    ['keeps a comma at the end', 'packages: [\n  a, # first\n]\n', ['b'], 'packages: [\n  a, b, # first\n]\n'],
    [
      'adds nothing that is there in another spelling',
      'packages: ["a (>=1)"]\n',
      ['a (>= 1)'],
      'packages: ["a (>=1)"]\n',
    ],
    [
      'quotes what YAML would take for something else',
      'packages:\n  - a\n',
      ['0ad', 'on'],
      'packages:\n  - a\n  - "0ad"\n  - "on"\n',
    ],
    [
      'goes below an item of several lines',
      'packages:\n  - "a\n    (>= 1)"\n',
      ['b'],
      'packages:\n  - "a\n    (>= 1)"\n  - b\n',
    ],
  ]
  for (const [why, before, items, after] of rows) {
    test(why, async () => assert.equal((await addPackages(before, file, items)).text, after))
  }

  test('says which were new', async () => {
    const { added } = await addPackages('packages: [a]', file, ['a', 'b', 'b', 'c [ amd64 ]'])
    assert.deepEqual(added, ['b', 'c [amd64]'])
  })

  test('refuses a malformed item with a fault of usage', async () => {
    const fault = await assertFault(() => parseWantedItem('a (>> '), 'USAGE_INVALID')
    assert.doesNotMatch(fault.message, /^:/)
    await assertFault(addPackages('packages: [a]', file, ['a, b']), 'USAGE_INVALID')
  })

  test('leaves a form alone that it cannot edit', async () => {
    const text = 'x: &list [a]\npackages: *list\n'
    await assertFault(addPackages(text, file, ['b']), 'MANIFEST_INVALID', /aptroot\.yaml:1:10: .*does not edit/)
    await assertFault(addPackages('{manifest: 1}', file, ['b']), 'MANIFEST_INVALID', /does not edit/)
    await assertFault(addPackages('', file, ['b']), 'MANIFEST_INVALID', /has no keys/)
  })
})

describe('removing packages', () => {
  const rows: readonly (readonly [why: string, before: string, names: readonly string[], after: string])[] = [
    ['takes the line', 'packages:\n  - a # why\n  # b is\n  - b\n', ['a'], 'packages:\n  # b is\n  - b\n'],
    ['leaves an empty list', 'packages: # all\n  - a\nbase: none\n', ['a'], 'packages: [] # all\nbase: none\n'],
    ['takes the first of a flow list', 'packages: [a, b, c]\n', ['a'], 'packages: [b, c]\n'],
    ['takes the last of a flow list', 'packages: [a, b, c]\n', ['c'], 'packages: [a, b]\n'],
    ['takes the only one of a flow list', 'packages: [ a ]\n', ['a'], 'packages: []\n'],
    ['takes every item of that name', 'packages: [a, "a (>= 1)", "a [amd64]", b]\n', ['a'], 'packages: [b]\n'],
    ['takes only the item that was written', 'packages: [a, "a (>= 1)"]\n', ['a (>=1)'], 'packages: [a]\n'],
    ['leaves alternatives alone', 'packages: ["a | b"]\n', ['a'], 'packages: ["a | b"]\n'],
    ['takes an item of several lines', 'packages:\n  - "a\n    (>= 1)"\n  - b\n', ['a'], 'packages:\n  - b\n'],
  ]
  for (const [why, before, names, after] of rows) {
    test(why, async () => assert.equal((await removePackages(before, file, names)).text, after))
  }

  test('says what was removed and what nobody wanted', async () => {
    const { removed, absent } = await removePackages('packages: [a, "b=1"]', file, ['b', 'c', 'a', 'a'])
    assert.deepEqual(removed, ['b=1', 'a'])
    assert.deepEqual(absent, ['c'])
  })
})

const site: ArchiveText = {
  id: 'site',
  uris: ['https://mirror.example.org/site', 'file:///srv/site'],
  suites: ['bookworm'],
  components: ['main', 'non-free'],
  architectures: ['amd64'],
  trust: {
    kind: 'signed-by',
    signedBy: {
      kind: 'inline',
      armor: '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc=\n-----END PGP PUBLIC KEY BLOCK-----\n',
    },
  },
  snapshot: 'https://snapshot.example.org/{timestamp}',
  maxAgeSeconds: 86_400 * 14,
  security: true,
}
const flat: ArchiveText = {
  id: 'flat',
  uris: ['http://127.0.0.1:8080/flat'],
  suites: ['./'],
  components: [],
  architectures: undefined,
  trust: { kind: 'unsigned', reason: 'built here: "CI"' },
  snapshot: undefined,
  maxAgeSeconds: undefined,
  security: false,
}

async function archivesOf(text: string): Promise<readonly ArchiveText[]> {
  const { archives } = await readManifest(text, file, 'amd64')
  return archives.map(({ position: _, ...archive }) => archive)
}

describe('adding an archive', () => {
  for (const [style, head] of [
    ['below the others', 'archives:\n  - {id: a, uri: "file:///a", suites: [./], trusted: {reason: x}} # a\n'],
    ['to a list in flow style', 'archives: [{id: a, uri: "file:///a", suites: [./], trusted: {reason: x}}]\n'],
    ['to a manifest that has only a distribution', 'distribution: debian/sid # unstable\n'],
  ] as const) {
    test(`${style} keeps the rest and gives what was meant`, async () => {
      const before = `manifest: 1\n${head}packages: [a] # end\n`
      const after = await addArchive(await addArchive(before, file, site), file, flat)
      assert.deepEqual((await archivesOf(after)).slice(1), [site, flat])
      assert.ok(after.endsWith('packages: [a] # end\n'))
    })
  }

  test('refuses an id that is taken', async () => {
    const text = await addArchive('manifest: 1\n', file, flat)
    await assertFault(addArchive(text, file, flat), 'MANIFEST_INVALID', /:3:5: .*"flat" already/)
  })
})

describe('a first manifest', () => {
  const plain: NewManifest = {
    distribution: 'debian/bookworm',
    archives: [],
    architectures: ['amd64'],
    base: 'required',
    packages: ['nginx', 'openssl (>= 3.0)'],
    exclude: presetOf('bookworm').exclude,
    recommends: { kind: 'skip' },
  }

  test('is short, and says what a newcomer can change', () => {
    assert.equal(
      createManifest(plain),
      `# What a root file system is made of. \`aptroot lock update\` turns it into a lockfile, \`aptroot lock install\` turns
# that into the root file system.
manifest: 1
distribution: debian/bookworm
architectures: [amd64]
base: required # wanted beside the packages: none, essential, required or important
packages:
  - nginx
  - "openssl (>= 3.0)"
exclude: [usrmerge] # may never be chosen
recommends: false
image:
  configure: scripts # maintainer scripts run in a sandbox; none: unpacked only
  outputs:
    - {format: tar, path: "out/rootfs.tar"}
`,
    )
  })

  test('reads back as what it was made from', async () => {
    const name = fc.constantFrom('nginx', '0ad', 'true', 'on', 'libc6:i386', 'a (>= 1:2~) [amd64]', 'a | b', '1e3', 'y')
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          archives: fc.constantFrom([], [flat], [site, flat]),
          architectures: fc.constantFrom<NewManifest['architectures']>(['amd64'], ['amd64+i386', 'arm64']),
          base: fc.constantFrom('none' as const, 'important' as const),
          packages: fc.uniqueArray(name),
          exclude: fc.uniqueArray(fc.constantFrom('usrmerge', 'null', '7zip')),
          recommends: fc.constantFrom<NewManifest['recommends']>(
            { kind: 'skip' },
            { kind: 'follow' },
            { kind: 'follow-of', packages: ['no', 'nginx'] },
          ),
        }),
        async parts => {
          const manifest = await readManifest(createManifest({ ...parts, distribution: 'debian/sid' }), file)
          assert.deepEqual(
            manifest.packages.map(({ text }) => text),
            parts.packages,
          )
          assert.deepEqual(manifest.exclude, parts.exclude)
          assert.deepEqual(manifest.recommends, parts.recommends)
          assert.equal(manifest.base, parts.base)
          assert.deepEqual(
            manifest.architectures.map(({ native, foreign }) => [native, ...foreign].join('+')),
            parts.architectures,
          )
          assert.deepEqual(
            manifest.archives.slice(1).map(({ id }) => id),
            parts.archives.map(({ id }) => id),
          )
        },
      ),
      { seed: 7, numRuns: 60 },
    )
  })
})
