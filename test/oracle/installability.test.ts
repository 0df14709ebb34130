import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { openUniverse } from '../../src/archive/index.ts'
import { type BinaryPackage, describePackage, type PackageUniverse } from '../../src/debian/index.ts'
import { areCoinstallable, missingForDose, uninstallable } from '../support/dose.ts'
import { campaignSeed, campaignSize } from '../support/random-requests.ts'
import { missingForRealData, skippedForWantOf } from '../support/real-archive.ts'
import { frozenFolder, frozenIndexes } from '../support/real-universe.ts'
import { scratchFolder } from '../support/scratch.ts'
import { type SeededRandom, seededRandom } from '../support/seeded-random.ts'
import { knownUninstallable } from '../support/uninstallable-packages.ts'
import { resolution } from '../support/universe.ts'

const missing =
  missingForRealData() ?? missingForDose() ?? (existsSync('/usr/bin/xz') ? undefined : 'xz is not installed')

interface Scene {
  readonly universe: PackageUniverse
  readonly debs: readonly BinaryPackage[]
  readonly packagesPath: string
}

/** bookworm main alone. */
async function scene(): Promise<Scene> {
  const indexes = (await frozenIndexes('amd64')).filter(({ origin }) => origin.suite === 'bookworm')
  const universe = openUniverse({ nativeArchitecture: 'amd64', foreignArchitectures: [], indexes })
  const packed = join(frozenFolder(), 'debian/dists/bookworm/main/binary-amd64/Packages.xz')
  const packagesPath = join(await scratchFolder(), 'Packages')
  await writeFile(packagesPath, execFileSync('/usr/bin/xz', ['-dc', packed], { maxBuffer: 2 ** 30 }))
  return { universe, debs: universe.names().flatMap(name => universe.packagesNamed(name)), packagesPath }
}

/** What is chosen for exactly these debs; undefined when they cannot be installed together. */
async function chosenFor(universe: PackageUniverse, debs: readonly BinaryPackage[]) {
  const wanted = debs.map(({ name, version }) => `${name}=${version}`)
  const found = await resolution(universe, [...new Set(wanted)])
  return found.kind === 'solved' ? found.packages.map(each => each.package) : undefined
}

/** Those of `debs` that cannot be installed. A deb inside a checked solution of another needs no search of its own. */
async function refused(universe: PackageUniverse, debs: readonly BinaryPackage[]): Promise<readonly string[]> {
  const proved = new Set<BinaryPackage>()
  const found: string[] = []
  for (const deb of debs) {
    if (proved.has(deb)) continue
    const chosen = await chosenFor(universe, [deb])
    if (chosen === undefined) found.push(describePackage(deb))
    for (const each of chosen ?? []) proved.add(each)
  }
  return found.sort()
}

/** Every second pair is one that a Conflicts or Breaks speaks of, where there is one: others nearly always agree. */
function pairsOf({ universe, debs }: Scene, random: SeededRandom, count: number) {
  const isNameOfOne = (deb: BinaryPackage) => universe.providersOf(deb.name).every(each => each.name === deb.name)
  const named = debs.filter(isNameOfOne)
  const quarrelsome = named.filter(({ conflicts, breaks }) => conflicts.length + breaks.length > 0)
  return Array.from({ length: count }, (_, at) => {
    const first = random.pick(at % 2 === 0 ? named : quarrelsome)
    const enemies = [...first.conflicts, ...first.breaks].flatMap(({ packageName }) => [
      ...universe.packagesNamed(packageName),
      ...universe.providersOf(packageName),
    ])
    const others = enemies.filter(deb => deb.name !== first.name && isNameOfOne(deb))
    return [first, random.pick(at % 2 === 0 || others.length === 0 ? named : others)] as const
  })
}

describe.skipIf(skippedForWantOf(missing))('installability in bookworm main', () => {
  const size = campaignSize({ whole: Number.POSITIVE_INFINITY, part: 300 })
  it(`is judged as dose-debcheck judges it for ${size === 300 ? '300 stanzas' : 'every stanza'}`, async () => {
    const { universe, debs, packagesPath } = await scene()
    const random = seededRandom(campaignSeed)
    const known = knownUninstallable.flatMap(name => universe.packagesNamed(name))
    assert.equal(known.length, knownUninstallable.length)
    const asked =
      size === 300 ? [...known, ...Array.from({ length: size - known.length }, () => random.pick(debs))] : debs
    const start = performance.now()
    const ours = await refused(universe, asked)
    const middle = performance.now()
    const verdicts =
      size === 300
        ? await areCoinstallable(
            packagesPath,
            asked.map(deb => [deb]),
          )
        : undefined
    const doses =
      verdicts === undefined
        ? [...(await uninstallable(packagesPath))]
        : asked.flatMap((deb, at) => (verdicts[at] === true ? [] : [describePackage(deb)]))
    const end = performance.now()
    process.stdout.write(
      `${asked.length} stanzas, ${ours.length} uninstallable: ${seconds(middle - start)} s, dose-debcheck ${seconds(end - middle)} s\n`,
    )
    assert.deepEqual(ours, [...new Set(doses)].sort())
    assert.ok(ours.length >= known.length)
  })

  const pairCount = campaignSize({ whole: 1000, part: 100 })
  it(`of ${pairCount} pairs (seed ${campaignSeed}) is judged as dose-debcheck judges it`, async () => {
    const all = await scene()
    const pairs = pairsOf(all, seededRandom(campaignSeed), pairCount)
    const verdicts = await areCoinstallable(all.packagesPath, pairs)
    const disagreements: string[] = []
    let together = 0
    for (const [at, pair] of pairs.entries()) {
      const possible = (await chosenFor(all.universe, pair)) !== undefined
      if (possible) together++
      if (possible !== verdicts[at])
        disagreements.push(`${pair.map(describePackage).join(' ')}: ${possible ? 'possible' : 'impossible'}`)
    }
    process.stdout.write(`${pairCount} pairs, ${together} co-installable, seed ${campaignSeed}\n`)
    assert.deepEqual(disagreements, [])
    assert.ok(together > 0 && together < pairCount, 'both verdicts have to occur')
  })
})

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(1)
}
