import { type ChildProcess, spawn } from 'node:child_process'
import { peakMemoryOf } from './peak-memory.ts'

/** A whole process and what has to be so before each of its runs. */
export interface Contender {
  readonly label: string
  readonly commandLine: readonly [string, ...string[]]
  readonly folder: string
  readonly environment: NodeJS.ProcessEnv
  /** Not timed. */
  readonly prepare?: () => Promise<void>
}

/** One job done by aptroot and by its peers on the same data. */
export interface Row {
  readonly name: string
  readonly ours: Contender
  readonly peers: readonly Contender[]
  /** Runs every contender once and says how the results of these peers compare: `same`, or what differs. Not timed. */
  readonly compare: (present: readonly Contender[]) => Promise<string>
  /** Puts back what preparing changed. */
  readonly done?: () => Promise<void>
}

export interface Timing {
  readonly label: string
  readonly medianMilliseconds: number
  readonly runsMilliseconds: readonly number[]
  /** User and system time of the program and all that it started, the least of the runs: what other programs on the machine disturb least. */
  readonly processorMilliseconds: number
}

export interface MeasuredRow {
  readonly name: string
  readonly results: string
  readonly ours: Timing
  readonly peers: readonly Timing[]
  /** Of one more run of aptroot, with all processes that it started. */
  readonly peakBytes: number
}

/** Who takes longer is run three times instead of five. */
const longMilliseconds = 20_000

/**
 * Times all contenders of a row, one after the other in each round, so that a busy minute of the machine slows each of
 * them and not only the one that was running.
 *
 * @throws {Error} when a program fails: a failure is never a fast result
 */
export async function measureRow(row: Row, rounds: number): Promise<MeasuredRow> {
  const results = await row.compare(row.peers)
  const contenders = [row.ours, ...row.peers]
  const runs = contenders.map((): Run[] => [])
  const longest = () => Math.max(0, ...runs.map(each => each[0]?.milliseconds ?? 0))
  for (let round = 0; round < (longest() > longMilliseconds ? Math.min(rounds, 3) : rounds); round++) {
    for (const at of contenders.keys()) {
      // Every second round goes backwards: nobody always runs after the same neighbour.
      const turn = round % 2 === 0 ? at : contenders.length - 1 - at
      const contender = contenders[turn]
      if (contender === undefined) continue
      await contender.prepare?.()
      runs[turn]?.push(await runOf(contender))
    }
  }
  const [ours, ...peers] = contenders.map((contender, at) => timingOf(contender.label, runs[at] ?? []))
  if (ours === undefined) throw new Error(`${row.name} has no contender`)
  const peakBytes = await peakOf(row.ours)
  await row.done?.()
  return { name: row.name, results, ours, peers, peakBytes }
}

/** Runs a contender once, with its preparation, and returns its standard output. */
export async function resultOf(contender: Contender): Promise<string> {
  await contender.prepare?.()
  return (await runOf(contender)).output
}

/** Apart from the runs that are timed: looking at memory costs time. */
async function peakOf(contender: Contender): Promise<number> {
  await contender.prepare?.()
  let peak: Promise<number> | undefined
  await runOf(contender, child => {
    peak = peakMemoryOf(child)
  })
  return (await peak) ?? 0
}

function timingOf(label: string, runs: readonly Run[]): Timing {
  const runsMilliseconds = runs.map(each => each.milliseconds)
  const sorted = runsMilliseconds.toSorted((left, right) => left - right)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? 0
  const median = sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2
  const processorMilliseconds = Math.min(...runs.map(each => each.processorMilliseconds))
  return { label, medianMilliseconds: median, runsMilliseconds, processorMilliseconds }
}

interface Run {
  readonly output: string
  readonly milliseconds: number
  readonly processorMilliseconds: number
}

/** The shell, a millisecond for everybody, knows what its children used: in steps of 10 ms. */
const timedCommand = '"$@" 3>&-; code=$?; times >&3; exit "$code"'

function runOf(
  { commandLine, folder, environment }: Contender,
  watch: (child: ChildProcess) => void = () => undefined,
): Promise<Run> {
  return new Promise((resolve, reject) => {
    const start = performance.now()
    const child = spawn('/bin/sh', ['-c', timedCommand, 'sh', ...commandLine], {
      cwd: folder,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    })
    watch(child)
    const [output, errorOutput, times] = [1, 2, 3].map(at => collected(child.stdio[at]))
    child.on('error', reject)
    child.on('close', code => {
      const milliseconds = performance.now() - start
      if (code === 0)
        resolve({ output: output?.() ?? '', milliseconds, processorMilliseconds: childrenOf(times?.() ?? '') })
      else reject(new Error(`${commandLine.join(' ')} ended with ${code}: ${errorOutput?.()}`))
    })
  })
}

function collected(stream: ChildProcess['stdio'][number]): () => string {
  const chunks: Buffer[] = []
  stream?.on('data', (chunk: Buffer) => chunks.push(chunk))
  return () => Buffer.concat(chunks).toString()
}

/** The second line of `times`: `0m1.230000s 0m0.050000s`. */
function childrenOf(times: string): number {
  const found = [...times.matchAll(/([0-9]+)m([0-9.]+)s/g)].slice(2, 4)
  return found.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1000, 0)
}
