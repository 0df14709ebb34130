import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { derivedFileName, type Lockfile, readLockfile } from '../../src/lockfile/index.ts'
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
  return lock.debs.map(deb => {
    const [archiveId] = deb.from.split('/')
    return { ...deb, path: [archiveId, deb.directory, deb.file ?? derivedFileName(deb)].join('/') }
  })
}

/** Locks the manifest against the recorded indexes, or the current ones where pinned debs have left the pool. */
export async function realProject(
  scratch: string,
  manifest: readonly string[],
  architecture = 'amd64',
): Promise<RealProject> {
  const folder = await mkdtemp(join(scratch, 'project-'))
  const head = ['manifest: 1', 'distribution: debian/bookworm']
  await writeFile(join(folder, 'aptroot.yaml'), `${[...head, ...manifest].join('\n')}\n`)
  for (const make of [frozenArchive, currentArchive]) {
    const archive = await make(await mkdtemp(join(scratch, 'served-')), [architecture])
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
