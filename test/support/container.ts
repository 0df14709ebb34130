import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { seccompFilter } from '../../src/sandbox/seccomp-filter.ts'

const run = promisify(execFile)
const aptroot = join(dirname(fileURLToPath(import.meta.url)), '../../bin/aptroot.js')

/** What Docker leaves to root unless it is told otherwise. @see https://docs.docker.com/engine/containers/run/ */
const capabilities = [
  ...['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE', 'NET_RAW'],
  ...['SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT'],
].map(name => `CAP_${name}`)

/**
 * Runs the built program as root that may do what root may in a container with Docker's default profile: the capabilities, and a filter
 * that forbids mounts and namespaces. Rejects unless it ends with 0.
 */
export async function runInContainer(
  commandLine: readonly string[],
  place: { readonly folder: string; readonly environment: Readonly<Record<string, string>> },
) {
  const filter = seccompFilter(process.arch)
  if (filter === undefined) throw new Error(`no filter for ${process.arch}`)
  const scratch = await mkdtemp(join(tmpdir(), 'aptroot-container-'))
  try {
    const path = join(scratch, 'filter')
    await writeFile(path, filter)
    const bounding = capabilities.map(name => `+${name.slice('CAP_'.length).toLowerCase()}`).join(',')
    const line = [
      ...['setpriv', `--bounding-set=-all,+sys_admin,${bounding}`, '--'],
      ...['bwrap', '--dev-bind', '/', '/', '--seccomp', '3', '--die-with-parent', '--cap-drop', 'ALL'],
      ...[...capabilities.flatMap(name => ['--cap-add', name]), '--'],
      ...[process.execPath, aptroot, ...commandLine],
    ]
    return await run('/bin/sh', ['-c', 'exec 3<"$0"; exec "$@"', path, ...line], {
      cwd: place.folder,
      env: { PATH: process.env.PATH ?? '', HOME: place.folder, ...place.environment },
    })
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
