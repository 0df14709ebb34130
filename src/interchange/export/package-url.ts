import type { LockedDeb } from '../../lockfile/index.ts'
import { distributionPresets } from '../../manifest/index.ts'

/** Who made a deb and for which release, as far as the lock says. */
export interface DebVendor {
  /** `debian`, `ubuntu`; of any other archive its id, so that no scanner takes its debs for Debian's. */
  readonly vendor: string
  /** `debian-12`, `ubuntu-24.04`; `debian-forky` where a release has no number yet. */
  readonly distribution: string | undefined
  /** `bookworm`, of its updates and security fixes as well. */
  readonly codename: string
}

const pockets = /-(?:security|updates|proposed-updates|proposed|backports|backports-sloppy)$/
const componentsOf: Readonly<Record<string, readonly string[]>> = {
  debian: ['main', 'contrib', 'non-free', 'non-free-firmware'],
  ubuntu: ['main', 'universe', 'restricted', 'multiverse'],
}

/**
 * A suite and component of a release that aptroot knows are that distribution's, whatever the archive's id: mirrors have names of their
 * own. Otherwise the id decides: `debian`, `debian-security` and the like are the distribution's, others are vendors.
 */
export function vendorOf({ from }: Pick<LockedDeb, 'from'>): DebVendor {
  const [archive = '', suite = '', ...components] = from.toLowerCase().split('/')
  const codename = suite.replace(pockets, '')
  const preset = distributionPresets.find(({ name }) => name.endsWith(`/${codename}`))
  const known = preset?.name.split('/', 1)[0]
  if (preset !== undefined && known !== undefined && componentsOf[known]?.includes(components.join('/')))
    return { vendor: known, distribution: `${known}-${/\d[\d.]*/.exec(preset.title)?.[0] ?? codename}`, codename }
  const named = /^(debian|ubuntu)(?:$|[-_.])/.exec(archive)?.[1]
  return named === undefined
    ? { vendor: archive, distribution: undefined, codename }
    : { vendor: named, distribution: `${named}-${codename}`, codename }
}

/**
 * The package URL of a locked deb: `pkg:deb/debian/libstdc%2B%2B6@12.2.0-14?arch=amd64&distro=debian-12`.
 *
 * @see package-url/purl-spec, the core and the type `deb`: qualifiers in byte order, a colon stays as it is
 */
export function packageUrlOf(deb: Pick<LockedDeb, 'name' | 'version' | 'architecture' | 'from'>): string {
  const { vendor, distribution } = vendorOf(deb)
  const distro = distribution === undefined ? '' : `&distro=${encoded(distribution)}`
  return `pkg:deb/${encoded(vendor)}/${encoded(deb.name)}@${encoded(deb.version)}?arch=${encoded(deb.architecture)}${distro}`
}

function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll('%3A', ':')
}
