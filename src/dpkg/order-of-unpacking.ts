import { type OrGroup, type Relation, satisfies } from '../debian/index.ts'
import { compareBytes } from '../kernel/index.ts'
import type { PackageFacts } from './package-facts.ts'
import { strongComponents } from './strong-components.ts'

/** base-files brings the attributes of the common folders, base-passwd the users: whoever comes first decides on a folder. */
const unpackedFirst = ['base-files', 'base-passwd']

/**
 * The order in which packages are unpacked: a function of the set, not of the order in which it is given.
 *
 * base-files and base-passwd, then the essential packages, then the others, each after what it pre-depends on, and after
 * what it depends on unless that depends on it in turn. Such a circle begins with the package that misses fewest: first by
 * Pre-Depends, then by Depends, then by name.
 */
export function orderOfUnpacking(
  packages: readonly PackageFacts[],
  nativeArchitecture: string,
  firstOfAll: readonly string[] = unpackedFirst,
): readonly PackageFacts[] {
  const sorted = [...packages].sort(
    (a, b) => compareBytes(a.name, b.name) || compareBytes(a.deb.architecture, b.deb.architecture),
  )
  const { preDepends, depends } = relationsAmong(sorted, nativeArchitecture)
  const edges = sorted.map((_, index) => [...(preDepends[index] ?? []), ...(depends[index] ?? [])])

  const indexes = sorted.map((_, index) => index)
  const roots = indexes.sort((a, b) => rankOf(sorted[a], firstOfAll) - rankOf(sorted[b], firstOfAll) || a - b)
  const components = strongComponents(roots, node => edges[node] ?? [])
  return components
    .flatMap(component => openCircle(component, preDepends, depends))
    .flatMap(index => sorted[index] ?? [])
}

/** For each package of the list the places of those that its Pre-Depends and its Depends mean, in the order of the list. */
export function relationsAmong(packages: readonly PackageFacts[], nativeArchitecture: string) {
  const find = finder(packages, nativeArchitecture)
  return {
    preDepends: packages.map(each => find(each, each.preDepends)),
    depends: packages.map(each => find(each, each.depends)),
  }
}

function rankOf(facts: PackageFacts | undefined, firstOfAll: readonly string[]): number {
  if (facts === undefined) return Number.POSITIVE_INFINITY
  const first = firstOfAll.indexOf(facts.name)
  if (first !== -1) return first
  return facts.deb.essential ? firstOfAll.length : firstOfAll.length + 1
}

type Edges = readonly (readonly number[])[]

/** Numbers are places in the list sorted by name, so the lowest of equals is the first by name. */
function openCircle(component: readonly number[], preDepends: Edges, depends: Edges): readonly number[] {
  const missing = new Set(component)
  const countMissing = (edges: readonly number[] | undefined, self: number) =>
    edges?.filter(target => target !== self && missing.has(target)).length ?? 0
  const order: number[] = []
  while (missing.size > 0) {
    const waiting = [...missing].map(node => ({
      node,
      byPreDepends: countMissing(preDepends[node], node),
      byDepends: countMissing(depends[node], node),
    }))
    const next = waiting.reduce((best, each) => {
      const difference =
        each.byPreDepends - best.byPreDepends || each.byDepends - best.byDepends || each.node - best.node
      return difference < 0 ? each : best
    })
    missing.delete(next.node)
    order.push(next.node)
  }
  return order
}

/** Finds for or-groups the packages of the set that satisfy them: of each group the first alternative that any satisfies. */
function finder(sorted: readonly PackageFacts[], nativeArchitecture: string) {
  const named = new Map<string, number[]>()
  const provided = new Map<string, number[]>()
  sorted.forEach((facts, index) => {
    listIn(named, facts.name).push(index)
    for (const name of new Set(facts.provides.map(each => each.name))) listIn(provided, name).push(index)
  })
  const architectureOf = ({ deb }: PackageFacts) => (deb.architecture === 'all' ? nativeArchitecture : deb.architecture)

  const fits = (relation: Relation, depender: PackageFacts, target: PackageFacts): boolean => {
    const qualifier = relation.architectureQualifier
    if (qualifier === undefined)
      return target.deb.multiArch === 'foreign' || architectureOf(target) === architectureOf(depender)
    if (qualifier === 'any')
      return target.deb.multiArch === 'allowed' || architectureOf(target) === architectureOf(depender)
    return architectureOf(target) === (qualifier === 'native' ? nativeArchitecture : qualifier)
  }
  const alternative = (relation: Relation, depender: PackageFacts): number | undefined => {
    const { packageName, constraint } = relation
    const real = named.get(packageName)?.find(index => {
      const target = sorted[index]
      if (target === undefined || !fits(relation, depender, target)) return false
      return constraint === undefined || satisfies(target.deb.version, constraint)
    })
    if (real !== undefined) return real
    return provided.get(packageName)?.find(index => {
      const target = sorted[index]
      if (target === undefined || !fits(relation, depender, target)) return false
      return target.provides.some(
        ({ name, version }) =>
          name === packageName &&
          (constraint === undefined || (version !== undefined && satisfies(version, constraint))),
      )
    })
  }
  return (depender: PackageFacts, groups: readonly OrGroup[]): readonly number[] => {
    const targets = new Set<number>()
    for (const group of groups) {
      for (const relation of group) {
        const target = alternative(relation, depender)
        if (target === undefined) continue
        targets.add(target)
        break
      }
    }
    return [...targets].sort((a, b) => a - b)
  }
}

function listIn(map: Map<string, number[]>, key: string): number[] {
  const list = map.get(key) ?? []
  map.set(key, list)
  return list
}
