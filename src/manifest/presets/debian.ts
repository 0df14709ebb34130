import type { DistributionPreset, PresetArchive } from '../preset.ts'

interface DebianRelease {
  readonly codename: string
  readonly title: string
  readonly suites: 'with-updates-and-security' | 'alone'
  readonly exclude: readonly string[]
}

/**
 * Releases that are on Debian's mirrors and signed by keys of debian-archive-keyring 2025.1.
 *
 * bookworm alone has init-system-helpers with `Depends: usrmerge | usr-is-merged`, whose first alternative brings
 * Perl and a script that converts an unmerged system (SEMANTICS T48). bullseye has no such dependency; from trixie on
 * base-files provides usr-is-merged.
 */
const releases: readonly DebianRelease[] = [
  { codename: 'bullseye', title: 'Debian 11 (bullseye)', suites: 'with-updates-and-security', exclude: [] },
  { codename: 'bookworm', title: 'Debian 12 (bookworm)', suites: 'with-updates-and-security', exclude: ['usrmerge'] },
  { codename: 'trixie', title: 'Debian 13 (trixie)', suites: 'with-updates-and-security', exclude: [] },
  { codename: 'forky', title: 'Debian testing (forky)', suites: 'with-updates-and-security', exclude: [] },
  { codename: 'sid', title: 'Debian unstable (sid)', suites: 'alone', exclude: [] },
]

export const debianPresets: readonly DistributionPreset[] = releases.map(presetOfRelease)

function presetOfRelease({ codename, title, suites, exclude }: DebianRelease): DistributionPreset {
  const main: PresetArchive = {
    id: 'debian',
    uri: 'http://ftp.debian.org/debian',
    suites: suites === 'alone' ? [codename] : [codename, `${codename}-updates`],
    components: ['main'],
    architectures: undefined,
    keyring: 'debian-archive',
    snapshot: 'https://snapshot.debian.org/archive/debian/{timestamp}',
    security: false,
  }
  const security: PresetArchive = {
    id: 'debian-security',
    uri: 'http://security.debian.org/debian-security',
    suites: [`${codename}-security`],
    components: ['main'],
    architectures: undefined,
    keyring: 'debian-archive',
    snapshot: 'https://snapshot.debian.org/archive/debian-security/{timestamp}',
    security: true,
  }
  return {
    name: `debian/${codename}`,
    title,
    archives: suites === 'alone' ? [main] : [main, security],
    mergedUsr: true,
    base: 'required',
    exclude,
  }
}
