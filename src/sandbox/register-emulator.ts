import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Fault, type ProcessRunner, type Session } from '../kernel/index.ts'
import type { Emulator } from './emulator.ts'

/**
 * Makes the kernel run foreign programs with the emulator, for this user namespace alone and as long as the mount namespace lives: the
 * host sees nothing of it. This process is root of the user namespace and has a mount namespace of it.
 *
 * @param folder does not exist yet; the registry is mounted there
 * @throws {Fault} `SANDBOX_UNAVAILABLE` when the kernel is too old for it, or does not know binfmt_misc
 */
export async function registerEmulator(
  emulator: Emulator,
  place: { readonly folder: string; readonly runner: ProcessRunner },
  session: Session,
): Promise<void> {
  mkdirSync(place.folder)
  const result = await place.runner.run({
    program: emulator.mountProgram,
    arguments: ['-i', '-t', 'binfmt_misc', 'binfmt_misc', place.folder],
    environment: { LC_ALL: 'C' },
    workingFolder: '/',
    signal: session.signal,
  })
  if (result.exitStatus !== 0) {
    const [said = ''] = Buffer.from(result.errorOutput).toString('utf8').trim().split('\n')
    throw refused(`binfmt_misc cannot be mounted in a user namespace (${said})`)
  }
  try {
    writeFileSync(join(place.folder, 'register'), emulator.registration)
  } catch (error) {
    throw refused(`the kernel does not take ${emulator.program} (${error instanceof Error ? error.message : error})`)
  }
}

function refused(problem: string): Fault {
  return new Fault('SANDBOX_UNAVAILABLE', {
    message: `programs of another architecture cannot be run on this machine: ${problem}`,
    hint: 'It takes Linux 6.7; before, install the packages qemu-user-static and binfmt-support on this machine as root.',
    context: { problems: [problem] },
  })
}
