import type { BinaryPackage } from '../debian/index.ts'
import type { PhasedUpdatesPolicy } from '../manifest/index.ts'

/** What apt's policy gives a version that is not this machine's turn yet: any other version comes first. */
const notYet = 1

/**
 * The pin priority of a deb once its Phased-Update-Percentage is judged.
 *
 * apt draws a lot from the machine's id; a lock that did would be another one on each machine. So the manifest says what
 * holds for everybody: `always` takes a phased version like any other (as apt does for what is not installed yet),
 * `never` ranks it behind every other version while it is below 100 %. What a security archive lists is never held back.
 *
 * @see apt_preferences(5) "Phased Updates"
 */
export function phasedPriority(deb: BinaryPackage, priority: number, policy: PhasedUpdatesPolicy): number {
  if (policy === 'always' || (deb.phasedUpdatePercentage ?? 100) >= 100) return priority
  const isSecurityUpdate = deb.listings.some(({ suite, security }) => security || suite.endsWith('-security'))
  return isSecurityUpdate ? priority : Math.min(priority, notYet)
}
