import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { bootMachine, fileOnDisk, missingForBoot } from '../support/boot-machine.ts'
import { missingForRealData, skippedForWantOf } from '../support/real-archive.ts'
import { exampleProject, installExample, type RealProject } from '../support/real-project.ts'

const execute = promisify(execFile)
const run = async (program: string, ...line: string[]) => (await execute(program, line, { maxBuffer: 2 ** 26 })).stdout

function missing(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root keeps the owners of what it takes out of an image'
  return missingForRealData()
}

const withoutMachine = skippedForWantOf(missing() ?? (await missingForBoot()))

// arm64-from-amd64 is built by foreign.test.ts.
describe.skipIf(skippedForWantOf(missing()))('the examples', () => {
  let scratch = ''
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'aptroot-examples-'))
  })
  afterAll(() => rm(scratch, { recursive: true, force: true }))

  async function built(name: string, architectures?: readonly [string, ...string[]]): Promise<RealProject> {
    const project = await exampleProject(scratch, name, architectures)
    await installExample(project, name)
    return project
  }

  test('debian-minbase: dpkg of this host reads the database of the image, and finds nothing amiss', async () => {
    const project = await built('debian-minbase')
    const folder = join(scratch, 'minbase')
    await mkdir(folder)
    await run('tar', '-C', folder, '--numeric-owner', '-xf', join(project.folder, 'out/rootfs.tar'))
    assert.equal(await run('dpkg', '--root', folder, '--audit'), '')
    assert.equal(await run('dpkg', '--root', folder, '--verify'), '')
    assert.match(await readFile(join(folder, 'etc/apt/sources.list.d/debian-security.sources'), 'utf8'), /^URIs: http/m)
  })

  test('nginx-oci: skopeo and umoci open the image, and its nginx takes the configuration', async () => {
    const project = await built('nginx-oci')
    const image = `oci:${project.folder}/out/oci:nginx:latest`
    const { config } = JSON.parse(await run('skopeo', 'inspect', '--config', image))
    assert.deepEqual(config.Entrypoint, ['/usr/sbin/nginx', '-g', 'daemon off;'])
    const bundle = join(scratch, 'bundle')
    await run('umoci', 'unpack', '--image', `${project.folder}/out/oci:nginx:latest`, bundle)
    const root = join(bundle, 'rootfs')
    const inside = (...line: string[]) => run('chroot', root, ...line)
    assert.equal(await inside('stat', '-c', '%U:%G %a', '/srv/site/index.html'), 'www-data:www-data 640\n')
    assert.match(await inside('cat', '/etc/nginx/sites-available/default'), /^# amd64, .*\n.*\n +listen 8080 /)
    await writeFile(join(root, 'dev/null'), '')
    await inside('nginx', '-t', '-q')
  })

  test('static-no-scripts: one OCI index for two architectures, and an image of EROFS for each', async () => {
    const project = await built('static-no-scripts', ['amd64', 'arm64'])
    const image = `oci:${project.folder}/out/oci:web:latest`
    for (const architecture of ['amd64', 'arm64']) {
      const { Architecture, Layers } = JSON.parse(
        await run('skopeo', '--override-arch', architecture, 'inspect', image),
      )
      assert.deepEqual([Architecture, Layers.length], [architecture, 1])
      const folder = join(scratch, architecture)
      await run('fsck.erofs', `--extract=${folder}`, join(project.folder, `out/${architecture}.erofs`))
      assert.match(await readFile(join(folder, 'srv/www/index.html'), 'utf8'), new RegExp(`This is ${architecture}\\.`))
      assert.equal(await run('stat', '-c', '%u:%g', join(folder, 'srv/www/index.html')), '1000:0\n')
    }
    assert.match(await run('chroot', join(scratch, 'amd64'), '/bin/busybox', 'uname', '-s'), /^Linux$/m)
    const both = join(scratch, 'both')
    await run('skopeo', 'copy', '--all', '--quiet', image, `dir:${both}`)
    assert.equal(JSON.parse(await readFile(join(both, 'manifest.json'), 'utf8')).manifests.length, 2)
  })

  test('systemd-device: ostree deploys the commit with its kernel, and ext4 is clean', async () => {
    const project = await built('systemd-device')
    assert.match(await run('e2fsck', '-fn', join(project.folder, 'out/root.ext4')), /root: \d+\/\d+ files/)
    const deployed = await deploy(join(project.folder, 'out/repo'), 'device/bookworm/amd64')
    const entry = await run('sh', '-c', `cat ${deployed.sysroot}/boot/loader/entries/*.conf`)
    assert.match(entry, /^title Debian GNU\/Linux 12 \(bookworm\).*$/m)
    assert.match(entry, /^options root=LABEL=root rw ostree=\/ostree\/boot\.1\/device\/[0-9a-f]{64}\/0$/m)
    for (const kind of ['linux', 'initrd']) {
      const path = new RegExp(`^${kind} (.*)$`, 'm').exec(entry)?.[1] ?? assert.fail(entry)
      assert.ok(Number(await run('stat', '-c', '%s', join(deployed.sysroot, 'boot', path))) > 1_000_000, path)
    }
    assert.equal(await readFile(join(deployed.folder, 'etc/hostname'), 'utf8'), 'device\n')
    const owner = ['stat', '-c', '%u:%g %a', join(deployed.folder, 'var/home/admin/.ssh/authorized_keys')] as const
    assert.match(await run(...owner).catch(() => 'not there'), /^(1000:1000 600\n|not there)$/)
    assert.match(
      await run('chroot', deployed.folder, '/usr/bin/ssh', '-V').catch(error => String(error)),
      /OpenSSH|Error/,
    )
  })

  test.skipIf(withoutMachine)('systemd-device: its ext4 image boots, and makes an identity of its own', async () => {
    const units = ['multi-user.target', 'aptroot-machine-secrets.service', 'systemd-networkd.service', 'ssh.service']
    const image = join(scratch, 'systemd-device/out/root.ext4')
    assert.equal(await fileOnDisk(image, '/etc/machine-id'), '')
    assert.equal(await fileOnDisk(image, '/etc/ssh/ssh_host_ed25519_key'), undefined)
    const booted = await bootMachine(image, join(scratch, 'machine'), units)
    assert.deepEqual(booted.states, Object.fromEntries(units.map(unit => [unit, 'active'])), booted.console)
    assert.deepEqual(booted.failedUnits, [])
    assert.match((await fileOnDisk(booted.disk, '/etc/machine-id')) ?? '', /^[0-9a-f]{32}\n$/)
    for (const kind of ['rsa', 'ecdsa', 'ed25519'])
      assert.match(
        (await fileOnDisk(booted.disk, `/etc/ssh/ssh_host_${kind}_key`)) ?? '',
        /^-----BEGIN OPENSSH PRIVATE/,
      )
    assert.match(await run('e2fsck', '-fn', booted.disk), /root: \d+\/\d+ files/)
  })

  /** As on a device, but in a folder and without a boot loader. */
  async function deploy(repository: string, branch: string) {
    const sysroot = join(scratch, 'sysroot')
    const ostree = (...line: string[]) =>
      execute('ostree', line, { env: { ...process.env, OSTREE_SYSROOT_DEBUG: 'mutable-deployments' } })
    await ostree('fsck', `--repo=${repository}`)
    await mkdir(sysroot)
    await ostree('admin', 'init-fs', '--modern', sysroot)
    await ostree('admin', 'os-init', `--sysroot=${sysroot}`, 'device')
    await ostree('config', `--repo=${sysroot}/ostree/repo`, 'set', 'sysroot.bootloader', 'none')
    await ostree('pull-local', `--repo=${sysroot}/ostree/repo`, repository, branch)
    const words = ['--os=device', '--karg=root=LABEL=root', '--karg=rw', branch]
    await ostree('admin', 'deploy', `--sysroot=${sysroot}`, ...words)
    const { stdout } = await ostree('rev-parse', `--repo=${repository}`, branch)
    return { sysroot, folder: join(sysroot, `ostree/deploy/device/deploy/${stdout.trim()}.0`) }
  }
})
