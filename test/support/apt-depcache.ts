import { execFile, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { scratchFolder } from './scratch.ts'

const run = promisify(execFile)
const python = '/usr/bin/python3'

/** What apt would install on an empty root: `name:architecture=version`; undefined when it gives up. */
export type AptAnswer = readonly string[] | undefined

/**
 * As `apt-get install`: everything asked for is marked first, then with its dependencies; what is broken then goes to
 * the problem resolver. `mark_install` gives the sets of `apt-get install -s` without the cost of ordering.
 */
const program = `
import json, sys, apt_pkg
apt_pkg.init()
cache = apt_pkg.Cache(None)
depcache = apt_pkg.DepCache(cache)
packages = [package for package in cache.packages if package.has_versions]
native = apt_pkg.config["APT::Architecture"]
for names in json.load(open(sys.argv[1])):
    depcache.init()
    wanted = [cache[(name, native)] for name in names]
    with apt_pkg.ActionGroup(depcache):
        for package in wanted: depcache.mark_install(package, False, True)
        for package in wanted: depcache.mark_install(package, True, True)
    failed = False
    if depcache.broken_count:
        fixer = apt_pkg.ProblemResolver(depcache)
        for package in wanted: fixer.protect(package)
        try: failed = not fixer.resolve(True)
        except Exception: failed = True
    failed = failed or depcache.broken_count > 0 or not all(depcache.marked_install(package) for package in wanted)
    chosen = [(package.name, depcache.get_candidate_ver(package)) for package in packages if depcache.marked_install(package)]
    print(json.dumps(None if failed else [f"{name}:{version.arch}={version.ver_str}" for name, version in chosen]))
`

const lists = [
  { archive: 'debian', suite: 'bookworm' },
  { archive: 'debian', suite: 'bookworm-updates' },
  { archive: 'debian-security', suite: 'bookworm-security' },
] as const

/** Why apt's answers cannot be had here, or undefined. */
export function missingForDepcache(): string | undefined {
  const installed = existsSync(python) && spawnSync(python, ['-c', 'import apt_pkg']).status === 0
  return installed ? undefined : 'python3-apt is not installed'
}

/**
 * Asks the apt of this host, with the recorded bookworm indexes of amd64, nothing installed and no Recommends. One
 * process answers all requests.
 *
 * @param frozenFolder holds `debian/` and `debian-security/`
 */
export async function askApt(
  frozenFolder: string,
  requests: readonly (readonly string[])[],
): Promise<readonly AptAnswer[]> {
  const folder = await scratchFolder()
  const state = join(folder, 'var/lib/apt/lists')
  for (const needed of [join(state, 'partial'), join(folder, 'var/cache/apt/archives/partial')])
    await mkdir(needed, { recursive: true })
  for (const needed of ['apt.conf.d', 'preferences.d', 'sources.list.d', 'trusted.gpg.d'])
    await mkdir(join(folder, 'etc/apt', needed), { recursive: true })
  for (const { archive, suite } of lists) {
    const dists = join(frozenFolder, archive, 'dists', suite)
    const prefix = `mirror.example.org_${archive}_dists_${suite}`
    await copyFile(join(dists, 'InRelease'), join(state, `${prefix}_InRelease`))
    await copyFile(join(dists, 'main/binary-amd64/Packages.xz'), join(state, `${prefix}_main_binary-amd64_Packages.xz`))
  }
  await writeFile(
    join(folder, 'etc/apt/sources.list'),
    lists.map(({ archive, suite }) => `deb http://mirror.example.org/${archive} ${suite} main\n`).join(''),
  )
  await writeFile(join(folder, 'status'), '')
  await writeFile(
    join(folder, 'apt.conf'),
    [
      `Dir "${folder}";`,
      `Dir::State::status "${folder}/status";`,
      'APT::Architecture "amd64";',
      'APT::Architectures { "amd64"; };',
      'APT::Install-Recommends "false";',
      '',
    ].join('\n'),
  )
  await writeFile(join(folder, 'requests.json'), JSON.stringify(requests))
  const { stdout } = await run(python, ['-c', program, join(folder, 'requests.json')], {
    env: { PATH: process.env.PATH, APT_CONFIG: join(folder, 'apt.conf'), LC_ALL: 'C.UTF-8' },
    maxBuffer: 2 ** 30,
  })
  const lines = stdout.split('\n').filter(line => line.startsWith('[') || line === 'null')
  return lines.map((line): AptAnswer => JSON.parse(line) ?? undefined)
}
