import { lstatSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { emitOutputs } from '../image/index.ts'
import { type ProcessRunner, type Session, silentJournal } from '../kernel/index.ts'
import type { AssembledRoot } from '../rootfs/index.ts'
import { defaultLimits, openSandbox, type SandboxBackEnd } from '../sandbox/index.ts'

/** What is run in a private copy of a root; plain data. */
export interface RootProgram {
  /** The private folder in which the copy is made; nobody else can enter it. */
  readonly top: string
  /** undefined: a shell. */
  readonly command: readonly [string, ...string[]] | undefined
  readonly network: 'none' | 'host'
  readonly attached: 'standard output' | 'standard error'
  /** TERM of the user's terminal. */
  readonly terminalType: string | undefined
  readonly architecture: string
  readonly sourceDateEpochSeconds: number
  readonly backEnd?: SandboxBackEnd
  /** Node's `process.arch`. */
  readonly processor: string
}

/**
 * Writes the root into a folder and runs a program in it, with the user's own streams. This process is root, of the machine or of a user
 * namespace.
 *
 * @returns the program's exit status
 * @throws {Fault} as `emitOutputs` and `openSandbox`
 */
export async function runInRoot(
  root: AssembledRoot,
  wanted: RootProgram,
  { runner, session }: { readonly runner: ProcessRunner; readonly session: Session },
): Promise<number> {
  const rootFolder = join(wanted.top, 'root')
  const { architecture, sourceDateEpochSeconds, backEnd, processor } = wanted
  // What cannot be made in a namespace, as device nodes, the sandbox has of its own.
  const quiet = { ...session, journal: silentJournal }
  await emitOutputs(
    {
      root,
      facts: { digest: root.digest, architecture, sourceDateEpochSeconds },
      outputs: [{ format: 'directory', path: rootFolder, name: 'the private copy' }],
      ownership: 'tree',
      runner,
    },
    quiet,
  )
  if (wanted.network === 'host') takeNameServers(rootFolder)
  const sandbox = await openSandbox(
    { rootFolder, backEnd, sourceDateEpochSeconds, limits: defaultLimits, runner, processor },
    session,
  )
  if (sandbox.weaknesses.length > 0)
    session.journal.emit({
      kind: 'warned',
      stage: 'configure',
      message: `programs run in a ${sandbox.backEnd} only, which cannot ${sandbox.weaknesses.join(', ')}`,
      hint: 'Run it where bubblewrap can make namespaces; `aptroot doctor` says what is missing.',
    })
  const [program, ...words] = wanted.command ?? [shellOf(root)]
  // env(1) of the root looks the program up in PATH, and says 127 where there is none.
  const result = await sandbox.run(
    {
      program: '/usr/bin/env',
      arguments: ['--', program, ...words],
      environment: wanted.terminalType === undefined ? {} : { TERM: wanted.terminalType },
      attached: wanted.attached,
      network: wanted.network,
    },
    session,
  )
  return result.exitStatus
}

function shellOf({ tree }: AssembledRoot): string {
  return tree.has('usr/bin/bash') || tree.has('bin/bash') ? '/bin/bash' : '/bin/sh'
}

/** In place of what the image has there, often a link to what only a running system has. */
function takeNameServers(rootFolder: string): void {
  const folder = join(rootFolder, 'etc')
  if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return
  const path = join(folder, 'resolv.conf')
  rmSync(path, { force: true, recursive: true })
  writeFileSync(path, readFileSync('/etc/resolv.conf'), { flag: 'wx', mode: 0o644 })
}
