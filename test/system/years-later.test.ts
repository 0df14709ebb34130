import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { readLockfile } from '../../src/lockfile/index.ts'
import { type ProgramResult, runAptroot } from '../support/aptroot-program.ts'
import { startMirror } from '../support/loopback-mirror.ts'
import {
  currentArchive,
  fetchRealDebs,
  frozenArchive,
  missingForRealData,
  type RealArchive,
  skippedForWantOf,
} from '../support/real-archive.ts'
import { wantedDebs } from '../support/real-project.ts'

/** A whole process five years ahead: what tells the program the time is Date, here as in any other run. */
const fiveYearsAhead = `const ahead = 5 * 365 * 24 * 3600 * 1000
const RealDate = Date
globalThis.Date = class extends RealDate {
  constructor(...given) { given.length === 0 ? super(RealDate.now() + ahead) : super(...given) }
  static now() { return RealDate.now() + ahead }
}
`

const ids = ['debian', 'debian-security']

/** The names of the archives lead nowhere (RFC 2606): all there is are the servers that the settings name. */
const manifest = `manifest: 1
architectures: [amd64]
archives:
  - {id: debian, uri: "http://archive.invalid/debian", suites: [bookworm, bookworm-updates], components: [main], signed-by: debian-archive}
  - {id: debian-security, uri: "http://archive.invalid/debian-security", suites: [bookworm-security], components: [main], signed-by: debian-archive}
base: none
packages: [bash]
image: {configure: none, outputs: [{format: tar, path: out/rootfs.tar}]}
`

describe.skipIf(skippedForWantOf(missingForRealData()))('a lock of real bookworm, five years later', () => {
  let scratch = ''
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'aptroot-years-'))
  })
  afterAll(() => rm(scratch, { recursive: true, force: true }))

  async function projectIn(name: string, ...files: readonly (readonly [string, string | Buffer])[]): Promise<string> {
    const folder = join(scratch, name)
    await mkdir(folder)
    for (const [file, content] of files) await writeFile(join(folder, file), content)
    return folder
  }

  function addresses(url: string, path = '/ID'): string {
    return ids.map(id => `${id}=${url}${path.replace('ID', id)}`).join(' ')
  }

  async function lockedToday(): Promise<{
    folder: string
    archive: RealArchive
    environment: Record<string, string>
    close(): Promise<void>
  }> {
    for (const make of [frozenArchive, currentArchive]) {
      const archive = await make(await mkdtemp(join(scratch, 'served-')))
      const mirror = await startMirror({ folder: archive.folder })
      const folder = await projectIn(`today-${archive.state}`, ['aptroot.yaml', manifest])
      const environment = {
        APTROOT_STORE: join(scratch, 'store'),
        APTROOT_MIRRORS: addresses(mirror.url),
        APTROOT_LAUNCHPAD: 'none',
      }
      succeeded(await runAptroot(['lock', 'update', '--as-of', archive.asOf], { folder, environment }))
      const lock = await readLockfile(await readFile(join(folder, 'aptroot.lock'), 'utf8'), 'aptroot.lock')
      if ((await fetchRealDebs(archive, wantedDebs(lock))).length === 0)
        return { folder, archive, environment, close: () => mirror.close() }
      await mirror.close()
    }
    return assert.fail('the current lists name debs that their own pool does not have')
  }

  test('gives the same bytes from a snapshot alone: mirror gone, Releases and keys expired', async () => {
    const today = await lockedToday()
    const { folder, archive, environment } = today
    succeeded(await runAptroot(['lock', 'install'], { folder, environment }))
    const bytes = await readFile(join(folder, 'out/rootfs.tar'))

    const clockFile = join(scratch, 'five-years-ahead.mjs')
    await writeFile(clockFile, fiveYearsAhead)
    const later = { ...environment, NODE_OPTIONS: `--import=${clockFile}`, APTROOT_STORE: join(scratch, 'later-store') }
    const clone = await projectIn(
      'later',
      ['aptroot.yaml', manifest],
      ['aptroot.lock', await readFile(join(folder, 'aptroot.lock'))],
    )
    const refused = await runAptroot(['lock', 'update'], { folder: clone, environment: later })
    assert.equal(refused.exitCode, 6, 'the mirror is still there, but nothing vouches for it any more')
    assert.match(refused.errorOutput, /RELEASE_/)
    await today.close()

    // One state of each archive, with the pool alone, imported after the lock was made.
    const state = '20270101T000000Z'
    const services = join(scratch, 'snapshot')
    for (const id of ids) {
      await mkdir(join(services, 'archive', id, state), { recursive: true })
      await symlink(join(archive.folder, id, 'pool'), join(services, 'archive', id, state, 'pool'))
    }
    const states = JSON.stringify({ result: Object.fromEntries(ids.map(id => [id, [state]])) })
    const snapshot = await startMirror({ folder: services, files: { 'mr/timestamp/': states } })
    const site = { ...later, APTROOT_SNAPSHOTS: addresses(snapshot.url, '/archive/ID/{timestamp}') }
    succeeded(await runAptroot(['lock', 'install'], { folder: clone, environment: site }))
    assert.ok(bytes.equals(await readFile(join(clone, 'out/rootfs.tar'))), 'the same bytes')
    assert.ok(
      snapshot.requests.some(({ path }) => path.startsWith('archive/debian/')),
      'from the snapshot',
    )
  })
})

function succeeded(result: ProgramResult): ProgramResult {
  assert.equal(result.exitCode, 0, result.errorOutput + result.output)
  return result
}
