import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { privateApt } from '../support/private-apt.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { type RepositoryScene, repositoryScene, serveRepository } from '../support/served-repository.ts'
import type { Campaign } from './campaign.ts'
import { repositoryComplaints } from './repository-complaints.ts'

const publishers = 8
const wholePublications = 50
const wholeUpdates = 500

/**
 * Eight processes publish fifty times each in one suite, while apt updates from it five hundred times and, about each second, one of them
 * is killed; its publication is then done once more. No update fails, and at the end everything that was published is there.
 */
export const publishersCampaign: Campaign = async place => {
  const random = seededRandom(place.seed)
  const folder = join(place.scratch, 'publishers')
  await mkdir(folder, { recursive: true })
  const scene = await repositoryScene(folder)
  await scene.succeed('repo', 'publish', '-s', 'bookworm', await scene.deb({ Package: 'first' }))
  const publications = Math.max(1, Math.round(wholePublications * place.part))
  const updates = Math.max(1, Math.round(wholeUpdates * place.part))
  const complaints: string[] = []
  const running = new Set<ChildProcess>()
  const work = { scene, running, complaints }
  let isPublished = false
  const all = Promise.all(
    Array.from({ length: publishers }, (_, publisher) => publishTimes(`tool${publisher}`, publications, work)),
  ).then(() => {
    isPublished = true
  })
  let killed = 0
  const killing = (async () => {
    while (!isPublished) {
      await setTimeout(1000)
      const alive = [...running]
      if (alive.length > 0 && random.pick(alive).kill('SIGKILL')) killed += 1
    }
  })()
  const server = await serveRepository(folder)
  let updated = 0
  try {
    const line = `deb [signed-by=${folder}/repository/archive-key.asc] ${server.url} bookworm main`
    const apt = await privateApt(folder, [line])
    for (; updated < updates || !isPublished; updated++)
      await apt('update').catch((error: unknown) => complaints.push(`update ${updated}: ${String(error)}`))
    await Promise.all([all, killing])
    await apt('update')
    const names = Array.from({ length: publishers }, (_, publisher) => `tool${publisher}=1.${publications}`)
    await apt('install', '-s', ...names).catch((error: unknown) => complaints.push(String(error)))
  } finally {
    await server.close()
  }
  complaints.push(...(await repositoryComplaints(join(folder, 'repository'))))
  const table = [`${publishers * publications} publications, ${killed} publishers killed, ${updated} updates`]
  return { cases: publishers * publications, table, complaints }
}

interface Work {
  readonly scene: RepositoryScene
  readonly running: Set<ChildProcess>
  readonly complaints: string[]
}

async function publishTimes(name: string, times: number, work: Work): Promise<void> {
  for (let number = 1; number <= times; number++) {
    const deb = await work.scene.deb({ Package: name, Version: `1.${number}` })
    while ((await publishOnce(deb, work)) === 'killed');
  }
}

async function publishOnce(deb: string, { scene, running, complaints }: Work): Promise<'done' | 'killed'> {
  const program = join(process.cwd(), 'bin/aptroot.js')
  const child = spawn(process.execPath, [program, 'repo', 'publish', '-s', 'bookworm', deb], {
    cwd: scene.folder,
    env: { PATH: process.env.PATH ?? '', HOME: scene.folder, APTROOT_SIGNING_KEY: 'key.asc' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  running.add(child)
  let text = ''
  child.stderr.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      running.delete(child)
      if (signal === 'SIGKILL') return resolve('killed')
      if (code !== 0) complaints.push(`publishing ${deb} ended with ${code}: ${text}`)
      resolve('done')
    })
  })
}
