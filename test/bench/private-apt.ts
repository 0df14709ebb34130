import { execFileSync } from 'node:child_process'
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Contender } from './measure.ts'

const suites = [
  { archive: 'debian', suite: 'bookworm' },
  { archive: 'debian', suite: 'bookworm-updates' },
  { archive: 'debian-security', suite: 'bookworm-security' },
] as const

/** The peers' apt: own lists, caches and an empty dpkg status; nothing of this host's configuration. */
export interface PrivateApt {
  readonly folder: string
  readonly environment: NodeJS.ProcessEnv
  /** As after `apt-get clean` and the removal of all lists. */
  forget(): Promise<void>
}

/**
 * @param served holds `debian/` and `debian-security/`
 * @param lists `recorded`: the served indexes are in place already, as `apt-get update` would have left them; `none`: not yet
 */
export async function privateApt(
  folder: string,
  served: { readonly folder: string; readonly url: string },
  choice: { readonly lists: 'recorded' | 'none'; readonly recommends: 'install' | 'skip' },
): Promise<PrivateApt> {
  const lists = join(folder, 'var/lib/apt/lists')
  const cache = join(folder, 'var/cache/apt')
  const forget = async (): Promise<void> => {
    for (const each of [lists, cache]) await rm(each, { recursive: true, force: true })
    for (const each of [join(lists, 'partial'), join(cache, 'archives/partial')]) await mkdir(each, { recursive: true })
  }
  await forget()
  for (const each of ['apt.conf.d', 'preferences.d', 'sources.list.d', 'trusted.gpg.d'])
    await mkdir(join(folder, 'etc/apt', each), { recursive: true })
  if (choice.lists === 'recorded')
    for (const { archive, suite } of suites) {
      const dists = join(served.folder, archive, 'dists', suite)
      const prefix = `${served.url.replace(/^http:\/\//, '')}_${archive}_dists_${suite}`
      await copyFile(join(dists, 'InRelease'), join(lists, `${prefix}_InRelease`))
      const packages = join(dists, 'main/binary-amd64/Packages.xz')
      // Uncompressed, as `apt-get update` leaves them: from xz each record that -s prints costs a decompression.
      const stored = join(lists, `${prefix}_main_binary-amd64_Packages`)
      await writeFile(stored, execFileSync('xz', ['-dc', packages], { maxBuffer: 2 ** 28 }))
    }
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
  await writeFile(
    join(folder, 'etc/apt/sources.list'),
    suites.map(each => `deb [signed-by=${keyring}] ${served.url}/${each.archive} ${each.suite} main\n`).join(''),
  )
  await writeFile(join(folder, 'status'), '')
  const lines = [
    `Dir "${folder}";`,
    `Dir::State::status "${folder}/status";`,
    'APT::Architecture "amd64";',
    'APT::Architectures { "amd64"; };',
    `APT::Install-Recommends "${choice.recommends === 'install'}";`,
    'APT::Sandbox::User "root";',
    'Acquire::Languages "none";',
    // The recorded signatures are real ones, and their Valid-Until passes.
    'Acquire::Check-Valid-Until "false";',
  ]
  await writeFile(join(folder, 'apt.conf'), `${lines.join('\n')}\n`)
  return {
    folder,
    environment: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', APT_CONFIG: join(folder, 'apt.conf'), LC_ALL: 'C.UTF-8' },
    forget,
  }
}

/** `mark_install` as apt-get does it, without the cost of ordering: the cheapest way to ask apt for a set. */
const depcacheProgram = `
import sys, apt_pkg
apt_pkg.init()
cache = apt_pkg.Cache(None)
depcache = apt_pkg.DepCache(cache)
wanted = [cache[(name, "amd64")] for name in sys.argv[1:]]
with apt_pkg.ActionGroup(depcache):
    for package in wanted: depcache.mark_install(package, False, True)
    for package in wanted: depcache.mark_install(package, True, True)
if depcache.broken_count:
    fixer = apt_pkg.ProblemResolver(depcache)
    for package in wanted: fixer.protect(package)
    fixer.resolve(True)
if depcache.broken_count: sys.exit("broken")
for package in cache.packages:
    if depcache.marked_install(package):
        print("Inst", package.name, "(" + depcache.get_candidate_ver(package).ver_str)
`

export function depcacheOf(apt: PrivateApt, wanted: readonly string[]): Contender {
  return {
    label: 'python3-apt depcache',
    commandLine: ['/usr/bin/python3', '-c', depcacheProgram, ...wanted],
    folder: apt.folder,
    environment: apt.environment,
  }
}

export function simulationOf(apt: PrivateApt, wanted: readonly string[]): Contender {
  return {
    label: 'apt-get -s install',
    commandLine: ['apt-get', '-s', 'install', ...wanted],
    folder: apt.folder,
    environment: apt.environment,
  }
}

/** `name=version` of every package that apt would install. */
export function chosenBy(output: string): ReadonlySet<string> {
  const lines = output.matchAll(/^Inst (\S+?)(?::\S+)? \((\S+)/gm)
  return new Set([...lines].map(([, name, version]) => `${name}=${version}`))
}
