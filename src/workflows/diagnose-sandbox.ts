import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bubblewrapProblem, emulatorNames, registeredArchitectures } from '../sandbox/index.ts'
import type { DiagnosisRequest, Finding } from './diagnose-host.ts'
import type { World } from './world.ts'

/** Whether bubblewrap does what it is for: found out by trying. */
export async function judgeSandbox(
  { user }: Pick<DiagnosisRequest, 'user'>,
  { processRunner }: Pick<World, 'processRunner'>,
): Promise<Finding> {
  const finding = { name: 'sandbox', purpose: 'running maintainer scripts' }
  const bwrap = await processRunner.find('bwrap')
  if (bwrap === undefined)
    return { ...finding, status: 'absent', found: 'bubblewrap is not there', advice: 'apt install bubblewrap' }
  const problem = await bubblewrapProblem(bwrap, processRunner, new AbortController().signal).catch((error: unknown) =>
    error instanceof Error ? error.message : String(error),
  )
  if (problem === undefined) return { ...finding, status: 'ok', found: 'bubblewrap makes its namespaces' }
  return {
    ...finding,
    status: 'absent',
    found: `bubblewrap cannot make its namespaces (${problem.replace(/^bwrap: /, '')})`,
    advice:
      user.id === 0
        ? 'in a container, `lock install --sandbox chroot`, or start it with --privileged'
        : 'see user namespaces; or run as root',
  }
}

/** The release of Linux since which each user namespace may have a binfmt_misc of its own. */
const privateSince = { major: 6, minor: 7 }

/** What could run scripts of other architectures: what the host has registered, or an emulator and a kernel that lets us register it. */
export async function judgeEmulation(
  { systemFolder, machine }: Pick<DiagnosisRequest, 'systemFolder' | 'machine'>,
  { processRunner }: Pick<World, 'processRunner'>,
): Promise<Finding> {
  const finding = { name: 'binfmt_misc', purpose: 'scripts of other architectures' }
  const registered = registeredArchitectures(machine, join(systemFolder, 'proc/sys/fs/binfmt_misc'))
  if (registered.length > 0)
    return { ...finding, status: 'ok', found: `registered on this host: ${registered.join(', ')}` }
  const names = emulatorNames(machine)
  const paths = await Promise.all(names.map(({ program }) => processRunner.find(program)))
  const runnable = names.filter((_, at) => paths[at] !== undefined).map(({ architecture }) => architecture)
  if (runnable.length === 0)
    return { ...finding, status: 'absent', found: 'no qemu', advice: 'apt install qemu-user-static' }
  const release = await readFile(join(systemFolder, 'proc/sys/kernel/osrelease'), 'utf8').catch(() => '')
  const [, major = '0', minor = '0'] = /^(\d+)\.(\d+)/.exec(release) ?? []
  const isPrivate =
    Number(major) > privateSince.major || (Number(major) === privateSince.major && Number(minor) >= privateSince.minor)
  if (isPrivate) return { ...finding, status: 'ok', found: `emulators for ${runnable.join(', ')}` }
  return {
    ...finding,
    status: 'absent',
    found: `emulators, but Linux ${release.trim() || 'of unknown release'} is older than ${privateSince.major}.${privateSince.minor} and has none registered`,
    advice: 'apt install qemu-user-static binfmt-support',
  }
}
