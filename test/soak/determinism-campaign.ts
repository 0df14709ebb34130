import { execFileSync, spawn } from 'node:child_process'
import { chown, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { runAptroot } from '../support/aptroot-program.ts'
import { forgetBuilds } from '../support/forgotten-builds.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { listTar } from '../support/tar-listing.ts'
import type { Campaign, CampaignPlace } from './campaign.ts'
import { type Conditions, pairwiseRows, rowsOfBuilders } from './determinism-rows.ts'

/** Sets whose scripts make keys, databases, caches, catalogs and initramfs images. */
const packageSets: Readonly<Record<string, string>> = {
  'ssl-cert': 'ssl-cert',
  'openssh-server': 'openssh-server',
  postgresql: 'postgresql',
  'man-db': 'man-db, manpages',
  python3: 'python3, python3-yaml',
  kernel: 'systemd, systemd-sysv, linux-image-amd64, initramfs-tools',
  openjdk: 'openjdk-17-jre-headless',
  nginx: 'nginx',
  apache2: 'apache2',
  php: 'php',
  mariadb: 'mariadb-server',
  dbus: 'dbus, dbus-user-session',
  fontconfig: 'fontconfig, fonts-dejavu-core',
  'java-certificates': 'default-jre-headless, ca-certificates-java',
  bind9: 'bind9',
  cron: 'cron, rsyslog, logrotate',
  postfix: 'postfix',
  docbook: 'docbook-xml, xml-core, sgml-base',
  desktop: 'shared-mime-info, hicolor-icon-theme, libgdk-pixbuf-2.0-0, libglib2.0-bin',
  emacs: 'emacs-nox, elpa-markdown-mode',
  texlive: 'texlive-latex-base',
  mono: 'mono-runtime, libmono-cil-dev',
  gtk: 'libgtk-3-bin, adwaita-icon-theme, gtk-update-icon-cache, dconf-gsettings-backend',
  polkit: 'polkitd, udev, chrony, sudo',
}

/** Their scripts fail without /proc/self/fd or /proc/self/exe, which a chroot does not have. */
const needProc = ['emacs', 'mono']

const program = join(process.cwd(), 'bin/aptroot.js')
const nobody = { userId: 65_534, groupId: 65_534 }

/**
 * Real bookworm from the mirror that this host's apt uses: each set of packages is built under conditions of which each pair occurs, and has
 * to have one digest. `match` names a set; `part` leaves out rows, but never the first, and with 0 each builder builds once.
 */
export const determinismCampaign: Campaign = async place => {
  if (process.getuid?.() !== 0)
    return { cases: 0, table: ['SKIPPED: only root can become another user and enter a chroot'], complaints: [] }
  const random = seededRandom(place.seed)
  const table: string[] = []
  const complaints: string[] = []
  let cases = 0
  for (const [name, packages] of Object.entries(packageSets)) {
    if (!name.includes(place.match)) continue
    const project = await lockedSet(place.scratch, name, packages)
    const isPossible = (row: Conditions) => row.builder !== 'chroot' || !needProc.includes(name)
    const few = rowsOfBuilders().filter(isPossible)
    const rows =
      place.part === 0
        ? few
        : pairwiseRows(isPossible).filter((_, at) => at === 0 || random.below(1_000_000) < place.part * 1_000_000)
    const built: Built[] = []
    for (const row of rows) {
      const result = await buildUnder(row, project, place)
      built.push(result)
      cases++
      const line = `${name.padEnd(18)} ${result.digest.slice(0, 16)} ${String(result.seconds).padStart(4)} s  ${Object.values(row).join(', ')}`
      table.push(line)
      place.say(line)
    }
    complaints.push(...built.flatMap(each => each.complaints.map(what => `${name}: ${what}`)))
    const [first, ...others] = built
    for (const other of others) {
      if (first === undefined || other.digest === first.digest) continue
      const differing = [...new Set([...first.listing.keys(), ...other.listing.keys()])].filter(
        path => first.listing.get(path) !== other.listing.get(path),
      )
      complaints.push(
        `${name}: ${other.digest} under ${Object.values(other.row).join(', ')}: ${differing.slice(0, 20).join(' ')}`,
      )
    }
    await rm(project.folder, { recursive: true, force: true })
  }
  return { cases, table: [`${cases} builds, ${complaints.length} complaints`], complaints }
}

export interface LockedSet {
  readonly folder: string
  /** Has all debs, unpacked, and nothing that is configured. */
  readonly store: string
}

async function lockedSet(scratch: string, name: string, packages: string): Promise<LockedSet> {
  const folder = await mkdtemp(join(scratch, `set-${name}-`))
  const store = process.env.APTROOT_SOAK_STORE ?? join(scratch, 'determinism-store')
  const manifest = [
    'manifest: 1',
    'distribution: debian/bookworm',
    'architectures: [amd64]',
    'base: required',
    `packages: [usr-is-merged, ${packages}]`,
    'exclude: [usrmerge]',
  ]
  await writeFile(join(folder, 'aptroot.yaml'), `${manifest.join('\n')}\n`)
  for (const line of [
    ['lock', 'update'],
    ['lock', 'install', '--fetch-only'],
  ]) {
    const result = await runAptroot(line, { folder, environment: { APTROOT_STORE: store } })
    if (result.exitCode !== 0) throw new Error(`${name}: ${result.errorOutput}`)
  }
  return { folder, store }
}

export interface Built {
  readonly row: Conditions
  readonly digest: string
  readonly seconds: number
  readonly listing: ReadonlyMap<string, string>
  readonly complaints: readonly string[]
}

/** Configures a locked set under such conditions, from a copy of its store. This process is root. */
export async function buildUnder(
  row: Conditions,
  set: LockedSet,
  { scratch }: Pick<CampaignPlace, 'scratch'>,
): Promise<Built> {
  const place = await mkdtemp(join(scratch, 'row-'))
  const memory = await mkdtemp('/dev/shm/aptroot-determinism-')
  try {
    const project = join(place, row.folder === 'short' ? 'p' : `${row.folder} ${'and deeper/'.repeat(5)}`)
    const store = join(place, 'store')
    const temporary = join(row.disk === 'tmpfs' ? memory : place, 'temporary')
    await mkdir(dirname(project), { recursive: true })
    await cp(set.folder, project, { recursive: true })
    await mkdir(temporary)
    // Hard links: the store only reads what it has. What was configured must be configured again.
    execFileSync('cp', ['-al', set.store, store])
    await forgetBuilds(store)
    const isOrdinary = row.builder === 'ordinary user'
    if (isOrdinary) {
      execFileSync('chmod', ['711', scratch, place, memory])
      execFileSync('chown', ['-R', `${nobody.userId}:${nobody.groupId}`, project, temporary])
      // Only the folders: the files belong to all rows.
      execFileSync('find', [store, '-type', 'd', '-exec', 'chown', `${nobody.userId}:${nobody.groupId}`, '{}', '+'])
      await chown(place, nobody.userId, nobody.groupId)
    }
    const start = performance.now()
    const words = ['lock', 'install', '--offline', '--output', join(project, 'rootfs.tar')]
    if (row.builder === 'chroot') words.push('--sandbox', 'chroot')
    const run = (killedAfterMilliseconds: number | undefined) =>
      runUnder(row, { words, project, store, temporary, place, killedAfterMilliseconds })
    if (row.course === 'killed and resumed') await run(8000)
    const { code, text } = await run(undefined)
    const digest = /tree sha256:([0-9a-f]{64})/.exec(text)?.[1] ?? `none (exit code ${code}: ${text.slice(-300)})`
    const listing = new Map<string, string>()
    const complaints: string[] = []
    if (code === 0) {
      const tar = join(project, 'rootfs.tar')
      for (const [path, facts] of await listTar(tar)) listing.set(path, JSON.stringify(facts))
      if (row.builder === 'root') complaints.push(...secretsIn(tar))
    } else complaints.push(`no digest under ${Object.values(row).join(', ')}: ${text.slice(-500)}`)
    return { row, digest, seconds: Math.round((performance.now() - start) / 1000), listing, complaints }
  } finally {
    for (const folder of [place, memory]) await rm(folder, { recursive: true, force: true })
  }
}

interface Run {
  readonly words: readonly string[]
  readonly project: string
  readonly store: string
  readonly temporary: string
  readonly place: string
  readonly killedAfterMilliseconds: number | undefined
}

/** Another /etc for the time of one process, in a mount namespace: the host's stays as it is. */
const asNobody = `mount --bind "$1" /etc || exit 99; shift
exec setpriv --reuid=${nobody.userId} --regid=${nobody.groupId} --clear-groups "$@"`

async function runUnder(row: Conditions, run: Run): Promise<{ readonly code: number; readonly text: string }> {
  const [zone = '', locale = ''] = row.locale.split(' ')
  const line: string[] = ['sh', '-c', `umask ${row.umask}; exec "$@"`, 'sh', process.execPath, program, ...run.words]
  if (row.processors === 'one') line.unshift('taskset', '--cpu-list', '0')
  if (row.builder === 'ordinary user') {
    const etc = join(run.place, 'etc')
    await mkdir(etc, { recursive: true })
    for (const name of ['passwd', 'group', 'nsswitch.conf', 'ld.so.cache', 'ld.so.conf'])
      await cp(join('/etc', name), join(etc, name)).catch(() => undefined)
    for (const name of ['subuid', 'subgid']) await writeFile(join(etc, name), 'nobody:200000:65536\n')
    line.unshift('unshare', '--mount', 'sh', '-c', asNobody, 'sh', etc)
  }
  const [first = '', ...rest] = line
  const child = spawn(first, rest, {
    cwd: run.project,
    env: {
      PATH: `${dirname(process.execPath)}:/usr/sbin:/usr/bin:/sbin:/bin`,
      HOME: run.place,
      TMPDIR: run.temporary,
      APTROOT_STORE: run.store,
      TZ: zone,
      LANG: locale,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let text = ''
  for (const pipe of [child.stdout, child.stderr])
    pipe.on('data', chunk => {
      text += chunk
    })
  const kill = () => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  }
  const timer = run.killedAfterMilliseconds === undefined ? undefined : setTimeout(kill, run.killedAfterMilliseconds)
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', status => resolve(status ?? 137))
  })
  clearTimeout(timer)
  return { code, text }
}

/** Private keys, ids and seeds have names or a form; tar and grep know both. */
function secretsIn(tar: string): readonly string[] {
  // Programs that read keys hold the words, but not as a line.
  const script = `tar -xOf "$1" 2>/dev/null | grep -acE -- '^-----BEGIN [A-Z ]*PRIVATE KEY-----$' || true
    tar -tf "$1" | grep -E '(^|/)(random-seed|credential\\.secret|ssh_host_.*_key|var/lib/dbus/machine-id)$' || true
    tar -xOf "$1" etc/machine-id 2>/dev/null || tar -xOf "$1" ./etc/machine-id 2>/dev/null || true`
  const said = execFileSync('sh', ['-c', script, 'sh', tar], { encoding: 'utf8' }).trim()
  return said === '0' ? [] : [`the image holds secrets or ids: ${said.slice(0, 300)}`]
}
