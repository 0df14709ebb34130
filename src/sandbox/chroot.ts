import { chmodSync, lstatSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { Fault, type ProcessRunner, type Session } from '../kernel/index.ts'
import { scriptCapabilities } from './bubblewrap.ts'
import type { SandboxedProgram } from './model.ts'
import { removeTree } from './remove-tree.ts'

export interface ChrootPrograms {
  readonly chroot: string
  /** undefined: root keeps all that it may do. */
  readonly setpriv: string | undefined
}

/**
 * A line for chroot(1): where namespaces are forbidden, as in an unprivileged container, the container is what isolates. Root keeps what
 * bubblewrap leaves to it, but for chroot(2), by which root gets out of a chroot: that goes once it is in, by the image's own setpriv.
 */
export function chrootLine(
  programs: ChrootPrograms,
  rootFolder: string,
  program: SandboxedProgram,
): readonly [string, ...string[]] {
  const { chroot, setpriv } = programs
  if (setpriv === undefined) return [chroot, rootFolder, program.program, ...program.arguments]
  const [inner = '', ...innerArguments] = leaving(scriptCapabilities.filter(each => each !== 'CAP_SYS_CHROOT'))
  const script = `test ! -x ${inner} || set -- ${inner} ${innerArguments.join(' ')} "$@"; exec "$@"`
  const inside = ['/bin/sh', '-c', script, 'sh', program.program, ...program.arguments]
  return [setpriv, ...leaving(scriptCapabilities).slice(1), chroot, rootFolder, ...inside]
}

/** A line for setpriv(1) of an image, where util-linux is essential. */
function leaving(capabilities: readonly string[]): readonly string[] {
  const kept = capabilities.map(name => `+${name.replace('CAP_', '').toLowerCase()}`)
  return ['/usr/bin/setpriv', '--no-new-privs', '--inh-caps=-all', `--bounding-set=-all,${kept.join(',')}`, '--']
}

/** The program setpriv of this host, if it works here: it does without /proc, but needs CAP_SETPCAP. */
export async function findSetpriv(runner: ProcessRunner, session: Session): Promise<string | undefined> {
  const setpriv = await runner.find('setpriv')
  if (setpriv === undefined) return undefined
  const { exitStatus } = await runner.run({
    program: setpriv,
    arguments: [...leaving(scriptCapabilities).slice(1), setpriv, '--version'],
    environment: { LC_ALL: 'C' },
    workingFolder: '/',
    signal: session.signal,
  })
  return exitStatus === 0 ? setpriv : undefined
}

/**
 * `/run` and `/tmp` as bubblewrap gives them to every program: empty, but for a `/run/lock`. Nothing runs in the root now; where a script
 * put a link, it stays as it is.
 */
export function emptyVolatile(rootFolder: string): void {
  for (const folder of ['run', 'tmp'].map(name => join(rootFolder, name))) {
    if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) continue
    for (const name of readdirSync(folder, { encoding: 'latin1' }))
      removeTree(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, 'latin1')]))
  }
  const run = join(rootFolder, 'run')
  if (lstatSync(run, { throwIfNoEntry: false })?.isDirectory() !== true) return
  mkdirSync(join(run, 'lock'))
  chmodSync(join(run, 'lock'), 0o1777)
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
  // postgresql looks whether its user could have shared memory, and writes down what it found.
  chmodSync(join(folder, 'shm'), 0o1777)
}
