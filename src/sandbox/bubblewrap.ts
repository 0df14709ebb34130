import type { ProcessRunner } from '../kernel/index.ts'
import type { SandboxedProgram } from './model.ts'

/**
 * What root may do inside: what Docker grants by default, without making devices and opening raw sockets. Packages set owners, modes and
 * file capabilities and become their own users; they need nothing more.
 */
export const scriptCapabilities: readonly string[] = [
  'CAP_AUDIT_WRITE',
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_NET_BIND_SERVICE',
  'CAP_SETFCAP',
  'CAP_SETGID',
  'CAP_SETPCAP',
  'CAP_SETUID',
  'CAP_SYS_CHROOT',
]

/**
 * What root of the machine could change the kernel through. bwrap itself leaves out `/proc/sys`, because that folder is not writable although
 * the files in it are: `core_pattern` would run a program on the host.
 */
const readOnlyInProc = ['sys', 'sysrq-trigger', 'fs', 'acpi', 'scsi', 'driver', 'mtrr']

/**
 * Which protocols a kernel has shows in the folders that it has here, and postfix writes it down. Without a network the settings below mean nothing.
 */
const sameProtocols = [
  ...['--tmpfs', '/proc/sys/net', '--dir', '/proc/sys/net/ipv4', '--dir', '/proc/sys/net/ipv6'],
  ...['--remount-ro', '/proc/sys/net'],
]

export interface BubblewrapPlace {
  /** Absolute, of the host. */
  readonly rootFolder: string
  readonly environment: Readonly<Record<string, string>>
  /** Whether a filter follows as descriptor 3. */
  readonly filtered: boolean
}

/**
 * The arguments of bwrap(1) that run a program in a root of its own: pid, network, ipc, uts and mount namespaces of its own, a minimal
 * `/dev`, `/run` and `/tmp` in memory, the host name `localhost`.
 */
export function bubblewrapArguments(place: BubblewrapPlace, program: SandboxedProgram): readonly string[] {
  const environment = { ...place.environment, ...program.environment }
  return [
    ...['--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try'],
    ...(program.network === 'host' ? [] : ['--unshare-net']),
    // A shell controls its jobs in the session of the terminal only. The filter keeps it from typing into that terminal.
    ...(program.attached !== undefined && place.filtered ? [] : ['--new-session']),
    ...['--as-pid-1', '--die-with-parent', '--hostname', 'localhost'],
    ...['--cap-drop', 'ALL', ...scriptCapabilities.flatMap(name => ['--cap-add', name])],
    ...['--bind', place.rootFolder, '/', '--proc', '/proc', '--dev', '/dev', '--tmpfs', '/run', '--tmpfs', '/tmp'],
    ...readOnlyInProc.flatMap(name => ['--ro-bind-try', `/proc/${name}`, `/proc/${name}`]),
    ...(program.network === 'host' ? [] : sameProtocols),
    ...['--perms', '1777', '--dir', '/run/lock', '--chmod', '1777', '/tmp'],
    ...['--chdir', '/', '--clearenv'],
    ...Object.entries(environment).flatMap(([name, value]) => ['--setenv', name, value]),
    ...(place.filtered ? ['--seccomp', '3'] : []),
    '--',
    program.program,
    ...program.arguments,
  ]
}

/**
 * Whether bwrap can make its namespaces here, found out by trying: it runs itself, so that no other program is needed.
 *
 * @returns undefined when it can, else what it said
 */
export async function bubblewrapProblem(bwrap: string, runner: ProcessRunner, signal: AbortSignal) {
  const result = await runner.run({
    program: bwrap,
    arguments: [
      ...['--unshare-pid', '--unshare-net', '--unshare-ipc', '--unshare-uts', '--die-with-parent'],
      ...['--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev', '--', bwrap, '--version'],
    ],
    environment: { LC_ALL: 'C' },
    workingFolder: '/',
    signal,
  })
  if (result.exitStatus === 0) return undefined
  const [line = ''] = Buffer.from(result.errorOutput).toString('utf8').trim().split('\n')
  return line === '' ? `status ${result.exitStatus}` : line
}
