import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import type { UnpackedDeb } from '../../src/dpkg/index.ts'
import { isFault } from '../../src/kernel/index.ts'
import { unpackDeb } from '../../src/rootfs/index.ts'
import { buildDeb, type DebDescription, type DebEntry } from '../support/deb-builder.ts'
import {
  assertEqualsDpkg,
  type DpkgComparison,
  mergeForComparison,
  missingForDpkg,
  unpackWithDpkg,
} from '../support/dpkg-comparison.ts'
import { skippedForWantOf } from '../support/real-archive.ts'
import { quietSession, scratchFolder } from '../support/scratch.ts'
import { scratchStore, storeDeb } from '../support/stored-debs.ts'

const file = (path: string, content = path, mode = 0o644): DebEntry => ({ kind: 'file', path, content, mode })
const folder = (path: string, mode = 0o755): DebEntry => ({ kind: 'directory', path, mode })
const link = (path: string, target: string): DebEntry => ({ kind: 'symlink', path, target })
const hard = (path: string, target: string, mode = 0o644): DebEntry => ({ kind: 'hard-link', path, target, mode })

const same = { 'Multi-Arch': 'same' }

interface Scenario {
  readonly debs: readonly DebDescription[]
  readonly excludePaths?: readonly string[]
  readonly foreign?: readonly string[]
}

const equal: Readonly<Record<string, Scenario>> = {
  'a file taken over with Replaces, which was a conffile': {
    debs: [
      { control: { Package: 'a' }, conffiles: ['/etc/x'], files: [file('/etc/x'), file('/usr/a')], md5sums: 'absent' },
      { control: { Package: 'b', Replaces: 'a (<< 2)' }, conffiles: ['/etc/x'], files: [file('/etc/x', 'of b')] },
    ],
  },
  'a file kept because its package replaces the later one': {
    debs: [
      { control: { Package: 'a', Replaces: 'b' }, files: [file('/etc/x'), file('/usr/x')] },
      {
        control: { Package: 'b' },
        conffiles: ['/etc/x'],
        files: [file('/etc/x', 'b'), file('/usr/x', 'b'), file('/usr/b')],
        md5sums: 'absent',
      },
    ],
  },
  'a file taken over stays in the checksums of its package': {
    debs: [
      { control: { Package: 'a' }, files: [file('/usr/x'), file('/usr/a')], md5sums: 'absent' },
      { control: { Package: 'b', Replaces: 'a' }, files: [file('/usr/x', 'b')], md5sums: 'absent' },
    ],
  },
  'directories over links, links over directories, equal links': {
    debs: [
      {
        control: { Package: 'a' },
        files: [folder('/srv/real', 0o2775), link('/srv/alias', 'real'), link('/srv/twin', 'real'), file('/own/a')],
      },
      {
        control: { Package: 'b' },
        files: [file('/srv/alias/x'), link('/srv/real', 'elsewhere'), link('/srv/twin', './real/')],
      },
    ],
  },
  'the /usr merge: one file under two names': {
    debs: [
      { control: { Package: 'a' }, files: [file('/bin/x', 'a'), file('/lib/y'), hard('/bin/z', '/bin/x')] },
      {
        control: { Package: 'b' },
        files: [file('/usr/bin/x', 'b'), link('/sbin/l', '/usr/lib/y'), link('/lib64', 'usr/lib64')],
      },
    ],
  },
  'Multi-Arch: same instances that share files': {
    debs: ['amd64', 'i386'].map(Architecture => ({
      control: { Package: 'libx', Architecture, ...same },
      conffiles: ['/etc/x'],
      files: [file('/etc/x'), file('/usr/share/x'), link('/usr/share/l', 'x'), file(`/usr/lib/${Architecture}`)],
      md5sums: 'absent' as const,
      modifiedSeconds: Architecture === 'amd64' ? 1_500_000_000 : 1_600_000_000,
    })),
    foreign: ['i386'],
  },
  'hard links, odd modes, odd names, links in the middle of the archive': {
    debs: [
      {
        control: { Package: 'a' },
        files: [
          link('/usr/first', 'x'),
          file('/usr/s', 's', 0o4755),
          hard('/usr/z', '/usr/s', 0o4755),
          hard('/usr/b', '/usr/z', 0o4755),
          folder('/var/tmp', 0o1777),
          file('/usr/a b\u00e0\u00a0', 'x', 0),
          { kind: 'fifo', path: '/run/p', mode: 0o600, userId: 7, groupId: 9, userName: '', groupName: '' },
        ],
        md5sums: 'absent',
      },
    ],
  },
  'excluded paths': {
    debs: [
      {
        control: { Package: 'a' },
        conffiles: ['/etc/x', '/etc/keep'],
        files: [
          file('/etc/x'),
          file('/etc/keep'),
          file('/usr/share/doc/a/b'),
          link('/usr/share/doc/l', 'a'),
          file('/usr/.h'),
          file('/usr/]'),
        ],
        md5sums: 'absent',
      },
    ],
    excludePaths: ['/etc/[!k]', '/usr/share/doc/*', '/usr/[].]*', '/'],
  },
  'triggers by path and by name': {
    debs: [
      {
        control: { Package: 'a', ...same },
        members: {
          triggers: '# c\n interest-noawait /usr/share/x \ninterest n.1\ninterest /opt\n\ninterest-noawait /opt\n',
        },
      },
      {
        control: { Package: 'b' },
        members: { triggers: 'interest-noawait n.1\nactivate-noawait n.1\ninterest /usr/share/x\n' },
      },
      {
        control: { Package: 'c' },
        files: [file('/usr/share/x/y')],
        members: { triggers: 'activate-await /opt\nactivate n.1\n' },
      },
    ],
  },
  'conffiles that are not there, twice there, or to be removed': {
    debs: [
      {
        control: { Package: 'a' },
        files: [file('/etc/x')],
        members: { conffiles: '/etc/x \n\n/etc/absent\n/etc/x\nremove-on-upgrade /etc/old\n' },
      },
    ],
  },
  'control fields in unusual spellings': {
    debs: [
      {
        control: {
          Package: 'Upper',
          Version: '0:1.0-0',
          Depends: 'Foo(>=0:2)|b:any,\n c  ( <1 ) , d (= 1:1-1)',
          'pre-depends': 'libc6',
          Provides: 'V (= 00:3), w',
          Priority: 'OPTIONAL',
          Section: 'non-free/Admin',
          Essential: 'no',
          'Multi-Arch': 'foreign',
          'installed-size': '12',
          'x-Unknown': 'kept  as\n it is',
          Filename: 'pool/x',
          MD5sum: '0',
          Source: 'src (1.0)',
          Bugs: 'mailto:x@example.org',
          Origin: 'o',
          Description: 'short\n long  text\n .\n  more',
          Homepage: 'https://example.org/',
        },
      },
      { control: { Package: 'b', Priority: 'odd', Conflicts: 'upper (>> 5), Upper (<< 0)', Protected: 'yes' } },
    ],
  },
}

const refused: Readonly<Record<string, Scenario>> = {
  'a file of two packages': {
    debs: ['a', 'b'].map(Package => ({ control: { Package }, files: [file('/usr/x', 'same')] })),
  },
  'a shared file that differs between architectures': {
    debs: ['amd64', 'i386'].map(Architecture => ({
      control: { Package: 'libx', Architecture, ...same },
      files: [file('/usr/x', Architecture)],
    })),
    foreign: ['i386'],
  },
  'a file over a directory': {
    debs: [
      { control: { Package: 'a' }, files: [file('/opt/x/y')] },
      { control: { Package: 'b' }, files: [file('/opt/x')] },
    ],
  },
  'a directory over a file': {
    debs: [
      { control: { Package: 'a' }, files: [file('/opt/x')] },
      { control: { Package: 'b' }, files: [file('/opt/x/y')] },
    ],
  },
  'conffiles without a newline': { debs: [{ control: { Package: 'a' }, members: { conffiles: '/etc/x' } }] },
  'an unknown trigger directive': { debs: [{ control: { Package: 'a' }, members: { triggers: 'forget x\n' } }] },
  'a trigger path that ends in a slash': {
    debs: [{ control: { Package: 'a' }, members: { triggers: 'interest /a/\n' } }],
  },
}

async function comparisonOf(
  { debs, excludePaths = [], foreign = [] }: Scenario,
  place: string,
): Promise<DpkgComparison> {
  const store = await scratchStore()
  const unpacked: UnpackedDeb[] = []
  const bytes = new Map<UnpackedDeb, Uint8Array>()
  for (const description of debs) {
    const built = buildDeb(description)
    const pack = await unpackDeb(await storeDeb(store, description, built), store, quietSession())
    unpacked.push(pack.deb)
    bytes.set(pack.deb, built)
  }
  return {
    debs: unpacked,
    bytesOf: async deb => bytes.get(deb) ?? new Uint8Array(),
    excludePaths,
    foreignArchitectures: foreign,
    folder: place,
  }
}

describe.skipIf(skippedForWantOf(missingForDpkg()))('the rules of dpkg', () => {
  for (const [title, scenario] of Object.entries(equal)) {
    test(title, async () => {
      const comparison = await comparisonOf(scenario, await scratchFolder())
      await assertEqualsDpkg(mergeForComparison(comparison), comparison)
    })
  }

  for (const [title, scenario] of Object.entries(refused)) {
    test(`refuse ${title}`, async () => {
      const comparison = await comparisonOf(scenario, await scratchFolder())
      assert.throws(
        () => mergeForComparison(comparison),
        error => isFault(error),
      )
      await assert.rejects(unpackWithDpkg(comparison))
    })
  }

  test('hold for whatever packages want the same few paths', async () => {
    const counts = { equal: 0, refused: 0 }
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(packages, { selector: each => each.control.Package, minLength: 2 }),
        async debs => {
          const place = await mkdtemp(join(tmpdir(), 'aptroot-rules-'))
          try {
            const comparison = await comparisonOf({ debs }, place)
            counts[await compare(comparison)]++
          } finally {
            await rm(place, { recursive: true, force: true })
          }
        },
      ),
      { seed: 20261120, numRuns: 120 },
    )
    process.stderr.write(`random packages: ${counts.equal} sets equal, ${counts.refused} refused by both\n`)
    assert.ok(counts.equal > 20 && counts.refused > 20)
  })
})

async function compare(comparison: DpkgComparison): Promise<'equal' | 'refused'> {
  try {
    const root = mergeForComparison(comparison)
    await assertEqualsDpkg(root, comparison)
    return 'equal'
  } catch (error) {
    if (!isFault(error) || error.code === 'INTERNAL') throw error
    await assert.rejects(unpackWithDpkg(comparison), error.message)
    return 'refused'
  }
}

const names = ['a', 'b', 'c', 'd']

/** Each also has a file of its own: a package that loses all its files would disappear (and the lock says that it is there). */
const packages: fc.Arbitrary<DebDescription> = fc
  .record({
    name: fc.constantFrom(...names),
    replaces: fc.subarray(names),
    depends: fc.subarray(names),
    files: fc.uniqueArray(
      fc.oneof(
        fc.record({
          path: fc.constantFrom('/x/f', '/bin/f', '/usr/bin/f', '/x/d/g'),
          what: fc.constantFrom('one', 'two'),
        }),
        fc.record({
          path: fc.constantFrom('/x/l', '/x/d', '/y'),
          what: fc.constantFrom('-> d', '-> x', '-> f', '-> usr'),
        }),
        fc.record({ path: fc.constantFrom('/x/l', '/x/d', '/y'), what: fc.constantFrom('folder 755', 'folder 700') }),
      ),
      { selector: each => each.path, maxLength: 4 },
    ),
  })
  .map(({ name, replaces, depends, files }) => {
    const relation = (field: string, targets: readonly string[]): Record<string, string> => {
      const others = targets.filter(each => each !== name)
      return others.length === 0 ? {} : { [field]: others.join(', ') }
    }
    const entries = files
      // Nothing may lie below what is no folder of the same deb.
      .filter(({ path }) => !files.some(other => other.what.startsWith('->') && path.startsWith(`${other.path}/`)))
      .map(({ path, what }) => {
        if (what.startsWith('-> ')) return link(path, what.slice(3))
        if (what.startsWith('folder ')) return folder(path, Number.parseInt(what.slice(7), 8))
        return file(path, what)
      })
    return {
      control: { Package: name, ...relation('Depends', depends), ...relation('Replaces', replaces) },
      files: [...entries, file(`/own/${name}`)],
      md5sums: 'absent',
    }
  })
