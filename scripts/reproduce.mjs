#!/usr/bin/env node
// The same lock gives the same bytes anywhere: examples/quickstart is locked and built in surroundings that differ in time zone, locale,
// umask, folder, home, build date and user, each time with an empty store. Prints a table; exit code 1 when one lock, tree or tar differs.
//
// node scripts/reproduce.mjs [PACKAGE-FOLDER]     (npm run reproduce builds the program before)
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, chown, cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const packageFolder = resolve(process.argv[2] ?? root)
const example = join(root, 'examples/quickstart')
const nobody = 65534
// The running program ends on Ctrl-C and this one then as well, but not before it has tidied up.
process.on('SIGINT', () => undefined)

const plain = { environment: { TZ: 'UTC', LC_ALL: 'C.UTF-8' }, umask: 0o022, folder: 'plain', user: undefined }
const surroundings = [
  { name: 'as usual', ...plain },
  // 14 hours ahead of UTC is another day for most of ours; St. John's has an offset that is no whole hour.
  { name: 'TZ=Pacific/Kiritimati', ...plain, environment: { ...plain.environment, TZ: 'Pacific/Kiritimati' } },
  { name: 'TZ=America/St_Johns', ...plain, environment: { ...plain.environment, TZ: 'America/St_Johns' } },
  // Turkish has two letters i, Czech sorts ch after h.
  { name: 'LC_ALL=tr_TR.UTF-8', ...plain, environment: { TZ: 'UTC', LC_ALL: 'tr_TR.UTF-8' } },
  { name: 'LANG=cs_CZ.UTF-8', ...plain, environment: { TZ: 'UTC', LANG: 'cs_CZ.UTF-8' } },
  { name: 'no TZ, no locale', ...plain, environment: {} },
  { name: 'umask 077', ...plain, umask: 0o077 },
  { name: 'umask 000', ...plain, umask: 0 },
  { name: 'another folder', ...plain, folder: 'deep/er/with blanks & ünïcödé' },
  { name: 'HOME=/nonexistent', ...plain, environment: { ...plain.environment, HOME: '/nonexistent' } },
  { name: 'SOURCE_DATE_EPOCH=1', ...plain, environment: { ...plain.environment, SOURCE_DATE_EPOCH: '1' } },
  { name: 'user nobody', ...plain, user: nobody },
  {
    name: 'all of it',
    environment: { TZ: 'Asia/Kathmandu', LC_ALL: 'tr_TR.UTF-8', HOME: '/nonexistent', SOURCE_DATE_EPOCH: '1' },
    umask: 0o077,
    folder: 'all of it/ß',
    user: nobody,
  },
]

class Broken extends Error {}

const temporary = await mkdtemp(join(tmpdir(), 'aptroot-reproduce-'))
try {
  // Another user must reach the program and the archive, wherever the checkout is.
  await chmod(temporary, 0o755)
  await copyProgram()
  await cp(join(root, 'fixtures/archive'), join(temporary, 'archive'), { recursive: true })
  spawnSync('chmod', ['-R', 'a+rX', temporary])

  const unable = whyNobodyCannotBuild()
  const rows = []
  for (const [index, surrounding] of surroundings.entries()) {
    if (surrounding.user !== undefined && unable !== undefined) rows.push({ ...surrounding, skipped: unable })
    else rows.push({ ...surrounding, bytes: await build(surrounding, join(temporary, `${index}`)) })
  }
  report(rows)
} catch (error) {
  if (!(error instanceof Broken)) throw error
  console.error(`reproduce: ${error.message}`)
  process.exitCode = 1
} finally {
  await rm(temporary, { recursive: true, force: true })
}

async function copyProgram() {
  for (const name of ['package.json', 'oclif.manifest.json', 'bin', 'dist', 'schema']) {
    const from = join(packageFolder, name)
    if (existsSync(from)) await cp(from, join(temporary, 'program', name), { recursive: true })
  }
}

/** @returns why builds as another user have to be left out, or undefined when they need not */
function whyNobodyCannotBuild() {
  if (process.getuid?.() !== 0) return 'only root can become another user'
  const program = join(temporary, 'program/bin/aptroot.js')
  const { status, error } = spawnSync(process.execPath, [program, '--version'], {
    cwd: '/',
    env: {},
    uid: nobody,
    gid: nobody,
  })
  if (status === 0) return undefined
  const reason = `user nobody cannot run Node or the program (${error?.code ?? `exit code ${status}`})`
  if (process.env.CI === 'true') throw new Broken(reason)
  return reason
}

/** Locks and builds the example. @returns label to sha256, of everything that was made */
async function build({ name, environment, umask, folder, user }, place) {
  const project = join(place, folder)
  const before = process.umask(umask)
  try {
    await mkdir(project, { recursive: true })
    for (const part of ['aptroot.yaml', 'keys']) await cp(join(example, part), join(project, part), { recursive: true })
  } finally {
    process.umask(before)
  }
  if (user !== undefined) for (const path of [place, ...(await pathsBelow(place))]) await chown(path, user, user)

  const archives = pathToFileURL(join(temporary, 'archive')).href
  const mirrors = ['--mirror', `demo=${archives}/demo`, '--mirror', `demo-security=${archives}/demo-security`]
  const run = words => {
    const outer = process.umask(umask)
    const { status, stdout, stderr, error } = spawnSync(
      process.execPath,
      [join(temporary, 'program/bin/aptroot.js'), ...words, ...mirrors],
      {
        cwd: project,
        env: { PATH: process.env.PATH ?? '', HOME: project, ...environment, APTROOT_STORE: join(project, 'store') },
        encoding: 'utf8',
        ...(user === undefined ? {} : { uid: user, gid: user }),
      },
    )
    process.umask(outer)
    if (error !== undefined) throw error
    if (status !== 0) throw new Broken(`${name}: aptroot ${words.join(' ')} ended with exit code ${status}\n${stderr}`)
    return stdout
  }

  run(['lock', 'update'])
  const installed = run(['lock', 'install'])
  const bytes = new Map([['lock', await sha256Of(join(project, 'aptroot.lock'))]])
  for (const [, architecture, digest] of installed.matchAll(/^(\S+): .*tree sha256:([0-9a-f]{64})$/gm)) {
    bytes.set(`tree ${architecture}`, digest)
    bytes.set(`tar ${architecture}`, await sha256Of(join(project, 'out', architecture, 'rootfs.tar')))
  }
  if (bytes.size !== 5) throw new Broken(`${name}: expected two trees, aptroot lock install printed:\n${installed}`)
  return bytes
}

/** Prints the table; the first row is what the others are compared with. */
function report(rows) {
  const [usual] = rows
  const labels = [...usual.bytes.keys()]
  console.log(['surroundings'.padEnd(24), ...labels.map(label => label.padEnd(12))].join(' ').trimEnd())
  const differing = []
  for (const { name, bytes, skipped } of rows) {
    const differs = labels.filter(label => bytes !== undefined && bytes.get(label) !== usual.bytes.get(label))
    if (differs.length > 0) differing.push(`${name}: ${differs.join(', ')}`)
    const cells = labels.map(label =>
      `${bytes?.get(label).slice(0, 10)}${differs.includes(label) ? '!' : ''}`.padEnd(12),
    )
    console.log([name.padEnd(24), ...(bytes === undefined ? [`SKIPPED: ${skipped}`] : cells)].join(' ').trimEnd())
  }
  const compared = rows.filter(({ bytes }) => bytes !== undefined).length
  if (differing.length > 0) throw new Broken(`other bytes than as usual\n  ${differing.join('\n  ')}`)
  console.log(`\n${compared} of ${rows.length} surroundings were built in and gave the same bytes.`)
}

async function pathsBelow(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.map(entry => join(entry.parentPath, entry.name))
}

async function sha256Of(path) {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
}
