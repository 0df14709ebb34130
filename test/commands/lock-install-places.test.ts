import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, test } from 'vitest'
import { type LockedProject, projectWithArchive } from '../support/locked-project.ts'

let project: LockedProject
let manifest = ''
beforeEach(async () => {
  project = await projectWithArchive()
  manifest = (await project.read('aptroot.yaml')).toString()
  await project.write('overlay/etc/motd', 'Welcome\n')
  await project.write('finish.sh', '#!/bin/sh\n')
  await project.succeed('lock update --as-of 2026-01-20')
})

const withImage = async (...outputs: readonly string[]) => {
  const text = manifest.replace(/ {4}- \{format: tar.*\n/, outputs.map(each => `    - ${each}\n`).join(''))
  const files = '  files: [{source: overlay/, target: /}, {source: finish.sh, target: /finish}]\n'
  await project.write('aptroot.yaml', text.replace('image:\n', `image:\n${files}`))
}

/** Refused before anything is written, in words that name the place. */
async function refused(line: string, place: string, because: RegExp): Promise<void> {
  const before = await project.read('aptroot.lock')
  const text = await project.read('aptroot.yaml')
  const { exitCode, errorOutput } = await project.run(line)
  assert.notEqual(exitCode, 0, `${line} with\n${text}`)
  assert.match(errorOutput, because)
  assert.ok(errorOutput.includes(place), errorOutput)
  assert.deepEqual(await project.read('aptroot.lock'), before)
  assert.deepEqual(await project.read('aptroot.yaml'), text)
  assert.equal(existsSync(join(project.folder, 'out')), false)
}

describe('lock install writes no output', () => {
  test('over a manifest or a lock, whoever names the place', async () => {
    for (const path of ['aptroot.lock', 'aptroot.yaml', 'images/web.aptroot.lock']) {
      await withImage(`{format: tar, path: ${path}}`)
      await refused('lock install', path, /a manifest or a lock has its place there \[OUTPUT_UNWRITABLE\]/)
    }
    await withImage('{format: tar, path: out/rootfs.tar}')
    await symlink('.', join(project.folder, 'here'))
    for (const line of ['--output aptroot.lock --format tar', '--provenance here/aptroot.lock'])
      await refused(`lock install ${line}`, 'aptroot.lock', /a manifest or a lock has its place there/)
  })

  test('where the next build would take it in', async () => {
    for (const path of ['overlay/rootfs.tar', 'overlay/etc/motd', 'finish.sh']) {
      await withImage(`{format: tar, path: ${path}}`)
      await refused('lock install', path, /of which the image is made \(`files`\) \[OUTPUT_UNWRITABLE\]/)
    }
  })

  test('among the files of git, which run as hooks', async () => {
    await mkdir(join(project.folder, '.git'))
    await withImage('{format: directory, path: .git/hooks}')
    await refused('lock install', '.git/hooks', /for git alone \[OUTPUT_UNWRITABLE\]/)
  })

  test('into another output, with which it would be replaced', async () => {
    const nested = /would be written into "out\/root", another output \[MANIFEST_INVALID\]/
    for (const format of ['directory', 'oci', 'ostree', 'tar']) {
      await withImage('{format: tar, path: out/root/rootfs.tar}', `{format: ${format}, path: out/root}`)
      await refused('lock install', 'out/root/rootfs.tar', nested)
    }
    await withImage('{format: directory, path: out/root}')
    for (const name of ['out/root/a.spdx.json', 'out/root/{architecture}.spdx.json'])
      await refused(`lock install --sbom ${name}`, 'out/root/a', nested)
    await refused('lock install --provenance out/root', 'out/root', nested)
  })
})
