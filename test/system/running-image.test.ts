import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { readLockfile } from '../../src/lockfile/index.ts'
import { buildArchive } from '../support/archive-builder.ts'
import { firstBootChecks, firstBootCommand } from '../support/first-boot.ts'
import { type LoopbackMirror, startMirror } from '../support/loopback-mirror.ts'
import { fetchRealDebs, missingForRealData, skippedForWantOf } from '../support/real-archive.ts'
import { type RealProject, realProject } from '../support/real-project.ts'
import { indexedDebs } from '../support/release-index.ts'
import { makeTestKey } from '../support/signing.ts'

function missing(): string | undefined {
  if (process.getuid?.() !== 0) return 'daemons want to become other users'
  return missingForRealData()
}

describe.skipIf(skippedForWantOf(missing()))('a built image of real bookworm, at work', () => {
  let scratch = ''
  let project: RealProject
  let own: LoopbackMirror
  const shell = async (network: 'alone' | 'with the network', ...words: readonly string[]) => {
    const flags = ['--quiet', ...(network === 'alone' ? [] : ['--network'])]
    return (await project.run('shell', ...flags, '--', ...words)).output
  }

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'aptroot-running-'))
    project = await realProject(scratch, [
      'architectures: [amd64]',
      'base: required',
      'packages: [usr-is-merged, apt, systemd-sysv, openssh-server, ssl-cert]',
      'exclude: [usrmerge]',
    ])
    const key = await makeTestKey({ name: 'Own' })
    own = await startMirror({ files: await ownArchive(key) })
    await mkdir(join(project.folder, 'keys'))
    await writeFile(join(project.folder, 'keys/own.asc'), key.toPublic().armor())
    const manifest = await readFile(join(project.folder, 'aptroot.yaml'), 'utf8')
    const image = [
      'image:',
      '  apt-sources:',
      `    - {id: debian, uri: "${project.mirror.url}/debian", suites: [bookworm], components: [main], signed-by: debian-archive}`,
      `    - {id: own, uri: "${own.url}", suites: [stable, updates], components: [main], signed-by: keys/own.asc}`,
    ]
    await writeFile(join(project.folder, 'aptroot.yaml'), `${manifest}${image.join('\n')}\n`)
  })
  afterAll(async () => {
    await own?.close()
    await rm(scratch, { recursive: true, force: true })
  })

  test('makes at its first boot what it does not ship, and sshd takes it', async () => {
    const { unit, 'openssh-server': ssh, 'ssl-cert': certificate } = firstBootChecks
    const said = await shell('alone', ...firstBootCommand([unit, ssh, certificate]))
    assert.match(said, /^256 SHA256:.* \(ED25519\)$/m)
    assert.match(said, /^first boot: good$/m)
  })

  test('marks what was locked as a dependency only as automatic, and apt would remove nothing', async () => {
    const lock = await readLockfile(await readFile(join(project.folder, 'aptroot.lock'), 'utf8'), 'aptroot.lock')
    const named = (isAutomatic: boolean) =>
      lock.debs.filter(deb => (deb.root === undefined) === isAutomatic).map(deb => deb.name)
    const said = await shell(
      'alone',
      'sh',
      '-c',
      'apt-mark showauto; echo; apt-mark showmanual; echo; apt-get -s autoremove',
    )
    const [automatic = '', manual = '', removal = ''] = said.split('\n\n')
    assert.deepEqual(automatic.split('\n').sort(), [...named(true)].sort())
    assert.deepEqual(manual.split('\n').sort(), [...named(false)].sort())
    assert.match(removal, /0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded/)
  })

  test('updates, installs, upgrades and removes with its own apt, which checks signatures', async () => {
    if (project.archive.state === 'frozen') {
      const hello = [...indexedDebs(project.archive)].find(([, deb]) => deb.name === 'hello')
      assert.ok(hello !== undefined)
      const [sha256, deb] = hello
      assert.deepEqual(await fetchRealDebs(project.archive, [{ ...deb, sha256 }]), [])
    }
    const real = project.archive.state === 'frozen' ? 'apt-get -qq -y install hello && hello' : 'true'
    const script = `set -e
exec 2>&1
echo 'Acquire::Languages "none";' >/etc/apt/apt.conf.d/99languages
apt-get update
apt-get -qq -y install ours=1.0
dpkg-query -W ours
apt-get -qq -y upgrade
dpkg-query -W ours
${real}
apt-get -qq -y purge ours
dpkg --audit
apt-get check
cp /etc/apt/keyrings/debian.asc /etc/apt/keyrings/own.asc
rm -r /var/lib/apt/lists
if apt-get update; then exit 1; fi
echo refused`
    const said = await shell('with the network', 'sh', '-c', script)
    assert.match(said, /^ours\t1\.0$[\s\S]*^ours\t2\.0$/m)
    if (project.archive.state === 'frozen') assert.match(said, /^Hello, world!$/m)
    assert.match(said, /NO_PUBKEY|signatures were invalid|public key is not available/)
    assert.match(said, /^refused$/m)
  })
})

/** Two suites; the second has a newer version of the only package. */
async function ownArchive(key: Awaited<ReturnType<typeof makeTestKey>>) {
  const date = new Date('2026-01-15T10:00:00Z')
  const suite = { date, label: 'Own', architectures: ['amd64'], keys: [key] }
  const ours = (version: string) => ({
    control: { Package: 'ours', Version: version, Architecture: 'all', Maintainer: 'Us <us@example.org>' },
    files: [{ kind: 'file' as const, path: '/usr/share/ours', content: version }],
    scripts: { postinst: '#!/bin/sh\nset -e\ntest "$1" = configure\n' },
  })
  return await buildArchive([
    { ...suite, suite: 'stable', codename: 'stable', packages: [ours('1.0')] },
    { ...suite, suite: 'updates', codename: 'updates', packages: [ours('2.0')] },
  ])
}
