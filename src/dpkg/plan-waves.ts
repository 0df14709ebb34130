import { orderOfUnpacking, relationsAmong } from './order-of-unpacking.ts'
import type { PackageFacts } from './package-facts.ts'

/** Packages that are unpacked together and then configured together, each in the order given. */
export interface Wave {
  readonly packages: readonly PackageFacts[]
}

/** base-passwd makes the users that base-files and all others give their files to. */
const configuredFirst = ['base-passwd', 'base-files']

/**
 * Divides the packages of a root into waves: a function of the set, not of the order in which it is given.
 *
 * The first wave is what every script may rely on: the essential packages and all that they depend on (Debian Policy 3.8). A
 * later package comes as early as it can: not before what it depends on, and, where it has a preinst, after the wave that
 * configures what it pre-depends on (Policy 7.2), with all that this depends on in turn.
 */
export function planWaves(packages: readonly PackageFacts[], nativeArchitecture: string): readonly Wave[] {
  const order = orderOfUnpacking(packages, nativeArchitecture, configuredFirst)
  const { depends, preDepends } = relationsAmong(order, nativeArchitecture)
  const closureOf = closures(depends, preDepends)
  const waves = order.map(() => 1)
  order.forEach((facts, at) => {
    if (facts.deb.essential) for (const each of closureOf(at)) waves[each] = 0
  })
  // Each round lifts at least one package or is the last; a circle through a Pre-Depends would lift for ever.
  for (let round = 0, lifted = true; lifted && round < order.length; round++) {
    lifted = false
    order.forEach((facts, at) => {
      const own = waves[at] ?? 0
      if (own === 0) return
      let needed = own
      for (const target of [...(depends[at] ?? []), ...(preDepends[at] ?? [])])
        needed = Math.max(needed, waves[target] ?? 0)
      if (facts.controlFiles.has('preinst'))
        for (const target of preDepends[at] ?? []) {
          const closure = closureOf(target)
          if (closure.has(at)) continue
          for (const each of closure) needed = Math.max(needed, (waves[each] ?? 0) + 1)
        }
      if (needed === own) return
      waves[at] = needed
      lifted = true
    })
  }
  const numbers = [...new Set(waves)].sort((a, b) => a - b)
  return numbers.map(number => ({ packages: order.filter((_, at) => waves[at] === number) }))
}

type Edges = readonly (readonly number[])[]

/** Of a package: itself and all that it depends on, directly or not. */
function closures(depends: Edges, preDepends: Edges): (start: number) => ReadonlySet<number> {
  const known = new Map<number, ReadonlySet<number>>()
  return start => {
    const before = known.get(start)
    if (before !== undefined) return before
    const found = new Set([start])
    for (const node of found)
      for (const target of [...(depends[node] ?? []), ...(preDepends[node] ?? [])]) found.add(target)
    known.set(start, found)
    return found
  }
}
