import type { BinaryPackage, Listing } from '../debian/index.ts'
import type { Pin } from '../manifest/index.ts'
import { matchesGlob } from './glob.ts'

/** A priority below this one forbids a version (apt_preferences(5): "P < 0 prevents the version from being installed"). */
export const lowestAllowedPriority = 0

/**
 * The pin priority of a deb, as apt_preferences(5) computes it: the first pin that names packages or sources and
 * matches; else, over all places that list the deb, the greatest of the first pin for everything (`*`) or the
 * suite's default (500; 100 for NotAutomatic with ButAutomaticUpgrades; 1 for NotAutomatic).
 */
export function priorityOf(deb: BinaryPackage, pins: readonly Pin[]): number {
  const specific = pins.find(pin => !isGeneral(pin) && namesPackage(pin, deb) && matchesSomewhere(pin, deb))
  if (specific !== undefined) return specific.priority
  return Math.max(...deb.listings.map(listing => listingPriority(deb, listing, pins)))
}

function listingPriority(deb: BinaryPackage, listing: Listing, pins: readonly Pin[]): number {
  const general = pins.find(pin => isGeneral(pin) && matchesVersion(pin, deb) && matchesListing(pin, listing))
  return general?.priority ?? defaultPriority(listing)
}

function defaultPriority({ release }: Listing): number {
  if (!release.notAutomatic) return 500
  return release.butAutomaticUpgrades ? 100 : 1
}

/** The general form of apt_preferences(5): for all packages of an archive. */
function isGeneral(pin: Pin): boolean {
  return (pin.package ?? '*') === '*' && (pin.source ?? '*') === '*'
}

function namesPackage(pin: Pin, deb: BinaryPackage): boolean {
  return (
    (pin.package === undefined || matchesGlob(pin.package, deb.name)) &&
    (pin.source === undefined || matchesGlob(pin.source, deb.source.name))
  )
}

function matchesSomewhere(pin: Pin, deb: BinaryPackage): boolean {
  return matchesVersion(pin, deb) && deb.listings.some(listing => matchesListing(pin, listing))
}

function matchesVersion(pin: Pin, deb: BinaryPackage): boolean {
  return pin.version === undefined || matchesGlob(pin.version, deb.version)
}

function matchesListing({ release, origin }: Pin, listing: Listing): boolean {
  if (origin !== undefined && !matchesGlob(origin, listing.release.host)) return false
  const facts = listing.release
  // A suite may be named as the manifest asks for it: bookworm's own `Suite:` says oldstable by now.
  return (
    matchesFact(release?.a, [facts.suite, listing.suite]) &&
    matchesFact(release?.n, [facts.codename, listing.suite]) &&
    matchesFact(release?.o, [facts.origin]) &&
    matchesFact(release?.l, [facts.label]) &&
    matchesFact(release?.v, [facts.version]) &&
    matchesFact(release?.c, [listing.component])
  )
}

function matchesFact(pattern: string | undefined, facts: readonly (string | undefined)[]): boolean {
  if (pattern === undefined) return true
  return facts.some(fact => fact !== undefined && matchesGlob(pattern, fact))
}
