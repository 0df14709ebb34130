import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, cp, link, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The date at which signatures of the recorded indexes are judged: real ones expire. */
export const frozenAsOf = '2026-11-20T00:00:00Z'

/** A folder that a loopback mirror serves: `debian/` and `debian-security/` with `dists/` and, after `fetchRealDebs`, `pool/`. */
export interface RealArchive {
  readonly folder: string
  /** `frozen`: the recorded indexes; `current`: the signed lists of this host's mirror, because the pool moved on. */
  readonly state: 'frozen' | 'current'
  readonly asOf: string
}

export interface WantedDeb {
  readonly name: string
  readonly version: string
  readonly architecture: string
  readonly sha256: string
  /** Below the served folder: `debian/pool/main/b/bash/bash_….deb`. */
  readonly path: string
}

const suites = [
  { archive: 'debian', suite: 'bookworm' },
  { archive: 'debian', suite: 'bookworm-updates' },
  { archive: 'debian-security', suite: 'bookworm-security' },
] as const

const frozenFolder = process.env.APTROOT_TEST_ARCHIVE

/** Why tests on real Debian data cannot run here, or undefined. In CI that is a failure, elsewhere a loud skip. */
export function missingForRealData(): string | undefined {
  if (frozenFolder === undefined) return 'APTROOT_TEST_ARCHIVE does not name a folder with the signed bookworm indexes'
  if (!existsSync(join(frozenFolder, 'debian/dists/bookworm/InRelease')))
    return `no bookworm InRelease below ${frozenFolder}`
  if (!existsSync('/usr/bin/apt-get')) return 'apt-get is not installed'
  return undefined
}

/** Says loudly what is missing and returns true when the test has to be skipped; throws in CI. */
export function skippedForWantOf(missing: string | undefined): boolean {
  if (missing === undefined) return false
  if (process.env.CI !== undefined) throw new Error(`CI must not skip: ${missing}`)
  process.stderr.write(`\n*** SKIPPED: ${missing}\n`)
  return true
}

/** A fresh served folder with the recorded indexes. */
export async function frozenArchive(folder: string): Promise<RealArchive> {
  const missing = missingForRealData()
  if (missing !== undefined || frozenFolder === undefined) throw new Error(missing)
  await cp(frozenFolder, folder, { recursive: true })
  await run('chmod', ['-R', 'u+w', folder])
  return { folder, state: 'frozen', asOf: frozenAsOf }
}

/** A fresh served folder with the signed lists that this host's mirror has now, fetched by apt into a private state. */
export async function currentArchive(
  folder: string,
  architectures: readonly [string, ...string[]] = ['amd64'],
): Promise<RealArchive & { readonly aptEnvironment: NodeJS.ProcessEnv }> {
  const apt = await privateApt(`${folder}.apt`, architectures)
  // A mirror in the middle of a synchronisation lacks an index now and then; a suite that is whole is still good.
  const updated = await run('apt-get', ['-qq', 'update'], { env: apt.environment }).then(
    () => 'whole' as const,
    (error: Error) => error,
  )
  if (updated !== 'whole') await forgetIncompleteSuites(apt, architectures, updated)
  const { stdout } = await run(
    'apt-get',
    ['indextargets', '--format', '$(FILENAME)|$(METAKEY)|$(RELEASE)', 'Identifier: Packages'],
    {
      env: apt.environment,
    },
  )
  for (const line of stdout.trim().split('\n')) {
    const [listed = '', metaKey = '', suite = ''] = line.split('|')
    const entry = suites.find(each => each.suite === suite)
    if (entry === undefined) continue
    const dists = join(folder, entry.archive, 'dists', suite)
    await mkdir(dirname(join(dists, metaKey)), { recursive: true })
    await copyFile(listed.replace(/_main_binary-.*/, '_InRelease'), join(dists, 'InRelease'))
    const helper = await run('/usr/lib/apt/apt-helper', ['cat-file', listed], {
      encoding: 'buffer',
      maxBuffer: 2 ** 28,
    })
    await writeFile(join(dists, metaKey), helper.stdout)
  }
  return { folder, state: 'current', asOf: new Date().toISOString(), aptEnvironment: apt.environment }
}

/** @throws {Error} `cause` when no suite is whole */
async function forgetIncompleteSuites(apt: PrivateApt, architectures: readonly string[], cause: Error): Promise<void> {
  const files = await readdir(apt.lists)
  const releases = files.filter(file => file.endsWith('_InRelease')).map(file => file.slice(0, -'_InRelease'.length))
  const isWhole = (release: string) =>
    architectures.every(each => files.some(file => file.startsWith(`${release}_main_binary-${each}_Packages`)))
  const whole = releases.filter(isWhole)
  if (whole.length === 0) throw cause
  for (const file of files)
    if (file.includes('_dists_') && !whole.some(release => file.startsWith(`${release}_`)))
      await rm(join(apt.lists, file), { force: true })
}

/**
 * Puts the debs into the served folder, with `apt-get download` from this host's mirror where they are not kept from an
 * earlier run.
 *
 * @returns the debs that have left the mirror's pool; empty when all are served
 */
export async function fetchRealDebs(archive: RealArchive, debs: readonly WantedDeb[]): Promise<readonly WantedDeb[]> {
  const kept = join(process.env.APTROOT_TEST_DEBS ?? join(homedir(), '.cache/aptroot-test-debs'))
  await mkdir(kept, { recursive: true })
  const absent: WantedDeb[] = []
  for (const deb of debs) if (!(await hasDigest(join(kept, deb.sha256), deb.sha256))) absent.push(deb)
  if (absent.length > 0) await downloadWithApt(archive, absent, kept)

  const gone: WantedDeb[] = []
  for (const deb of debs) {
    const served = join(archive.folder, deb.path)
    if (existsSync(served)) continue
    if (!existsSync(join(kept, deb.sha256))) {
      gone.push(deb)
      continue
    }
    await mkdir(dirname(served), { recursive: true })
    await link(join(kept, deb.sha256), served).catch(() => copyFile(join(kept, deb.sha256), served))
  }
  return gone
}

async function downloadWithApt(archive: RealArchive, debs: readonly WantedDeb[], kept: string): Promise<void> {
  const folder = `${archive.folder}.apt`
  const architectures = [...new Set(debs.map(deb => deb.architecture))].filter(each => each !== 'all').sort()
  const [first = 'amd64', ...others] = architectures
  const apt = await privateApt(folder, [first, ...others])
  if (archive.state === 'frozen') await useFrozenLists(apt, [first, ...others])
  else await run('apt-get', ['-qq', 'update'], { env: apt.environment })
  const target = join(folder, 'downloads')
  await mkdir(target, { recursive: true })
  // One unavailable file ends the whole command, so a failed batch is tried again one by one.
  for (let at = 0; at < debs.length; at += 50) {
    const batch = debs.slice(at, at + 50)
    const names = batch.map(
      deb => `${deb.name}:${deb.architecture === 'all' ? 'all' : deb.architecture}=${deb.version}`,
    )
    const together = await run('apt-get', ['-q', 'download', ...names.map(withoutAll)], {
      cwd: target,
      env: apt.environment,
    }).catch(() => undefined)
    if (together === undefined) {
      for (const name of names)
        await run('apt-get', ['-q', 'download', withoutAll(name)], { cwd: target, env: apt.environment }).catch(
          () => undefined,
        )
    }
  }
  const wanted = new Set(debs.map(deb => deb.sha256))
  for (const file of await readdir(target)) {
    const path = join(target, file)
    const digest = createHash('sha256')
      .update(await readFile(path))
      .digest('hex')
    if (wanted.has(digest)) await copyFile(path, join(kept, digest))
  }
  await rm(folder, { recursive: true, force: true })
}

/** apt-get does not accept `name:all`. */
function withoutAll(name: string): string {
  return name.replace(':all=', '=')
}

interface PrivateApt {
  readonly lists: string
  readonly environment: NodeJS.ProcessEnv
}

/** An apt with its own lists, caches and empty status, but this host's sources. */
async function privateApt(
  folder: string,
  architectures: readonly [string, ...string[]] = ['amd64'],
): Promise<PrivateApt> {
  await rm(folder, { recursive: true, force: true })
  const lists = join(folder, 'state/lists')
  await mkdir(join(lists, 'partial'), { recursive: true })
  await mkdir(join(folder, 'cache/archives/partial'), { recursive: true })
  await writeFile(join(folder, 'status'), '')
  const lines = [
    `Dir::State "${folder}/state";`,
    `Dir::State::status "${folder}/status";`,
    `Dir::Cache "${folder}/cache";`,
    'APT::Sandbox::User "root";',
    `APT::Architecture "${architectures[0]}";`,
    `APT::Architectures { ${architectures.map(each => `"${each}";`).join(' ')} };`,
    'APT::Install-Recommends "false";',
  ]
  await writeFile(join(folder, 'apt.conf'), `${lines.join('\n')}\n`)
  return { lists, environment: { ...process.env, APT_CONFIG: join(folder, 'apt.conf'), LC_ALL: 'C.UTF-8' } }
}

/** Gives the recorded indexes to apt under the file names that it expects for this host's mirror. */
async function useFrozenLists(apt: PrivateApt, architectures: readonly string[]): Promise<void> {
  // apt names only what it has lists of: those of this host.
  const { stdout } = await run('apt-get', [
    'indextargets',
    '--format',
    '$(FILENAME)|$(RELEASE)',
    'Identifier: Packages',
  ])
  for (const line of stdout.trim().split('\n')) {
    const [listed = '', suite = ''] = line.split('|')
    const entry = suites.find(each => each.suite === suite)
    if (entry === undefined || frozenFolder === undefined || !listed.includes('_main_binary-amd64_')) continue
    const dists = join(frozenFolder, entry.archive, 'dists', suite)
    const name = basename(listed).replace(/_Packages.*$/, '_Packages')
    await copyFile(join(dists, 'InRelease'), join(apt.lists, name.replace(/_main_binary-.*/, '_InRelease')))
    for (const architecture of architectures) {
      const its = name.replace('_main_binary-amd64_', `_main_binary-${architecture}_`)
      await copyFile(join(dists, `main/binary-${architecture}/Packages.xz`), join(apt.lists, `${its}.xz`))
    }
  }
}

async function hasDigest(path: string, sha256: string): Promise<boolean> {
  if (!(await stat(path).catch(() => undefined))) return false
  return (
    createHash('sha256')
      .update(await readFile(path))
      .digest('hex') === sha256
  )
}
