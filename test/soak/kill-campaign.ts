import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { createQueue } from '../../src/transfer/index.ts'
import { type RawMirror, startRawMirror } from '../support/raw-mirror.ts'
import { seededRandom } from '../support/seeded-random.ts'
import type { Campaign, CampaignPlace } from './campaign.ts'
import { type KillJob, killJobs } from './kill-jobs.ts'
import { type SoakPlace, startAptroot } from './soak-process.ts'
import { storeComplaints } from './store-complaints.ts'
import { type KillPoint, killedAt, killPointsIn, recording } from './traced-calls.ts'

const timesPerJob = 200

/**
 * Ends the program with SIGKILL at every rename, sync, link, unlink and open for writing, and at random times. Whatever is
 * there then is old or new; the store verifies; the next run succeeds.
 */
export const killCampaign: Campaign = async place => {
  const random = seededRandom(place.seed)
  const chosen = () => random.below(1_000_000) < place.part * 1_000_000
  const queue = createQueue(place.parallel)
  const table: string[] = []
  const complaints: string[] = []
  let cases = 0
  for (const job of await killJobs(place.scratch)) {
    if (!job.name.includes(place.match)) continue
    const mirror = await startRawMirror(job.files, () => undefined)
    try {
      const honest = await honestRun(job, mirror, place)
      const points = honest.points.filter(chosen)
      const moments = Array.from({ length: Math.round(timesPerJob * place.part) }, () =>
        random.below(Math.ceil(honest.milliseconds * 1.1)),
      )
      const kills: readonly Kill[] = [
        ...points.map((point): Kill => ({ kind: 'call', ...point })),
        ...moments.map((milliseconds): Kill => ({ kind: 'time', milliseconds })),
      ]
      const ends = await Promise.all(
        kills.map(kill => queue(() => runKilled({ job, kill, mirror, place, expected: honest.result }))),
      )
      cases += ends.length
      const counts = ['killed', 'ended first'].map(end => `${ends.filter(each => each.end === end).length} ${end}`)
      table.push(
        `${job.name}: ${points.length} of ${honest.points.length} calls, ${moments.length} times: ${counts.join(', ')}`,
      )
      complaints.push(...ends.flatMap(each => each.complaints))
    } finally {
      await mirror.close()
    }
  }
  return { cases, table, complaints }
}

type Kill = ({ readonly kind: 'call' } & KillPoint) | { readonly kind: 'time'; readonly milliseconds: number }

interface Honest {
  readonly points: readonly KillPoint[]
  readonly milliseconds: number
  /** What the job makes when nobody disturbs it. */
  readonly result: Uint8Array
}

async function honestRun(job: KillJob, mirror: RawMirror, { scratch }: CampaignPlace): Promise<Honest> {
  const folder = await mkdtemp(join(scratch, 'honest-'))
  const place = await prepared(job, mirror, folder)
  const log = join(folder, 'strace.log')
  const run = await startAptroot(job.words, { ...place, wrapper: recording(log) }).ended
  if (run.exitCode !== 0) throw new Error(`${job.name} fails undisturbed: ${run.text}`)
  const result = await readFile(join(place.project, job.result))
  const points = await killPointsIn(log, folder)
  if (points.length === 0) throw new Error(`strace saw nothing of ${job.name}`)
  const again = await prepared(job, mirror, await mkdtemp(join(scratch, 'honest-')))
  const start = performance.now()
  await startAptroot(job.words, again).ended
  return { points, milliseconds: performance.now() - start, result }
}

interface KilledRun {
  readonly job: KillJob
  readonly kill: Kill
  readonly mirror: RawMirror
  readonly place: CampaignPlace
  readonly expected: Uint8Array
}

async function runKilled({ job, kill, mirror, place: { scratch }, expected }: KilledRun): Promise<{
  readonly end: 'killed' | 'ended first'
  readonly complaints: readonly string[]
}> {
  const folder = await mkdtemp(join(scratch, 'kill-'))
  const name = kill.kind === 'call' ? `${kill.call} ${kill.nth}` : `after ${kill.milliseconds} ms`
  const complaints: string[] = []
  const complain = (found: readonly string[]) =>
    complaints.push(...found.map(each => `${job.name}, killed at ${name}: ${each}`))
  try {
    const place = await prepared(job, mirror, folder)
    const end = await endOf(job, kill, place)
    const found = await readFile(join(place.project, job.result)).catch(() => undefined)
    const isOld = job.before === undefined ? found === undefined : found?.equals(job.before) === true
    if (!isOld && found?.equals(expected) !== true) complain([`${job.result} is neither old nor new`])
    complain(await storeComplaints(place.store))
    const next = await startAptroot(job.words, place).ended
    if (next.exitCode !== 0) complain([`the next run ended with ${next.exitCode}: ${next.text}`])
    const after = await readFile(join(place.project, job.result)).catch(() => undefined)
    if (after?.equals(expected) !== true) complain([`${job.result} of the next run is another`])
    complain(await storeComplaints(place.store))
    return { end, complaints }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function endOf(job: KillJob, kill: Kill, place: SoakPlace): Promise<'killed' | 'ended first'> {
  if (kill.kind === 'call') {
    const { exitCode } = await startAptroot(job.words, { ...place, wrapper: killedAt(kill) }).ended
    return exitCode === 0 ? 'ended first' : 'killed'
  }
  const { child, ended } = startAptroot(job.words, place)
  await Promise.race([ended, setTimeout(kill.milliseconds)])
  child.kill('SIGKILL')
  return (await ended).exitCode === 0 ? 'ended first' : 'killed'
}

async function prepared(job: KillJob, mirror: RawMirror, folder: string): Promise<SoakPlace> {
  const place = { project: join(folder, 'project'), store: join(folder, 'store'), mirrorUrl: mirror.url }
  await mkdir(place.project, { recursive: true })
  await job.prepare(place.project)
  return place
}
