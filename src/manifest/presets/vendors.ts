import { Fault, quoted } from '../../kernel/index.ts'

/** An archive of a third party that `archive add` knows by name. */
export interface VendorPreset {
  readonly id: string
  readonly uri: string
  readonly suite: string
  readonly component: string
  /** Where its public key is had. */
  readonly keyUrl: string
  /** `json`: as a JSON string that holds the armor. */
  readonly keyForm: 'armor' | 'json'
  /** Of the primary key; undefined: nobody but the owner knows it, and a person has to compare. */
  readonly fingerprint: string | undefined
}

/** A release as `distribution:` names it: `debian/bookworm`. */
interface Release {
  readonly vendor: string
  readonly codename: string
}

/** The fingerprints are those of Debian's extrepo-data and of the vendors' own installation pages. */
const vendors: ReadonlyMap<string, (release: Release) => VendorPreset> = new Map([
  [
    'docker',
    ({ vendor, codename }) => ({
      id: 'docker',
      uri: `https://download.docker.com/linux/${vendor}`,
      suite: codename,
      component: 'stable',
      keyUrl: `https://download.docker.com/linux/${vendor}/gpg`,
      keyForm: 'armor',
      fingerprint: '9DC858229FC7DD38854AE2D88D81803C0EBFCD88',
    }),
  ],
  [
    'pgdg',
    ({ codename }) => ({
      id: 'pgdg',
      uri: 'https://apt.postgresql.org/pub/repos/apt',
      suite: `${codename}-pgdg`,
      component: 'main',
      keyUrl: 'https://www.postgresql.org/media/keys/ACCC4CF8.asc',
      keyForm: 'armor',
      fingerprint: 'B97B0AFCAA1A47F044F244A07FCC7D46ACCC4CF8',
    }),
  ],
])

/** Whether `text` is meant as the name of an archive, not as a file or a `deb …` line. */
export function namesVendor(text: string): boolean {
  return vendors.has(text) || text.startsWith('ppa:')
}

/**
 * The archive of that name for a release.
 *
 * @param name `docker`, `pgdg`, or `ppa:USER/NAME` (without a name: the user's `ppa`)
 * @param distribution what the manifest's `distribution:` says
 * @throws {Fault} `USAGE_INVALID` where the name means nothing for that release
 */
export function vendorPresetOf(name: string, distribution: string | undefined): VendorPreset {
  const [vendor, codename] = distribution?.split('/') ?? []
  if (vendor === undefined || codename === undefined)
    throw refused(name, 'the manifest has no `distribution:`, so nobody knows which suite of it is meant')
  const known = vendors.get(name)
  if (known !== undefined) return known({ vendor, codename })
  if (vendor !== 'ubuntu')
    throw refused(name, `its packages are made for Ubuntu, and the manifest is for ${distribution}`)
  return personalArchive(name, codename)
}

/** @see Launchpad's rules for names: lower case, digits, and `+`, `-`, `.` after the first */
function personalArchive(name: string, codename: string): VendorPreset {
  const [, user, archive = 'ppa'] =
    /^ppa:~?([a-z0-9][a-z0-9+.-]*)(?:\/(?:ubuntu\/)?([a-z0-9][a-z0-9+.-]*))?$/.exec(name) ?? []
  if (user === undefined) throw refused(name, 'it is written `ppa:USER/NAME`')
  return {
    id: (archive === 'ppa' ? user : `${user}-${archive}`).replaceAll('+', '-'),
    uri: `https://ppa.launchpadcontent.net/${user}/${archive}/ubuntu`,
    suite: codename,
    component: 'main',
    keyUrl: `https://api.launchpad.net/devel/~${user}/+archive/ubuntu/${archive}?ws.op=getSigningKeyData`,
    keyForm: 'json',
    fingerprint: undefined,
  }
}

function refused(name: string, problem: string): Fault {
  return new Fault('USAGE_INVALID', {
    message: `${quoted(name)} cannot be added by its name: ${problem}`,
    hint: 'Give the archive as a `deb …` line in quotes, with its key as --key FILE.',
    context: { archive: name.slice(0, 80) },
  })
}
