import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { missingForRealData, skippedForWantOf } from '../support/real-archive.ts'
import { type RealProject, realProject } from '../support/real-project.ts'

const run = promisify(execFile)

function missing(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can enter a chroot'
  return missingForRealData()
}

const image = `image:
  ids: {sshd: 510, _ssh: {gid: 511}, messagebus: {uid: 512, gid: 513}}
  debconf: ["tzdata tzdata/Areas select Europe", "tzdata tzdata/Zones/Europe select Vienna"]
  apt-sources: manifest
  groups: [{name: ops, gid: 2000}]
  users:
    - {name: app, uid: 1000, home: /srv/app, shell: /bin/sh, groups: [ops, adm], gecos: "The app"}
  hostname: web-1
  timezone: Europe/Berlin
  locales: [de_DE.UTF-8]
  sysctl: {net.ipv4.ip_forward: 1, kernel.core_pattern: "|/bin/false"}
  units: {disable: [ssh.service], enable: [hello.service], mask: [apt-daily.timer]}
  files:
    - {source: overlay/, target: /}
    - {source: app.conf, target: /etc/app/, owner: app, group: ops, mode: "0640", template: true}
    - {source: data/, target: /srv/app/data, owner: sshd}
  variables: {domain: example.org}
  remove: {paths: [/usr/share/doc/nano, /nowhere], packages: [nano]}
  run: [{script: hooks/finish.sh}]`

const hook = `#!/bin/sh
set -e
id -u app > /srv/seen-user
stat -c '%U:%G %a' /etc/app/app.conf /srv/app/data > /srv/seen-owners
cat /etc/hostname > /srv/seen-hostname
test -L /etc/systemd/system/multi-user.target.wants/hello.service
command -v nano > /srv/seen-nano
date -u -d @$SOURCE_DATE_EPOCH +%s > /srv/seen-time
`

const unit = '[Unit]\nDescription=Hello\n[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n'

describe.skipIf(skippedForWantOf(missing()))('an image that its manifest customises, from real bookworm', () => {
  let scratch = ''
  let project: RealProject
  let folder = ''
  let said = ''
  const inside = async (...line: string[]) =>
    (await run('chroot', [folder, ...line], { env: { PATH: '/usr/sbin:/usr/bin', LC_ALL: 'C' } })).stdout

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'aptroot-customised-'))
    project = await realProject(scratch, [
      'architectures: [amd64]',
      'base: required',
      'packages: [usr-is-merged, apt, systemd, openssh-server, dbus, tzdata, locales, nano]',
      'exclude: [usrmerge]',
    ])
    await mkdir(join(project.folder, 'overlay/etc/systemd/system'), { recursive: true })
    await mkdir(join(project.folder, 'overlay/run/app'), { recursive: true })
    await mkdir(join(project.folder, 'hooks'))
    await writeFile(join(project.folder, 'overlay/etc/systemd/system/hello.service'), unit)
    await writeFile(join(project.folder, 'overlay/etc/machine-id'), `${'0'.repeat(31)}1\n`)
    await writeFile(join(project.folder, 'overlay/run/app/marker'), 'here\n')
    await writeFile(join(project.folder, 'hooks/finish.sh'), hook)
    await writeFile(join(project.folder, 'app.conf'), 'listen {{ hostname }}.{{domain}} # {{architecture}}\n')
    await mkdir(join(project.folder, 'data'))
    await writeFile(join(project.folder, 'data/empty'), '')
    const manifest = await readFile(join(project.folder, 'aptroot.yaml'), 'utf8')
    await writeFile(join(project.folder, 'aptroot.yaml'), `${manifest}${image}\n`)
    said = (await project.run('lock', 'install', '--output', 'rootfs.tar')).errorOutput
    folder = join(scratch, 'image')
    await mkdir(folder)
    await run('tar', ['-C', folder, '--numeric-owner', '-xf', join(project.folder, 'rootfs.tar')])
  })
  afterAll(() => rm(scratch, { recursive: true, force: true }))

  test('gives users and groups of packages the numbers of `ids`', async () => {
    assert.match(await inside('getent', 'passwd', 'sshd'), /^sshd:x:510:510:/)
    assert.match(await inside('getent', 'group', '_ssh'), /^_ssh:x:511:/)
    assert.match(await inside('getent', 'passwd', 'messagebus'), /^messagebus:x:512:513:/)
    await assert.rejects(inside('getent', 'passwd', '_ssh'), 'a number for the group makes no user')
    assert.equal(await inside('pwck', '-r', '-q'), '')
    assert.equal(await inside('grpck', '-r'), '')
  })

  test('has its own users, with homes that are theirs', async () => {
    assert.match(await inside('getent', 'passwd', 'app'), /^app:x:1000:1000:The app:\/srv\/app:\/bin\/sh$/m)
    assert.match(await inside('id', 'app'), /groups=1000\(app\),4\(adm\),2000\(ops\)/)
    assert.equal(await inside('stat', '-c', '%u:%g %a', '/srv/app'), '1000:1000 700\n')
    assert.equal(await inside('stat', '-c', '%U:%G %a', '/etc/shadow'), 'root:shadow 640\n')
  })

  test('has files that belong to its users, filled with its values, before scripts of the project see them', async () => {
    assert.equal(await inside('cat', '/srv/seen-owners'), 'app:ops 640\nsshd:root 755\n')
    assert.equal(
      await inside('stat', '-c', '%U:%G %a', '/etc/app/app.conf', '/etc/app'),
      'app:ops 640\nroot:root 755\n',
    )
    assert.equal(await inside('stat', '-c', '%U:%G %a', '/srv/app/data/empty'), 'sshd:root 644\n')
    assert.equal(await inside('cat', '/etc/app/app.conf'), 'listen web-1.example.org # amd64\n')
  })

  test('has the answers to debconf, and the time zone of the manifest over them', async () => {
    assert.match(await inside('sh', '-c', 'echo get tzdata/Zones/Europe | debconf-communicate'), /^0 Vienna$/m)
    assert.equal(await inside('readlink', '/etc/localtime'), '/usr/share/zoneinfo/Europe/Berlin\n')
    assert.equal(await inside('cat', '/etc/timezone'), 'Europe/Berlin\n')
  })

  test('has host name, kernel settings and a locale', async () => {
    assert.equal(await inside('cat', '/etc/hostname'), 'web-1\n')
    assert.equal(
      await inside('cat', '/etc/sysctl.d/60-image.conf'),
      'net.ipv4.ip_forward = 1\nkernel.core_pattern = |/bin/false\n',
    )
    assert.match(await inside('locale', '-a'), /^de_DE\.utf8$/m)
    assert.equal(await inside('cat', '/etc/default/locale'), 'LANG=de_DE.UTF-8\n')
  })

  test('has units enabled, disabled and masked', async () => {
    const state = (name: string) => inside('sh', '-c', `systemctl --root=/ is-enabled ${name} || true`)
    assert.equal(await state('hello.service'), 'enabled\n')
    assert.equal(await state('ssh.service'), 'disabled\n')
    assert.equal(await state('apt-daily.timer'), 'masked\n')
  })

  test('ran the script of the project after all that, and before packages left', async () => {
    assert.equal(await inside('cat', '/srv/seen-user', '/srv/seen-hostname'), '1000\nweb-1\n')
    assert.equal(await inside('cat', '/srv/seen-nano'), '/usr/bin/nano\n')
    assert.equal(await inside('sh', '-c', 'ls -d /var/lib/dpkg/tmp.run 2>/dev/null || true'), '')
  })

  test('has lost what was to be removed, and dpkg agrees', async () => {
    assert.equal(await inside('sh', '-c', 'dpkg -s nano 2>/dev/null; ls -d /usr/share/doc/nano 2>/dev/null; true'), '')
    assert.equal(await inside('dpkg', '--audit'), '')
    assert.equal(await inside('dpkg', '--verify'), '')
    assert.match(said, /"\/nowhere", which is not there/)
  })

  test('keeps what the project brings, also where scripts see something else', async () => {
    assert.equal(await inside('cat', '/etc/machine-id'), `${'0'.repeat(31)}1\n`)
    assert.equal(await inside('cat', '/run/app/marker'), 'here\n')
  })

  test('updates from the public addresses of the manifest, with its keys', async () => {
    const sources = await inside('sh', '-c', 'cat /etc/apt/sources.list.d/*.sources')
    assert.match(sources, /^URIs: http:\/\/[a-z]+\.debian\.org\/debian$/m)
    assert.match(sources, /^Signed-By: \/etc\/apt\/keyrings\/debian\.asc$/m)
    assert.ok(!sources.includes('127.0.0.1'), 'a mirror of the site is nobody else’s business')
  })

  test('has the same bytes when it is built twice', async () => {
    const { errorOutput } = await project.run('lock', 'install', '--digest', '--check')
    assert.match(errorOutput, /two builds gave one tree/)
  })
})
