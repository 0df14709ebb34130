import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { buildArchive } from '../support/archive-builder.ts'
import { greetingPackages, type LockedProject, lockedProject } from '../support/locked-project.ts'
import { startMirror } from '../support/loopback-mirror.ts'
import { skippedForWantOf } from '../support/real-archive.ts'
import { makeTestKey } from '../support/signing.ts'

/** A project whose lock was made from a mirror on loopback, and its vendor folder `vendor`. */
async function vendored(): Promise<LockedProject> {
  const key = await makeTestKey({ name: 'Archive' })
  const date = new Date('2026-01-15T10:00:00Z')
  const suite = { suite: 'stable', codename: 'trusty', date, label: 'Test', architectures: ['amd64'], keys: [key] }
  const mirror = await startMirror({ files: await buildArchive([{ ...suite, packages: greetingPackages }]) })
  const project = await lockedProject(mirror.url, key)
  await project.succeed('lock update --as-of 2026-01-20')
  await project.succeed('lock vendor vendor')
  return project
}

const missing = existsSync('/usr/bin/apt-get') ? undefined : 'apt-get is not installed'
describe.skipIf(skippedForWantOf(missing))('a vendor folder as apt sees it', () => {
  const sources = [
    ['a flat repository', (folder: string) => `deb [trusted=yes] file:${folder}/vendor ./`],
    [
      'a part of the signed archive',
      (folder: string) => `deb [signed-by=${folder}/keys/test.asc] file:${folder}/vendor/test stable main`,
    ],
  ] as const
  for (const [what, line] of sources)
    test(`is ${what}: update and install succeed without network`, async () => {
      const project = await vendored()
      const apt = await privateApt(project.folder, line(project.folder))
      apt('update')
      const simulated = apt('install', '-s', 'hello')
      assert.deepEqual([...simulated.matchAll(/^Inst (\S+)/gm)].map(match => match[1]).sort(), ['greeting', 'hello'])
      apt('install', '--download-only', '-y', 'hello')
    })
})

/** apt with a configuration, lists and status of its own; nothing of this host's. */
async function privateApt(folder: string, line: string): Promise<(...words: string[]) => string> {
  const root = join(folder, 'apt')
  for (const each of [
    'etc/apt/apt.conf.d',
    'etc/apt/preferences.d',
    'etc/apt/trusted.gpg.d',
    'var/lib/apt/lists/partial',
  ])
    await mkdir(join(root, each), { recursive: true })
  await mkdir(join(root, 'var/cache/apt/archives/partial'), { recursive: true })
  await writeFile(join(root, 'etc/apt/sources.list'), `${line}\n`)
  await writeFile(join(root, 'status'), '')
  const settings = [
    `Dir "${root}";`,
    `Dir::State::status "${root}/status";`,
    'APT::Architecture "amd64";',
    'APT::Architectures { "amd64"; };',
    'APT::Sandbox::User "root";',
    'Acquire::Languages "none";',
    'Acquire::http::Proxy "http://127.0.0.1:9";',
    'APT::Update::Error-Mode "any";',
  ]
  await writeFile(join(root, 'apt.conf'), `${settings.join('\n')}\n`)
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', APT_CONFIG: join(root, 'apt.conf'), LC_ALL: 'C.UTF-8' }
  return (...words) => execFileSync('apt-get', words, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}
