import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import type { UnpackedDeb } from '../../src/dpkg/index.ts'
import type { BaseSet } from '../../src/manifest/index.ts'
import { unpackDeb } from '../../src/rootfs/index.ts'
import {
  assertEqualsDpkg,
  type DpkgComparison,
  mergeForComparison,
  missingForDpkg,
} from '../support/dpkg-comparison.ts'
import {
  fetchRealDebs,
  frozenArchive,
  missingForRealData,
  skippedForWantOf,
  type WantedDeb,
} from '../support/real-archive.ts'
import { frozenUniverse } from '../support/real-universe.ts'
import { quietSession, scratchFolder } from '../support/scratch.ts'
import { scratchStore } from '../support/stored-debs.ts'
import { resolution } from '../support/universe.ts'

interface ComparedSet {
  readonly wanted: readonly [string, ...string[]]
  readonly base: BaseSet
  readonly excludePaths: readonly string[]
  /** Fewer would mean that the set is not what it is meant to be. */
  readonly leastDebs: number
}

const sets: readonly ComparedSet[] = [
  { wanted: ['bash'], base: 'none', excludePaths: [], leastDebs: 5 },
  {
    wanted: ['systemd', 'openssh-server', 'nginx', 'python3', 'apt'],
    base: 'required',
    excludePaths: [],
    leastDebs: 142,
  },
  {
    wanted: ['nginx'],
    base: 'required',
    excludePaths: ['/usr/share/doc/*', '/usr/share/locale/[a-m]*/LC_MESSAGES/?*'],
    leastDebs: 100,
  },
]

describe.skipIf(skippedForWantOf(missingForDpkg() ?? missingForRealData()))(
  'the merged root equals what dpkg --unpack leaves',
  () => {
    for (const set of sets) {
      const { wanted, base, excludePaths } = set
      const without = excludePaths.length === 0 ? '' : ` without ${excludePaths.join(', ')}`
      test(`for ${wanted.join(', ')} on base ${base}${without}`, async () => {
        const comparison = await realDebs(set)
        const start = performance.now()
        const root = mergeForComparison(comparison)
        const milliseconds = performance.now() - start
        await assertEqualsDpkg(root, comparison)
        assert.ok(root.entries.size > 500, `only ${root.entries.size} paths were compared`)
        process.stderr.write(
          `${comparison.debs.length} debs, ${root.entries.size} paths merged in ${milliseconds.toFixed(0)} ms\n`,
        )
      })
    }
  },
)

async function realDebs({ wanted: names, base, excludePaths, leastDebs }: ComparedSet): Promise<DpkgComparison> {
  const found = await resolution(await frozenUniverse('amd64'), [...names], { base, recommends: { kind: 'skip' } })
  assert.ok(found.kind === 'solved')
  const wanted: WantedDeb[] = found.packages.map(({ package: deb }) => {
    const { archive, fileName } = deb.listings[0]
    const { name, version, architecture, sha256 } = deb
    return { name, version, architecture, sha256, path: `${archive}/${fileName}` }
  })
  const archive = await frozenArchive(join(await scratchFolder(), 'archive'))
  const gone = await fetchRealDebs(archive, wanted)
  // Any set of debs is good for this comparison: dpkg is told to ignore dependencies.
  if (gone.length > 0)
    process.stderr.write(`\n*** LEFT OUT, gone from the pool: ${gone.map(each => each.name).join(', ')}\n`)
  const store = await scratchStore()
  const files = new Map<string, string>()
  const debs: UnpackedDeb[] = []
  for (const deb of wanted.filter(each => !gone.includes(each))) {
    const file = join(archive.folder, deb.path)
    const blob = await store.putBytes(await readFile(file), quietSession())
    assert.equal(blob.sha256, deb.sha256)
    const { name, version, architecture } = deb
    const pack = await unpackDeb({ name, version, architecture, ...blob }, store, quietSession())
    debs.push(pack.deb)
    files.set(`${name}:${architecture}`, file)
  }
  // Those that are gone were named above.
  assert.ok(debs.length + gone.length >= leastDebs, `only ${debs.length} debs are left to compare`)
  return {
    debs,
    bytesOf: deb => readFile(files.get(`${deb.name}:${deb.architecture}`) ?? ''),
    excludePaths,
    foreignArchitectures: [],
    folder: await scratchFolder(),
  }
}
