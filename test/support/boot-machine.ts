import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { realPrograms } from './real-programs.ts'

const run = promisify(execFile)

/** What a machine says of itself after its first boot. */
export interface BootedMachine {
  /** All that it printed. */
  readonly console: string
  /** Its disk, switched off. */
  readonly disk: string
  /** ActiveState by unit, of those that were asked for. */
  readonly states: Readonly<Record<string, string>>
  readonly failedUnits: readonly string[]
}

/** Why no machine can be booted here, or undefined. */
export async function missingForBoot(): Promise<string | undefined> {
  if (process.arch !== 'x64') return 'the kernel of the image is one of amd64'
  for (const program of ['qemu-system-x86_64', 'debugfs'])
    if ((await realPrograms().find(program)) === undefined) return `${program} is not installed`
  return undefined
}

/**
 * Boots a copy of an ext4 image in an emulated machine, with the kernel and initramfs of its own /boot, until multi-user.target, and
 * switches it off. Emulated by software: a machine in a machine has /dev/kvm at times that never gets a kernel going. Takes 25 s of one processor.
 */
export async function bootMachine(image: string, folder: string, units: readonly string[]): Promise<BootedMachine> {
  await mkdir(folder)
  const disk = join(folder, 'disk')
  await run('cp', ['--sparse=always', image, disk])
  const { stdout } = await run('debugfs', ['-R', 'ls -p /boot', disk])
  for (const kind of ['vmlinuz', 'initrd.img']) {
    const name = stdout.split('/').find(each => each.startsWith(`${kind}-`))
    if (name === undefined) throw new Error(`no ${kind} in /boot: ${stdout}`)
    await run('debugfs', ['-R', `dump /boot/${name} ${join(folder, kind)}`, disk])
  }
  // systemd takes `$$` for `$`. @see systemd-run-generator(8)
  const ask = units.map(unit => `echo first-boot ${unit} $$(systemctl is-active ${unit})`).join('; ')
  const failed = 'systemctl --failed --no-legend --plain | sed s/^/first-boot-failed./'
  const script = `systemctl start multi-user.target; exec >/dev/console; ${ask}; ${failed}`
  const kernelLine = [
    'root=LABEL=root rw console=ttyS0 panic=-1 systemd.show_status=false',
    'systemd.run_success_action=poweroff systemd.run_failure_action=poweroff',
    `"systemd.run=/bin/sh -c '${script}'"`,
  ]
  const machine = [
    ...['-accel', 'tcg', '-m', '512', '-display', 'none', '-nodefaults', '-no-reboot', '-serial', 'stdio'],
    ...['-drive', `file=${disk},format=raw,if=virtio`],
    ...['-kernel', join(folder, 'vmlinuz'), '-initrd', join(folder, 'initrd.img'), '-append', kernelLine.join(' ')],
  ]
  const booted = await run('qemu-system-x86_64', machine, { timeout: 400_000, maxBuffer: 2 ** 24 })
  const said = booted.stdout.replaceAll('\r', '')
  return {
    console: said,
    disk,
    states: Object.fromEntries([...said.matchAll(/first-boot (\S+) ([a-z]+)$/gm)].map(match => [match[1], match[2]])),
    failedUnits: [...said.matchAll(/first-boot-failed\.([\w@.-]+\.\w+)/g)].map(match => match[1] ?? ''),
  }
}

/** A file of an ext4 image; undefined when there is none. */
export async function fileOnDisk(disk: string, path: string): Promise<string | undefined> {
  const { stdout, stderr } = await run('debugfs', ['-R', `cat ${path}`, disk])
  return /File not found/.test(stderr) ? undefined : stdout
}
