import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { type RevisionMode, type RevisionRow, readExport } from '../../src/revision/index.ts'
import { runAptroot } from '../support/aptroot-program.ts'
import { startPostgres, whyNoPostgres } from '../support/postgres-server.ts'
import { contendedKey, type LoadReport, loadComplaints, runLoad, writerToken } from '../support/revision-load.ts'
import { type RevisionServer, startRevisionServer } from '../support/revision-servers.ts'
import { linesOf, whyNoSqlite } from '../support/revision-table.ts'
import { type SeededRandom, seededRandom } from '../support/seeded-random.ts'
import type { Campaign } from './campaign.ts'

const wholeRequests = 10_000
const clients = 32
const servers = 3
/** Starting takes about as long, so that mostly one of the three is away. */
const betweenKillsMilliseconds = 400

export interface RevisionCase {
  readonly name: string
  readonly folder: string
  /** As `--database` takes it. */
  readonly database: string
  readonly mode: RevisionMode
  readonly requests: number
  readonly random: SeededRandom
  readonly kills: 'kill' | 'let live'
}

export interface RevisionCaseReport extends Pick<LoadReport, 'repeated' | 'complaints' | 'seconds'> {
  readonly rows: number
  readonly kills: number
}

/**
 * Three services on one SQLite file and on one PostgreSQL, thirty-two clients, ten thousand questions, a service killed with SIGKILL about each
 * half second and started again. At the end a package, architecture and revision names one checksum, nobody was told two things about one key,
 * and without history nobody was told less than before.
 */
export const revisionsCampaign: Campaign = async place => {
  const missing = whyNoSqlite() ?? whyNoPostgres()
  if (missing !== undefined) throw new Error(missing)
  const database = await startPostgres()
  const complaints: string[] = []
  const table: string[] = []
  let cases = 0
  try {
    for (const kills of ['let live', 'kill'] as const)
      for (const mode of ['history', 'no-history'] as const)
        for (const kind of ['SQLite', 'PostgreSQL'] as const) {
          const name = `${kind}, ${mode}, ${kills === 'kill' ? 'killed' : 'undisturbed'}`
          if (!name.includes(place.match)) continue
          const folder = join(place.scratch, `revisions-${cases}`)
          await mkdir(folder, { recursive: true })
          const report = await runRevisionCase({
            name,
            folder,
            database: kind === 'SQLite' ? 'revisions.db' : await database.database(`case${cases}`),
            mode,
            requests: Math.max(50, Math.round(wholeRequests * place.part)),
            random: seededRandom(place.seed),
            kills,
          })
          cases += 1
          complaints.push(...report.complaints.map(each => `${name}: ${each}`))
          table.push(lineOf(name, report, Math.max(50, Math.round(wholeRequests * place.part))))
        }
  } finally {
    await database.close()
  }
  return { cases, table, complaints }
}

function lineOf(name: string, { seconds, rows, kills, repeated }: RevisionCaseReport, requests: number): string {
  const rate = Math.round(requests / seconds)
  return `${name.padEnd(36)} ${String(rate).padStart(6)} requests/s, ${rows} revisions, ${kills} kills, ${repeated} asked again`
}

/** One database, three services, thirty-two clients. */
export async function runRevisionCase(scene: RevisionCase): Promise<RevisionCaseReport> {
  const { folder, database, mode, requests, random, kills } = scene
  await writeFile(join(folder, 'tokens'), `# of the tests\n${writerToken}\n`)
  const words = ['--database', database, '--mode', mode, '--tokens', 'tokens']
  const running: RevisionServer[] = []
  try {
    for (let at = 0; at < servers; at++) running.push(await startRevisionServer({ folder, words }))
    const load = runLoad({ urls: running.map(({ url }) => url), clients, requests, random, keyAt: contendedKey })
    const killer = kills === 'kill' ? killUntil(load, running, random) : Promise.resolve(0)
    const [report, killed] = await Promise.all([load, killer])
    const rows = await rowsOf(database, folder)
    return {
      seconds: report.seconds,
      repeated: report.repeated,
      kills: killed,
      rows: rows.length,
      complaints: [
        ...report.complaints,
        ...(report.told.length === requests ? [] : [`${requests - report.told.length} requests were not answered`]),
        ...loadComplaints(mode, report.told, rows),
      ],
    }
  } finally {
    for (const server of running) await server.kill()
  }
}

async function killUntil(load: Promise<unknown>, running: readonly RevisionServer[], random: SeededRandom) {
  let isDone = false
  const done = () => {
    isDone = true
  }
  load.then(done, done)
  let killed = 0
  while (!isDone) {
    await setTimeout(random.below(betweenKillsMilliseconds))
    if (isDone) break
    const server = random.pick(running)
    await server.kill()
    killed += 1
    await server.start()
  }
  return killed
}

async function rowsOf(database: string, folder: string): Promise<readonly RevisionRow[]> {
  const written = await runAptroot(['revision', 'export', '--database', database, '-o', 'export.jsonl'], { folder })
  if (written.exitCode !== 0) throw new Error(written.errorOutput)
  const rows: RevisionRow[] = []
  const { rows: all } = await readExport(linesOf(await readFile(join(folder, 'export.jsonl'), 'utf8')))
  for await (const row of all) rows.push(row)
  return rows
}
