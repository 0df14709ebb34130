import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startPostgres, whyNoPostgres } from '../support/postgres-server.ts'
import { contendedKey, runLoad, writerToken } from '../support/revision-load.ts'
import { startRevisionServer } from '../support/revision-servers.ts'
import { keyOf, whyNoSqlite } from '../support/revision-table.ts'
import { type SeededRandom, seededRandom } from '../support/seeded-random.ts'

const requests = 10_000
const clients = 32

/** What is asked: revisions that nobody has yet, known ones, or a farm's mixture. */
const questions: Readonly<Record<string, (random: SeededRandom) => ReturnType<typeof keyOf>>> = {
  new: random => keyOf(`${random.below(2 ** 31)} ${random.below(2 ** 31)}`, { package: `pkg${random.below(50)}` }),
  known: () => keyOf('known'),
  mixed: contendedKey,
}

export const revisionRowName = 'revision service'

/**
 * Requests per second of one service on SQLite and on PostgreSQL, asked by 32 clients of this machine, and the service's own processor time
 * for a thousand of them, which other programs of the machine disturb least.
 */
export async function revisionRows(scratch: string, say: (line: string) => void): Promise<void> {
  const missing = whyNoSqlite() ?? whyNoPostgres()
  if (missing !== undefined) {
    say(`*** NO ROWS of the ${revisionRowName}: ${missing}`)
    return
  }
  const postgres = await startPostgres()
  say(`\n| ${revisionRowName} | requests/s | processor time of 1000 |\n|---|---|---|`)
  try {
    for (const kind of ['SQLite', 'PostgreSQL'] as const)
      for (const [name, keyAt] of Object.entries(questions)) {
        const folder = join(scratch, `revision-${kind}-${name}`)
        await mkdir(folder, { recursive: true })
        await writeFile(join(folder, 'tokens'), `${writerToken}\n`)
        const database = kind === 'SQLite' ? 'revisions.db' : await postgres.database(`bench_${name}`)
        const server = await startRevisionServer({ folder, words: ['-d', database, '--tokens', 'tokens'] })
        try {
          const load = { urls: [server.url], clients, random: seededRandom(1), keyAt }
          // Until everything is compiled and connected.
          await runLoad({ ...load, requests: 1000 })
          const before = await server.processorSeconds()
          const { seconds, told } = await runLoad({ ...load, requests })
          const used = (await server.processorSeconds()) - before
          if (told.length !== requests) throw new Error(`only ${told.length} requests were answered`)
          const rate = Math.round(requests / seconds)
          say(`| ${kind}, ${name} | ${rate} | ${((used / requests) * 1e6).toFixed(0)} ms |`)
        } finally {
          await server.kill()
        }
      }
  } finally {
    await postgres.close()
  }
}
