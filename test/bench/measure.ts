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
  const times = contenders.map((): number[] => [])
  const longest = () => Math.max(0, ...times.map(each => each[0] ?? 0))
  for (let round = 0; round < (longest() > longMilliseconds ? Math.min(rounds, 3) : rounds); round++) {
    for (const at of contenders.keys()) {
      // Every second round goes backwards: nobody always runs after the same neighbour.
      const turn = round % 2 === 0 ? at : contenders.length - 1 - at
      const contender = contenders[turn]
      if (contender === undefined) continue
      await contender.prepare?.()
      const start = performance.now()
      await outputOf(contender)
      times[turn]?.push(performance.now() - start)
    }
  }
  const [ours, ...peers] = contenders.map((contender, at) => timingOf(contender.label, times[at] ?? []))
  if (ours === undefined) throw new Error(`${row.name} has no contender`)
  const peakBytes = await peakOf(row.ours)
  await row.done?.()
  return { name: row.name, results, ours, peers, peakBytes }
}

/** Runs a contender once, with its preparation, and returns its standard output. */
export async function resultOf(contender: Contender): Promise<string> {
  await contender.prepare?.()
  return await outputOf(contender)
}

/** Apart from the runs that are timed: looking at memory costs time. */
async function peakOf(contender: Contender): Promise<number> {
  await contender.prepare?.()
  let peak: Promise<number> | undefined
  await outputOf(contender, child => {
    peak = peakMemoryOf(child)
  })
  return (await peak) ?? 0
}

function timingOf(label: string, runs: readonly number[]): Timing {
  const sorted = [...runs].sort((left, right) => left - right)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? 0
  const median = sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2
  return { label, medianMilliseconds: median, runsMilliseconds: runs }
}

function outputOf(
  { commandLine, folder, environment }: Contender,
  watch: (child: ChildProcess) => void = () => undefined,
): Promise<string> {
  const [program, ...words] = commandLine
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { cwd: folder, env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
    watch(child)
    const output: Buffer[] = []
    const errorOutput: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => errorOutput.push(chunk))
    child.on('error', reject)
    child.on('close', code => {
      if (code === 0) resolve(Buffer.concat(output).toString())
      else reject(new Error(`${commandLine.join(' ')} ended with ${code}: ${Buffer.concat(errorOutput)}`))
    })
  })
}
