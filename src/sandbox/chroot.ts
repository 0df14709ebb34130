import { chmodSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { Fault, type ProcessRunner, type Session } from '../kernel/index.ts'
import { filteringWords } from './apply-filter.ts'
import { scriptCapabilities } from './bubblewrap.ts'
import type { SandboxedProgram } from './model.ts'
import { emptyFolder } from './remove-tree.ts'

export interface ChrootPrograms {
  readonly chroot: string
  /** undefined: root keeps all that it may do. */
  readonly setpriv: string | undefined
  /** As `seccompFilter` makes it; undefined: there is none, or nothing that could apply it. */
  readonly filter: Uint8Array | undefined
}

/**
 * A line for chroot(1): where namespaces are forbidden, as in an unprivileged container, the container is what isolates. Root keeps what
 * bubblewrap leaves to it, but for chroot(2), by which root gets out of a chroot: that goes once it is in, by the image's own setpriv. The image's
 * own Perl applies the filter of system calls.
 */
export function chrootLine(
  programs: ChrootPrograms,
  rootFolder: string,
  program: SandboxedProgram,
): readonly [string, ...string[]] {
  const { chroot, setpriv, filter } = programs
  const filtered = [...(filter === undefined ? [] : filteringWords(filter)), program.program, ...program.arguments]
  if (setpriv === undefined) return [chroot, rootFolder, ...filtered]
  const [inner = '', ...innerArguments] = leaving(scriptCapabilities.filter(each => each !== 'CAP_SYS_CHROOT'))
  const script = `test ! -x ${inner} || set -- ${inner} ${innerArguments.join(' ')} "$@"; exec "$@"`
  return [
    setpriv,
    ...leaving(scriptCapabilities).slice(1),
    chroot,
    rootFolder,
    '/bin/sh',
    '-c',
    script,
    'sh',
    ...filtered,
  ]
}

/** Whether the root's own Perl can apply the filter here, found out by trying. */
export async function isFilterApplicable(
  programs: ChrootPrograms,
  rootFolder: string,
  { runner, session }: { readonly runner: ProcessRunner; readonly session: Session },
): Promise<boolean> {
  const [program, ...words] = chrootLine(programs, rootFolder, { program: '/bin/sh', arguments: ['-c', 'exit 42'] })
  const environment = { LC_ALL: 'C.UTF-8', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }
  const request = { program, arguments: words, environment, workingFolder: '/', signal: session.signal }
  return (await runner.run(request)).exitStatus === 42
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
  emptyFolder(join(rootFolder, 'tmp'))
  const run = join(rootFolder, 'run')
  if (!emptyFolder(run)) return
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
