import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { Fault, type ProcessRunner, type Session } from '../kernel/index.ts'
import type { SandboxedProgram } from './model.ts'

/**
 * The arguments of chroot(1): where namespaces are forbidden, as in an unprivileged container, the container is what isolates.
 */
export function chrootArguments(rootFolder: string, program: SandboxedProgram): readonly string[] {
  return [rootFolder, program.program, ...program.arguments]
}

const devices: readonly (readonly [name: string, major: number, minor: number])[] = [
  ['full', 1, 7],
  ['null', 1, 3],
  ['random', 1, 8],
  ['tty', 5, 0],
  ['urandom', 1, 9],
  ['zero', 1, 5],
]

/**
 * The devices that scripts rely on, in a root that nothing mounts `/dev` over: without them, `>/dev/null` would make a file. What lies in
 * `/dev` afterwards is nobody's business: an image has there what packages bring.
 *
 * @throws {Fault} `SANDBOX_UNAVAILABLE` when this process may not make devices
 */
export async function makeDevices(rootFolder: string, runner: ProcessRunner, session: Session): Promise<void> {
  const folder = join(rootFolder, 'dev')
  mkdirSync(folder, { recursive: true })
  const mknod = await runner.find('mknod')
  for (const [name, major, minor] of devices) {
    rmSync(join(folder, name), { recursive: true, force: true })
    const result =
      mknod === undefined
        ? undefined
        : await runner.run({
            program: mknod,
            arguments: ['-m', '666', join(folder, name), 'c', `${major}`, `${minor}`],
            environment: { LC_ALL: 'C' },
            workingFolder: '/',
            signal: session.signal,
          })
    if (result?.exitStatus === 0) continue
    throw new Fault('SANDBOX_UNAVAILABLE', {
      message: `maintainer scripts cannot be run in a chroot here: /dev/${name} cannot be made`,
      hint: 'Run the container with CAP_MKNOD, as Docker does by default, or allow namespaces to bubblewrap.',
      context: { device: `/dev/${name}` },
    })
  }
  for (const [name, target] of [
    ['fd', '/proc/self/fd'],
    ['stdin', '/proc/self/fd/0'],
    ['stdout', '/proc/self/fd/1'],
    ['stderr', '/proc/self/fd/2'],
  ] as const) {
    rmSync(join(folder, name), { recursive: true, force: true })
    symlinkSync(target, join(folder, name))
  }
  mkdirSync(join(folder, 'shm'), { recursive: true })
}
