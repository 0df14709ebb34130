import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { describe, test } from 'vitest'
import { buildArchive } from '../support/archive-builder.ts'
import { greetingPackages, type LockedProject, lockedProject } from '../support/locked-project.ts'
import { startMirror } from '../support/loopback-mirror.ts'
import { privateApt } from '../support/private-apt.ts'
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
      const apt = await privateApt(project.folder, [line(project.folder)])
      await apt('update')
      const simulated = await apt('install', '-s', 'hello')
      assert.deepEqual([...simulated.matchAll(/^Inst (\S+)/gm)].map(match => match[1]).sort(), ['greeting', 'hello'])
      await apt('install', '--download-only', '-y', 'hello')
    })
})
