import type { BinaryPackage, PackageUniverse } from '../../src/debian/index.ts'
import { describePackage } from '../../src/debian/index.ts'
import { seededRandom } from './seeded-random.ts'
import { resolution } from './universe.ts'

/** One to three package names each, any of the universe. */
export function randomRequests(universe: PackageUniverse, seed: number, count: number): readonly (readonly string[])[] {
  const random = seededRandom(seed)
  const names = universe.names()
  return Array.from({ length: count }, () => Array.from({ length: 1 + random.below(3) }, () => random.pick(names)))
}

/** What we choose without Recommends; undefined when there is no solution. */
export async function chosenFor(
  universe: PackageUniverse,
  wanted: readonly string[],
): Promise<readonly BinaryPackage[] | undefined> {
  const found = await resolution(universe, wanted)
  return found.kind === 'solved' ? found.packages.map(each => each.package) : undefined
}

/** The debs of `name:architecture=version` lines. */
export function debsNamed(universe: PackageUniverse, titles: readonly string[]): readonly BinaryPackage[] {
  return titles.map(title => {
    const deb = universe.packagesNamed(title.slice(0, title.indexOf(':'))).find(each => describePackage(each) === title)
    if (deb === undefined) throw new Error(`${title} is not in the universe`)
    return deb
  })
}

/** `npm run oracle` does the whole comparison, `npm run test:system` a part of it. */
export function campaignSize(sizes: { readonly whole: number; readonly part: number }): number {
  return process.env.APTROOT_ORACLE === 'whole' ? sizes.whole : sizes.part
}

export const campaignSeed = Number(process.env.APTROOT_SEED ?? 20261120)
