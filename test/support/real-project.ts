import assert from 'node:assert/strict'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { derivedFileName, type Lockfile, ownDebsOrigin, readLockfile } from '../../src/lockfile/index.ts'
import { type ProgramResult, runAptroot } from './aptroot-program.ts'
import { type LoopbackMirror, startMirror } from './loopback-mirror.ts'
import { currentArchive, fetchRealDebs, frozenArchive, type RealArchive, type WantedDeb } from './real-archive.ts'

/** A project with a lock of real bookworm, and a loopback mirror that has all of its debs. */
export interface RealProject {
  readonly folder: string
  readonly archive: RealArchive
  readonly mirror: LoopbackMirror
  /** Runs the built program in the project; fails unless it ends with 0. */
  run(...commandLine: readonly string[]): Promise<ProgramResult>
}

/** The archive of a manifest's id, as `test/support/real-archive.ts` serves it. */
export function wantedDebs(lock: Lockfile): readonly WantedDeb[] {
  return lock.debs
    .filter(deb => deb.from !== ownDebsOrigin)
    .map(deb => {
      const [archiveId] = deb.from.split('/')
      return { ...deb, path: [archiveId, deb.directory, deb.file ?? derivedFileName(deb)].join('/') }
    })
}

/** The least in which maintainer scripts run: what every Debian has. */
export const essentialRoot: readonly string[] = [
  'architectures: [amd64]',
  'base: essential',
  'packages: [usr-is-merged]',
  'exclude: [usrmerge]',
]

export interface RealProjectChoice {
  /** Beside the manifest, by name. */
  readonly files?: Readonly<Record<string, Uint8Array>>
}

/** Locks the manifest against the recorded indexes, or the current ones where pinned debs have left the pool. */
export async function realProject(
  scratch: string,
  manifest: readonly string[],
  { files = {} }: RealProjectChoice = {},
): Promise<RealProject> {
  const folder = await mkdtemp(join(scratch, 'project-'))
  const head = ['manifest: 1', 'distribution: debian/bookworm']
  await writeFile(join(folder, 'aptroot.yaml'), `${[...head, ...manifest].join('\n')}\n`)
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes)
  return await lockRealProject(scratch, folder, ['amd64'])
}

const examples = join(process.cwd(), 'examples')

/**
 * A copy of a checked-in example. With `archive.state` `frozen` its lock is the checked-in one: a change of what `lock update` makes of the
 * recorded indexes fails here.
 */
export async function exampleProject(
  scratch: string,
  name: string,
  architectures: readonly [string, ...string[]] = ['amd64'],
): Promise<RealProject> {
  const folder = join(scratch, name)
  await cp(join(examples, name), folder, { recursive: true })
  const project = await lockRealProject(scratch, folder, architectures)
  if (project.archive.state === 'frozen')
    assert.equal(
      await readFile(join(folder, 'aptroot.lock'), 'utf8'),
      await readFile(join(examples, name, 'aptroot.lock'), 'utf8'),
    )
  return project
}

/** Builds an example; what that prints of outputs and digests has to be on its page. */
export async function installExample(project: RealProject, name: string): Promise<void> {
  const { output } = await project.run('lock', 'install')
  const printed = output.split('\n').filter(line => /^Wrote |, tree sha256:/.test(line))
  assert.ok(printed.length >= 2, output)
  if (project.archive.state === 'current') {
    process.stderr.write(
      `\n*** the digests of examples/${name} could not be compared: debs of its lock have left the pool\n`,
    )
    return
  }
  const page = (await readFile(join(examples, name, 'README.md'), 'utf8')).split('\n')
  const unstated = printed.filter(line => !page.includes(line))
  assert.deepEqual(unstated, [], `examples/${name}/README.md does not show what was printed`)
}

async function lockRealProject(
  scratch: string,
  folder: string,
  architectures: readonly [string, ...string[]],
): Promise<RealProject> {
  for (const make of [frozenArchive, currentArchive]) {
    const archive = await make(await mkdtemp(join(scratch, 'served-')), architectures)
    const mirror = await startMirror({ folder: archive.folder })
    const run = async (...commandLine: readonly string[]): Promise<ProgramResult> => {
      const result = await runAptroot(commandLine, {
        folder,
        environment: {
          APTROOT_STORE: join(scratch, 'store'),
          APTROOT_MIRRORS: `debian=${mirror.url}/debian debian-security=${mirror.url}/debian-security`,
        },
      })
      assert.equal(result.exitCode, 0, result.errorOutput + result.output)
      return result
    }
    await run('lock', 'update', '--as-of', archive.asOf)
    const lock = await readLockfile(await readFile(join(folder, 'aptroot.lock'), 'utf8'), 'aptroot.lock')
    const gone = await fetchRealDebs(archive, wantedDebs(lock))
    if (gone.length === 0) return { folder, archive, mirror, run }
    process.stderr.write(`\n*** ${gone.length} pinned debs have left the pool: the current signed lists are used\n`)
    await mirror.close()
    await rm(join(folder, 'aptroot.lock'))
  }
  return assert.fail('the current lists name debs that their own pool does not have')
}
