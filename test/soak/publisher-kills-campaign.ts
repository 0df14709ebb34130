import { cp, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createQueue } from '../../src/transfer/index.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { repositoryScene } from '../support/served-repository.ts'
import type { Campaign, CampaignPlace } from './campaign.ts'
import { repositoryComplaints } from './repository-complaints.ts'
import { type SoakPlace, startAptroot } from './soak-process.ts'
import { type KillPoint, killedAt, killPointsIn, recording } from './traced-calls.ts'

/**
 * Ends a publisher with SIGKILL at every rename, sync, link, unlink and open for writing. Readers find a whole repository each time, old or
 * new; publishing once more succeeds, and then both debs are listed.
 */
export const publisherKillsCampaign: Campaign = async place => {
  const random = seededRandom(place.seed)
  const origin = await mkdtemp(join(place.scratch, 'publisher-'))
  const scene = await repositoryScene(origin)
  await scene.succeed('repo', 'publish', '-s', 'bookworm', await scene.deb({ Package: 'hello', Version: '1.0' }))
  const words = [
    'repo',
    'publish',
    '-s',
    'bookworm',
    '--sign-with',
    'key.asc',
    await scene.deb({ Package: 'hello', Version: '1.1' }),
  ]
  const points = await pointsOf(words, origin, place)
  const rest = [...points]
  const most = Math.max(1, Math.round(points.length * place.part))
  const chosen = Array.from({ length: most }, () => rest.splice(random.below(rest.length), 1)).flat()
  const queue = createQueue(place.parallel)
  const cases = chosen.map(point => queue(() => runKilled({ words, origin, point }, place)))
  const ends = await Promise.all(cases)
  const killed = ends.filter(each => each.end === 'killed').length
  const table = [`repo publish: ${chosen.length} of ${points.length} calls, ${killed} killed`]
  return { cases: chosen.length, table, complaints: ends.flatMap(each => each.complaints) }
}

async function pointsOf(
  words: readonly string[],
  origin: string,
  { scratch }: CampaignPlace,
): Promise<readonly KillPoint[]> {
  const copy = await copyOf(origin, scratch)
  const log = join(scratch, 'publisher.log')
  const { exitCode, text } = await startAptroot(words, { ...copy, wrapper: recording(log) }).ended
  if (exitCode !== 0) throw new Error(`repo publish fails undisturbed: ${text}`)
  const points = await killPointsIn(log, copy.project)
  if (points.length === 0) throw new Error('strace saw nothing of repo publish')
  return points
}

interface KilledPublication {
  readonly words: readonly string[]
  readonly origin: string
  readonly point: KillPoint
}

async function runKilled(
  { words, origin, point }: KilledPublication,
  { scratch }: CampaignPlace,
): Promise<{ readonly end: 'killed' | 'ended first'; readonly complaints: readonly string[] }> {
  const copy = await copyOf(origin, scratch)
  const repository = join(copy.project, 'repository')
  const complain = (found: readonly string[]) =>
    found.map(each => `repo publish, killed at ${point.call} ${point.nth}: ${each}`)
  try {
    const { exitCode } = await startAptroot(words, { ...copy, wrapper: killedAt(point) }).ended
    const killed = await repositoryComplaints(repository)
    const next = await startAptroot(words, copy).ended
    const failed = next.exitCode === 0 ? [] : [`publishing again ended with ${next.exitCode}: ${next.text}`]
    const listed = (await startAptroot(['repo', 'list', 'bookworm'], copy).ended).text
    const missing = ['1.0', '1.1'].filter(
      version => !new RegExp(`^hello +${version.replace('.', '[.]')} `, 'm').test(listed),
    )
    const complaints = complain([
      ...killed,
      ...failed,
      ...missing.map(version => `hello ${version} is not listed after publishing again`),
      ...(await repositoryComplaints(repository)),
    ])
    return { end: exitCode === 0 ? 'ended first' : 'killed', complaints }
  } finally {
    await rm(copy.project, { recursive: true, force: true })
  }
}

async function copyOf(origin: string, scratch: string): Promise<SoakPlace> {
  const project = await mkdtemp(join(scratch, 'published-'))
  await cp(origin, project, { recursive: true, preserveTimestamps: true })
  return { project, store: join(project, 'store'), mirrorUrl: 'http://127.0.0.1:1' }
}
