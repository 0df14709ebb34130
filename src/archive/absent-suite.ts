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
 */
export function suiteAbsent(address: SuiteAddress, cause: Fault): Fault {
  const { archive, suite, bases } = address
  const movedTo = archiveOfOldReleases(archive, suite)
  const hosts = bases.map(base => redacted(base)).join(', ')
  return new Fault('SUITE_ABSENT', {
    message: `there is no suite ${suite} at ${hosts} (archive ${archive.id}): neither InRelease nor Release is there`,
    hint:
      movedTo === undefined
        ? 'Correct `uri:` or `suites:` of the archive; releases out of support move to archive.debian.org/debian or old-releases.ubuntu.com/ubuntu.'
        : `That release is out of support and moved: use \`--mirror ${archive.id}=${movedTo}\` or write \`uri: ${movedTo}\` (expired Releases are judged with \`--as-of TIME\`).`,
    context: { ...cause.context, archive: archive.id, suite, ...(movedTo === undefined ? {} : { movedTo }) },
    cause,
  })
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
