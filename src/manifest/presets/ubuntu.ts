import type { DistributionPreset, PresetArchive } from '../preset.ts'

/**
 * The releases under standard support, long-term ones only: an interim release leaves these servers for the
 * old-releases archive nine months after it came out (plucky and questing have).
 */
const releases = [
  { codename: 'jammy', title: 'Ubuntu 22.04 LTS (jammy)' },
  { codename: 'noble', title: 'Ubuntu 24.04 LTS (noble)' },
  { codename: 'resolute', title: 'Ubuntu 26.04 LTS (resolute)' },
] as const

const portsUri = 'http://ports.ubuntu.com/ubuntu-ports'

export const ubuntuPresets: readonly DistributionPreset[] = releases.map(({ codename, title }) => ({
  name: `ubuntu/${codename}`,
  title,
  archives: [
    archiveOf('ubuntu', 'http://archive.ubuntu.com/ubuntu', codename, 'release'),
    archiveOf('ubuntu-security', 'http://security.ubuntu.com/ubuntu', codename, 'security'),
    archiveOf('ubuntu-ports', portsUri, codename, 'release'),
    archiveOf('ubuntu-ports-security', portsUri, codename, 'security'),
  ],
  mergedUsr: true,
  base: 'required',
  exclude: [],
}))

function archiveOf(id: string, uri: string, codename: string, pocket: 'release' | 'security'): PresetArchive {
  return {
    id,
    uri,
    suites: pocket === 'security' ? [`${codename}-security`] : [codename, `${codename}-updates`],
    components: ['main', 'universe'],
    // archive.ubuntu.com and ports.ubuntu.com share one set of Release files, which lists the architectures of both.
    architectures: uri === portsUri ? ['arm64', 'armhf', 'ppc64el', 'riscv64', 's390x'] : ['amd64', 'i386'],
    keyring: 'ubuntu-archive',
    // One snapshot service holds all pockets and architectures under one path.
    snapshot: 'https://snapshot.ubuntu.com/ubuntu/{timestamp}',
    security: pocket === 'security',
  }
}
