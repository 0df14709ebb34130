import { spawn } from 'node:child_process'

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
}

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
  for (let round = 0; round < rounds; round++) {
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
  return { name: row.name, results, ours, peers }
}

/** Runs a contender once, with its preparation, and returns its standard output. */
export async function resultOf(contender: Contender): Promise<string> {
  await contender.prepare?.()
  return await outputOf(contender)
}

function timingOf(label: string, runs: readonly number[]): Timing {
  const sorted = [...runs].sort((left, right) => left - right)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? 0
  const median = sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2
  return { label, medianMilliseconds: median, runsMilliseconds: runs }
}

function outputOf({ commandLine, folder, environment }: Contender): Promise<string> {
  const [program, ...words] = commandLine
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { cwd: folder, env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
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
