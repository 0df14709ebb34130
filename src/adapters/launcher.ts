import type { ChildProcess } from 'node:child_process'
import { accessSync, closeSync, constants, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { Fault, type Launcher, type ProcessRequest, type ProcessResult, type ProcessRunner } from '../kernel/index.ts'
import { collect, killGroup, overflowFault } from './program-output.ts'
import { loadSpawn, type StartRequest, start } from './start-program.ts'

export interface LauncherSettings {
  /** Does what the launcher cannot. */
  readonly runner: ProcessRunner
  /** Absolute. */
  readonly temporaryFolder: string
  /** As of the runner. */
  readonly maximumOutputBytes: number
}

const shell = '/bin/sh'

/**
 * What the small process does, in words of POSIX. It reads names of files that hold a program each, and answers with the status of each.
 * Nothing is ever written to descriptor 3: it ends when the process at the other end does, however that came about, and then whatever runs has to
 * end too. $0: its folder.
 */
const launcherScript = `
{ read -r nothing <&3; rm -rf "$0"; kill -9 0; } </dev/null >/dev/null &
exec 3<&-
mkfifo -m 600 "$0/output" "$0/errors" && echo ready
while read -r name; do
  ( . "$0/$name" )
  echo "status $?"
done`

/**
 * Starts programs from a shell that was started when there was less to copy. Standard output and standard error come through pipes that have
 * a name in a closed folder, opened anew for each program: each ends with its last writer, as pipes do.
 */
export function createLauncher(settings: LauncherSettings): Launcher {
  const { runner } = settings
  let running: Promise<Shell | undefined> | undefined
  let isBusy = false
  const begin = () => {
    running ??= startShell(settings.temporaryFolder).catch(() => undefined)
    return running
  }
  return {
    find: runner.find,
    start: () => void begin(),
    async run(request) {
      if (isBusy || !isPlain(request)) return await runner.run(request)
      isBusy = true
      try {
        const shell = await begin()
        if (shell === undefined) return await runner.run(request)
        const ended = await runIn(shell, request, settings.maximumOutputBytes)
        if (ended === 'not started') return await runner.run(request)
        return ended
      } catch (error) {
        // Whatever ran was ended together with it.
        await end(running)
        running = undefined
        throw error
      } finally {
        isBusy = false
      }
    },
    close: async () => {
      await end(running)
      running = undefined
    },
  }
}

async function end(running: Promise<Shell | undefined> | undefined): Promise<void> {
  const shell = await running
  if (shell === undefined) return
  const { child } = shell
  const ended = new Promise(resolve => child.once('exit', resolve))
  killGroup(child)
  // So that what its programs took counts as this process's.
  if (child.exitCode === null && child.signalCode === null) await ended
  rmSync(shell.folder, { recursive: true, force: true })
}

interface Shell {
  readonly child: ChildProcess
  readonly folder: string
  readonly commands: Writable
  /** The next line that it says; undefined when it has ended. */
  answer(): Promise<string | undefined>
}

/** @returns undefined where there is no such shell, or no program that makes pipes with names */
async function startShell(temporaryFolder: string): Promise<Shell | undefined> {
  const spawning = await loadSpawn()
  const folder = mkdtempSync(join(temporaryFolder, 'aptroot-launcher-'))
  const request: StartRequest = {
    program: shell,
    arguments: ['-c', launcherScript, folder],
    environment: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    workingFolder: '/',
  }
  const standard = ['pipe', 'pipe', 'ignore', 'pipe'] as const
  const child = start(request, { spawning, standard, group: 'own group' })
  const answer = linesOf(child)
  // `pipe` above: they are there.
  const commands = child.stdin as Writable
  for (const each of [commands, child.stdio[3] as Writable]) each.on('error', () => undefined)
  if ((await answer()) === 'ready') return { child, folder, commands, answer }
  killGroup(child)
  rmSync(folder, { recursive: true, force: true })
  return undefined
}

function linesOf(child: ChildProcess): Shell['answer'] {
  const lines: string[] = []
  let open = ''
  let hasEnded = false
  let wake: () => void = () => undefined
  const stdout = child.stdout as Readable
  stdout.on('data', (bytes: Buffer) => {
    const parts = `${open}${bytes.toString('latin1')}`.split('\n')
    open = parts.pop() ?? ''
    lines.push(...parts)
    wake()
  })
  const onEnd = () => {
    hasEnded = true
    wake()
  }
  stdout.on('close', onEnd)
  child.on('error', onEnd)
  return async () => {
    while (lines.length === 0 && !hasEnded)
      await new Promise<void>(resolve => {
        wake = resolve
      })
    return lines.shift()
  }
}

/** What needs no pipe to the program, and has an environment that a shell can name. */
function isPlain({ attached, input, descriptors = [], environment, workingFolder, program }: ProcessRequest): boolean {
  if (attached !== undefined || input !== undefined || workingFolder !== '/') return false
  if (!descriptors.every(({ kind }) => kind === 'input')) return false
  if (!Object.keys(environment).every(name => /^[A-Z_]+$/.test(name) && name !== 'PWD')) return false
  try {
    accessSync(program, constants.X_OK)
    return true
  } catch {
    // The runner says why.
    return false
  }
}

/** @throws the signal's reason, and {Fault} `PROGRAM_FAILED` when it prints without end; nothing runs any more then */
async function runIn(
  shell: Shell,
  request: ProcessRequest,
  maximumOutputBytes: number,
): Promise<ProcessResult | 'not started'> {
  const { child, folder } = shell
  const { signal, onOutput } = request
  signal.throwIfAborted()
  writeFileSync(join(folder, 'program'), programText(request, folder), { mode: 0o600 })
  const onAbort = () => killGroup(child)
  signal.addEventListener('abort', onAbort, { once: true })
  // Before there is a writer: neither waits for the other then. They are read once there is one: until then each is at its end.
  const unread = ['output', 'errors'].map(name =>
    openSync(join(folder, name), constants.O_RDONLY | constants.O_NONBLOCK),
  )
  const pipes: Socket[] = []
  let hasOverflowed = false
  try {
    shell.commands.write('program\n')
    const first = await shell.answer()
    signal.throwIfAborted()
    if (first !== 'started') return first === undefined ? refuse(request) : 'not started'
    for (const fd of unread.splice(0)) pipes.push(new Socket({ fd, readable: true, writable: false }))
    const gathered = pipes.map(pipe => {
      pipe.on('error', () => undefined)
      const bytes = collect(pipe, maximumOutputBytes, () => {
        hasOverflowed = true
        killGroup(child)
      })
      if (onOutput !== undefined) pipe.on('data', onOutput)
      const ended = new Promise<void>(resolve => pipe.once('close', () => resolve()))
      return { bytes, ended }
    })
    const last = await shell.answer()
    await Promise.all(gathered.map(({ ended }) => ended))
    signal.throwIfAborted()
    if (hasOverflowed) throw overflowFault(request, maximumOutputBytes)
    const status = /^status (\d+)$/.exec(last ?? '')?.[1]
    if (status === undefined) return refuse(request)
    const [output, errorOutput] = gathered.map(({ bytes }) => bytes())
    return {
      exitStatus: Number(status),
      output: output ?? new Uint8Array(),
      errorOutput: errorOutput ?? new Uint8Array(),
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    for (const pipe of pipes) pipe.destroy()
    for (const descriptor of unread) closeSync(descriptor)
  }
}

function refuse({ program }: ProcessRequest): never {
  throw new Fault('PROGRAM_FAILED', {
    message: `${program} cannot be awaited: the process that started it has ended`,
    hint: 'Run the command again; when it happens twice, look for what ends processes of this machine.',
    context: { program },
  })
}

/** What the shell reads: descriptors first, of which the program gets none that is not its own. */
function programText({ program, arguments: words, environment, descriptors = [] }: ProcessRequest, folder: string) {
  const inputs = descriptors.flatMap((descriptor, at) => {
    if (descriptor.kind !== 'input') return []
    const path = join(folder, `descriptor-${3 + at}`)
    writeFileSync(path, descriptor.bytes, { mode: 0o600 })
    return [`${3 + at}<${quotedWord(path)}`]
  })
  return [
    'exec 9>&1',
    `exec </dev/null >${quotedWord(join(folder, 'output'))} 2>${quotedWord(join(folder, 'errors'))}`,
    'echo started >&9',
    'exec 9>&-',
    'unset PATH',
    ...Object.entries(environment).map(([name, value]) => `export ${name}=${quotedWord(value)}`),
    `exec ${[program, ...words].map(quotedWord).join(' ')} ${inputs.join(' ')}`,
    '',
  ].join('\n')
}

/** POSIX, 2.2.2: nothing but a single quote ends single quotes. */
function quotedWord(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}
