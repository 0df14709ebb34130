import { closeSync, constants, lstatSync, openSync, readdirSync, readlinkSync, statSync } from 'node:fs'
import { nextTurn } from '../kernel/index.ts'

export interface RootSize {
  /** What the disk gives away for it; a hole in a file takes nothing. */
  readonly bytes: number
  readonly paths: number
}

/** Packages nest folders less than 30 deep; whoever goes on hides something, and each level costs an open descriptor. */
const maximumDepth = 200

/**
 * Measures a root while programs run in it that may swap its folders at any moment. Each folder is opened without following a link, by
 * way of the descriptor of the one above, so nothing outside is ever looked at. What vanishes meanwhile counts for nothing.
 *
 * @returns `paths` infinite when folders are nested without end
 */
export async function measureRoot(rootFolder: string): Promise<RootSize> {
  const size = { bytes: 0, paths: 0 }
  let isTooDeep = false
  const visit = async (folder: string | Buffer, depth: number): Promise<void> => {
    if (depth > maximumDepth) {
      isTooDeep = true
      return
    }
    const descriptor = attempt(() =>
      openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW),
    )
    if (descriptor === undefined) return
    try {
      const here = Buffer.from(`/proc/self/fd/${descriptor}/`)
      for (const name of attempt(() => readdirSync(here, { encoding: 'buffer' })) ?? []) {
        const path = Buffer.concat([here, name])
        const stats = attempt(() => lstatSync(path))
        if (stats === undefined) continue
        if (++size.paths % 256 === 0) await nextTurn()
        size.bytes += stats.blocks * 512
        if (stats.isDirectory()) await visit(path, depth + 1)
      }
    } finally {
      closeSync(descriptor)
    }
  }
  await visit(rootFolder, 0)
  return isTooDeep ? { ...size, paths: Number.POSITIVE_INFINITY } : size
}

/**
 * The processes that have this folder as their root, and all others of their pid namespaces: what a sandbox runs, whatever its back end.
 * Empty where there is no /proc.
 */
export function processesIn(rootFolder: string): readonly number[] {
  const root = attempt(() => statSync(rootFolder))
  const own = attempt(() => readlinkSync('/proc/self/ns/pid'))
  const host = attempt(() => statSync('/'))
  if (root === undefined || own === undefined || host === undefined) return []
  // Whatever a caller mistook for a root: what has this process's own root is not in it.
  if (root.ino === host.ino && root.dev === host.dev) return []
  const numbers = readdirSync('/proc').filter(name => /^[1-9]\d*$/.test(name))
  const found = new Set<string>()
  const namespaces = new Set<string>()
  for (const number of numbers) {
    const stats = attempt(() => statSync(`/proc/${number}/root/`))
    if (stats?.ino !== root.ino || stats.dev !== root.dev) continue
    found.add(number)
    const namespace = attempt(() => readlinkSync(`/proc/${number}/ns/pid`))
    if (namespace !== undefined && namespace !== own) namespaces.add(namespace)
  }
  if (namespaces.size > 0)
    for (const number of numbers) {
      const namespace = attempt(() => readlinkSync(`/proc/${number}/ns/pid`))
      if (namespace !== undefined && namespaces.has(namespace)) found.add(number)
    }
  return [...found].map(Number)
}

/**
 * Ends what a program left running in a root that has no pid namespace to end with, and what that starts meanwhile. One that the kernel
 * does not let go of (it waits for a device) is left behind after some seconds.
 */
export async function endProcessesIn(rootFolder: string): Promise<void> {
  for (let round = 0; round < 500; round++) {
    const left = processesIn(rootFolder)
    if (left.length === 0) return
    // First none of them may start another.
    for (const signal of ['SIGSTOP', 'SIGKILL'] as const)
      for (const each of left) attempt(() => process.kill(each, signal))
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

/** What a running script takes away between two calls is no fault. */
function attempt<Result>(operation: () => Result): Result | undefined {
  try {
    return operation()
  } catch {
    return undefined
  }
}
