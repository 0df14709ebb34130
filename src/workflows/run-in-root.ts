import { chmodSync, lstatSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ProcessRunner, Session } from '../kernel/index.ts'
import type { AssembledRoot } from '../rootfs/index.ts'
import { defaultLimits } from '../sandbox/index.ts'
import { enterRoot, type RootPlace } from './enter-root.ts'

/** What is run in a private copy of a root; plain data. */
export interface RootProgram extends RootPlace {
  /** undefined: a shell. */
  readonly command: readonly [string, ...string[]] | undefined
  readonly network: 'none' | 'host'
  readonly attached: 'standard output' | 'standard error'
  /** TERM of the user's terminal. */
  readonly terminalType: string | undefined
}

/**
 * Writes the root into a folder and runs a program in it, with the user's own streams. This process is root, of the machine or of a user
 * namespace.
 *
 * @returns the program's exit status
 * @throws {Fault} as `enterRoot`
 */
export async function runInRoot(
  root: AssembledRoot,
  wanted: RootProgram,
  { runner, session }: { readonly runner: ProcessRunner; readonly session: Session },
): Promise<number> {
  const { rootFolder, sandbox } = await enterRoot(root, { ...wanted, limits: defaultLimits }, { runner, session })
  if (wanted.network === 'host') takeNameServers(rootFolder)
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
  writeFileSync(path, readFileSync('/etc/resolv.conf'), { flag: 'wx' })
  // Whatever umask the caller has: users other than root ask name servers too.
  chmodSync(path, 0o644)
}
