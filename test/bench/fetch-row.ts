import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { WantedDeb } from '../support/real-archive.ts'
import { servedDebs } from './install-rows.ts'
import { type Contender, type Row, resultOf } from './measure.ts'
import { aptroot, lockUpdate, projectIn } from './project.ts'
import type { ServedArchive } from './served-archive.ts'

/** What a server for the web and a workshop have installed: some 350 debs, 250 MB. */
const manifest = [
  'base: important',
  'exclude: [usrmerge]',
  'recommends: true',
  'packages: [nginx, build-essential, git, python3, postgresql, vim, openssh-server]',
]

/**
 * The debs from a loopback mirror into an empty folder, eight at a time; aptroot verifies each and syncs it, so one peer verifies as well.
 *
 * @returns the debs that have left the mirror's pool instead, where there are any
 */
export async function fetchRow(
  scratch: string,
  served: ServedArchive,
): Promise<Row | { readonly gone: readonly WantedDeb[] }> {
  const storeFolder = join(scratch, 'fetch-store')
  const project = await projectIn({ folder: join(scratch, 'fetch'), storeFolder, served }, manifest)
  await resultOf(lockUpdate(project))
  const { debs, gone } = await servedDebs(served, project)
  if (gone.length > 0) return { gone }
  const ours = {
    ...aptroot(project, ['lock', 'install', '--fetch-only']),
    prepare: () => rm(storeFolder, { recursive: true, force: true }),
  }
  const target = join(scratch, 'curl')
  const [config, sums] = [join(scratch, 'curl.conf'), join(scratch, 'SHA256SUMS')]
  await writeFile(config, debs.map(deb => `url = "${served.url}/${deb.path}"\noutput = "${deb.sha256}"\n`).join(''))
  await writeFile(sums, debs.map(deb => `${deb.sha256}  ${deb.sha256}\n`).join(''))
  const curl = (label: string, command: string): Contender => ({
    label,
    commandLine: ['sh', '-c', command],
    folder: target,
    environment: { PATH: project.environment.PATH, HOME: scratch, LC_ALL: 'C.UTF-8' },
    prepare: async () => {
      await rm(target, { recursive: true, force: true })
      await mkdir(target)
    },
  })
  const download = `curl -sS --fail --parallel --parallel-max 8 --config ${config}`
  const peers = [
    curl('curl --parallel', download),
    curl('curl --parallel; sha256sum -c', `${download} && sha256sum --quiet -c ${sums}`),
  ]
  const compare = async (present: readonly Contender[]): Promise<string> => {
    await resultOf(ours)
    if (present.length === 0) return 'no peer'
    for (const peer of present) await resultOf(peer)
    const found = new Set(await readdir(target))
    const inStore = new Set((await readdir(join(storeFolder, 'store-v1/sha256'), { recursive: true })).map(unslashed))
    const absent = debs.filter(deb => !found.has(deb.sha256) || !inStore.has(deb.sha256))
    return absent.length === 0 ? `same ${found.size} debs` : `${absent.length} absent`
  }
  return { name: `fetch ${debs.length} debs`, ours, peers, compare }
}

function unslashed(path: string): string {
  return path.replace('/', '')
}
