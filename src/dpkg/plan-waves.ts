import { orderOfUnpacking, relationsAmong } from './order-of-unpacking.ts'
import type { PackageFacts } from './package-facts.ts'

/** Packages that are unpacked together and then configured together, each in the order given. */
export interface Wave {
  /** `leaf`: nobody depends on its packages; such waves come last. */
  readonly kind: 'inner' | 'leaf'
  readonly packages: readonly PackageFacts[]
}

/** A desktop has hundreds of packages on which nobody depends, and each wave costs a run of dpkg. */
const ownLeafWaves = 8

/** base-passwd makes the users that base-files and all others give their files to. */
const configuredFirst = ['base-passwd', 'base-files']

/**
 * Divides the packages of a root into waves: a function of the set, not of the order in which it is given.
 *
 * The first wave is what every script may rely on: the essential packages and all that they depend on (Debian Policy 3.8). A
 * later package comes as early as it can: not before what it depends on, and, where it has a preinst, after the wave that
 * configures what it pre-depends on (Policy 7.2), with all that this depends on in turn.
 *
 * Packages on which no other depends come last, in the order that they would have had, each in a wave of its own (the first ones
 * together where they are many): when such a package changes, all that came before it stays as it was.
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
  const needed = new Set(order.flatMap((_, at) => neededBy(at, depends, preDepends)))
  const isLeaf = (at: number) => waves[at] !== 0 && !needed.has(at)
  const numbers = [...new Set(waves)].sort((a, b) => a - b)
  const planned = numbers.map(number => order.flatMap((_, at) => (waves[at] === number ? [at] : [])))
  const inner = planned.map(wave => wave.filter(at => !isLeaf(at)))
  const leaves = planned.flatMap(wave => wave.filter(isLeaf))
  const together = Math.max(0, leaves.length - ownLeafWaves)
  const waveOf = (kind: Wave['kind'], wave: readonly number[]): readonly Wave[] =>
    wave.length === 0 ? [] : [{ kind, packages: wave.flatMap(at => order[at] ?? []) }]
  return [
    ...inner.flatMap(wave => waveOf('inner', wave)),
    ...waveOf('leaf', leaves.slice(0, together)),
    ...leaves.slice(together).flatMap(leaf => waveOf('leaf', [leaf])),
  ]
}

function neededBy(at: number, ...edges: readonly Edges[]): readonly number[] {
  return edges.flatMap(each => each[at] ?? []).filter(target => target !== at)
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
