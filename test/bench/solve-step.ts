import { join } from 'node:path'
import { resultOf } from './measure.ts'
import { lockUpdate, projectIn } from './project.ts'
import type { ServedArchive } from './served-archive.ts'

const sets = [
  { name: 'nginx', wantedMilliseconds: 50 },
  { name: 'kde-full', wantedMilliseconds: 150 },
] as const

/** What resolving alone takes in a process that has just started: from open indexes to the checked answer, as `--verbose` says it. */
export async function solveSteps(scratch: string, served: ServedArchive, runs: number): Promise<readonly string[]> {
  const lines = ['| solve step | median | fastest | wanted |', '|---|---|---|---|']
  for (const { name, wantedMilliseconds } of sets) {
    const place = { folder: join(scratch, `solve-${name}`), storeFolder: join(scratch, 'store'), served }
    const project = await projectIn(place, ['base: none', `packages: [${name}]`, 'recommends: false'])
    const update = lockUpdate(project)
    const verbose = {
      ...update,
      commandLine: ['sh', '-c', 'exec "$0" "$@" --verbose 2>&1', ...update.commandLine],
    } as const
    const taken: number[] = []
    // The first run opens indexes that the store may not have yet.
    for (let run = 0; run <= runs; run++) {
      const printed = await resultOf(verbose)
      const [, milliseconds] = /^resolve: amd64: .* \(([0-9]+) ms\)$/m.exec(printed) ?? []
      if (milliseconds === undefined) throw new Error(`${name}: \`--verbose\` does not say what resolving took`)
      if (run > 0) taken.push(Number(milliseconds))
    }
    taken.sort((left, right) => left - right)
    lines.push(`| ${name} | ${taken[taken.length >> 1]} ms | ${taken[0]} ms | ${wantedMilliseconds} ms |`)
  }
  return lines
}
