import { Fault, redacted } from '../kernel/index.ts'
import type { ArchiveDefinition } from '../manifest/index.ts'
import type { SuiteAddress } from './archive-address.ts'

/** Codenames of releases that left Debian's mirrors for archive.debian.org. */
const archivedDebian: readonly string[] = [
  ...['buzz', 'rex', 'bo', 'hamm', 'slink', 'potato', 'woody', 'sarge', 'etch', 'lenny', 'squeeze', 'wheezy', 'jessie'],
  ...['stretch', 'buster'],
]

/** Releases that left Ubuntu's servers for old-releases.ubuntu.com; those with long support stay much longer. */
const archivedUbuntu: readonly string[] = [
  ...[
    'warty',
    'hoary',
    'breezy',
    'dapper',
    'edgy',
    'feisty',
    'gutsy',
    'hardy',
    'intrepid',
    'jaunty',
    'karmic',
    'lucid',
  ],
  ...['maverick', 'natty', 'oneiric', 'precise', 'quantal', 'raring', 'saucy', 'utopic', 'vivid', 'wily', 'yakkety'],
  ...['zesty', 'artful', 'cosmic', 'disco', 'eoan', 'groovy', 'hirsute', 'impish', 'kinetic', 'lunar', 'mantic'],
  ...['oracular', 'plucky', 'questing'],
]

/**
 * No mirror has InRelease or Release of a suite. Where the suite is a release that its distribution took off the mirrors, the fault
 * says where it is now.
 *
 * @param snapshot the past state that was asked for, which no mirror has
 */
export function suiteAbsent(address: SuiteAddress, cause: Fault, snapshot: string | undefined): Fault {
  const { archive, suite, bases } = address
  const movedTo = snapshot === undefined ? archiveOfOldReleases(archive, suite) : undefined
  const hosts = bases.map(base => redacted(base)).join(', ')
  return new Fault('SUITE_ABSENT', {
    message: `there is no suite ${suite} at ${hosts} (archive ${archive.id}): neither InRelease nor Release is there`,
    hint: hintFor(address, { movedTo, snapshot }),
    context: { ...cause.context, archive: archive.id, suite, ...(movedTo === undefined ? {} : { movedTo }) },
    cause,
  })
}

function hintFor(
  { archive }: SuiteAddress,
  { movedTo, snapshot }: { readonly movedTo: string | undefined; readonly snapshot: string | undefined },
): string {
  if (snapshot !== undefined)
    return `The snapshot service has no state of ${snapshot} with it: correct the time, \`suites:\` or \`snapshot:\` of the archive.`
  if (movedTo === undefined)
    return 'Correct `uri:` or `suites:` of the archive; releases out of support move to archive.debian.org/debian or old-releases.ubuntu.com/ubuntu.'
  return `That release is out of support and moved: use \`--mirror ${archive.id}=${movedTo}\` or write \`uri: ${movedTo}\` (expired Releases are judged with \`--as-of TIME\`).`
}

/**
 * Third parties name suites after Debian's too (`buster` of docker.com): an archive is the distribution's own when it says so by its key
 * ring, or has `main` and the folder that all mirrors have.
 */
export function archiveOfOldReleases(
  archive: Pick<ArchiveDefinition, 'uris' | 'components' | 'trust'>,
  suite: string,
): string | undefined {
  const folder = archive.uris[0].replace(/\/+$/, '').replace(/^.*\//, '')
  const { trust } = archive
  const keyring = trust.kind === 'signed-by' && trust.signedBy.kind === 'named' ? trust.signedBy.name : undefined
  const isOf = (ring: string, folders: readonly string[]) =>
    keyring === ring || (keyring === undefined && folders.includes(folder) && archive.components.includes('main'))
  const codename = suite.replace(/[-/].*$/, '')
  if (archivedDebian.includes(codename) && isOf('debian-archive', ['debian', 'debian-security'])) {
    const isSecurity = /-security$|\/updates$/.test(suite)
    return `http://archive.debian.org/${isSecurity ? 'debian-security' : 'debian'}`
  }
  if (archivedUbuntu.includes(codename) && isOf('ubuntu-archive', ['ubuntu', 'ubuntu-ports']))
    return 'http://old-releases.ubuntu.com/ubuntu'
  return undefined
}
