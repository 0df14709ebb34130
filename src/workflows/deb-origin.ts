import { vendorOf } from '../interchange/index.ts'
import type { LockedDeb } from '../lockfile/index.ts'
import type { PlaceOf } from '../review/index.ts'

/**
 * Whose release a deb is of, as databases of vulnerabilities name it: `debian`, `bookworm`, `12`. Between a release, its updates and its security
 * fixes they make no difference; of a third party's archive they know nothing.
 */
export const placeOfDeb: PlaceOf = (deb: Pick<LockedDeb, 'from'>) => {
  const { vendor, distribution, codename } = vendorOf(deb)
  const release = /-(\d[\d.]*)$/.exec(distribution ?? '')?.[1]
  return { vendor, codename, release }
}
