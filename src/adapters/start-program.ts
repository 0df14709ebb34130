import type { ChildProcess, IOType, spawn } from 'node:child_process'
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import type { ProcessRequest } from '../kernel/index.ts'

/** Most commands run no program, and loading what starts one takes them 6 ms. */
export async function loadSpawn(): Promise<typeof spawn> {
  return (await import('node:child_process')).spawn
}

export type StartRequest = Pick<
  ProcessRequest,
  'program' | 'arguments' | 'environment' | 'workingFolder' | 'descriptors'
>

export interface Start {
  readonly spawning: typeof spawn
  readonly standard: readonly (IOType | number)[]
  readonly group: 'own group' | 'this group'
}

/** The request's descriptors follow the standard three; nothing else that is open here reaches the program. */
export function start(request: StartRequest, { spawning, standard, group }: Start): ChildProcess {
  const stdio = [...standard, ...(request.descriptors ?? []).map(() => 'pipe' as const)]
  const nothing = coverInherited(stdio)
  const child = spawning(request.program, [...request.arguments], {
    cwd: request.workingFolder,
    env: { ...request.environment },
    stdio,
    detached: group === 'own group',
  })
  if (nothing !== undefined) closeSync(nothing)
  return child
}

/**
 * What this process was started with beyond its standard three, such as the lock of a shell script or a folder, would be open in every
 * program as well: there, each becomes /dev/null.
 *
 * @returns the descriptor of /dev/null, to be closed once the program is started; undefined when there was nothing to cover
 */
function coverInherited(stdio: (IOType | number)[]): number | undefined {
  const inherited = inheritedDescriptors().filter(number => number >= stdio.length)
  if (inherited.length === 0) return undefined
  const nothing = openSync('/dev/null', 'r')
  for (const number of inherited) {
    while (stdio.length < number) stdio.push('ignore')
    stdio[number] = nothing
  }
  return nothing
}

/** In ascending order. Node opens its own with O_CLOEXEC; empty where there is no /proc. @see proc(5), fdinfo */
function inheritedDescriptors(): readonly number[] {
  try {
    return readdirSync('/proc/self/fd')
      .map(Number)
      .filter(number => number > 2 && staysOpen(number))
      .sort((a, b) => a - b)
  } catch {
    return []
  }
}

function staysOpen(number: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${number}`, 'latin1'))?.[1]
    return flags !== undefined && (Number.parseInt(flags, 8) & closeOnExec) === 0
  } catch {
    // The folder that was read above.
    return false
  }
}

/** O_CLOEXEC of Linux on every architecture of Debian's that Node runs on. */
const closeOnExec = 0o2000000
