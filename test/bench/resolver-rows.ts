import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Contender, type Row, resultOf } from './measure.ts'
import { chosenBy, depcacheOf, type PrivateApt, privateApt, simulationOf } from './private-apt.ts'
import { bareNode, chosenIn, comparison, lockOf, lockUpdate, projectIn } from './project.ts'
import type { ServedArchive } from './served-archive.ts'

const sets: Readonly<Record<string, readonly string[]>> = {
  bash: ['bash'],
  nginx: ['nginx'],
  server: ['systemd', 'openssh-server', 'linux-image-amd64'],
  dev: ['build-essential', 'python3-dev', 'postgresql'],
  gnome: ['gnome'],
  'kde-full': ['kde-full'],
  'texlive-full': ['texlive-full'],
}

/** Resolving with all indexes at hand: both sides have verified and cached theirs before. */
export async function warmRows(scratch: string, served: ServedArchive): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (const recommends of ['skip', 'install'] as const) {
    const apt = await privateApt(join(scratch, `apt-${recommends}`), served, { lists: 'recorded', recommends })
    for (const [set, wanted] of Object.entries(sets)) {
      const name = `lock update warm, ${set}${recommends === 'install' ? ' with Recommends' : ''}`
      rows.push(await warmRow({ name, wanted, recommends, apt, scratch, served }))
    }
  }
  return rows
}

interface WarmRequest {
  readonly name: string
  readonly wanted: readonly string[]
  readonly recommends: 'skip' | 'install'
  readonly apt: PrivateApt
  readonly scratch: string
  readonly served: ServedArchive
}

async function warmRow({ name, wanted, recommends, apt, scratch, served }: WarmRequest): Promise<Row> {
  const folder = join(scratch, `${wanted.join('-')}-${recommends}`)
  const project = await projectIn({ folder, storeFolder: join(scratch, 'store'), served }, [
    'base: none',
    `packages: [${wanted.join(', ')}]`,
    `recommends: ${recommends === 'install'}`,
  ])
  const ours = lockUpdate(project)
  const peers = [depcacheOf(apt, wanted), simulationOf(apt, wanted)] as const
  const compare = async (present: readonly Contender[]): Promise<string> => {
    await resultOf(ours)
    const chosen = chosenIn(await lockOf(project))
    const answers: string[] = []
    for (const peer of present) answers.push(comparison(chosen, chosenBy(await resultOf(peer))))
    return [...new Set(answers)].join('; ') || 'no peer'
  }
  return { name, ours, peers, compare }
}

/** From nothing: indexes are fetched from a loopback mirror, verified and read, then bash is resolved. */
export async function coldRow(scratch: string, served: ServedArchive): Promise<Row> {
  const storeFolder = join(scratch, 'cold-store')
  const project = await projectIn({ folder: join(scratch, 'cold'), storeFolder, served }, [
    'base: none',
    'packages: [bash]',
  ])
  const update = lockUpdate(project)
  const ours = {
    ...update,
    prepare: async () => {
      await update.prepare?.()
      await rm(storeFolder, { recursive: true, force: true })
    },
  }
  const apt = await privateApt(join(scratch, 'apt-cold'), served, { lists: 'none', recommends: 'skip' })
  const peer = {
    label: 'apt-get update; apt-get -s install',
    commandLine: ['sh', '-c', 'apt-get -qq update && apt-get -s install bash'],
    folder: apt.folder,
    environment: apt.environment,
    prepare: apt.forget,
  } as const
  const compare = async (): Promise<string> => {
    await resultOf(ours)
    return comparison(chosenIn(await lockOf(project)), chosenBy(await resultOf(peer)))
  }
  return { name: 'lock update cold, bash', ours, peers: [peer, bareNode(project)], compare }
}
