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

const sets: readonly { readonly wanted: string; readonly base: BaseSet; readonly excludePaths: readonly string[] }[] = [
  { wanted: 'bash', base: 'none', excludePaths: [] },
  { wanted: 'nginx', base: 'required', excludePaths: [] },
  { wanted: 'nginx', base: 'required', excludePaths: ['/usr/share/doc/*', '/usr/share/locale/[a-m]*/LC_MESSAGES/?*'] },
]

describe.skipIf(skippedForWantOf(missingForDpkg() ?? missingForRealData()))(
  'the merged root equals what dpkg --unpack leaves',
  () => {
    for (const { wanted, base, excludePaths } of sets) {
      test(`for ${wanted} on base ${base}${excludePaths.length === 0 ? '' : ` without ${excludePaths.join(', ')}`}`, async () => {
        const comparison = await realDebs(wanted, base, excludePaths)
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

async function realDebs(text: string, base: BaseSet, excludePaths: readonly string[]): Promise<DpkgComparison> {
  const found = await resolution(await frozenUniverse('amd64'), [text], { base, recommends: { kind: 'skip' } })
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
  assert.ok(debs.length > 5, 'hardly any deb is left to compare')
  return {
    debs,
    bytesOf: deb => readFile(files.get(`${deb.name}:${deb.architecture}`) ?? ''),
    excludePaths,
    foreignArchitectures: [],
    folder: await scratchFolder(),
  }
}
