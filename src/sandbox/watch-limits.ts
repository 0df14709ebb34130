import { statfsSync } from 'node:fs'
import { Fault } from '../kernel/index.ts'
import { measureRoot, processesIn } from './measure-root.ts'
import type { SandboxedProgram, SandboxLimits } from './model.ts'

export interface WatchRequest {
  readonly rootFolder: string
  readonly limits: SandboxLimits
  readonly program: SandboxedProgram
}

/** Looks after the limits that no kernel call sets: call `stop` when the program has ended. */
export interface LimitWatch {
  /** Aborted with {Fault} `SCRIPT_LIMIT` once a limit is passed. */
  readonly signal: AbortSignal
  stop(): void
}

/** Looking at all processes of a machine with 300 takes 2 ms. */
const intervalMilliseconds = 250
/** The root is measured anew when the disk has lost this part of a limit, by whomever. */
const partOfLimit = 16

/**
 * Counts the processes of a root and what it takes of the disk while a program runs in it. RLIMIT_NPROC does not bind root, a control group
 * needs rights that containers lack, and a quota needs a file system of its own; so this process looks, four times a second.
 */
export function watchLimits(request: WatchRequest): LimitWatch {
  const { rootFolder, limits } = request
  const controller = new AbortController()
  const timers = [setTimeout(() => end(`was ended after ${limits.seconds} seconds`, hintOfTime), limits.seconds * 1000)]
  let measuredAt = freeIn(rootFolder)
  let isMeasuring = false
  const look = async () => {
    const count = processesIn(rootFolder).length
    if (count > limits.processes) return end(`started ${count} processes, more than ${limits.processes}`, hintOfAmount)
    const free = freeIn(rootFolder)
    if (isMeasuring || free === undefined || measuredAt === undefined) return
    const lostBytes = measuredAt.bytes - free.bytes
    const lostPaths = measuredAt.paths - free.paths
    if (lostBytes < limits.diskBytes / partOfLimit && lostPaths < limits.paths / partOfLimit) return
    isMeasuring = true
    measuredAt = free
    const size = await measureRoot(rootFolder)
    isMeasuring = false
    if (size.bytes > limits.diskBytes)
      end(`filled the root to ${size.bytes} bytes, more than ${limits.diskBytes}`, hintOfAmount)
    else if (size.paths > limits.paths) end(`made more than ${limits.paths} files or nested folders`, hintOfAmount)
  }
  const end = (what: string, hint: string) => {
    if (controller.signal.aborted) return
    controller.abort(
      new Fault('SCRIPT_LIMIT', {
        message: `${request.program.program} ${what}`,
        hint,
        context: { program: request.program.program, seconds: limits.seconds },
      }),
    )
  }
  timers.push(
    setInterval(() => {
      look().catch(() => undefined)
    }, intervalMilliseconds),
  )
  return {
    signal: controller.signal,
    stop: () => {
      for (const timer of timers) clearTimeout(timer)
    },
  }
}

const hintOfTime =
  'A script waits for something that does not come, such as the network or a service; `--log FILE` keeps what it printed.'
const hintOfAmount =
  'The last package that was set up does this; `--log FILE` names it. Leave it out, or report it to its maintainer.'

interface FreeSpace {
  readonly bytes: number
  readonly paths: number
}

function freeIn(folder: string): FreeSpace | undefined {
  try {
    const { bfree, bsize, ffree } = statfsSync(folder)
    return { bytes: bfree * bsize, paths: ffree }
  } catch {
    return undefined
  }
}
