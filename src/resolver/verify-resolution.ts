import {
  type BinaryPackage,
  compareVersions,
  formatOrGroup,
  formatRelation,
  type OrGroup,
  type PackageUniverse,
  type ProvidedName,
  type Relation,
  satisfies,
} from '../debian/index.ts'
import type { ResolutionRequest, ResolvedPackage, WantedPackage } from './model.ts'

/** One name that a chosen deb answers to. */
interface Offer {
  readonly deb: BinaryPackage
  /** The deb's own version, or that of a Provides; undefined for an unversioned Provides. */
  readonly version: string | undefined
  /** Of the deb, with `all` read as native; of a Provides that names one, that one; `any` for `Provides: name:any`. */
  readonly architecture: string
}

/**
 * Checks a finished selection against the relations themselves, knowing nothing of how it was found: every relation
 * holds, nothing conflicts, Multi-Arch is respected, every wanted item is there, and nothing is there without a reason.
 *
 * @returns what is wrong, one sentence each; empty when all is well
 */
export function verifyResolution(request: ResolutionRequest, packages: readonly ResolvedPackage[]): readonly string[] {
  const { nativeArchitecture } = request.universe
  const debs = packages.map(each => each.package)
  const offers = offersOf(debs, nativeArchitecture)
  const isMet = judgedOnce(offers)
  const problems: string[] = []
  // By number, here and below: kde-full with Recommends has 16,000 groups, and an interpreted `for … of` makes an object for each.
  for (let at = 0; at < debs.length; at++)
    addUnmetRelations(debs[at] as BinaryPackage, isMet, nativeArchitecture, problems)
  for (let at = 0; at < debs.length; at++) addClashes(debs[at] as BinaryPackage, offers, problems)
  return [
    ...problems,
    ...namesakeClashes(debs, nativeArchitecture),
    ...request.wanted.filter(each => !isThere(each, offers, request.universe)).map(each => `${each.text} is missing`),
    ...debs.filter(deb => request.exclude.includes(deb.name)).map(deb => `${titleOf(deb)} is excluded`),
    ...unreachable(packages),
  ]
}

function offersOf(debs: readonly BinaryPackage[], native: string): ReadonlyMap<string, readonly Offer[]> {
  const offers = new Map<string, Offer[]>()
  const add = (name: string, offer: Offer) => {
    const known = offers.get(name)
    if (known === undefined) offers.set(name, [offer])
    else known.push(offer)
  }
  for (let at = 0; at < debs.length; at++) {
    const deb = debs[at] as BinaryPackage
    const architecture = architectureOf(deb, native)
    add(deb.name, { deb, version: deb.version, architecture })
    const { provides } = deb
    for (let place = 0; place < provides.length; place++) {
      const { name, version, architectureQualifier } = provides[place] as ProvidedName
      add(name, { deb, version, architecture: architectureQualifier ?? architecture })
    }
  }
  return offers
}

function architectureOf(deb: BinaryPackage, native: string): string {
  return deb.architecture === 'all' ? native : deb.architecture
}

type Judge = (group: OrGroup, architecture: string) => boolean

/** Packages ask for the same again and again, and universes hand out one object for groups that are written alike. */
function judgedOnce(offers: ReadonlyMap<string, readonly Offer[]>): Judge {
  const verdicts = new Map<string, Map<OrGroup, boolean>>()
  return (group, architecture) => {
    let judged = verdicts.get(architecture)
    if (judged === undefined) {
      judged = new Map()
      verdicts.set(architecture, judged)
    }
    const known = judged.get(group)
    if (known !== undefined) return known
    const verdict = group.some(relation => isSatisfied(relation, offers, architecture))
    judged.set(group, verdict)
    return verdict
  }
}

function addUnmetRelations(deb: BinaryPackage, isMet: Judge, native: string, problems: string[]): void {
  const architecture = architectureOf(deb, native)
  const add = (groups: readonly OrGroup[]) => {
    for (let at = 0; at < groups.length; at++) {
      const group = groups[at] as OrGroup
      if (!isMet(group, architecture)) problems.push(`${titleOf(deb)} lacks ${formatOrGroup(group)}`)
    }
  }
  add(deb.preDepends)
  add(deb.depends)
}

function isSatisfied(relation: Relation, offers: ReadonlyMap<string, readonly Offer[]>, architecture: string): boolean {
  return (offers.get(relation.packageName) ?? none).some(
    offer => hasVersion(offer, relation) && hasArchitecture(offer, relation, architecture),
  )
}

function hasVersion({ version }: Offer, { constraint }: Relation): boolean {
  if (constraint === undefined) return true
  return version !== undefined && satisfies(version, constraint)
}

function hasArchitecture(offer: Offer, { architectureQualifier }: Relation, asked: string): boolean {
  if (architectureQualifier === undefined) {
    return offer.architecture === asked || offer.deb.multiArch === 'foreign'
  }
  if (architectureQualifier === 'any') return offer.architecture === 'any' || offer.deb.multiArch === 'allowed'
  return offer.architecture === architectureQualifier
}

function addClashes(deb: BinaryPackage, offers: ReadonlyMap<string, readonly Offer[]>, problems: string[]): void {
  const add = (relations: readonly Relation[]) => {
    for (let at = 0; at < relations.length; at++) {
      const relation = relations[at] as Relation
      const excluded = offers.get(relation.packageName)
      // Most of what is excluded is not there at all.
      if (excluded === undefined) continue
      for (const offer of excluded)
        if (offer.deb.name !== deb.name && hasVersion(offer, relation) && isMeant(offer, relation))
          problems.push(`${titleOf(deb)} excludes ${formatRelation(relation)}, which ${titleOf(offer.deb)} is`)
    }
  }
  add(deb.conflicts)
  add(deb.breaks)
}

const none: readonly Offer[] = []

/** A Conflicts or Breaks without a qualifier means every architecture, and what is provided for any is there for each. */
function isMeant({ architecture }: Offer, { architectureQualifier }: Relation): boolean {
  if (architectureQualifier === undefined || architectureQualifier === 'any' || architecture === 'any') return true
  return architecture === architectureQualifier
}

function namesakeClashes(debs: readonly BinaryPackage[], native: string): string[] {
  const firstOf = new Map<string, BinaryPackage>()
  const problems: string[] = []
  for (let at = 0; at < debs.length; at++) {
    const deb = debs[at] as BinaryPackage
    const first = firstOf.get(deb.name)
    if (first === undefined) {
      firstOf.set(deb.name, deb)
      continue
    }
    const differ = architectureOf(first, native) !== architectureOf(deb, native)
    const areSame = first.multiArch === 'same' && deb.multiArch === 'same'
    if (!differ || !areSame || compareVersions(first.version, deb.version) !== 0)
      problems.push(`${titleOf(first)} and ${titleOf(deb)} cannot be installed together`)
  }
  return problems
}

function isThere(wanted: WantedPackage, offers: ReadonlyMap<string, readonly Offer[]>, universe: PackageUniverse) {
  return wanted.alternatives.some(relation => {
    const architecture = architectureMeant(relation, universe)
    return (offers.get(relation.packageName) ?? []).some(
      offer =>
        hasVersion(offer, relation) &&
        hasArchitecture(offer, relation, architecture) &&
        isAsSelected(offer.deb, wanted),
    )
  })
}

/** A wanted name means the native architecture, or the first foreign one if only that has it. */
function architectureMeant(relation: Relation, universe: PackageUniverse): string {
  const { nativeArchitecture, foreignArchitectures } = universe
  const known = offersOf(
    [...universe.packagesNamed(relation.packageName), ...universe.providersOf(relation.packageName)],
    nativeArchitecture,
  )
  const isKnownFor = (architecture: string) => isSatisfied(relation, known, architecture)
  return [nativeArchitecture, ...foreignArchitectures].find(isKnownFor) ?? nativeArchitecture
}

function isAsSelected(deb: BinaryPackage, { selection }: WantedPackage): boolean {
  switch (selection.kind) {
    case 'candidate':
      return true
    case 'version':
      return compareVersions(deb.version, selection.version) === 0
    case 'suite':
      return deb.listings.some(
        ({ suite, release }) =>
          suite === selection.suite || release.suite === selection.suite || release.codename === selection.suite,
      )
  }
}

/** What no root needs, directly or through others. */
function unreachable(packages: readonly ResolvedPackage[]): string[] {
  const byDeb = new Map(packages.map(each => [each.package, each]))
  const pending = packages.filter(({ root }) => root !== undefined)
  const reached = new Set(pending)
  for (let each = pending.pop(); each !== undefined; each = pending.pop()) {
    for (let at = 0; at < each.needs.length; at++) {
      const need = each.needs[at] as BinaryPackage
      const needed = byDeb.get(need)
      if (needed === undefined) return [`${titleOf(each.package)} needs ${titleOf(need)}, which is not there`]
      if (reached.has(needed)) continue
      reached.add(needed)
      pending.push(needed)
    }
  }
  return packages.filter(each => !reached.has(each)).map(each => `nothing needs ${titleOf(each.package)}`)
}

function titleOf({ name, architecture, version }: BinaryPackage): string {
  return `${name}:${architecture}=${version}`
}
