import { type BinaryPackage, compileExpression, type Listing } from '../debian/index.ts'
import { neverPriority, type Pin, type PinSubject, pinSubjects, type ReleaseFact } from '../manifest/index.ts'

/** A priority below this one forbids a version (apt_preferences(5): "P < 0 prevents the version from being installed"). */
export const lowestAllowedPriority = 0

/**
 * The pin priority of a deb, as apt_preferences(5) computes it: the first pin that names its package or source and
 * matches; else, over all places that list the deb, the greatest of the first pin for everything (`*`) or the
 * suite's default (500; 100 for NotAutomatic with ButAutomaticUpgrades; 1 for NotAutomatic).
 *
 * A pin that names no architecture reaches all of them; apt reads it as the native one, which would pull the halves of a
 * `Multi-Arch: same` package apart.
 *
 * @param architectures of the root, the native one first; what `all` counts as
 */
export function priorityOf(deb: BinaryPackage, pins: readonly Pin[], architectures: readonly string[]): number {
  if (pins.length === 0) {
    const { listings } = deb
    return listings.length === 1 ? defaultPriority(listings[0]) : Math.max(...listings.map(defaultPriority))
  }
  const rules = pins.map(ruleOf)
  const root = rootOf(deb, architectures)
  const specific = rules.find(rule => !rule.isGeneral && names(rule, deb, root) && matchesSomewhere(rule, deb, root))
  const byListing = deb.listings.map(listing => listingPriority(deb, listing, { rules, root }))
  // What comes from archives with `never` only is not brought back by a pin of its own.
  if (specific === undefined || byListing.every(priority => priority === neverPriority)) return Math.max(...byListing)
  return specific.priority
}

/**
 * Whether a pin alone takes the deb, or one of the places that list it, out of the question. Of several pins together none may:
 * another one comes before it, or another place is left.
 */
export function forbids(pin: Pin, deb: BinaryPackage, architectures: readonly string[]): boolean {
  if (pin.priority >= lowestAllowedPriority) return false
  const rule = ruleOf(pin)
  const root = rootOf(deb, architectures)
  return names(rule, deb, root) && matchesSomewhere(rule, deb, root)
}

function rootOf(deb: BinaryPackage, architectures: readonly string[]): RootArchitectures {
  return { architectures, own: deb.architecture === 'all' ? architectures[0] : deb.architecture }
}

/** A pin with its texts made ready for matching. */
interface PinRule {
  /** The general form of apt_preferences(5): for all packages of an archive. */
  readonly isGeneral: boolean
  readonly packages: readonly PinSubject[] | undefined
  readonly sources: readonly PinSubject[] | undefined
  readonly matchesVersion: ((version: string) => boolean) | undefined
  readonly facts: readonly (readonly [fact: ReleaseFact, matches: (text: string) => boolean])[]
  readonly matchesHost: ((host: string) => boolean) | undefined
  readonly priority: number
}

interface RootArchitectures {
  readonly architectures: readonly string[]
  /** Whose slot the deb takes. */
  readonly own: string | undefined
}

const rules = new WeakMap<Pin, PinRule>()

function ruleOf(pin: Pin): PinRule {
  const known = rules.get(pin)
  if (known !== undefined) return known
  const facts = Object.entries(pin.release ?? {}) as (readonly [ReleaseFact, string])[]
  const rule: PinRule = {
    isGeneral: (pin.package ?? '*') === '*' && (pin.source ?? '*') === '*',
    packages: pin.package === undefined ? undefined : pinSubjects(pin.package, 'package'),
    sources: pin.source === undefined ? undefined : pinSubjects(pin.source, 'source'),
    matchesVersion: pin.version === undefined ? undefined : compileExpression(pin.version),
    facts: facts.map(([fact, text]) => [fact, compileExpression(text)] as const),
    matchesHost: pin.origin === undefined ? undefined : compileExpression(pin.origin),
    priority: pin.priority,
  }
  rules.set(pin, rule)
  return rule
}

function listingPriority(
  deb: BinaryPackage,
  listing: Listing,
  { rules, root }: { readonly rules: readonly PinRule[]; readonly root: RootArchitectures },
): number {
  const general = rules.find(
    rule => rule.isGeneral && (rule.matchesVersion?.(deb.version) ?? true) && matchesListing(rule, listing, deb, root),
  )
  return general?.priority ?? defaultPriority(listing)
}

function defaultPriority({ release }: Listing): number {
  // apt looks at ButAutomaticUpgrades first, and takes it as a kind of NotAutomatic.
  if (release.butAutomaticUpgrades) return 100
  return release.notAutomatic ? 1 : 500
}

function names({ packages, sources }: PinRule, deb: BinaryPackage, root: RootArchitectures): boolean {
  const isMeant = ({ of, matches, architecture }: PinSubject) =>
    (architecture === undefined || architecture === root.own) && matches(of === 'binary' ? deb.name : deb.source.name)
  return (packages?.some(isMeant) ?? true) && (sources?.some(isMeant) ?? true)
}

function matchesSomewhere(rule: PinRule, deb: BinaryPackage, root: RootArchitectures): boolean {
  if (!(rule.matchesVersion?.(deb.version) ?? true)) return false
  return deb.listings.some(listing => matchesListing(rule, listing, deb, root))
}

function matchesListing(rule: PinRule, listing: Listing, deb: BinaryPackage, root: RootArchitectures): boolean {
  if (rule.matchesHost !== undefined && !rule.matchesHost(listing.release.host)) return false
  return rule.facts.every(([fact, matches]) =>
    factsOf(fact, listing, deb, root).some(text => text !== undefined && matches(text)),
  )
}

/** What a fact of a release may be called. A suite may be named as the manifest asks for it: bookworm's own `Suite:` says oldstable by now. */
function factsOf(
  fact: ReleaseFact,
  { release, suite, component }: Listing,
  deb: BinaryPackage,
  { architectures }: RootArchitectures,
): readonly (string | undefined)[] {
  switch (fact) {
    case 'a':
      return [release.suite, suite]
    case 'n':
      return [release.codename, suite]
    case 'name':
      return [release.suite, release.codename, suite, ...(/^\d/.test(release.version ?? '') ? [release.version] : [])]
    case 'o':
      return [release.origin]
    case 'l':
      return [release.label]
    case 'v':
      return [release.version]
    case 'c':
      return [component]
    case 'b':
      // The index that lists it: those of `all` stand in the index of each architecture.
      return deb.architecture === 'all' ? ['all', ...architectures] : [deb.architecture]
  }
}
