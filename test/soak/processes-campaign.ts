import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { properAnswer, startRawMirror } from '../support/raw-mirror.ts'
import { type SeededRandom, seededRandom } from '../support/seeded-random.ts'
import type { Campaign, CampaignPlace } from './campaign.ts'
import { lockedProject, randomDebs, type ServedDeb } from './locked-projects.ts'
import { type SoakProcess, startAptroot } from './soak-process.ts'
import { storeComplaints } from './store-complaints.ts'

const wholeRounds = 50
const processesPerRound = 16
const debsPerRound = 60
const debsPerLock = 40

const parallelism = 4

/** How often a deb may be asked for on average over the whole campaign: some are lost with the process that was downloading them. */
const mostFetches = 1.1

/**
 * Sixteen processes install overlapping locks into one store, fifty rounds long; each second one of them is killed. The others
 * succeed, the store verifies, and a deb is asked for again only where a killed process was downloading it: in no round more often than
 * the killed ones had downloads under way, over the whole campaign at most a tenth more than once. (The tenth says nothing of a slice:
 * two processes killed in one round of sixty debs may be more than that.)
 */
export const processesCampaign: Campaign = async place => {
  const random = seededRandom(place.seed)
  const rounds = Math.max(1, Math.round(wholeRounds * place.part))
  const store = join(place.scratch, 'processes-store')
  const complaints: string[] = []
  const table: string[] = []
  let requests = 0
  for (let round = 0; round < rounds; round++) {
    const found = await runRound(round, { place, random, store })
    requests += found.requests
    complaints.push(...found.complaints.map(each => `round ${round}: ${each}`))
    const line = `round ${String(round).padStart(2)}: ${found.killed} killed, ${debsPerRound} debs, ${found.requests} requests`
    table.push(line)
    place.say(line)
  }
  const average = requests / (rounds * debsPerRound)
  if (rounds === wholeRounds && average > mostFetches)
    complaints.push(`each deb was fetched ${average.toFixed(3)} times on average`)
  return { cases: rounds, table: [`each deb was fetched ${average.toFixed(3)} times on average`], complaints }
}

interface Round {
  readonly place: CampaignPlace
  readonly random: SeededRandom
  readonly store: string
}

async function runRound(
  round: number,
  { place, random, store }: Round,
): Promise<{ readonly killed: number; readonly requests: number; readonly complaints: readonly string[] }> {
  const sizes = Array.from({ length: debsPerRound }, () => 20_000 + random.below(400_000))
  const debs = randomDebs(`round${round}-`, sizes)
  const mirror = await startRawMirror(new Map(debs.map(({ path, bytes }) => [path, bytes])), () => async exchange => {
    // A server some way off, so that processes meet.
    await setTimeout(10)
    properAnswer(exchange)
  })
  try {
    const processes: SoakProcess[] = []
    const locks = Array.from({ length: processesPerRound }, () => someOf(debs, random))
    for (const [index, lock] of locks.entries()) {
      const project = join(place.scratch, `round-${round}`, String(index))
      await lockedProject(project, lock)
      processes.push(
        startAptroot(['lock', 'install', '--fetch-only'], { project, store, mirrorUrl: mirror.url, parallelism }),
      )
    }
    const killed = await killOneEachSecond(processes, random)
    const complaints: string[] = []
    const requests = mirror.requested.length
    if (requests > debsPerRound + parallelism * killed)
      complaints.push(`${requests} requests for ${debsPerRound} debs, though only ${killed} processes were killed`)
    const needed = new Map<string, ServedDeb>()
    for (const [index, { ended }] of processes.entries()) {
      const { exitCode, signal, text } = await ended
      if (signal === 'SIGKILL') continue
      if (exitCode !== 0) complaints.push(`process ${index} ended with ${exitCode ?? signal}: ${text}`)
      for (const deb of locks[index] ?? []) needed.set(deb.locked.sha256, deb)
    }
    complaints.push(
      ...(await storeComplaints(
        store,
        [...needed.values()].map(({ locked }) => locked),
      )),
    )
    return { killed, requests, complaints }
  } finally {
    await mirror.close()
  }
}

function someOf(debs: readonly ServedDeb[], random: SeededRandom): readonly ServedDeb[] {
  const left = [...debs]
  while (left.length > debsPerLock) left.splice(random.below(left.length), 1)
  return left
}

/** Until all have ended. @returns how many were killed */
async function killOneEachSecond(processes: readonly SoakProcess[], random: SeededRandom): Promise<number> {
  let killed = 0
  let running = true
  const all = Promise.all(processes.map(({ ended }) => ended)).then(() => {
    running = false
  })
  for (;;) {
    await Promise.race([all, setTimeout(1000)])
    if (!running) return killed
    const alive = processes.filter(({ child }) => child.exitCode === null && child.signalCode === null)
    if (alive.length > 1 && random.pick(alive).child.kill('SIGKILL')) killed++
  }
}
