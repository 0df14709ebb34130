import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, test } from 'vitest'
import { mergeLocks, readLockfile, readMergeable } from '../../src/lockfile/index.ts'
import { type ProgramResult, runAptroot } from '../support/aptroot-program.ts'
import { type BranchEdit, randomBranchPair } from '../support/branch-edits.ts'
import { type GitCheckout, gitCheckout } from '../support/git-checkout.ts'
import { packagesFile } from '../support/packages-file.ts'
import { scratchFolder } from '../support/scratch.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { signedSuite } from '../support/signed-suite.ts'
import { makeTestKey } from '../support/signing.ts'
import type { Stanzas } from '../support/universe.ts'

const seed = Number(process.env.APTROOT_SEED ?? 20_261_121)
const pairs = 5
const key = await makeTestKey({ name: 'Archive' })

/** A git checkout with a signed archive, a manifest and the driver. */
class Project {
  readonly folder: string
  readonly checkout: GitCheckout

  constructor(folder: string) {
    this.folder = folder
    this.checkout = gitCheckout(folder)
    const program = `"${process.execPath}" "${join(process.cwd(), 'bin/aptroot.js')}"`
    this.checkout.succeed('config', 'merge.aptroot.driver', `${program} lock merge %O %A %B --path %P`)
  }

  run(...commandLine: string[]): Promise<ProgramResult> {
    return runAptroot(commandLine, { folder: this.folder })
  }

  lock(): Promise<string> {
    return readFile(join(this.folder, 'aptroot.lock'), 'utf8')
  }

  async write(name: string, content: string | Uint8Array): Promise<void> {
    await mkdir(dirname(join(this.folder, name)), { recursive: true })
    await writeFile(join(this.folder, name), content)
  }

  async publish(stanzas: Stanzas): Promise<void> {
    const debs = Object.entries(stanzas).map(([title, { depends, conflicts, provides, source }]) => {
      const fields = { Depends: depends, Conflicts: conflicts, Provides: provides, Source: source }
      const said = Object.entries(fields).filter(([, value]) => value !== undefined && value !== '')
      return [title, { Architecture: 'all', ...Object.fromEntries(said) }] as const
    })
    const indexes = { 'main/binary-amd64': packagesFile(Object.fromEntries(debs)) }
    for (const [path, bytes] of Object.entries(await signedSuite({ indexes, fields: {}, keys: [key] })))
      await this.write(`archive/${path}`, bytes)
  }

  want(packages: readonly string[], exclude: readonly string[]): Promise<void> {
    return this.write(
      'aptroot.yaml',
      `manifest: 1\narchitectures: [amd64]\narchives:\n  - {id: test, uri: "file://${this.folder}/archive", suites: [stable], components: [main], signed-by: keys/test.asc}\nbase: none\npackages: ${JSON.stringify(packages)}\nexclude: ${JSON.stringify(exclude)}\nimage: {configure: none}\n`,
    )
  }

  async commitBranch(
    name: string,
    edit: BranchEdit,
    wanted: readonly string[],
    locked: ReadonlySet<string>,
  ): Promise<boolean> {
    this.checkout.succeed('checkout', '--quiet', '-B', name, 'main')
    await this.want([...new Set([...wanted.filter(each => !edit.remove.includes(each)), ...edit.add])], edit.exclude)
    const names = edit.update.filter(each => locked.has(each))
    const how = names.length > 0 ? names : ['--keep']
    const { exitCode } = await this.run('lock', 'update', '--as-of', '2026-01-20', ...how)
    if (exitCode === 0) this.checkout.succeed('commit', '--quiet', '--allow-empty', '-am', name)
    return exitCode === 0
  }
}

describe('git with the merge driver', () => {
  test(`merges ${pairs} random pairs of branches as the pure merge does (from seed ${seed})`, async () => {
    let merged = 0
    for (let at = seed; merged < pairs; at++) if (await mergesAsExpected(at)) merged++
  })
})

/** @returns false when the pair has no solution, or git has nothing to merge in the lock */
async function mergesAsExpected(at: number): Promise<boolean> {
  const pair = randomBranchPair(seededRandom(at))
  const project = new Project(await scratchFolder())
  const { checkout } = project
  await project.write('keys/test.asc', key.toPublic().armor())
  await project.write('.gitignore', 'archive\n.local\n.cache\n.config\n')
  await project.write('.gitattributes', 'aptroot.lock merge=aptroot\n')
  await project.publish(pair.before)
  await project.want(pair.wanted, [])
  if ((await project.run('lock', 'update', '--as-of', '2026-01-20')).exitCode !== 0) return false
  checkout.succeed('add', '.')
  checkout.succeed('commit', '--quiet', '-m', 'base')
  const base = await project.lock()
  const locked = new Set((await readLockfile(base, 'aptroot.lock')).debs.map(deb => deb.name))
  await project.publish(pair.now)
  if (!(await project.commitBranch('theirs', pair.theirs, pair.wanted, locked))) return false
  const theirs = await project.lock()
  if (!(await project.commitBranch('ours', pair.ours, pair.wanted, locked))) return false
  const ours = await project.lock()
  if (new Set([base, ours, theirs]).size < 3) return false

  const { output } = checkout.git('merge', 'theirs', '-m', 'merge')
  const result = await project.lock()
  const expected = mergeLocks(await readMergeable({ base, ours, theirs, fileName: 'aptroot.lock' }))
  const isUnmerged = checkout.succeed('ls-files', '--unmerged', 'aptroot.lock') !== ''
  if (expected.kind === 'conflict') {
    assert.ok(isUnmerged, `seed ${at}: ${output}`)
    assert.equal(result, expected.text)
  } else if (isUnmerged) {
    assert.match(output, /excludes|lacks|cannot be installed together/, `seed ${at}`)
    assert.match(result, /^<{7} ours$/m)
  } else {
    assert.equal(result, expected.text, `seed ${at}`)
    // git merged the manifest as text, or not at all; this is what both branches ask for.
    await project.want(expected.lock.request.wanted, expected.lock.request.exclude)
    const verified = await project.run('lock', 'verify', '--offline')
    assert.equal(verified.exitCode, 0, `seed ${at}: ${verified.output}${verified.errorOutput}`)
  }
  return true
}
