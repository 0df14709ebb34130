import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { WantedDeb } from '../support/real-archive.ts'
import { servedDebs } from './install-rows.ts'
import { type Contender, type Row, resultOf } from './measure.ts'
import type { Place } from './private-mounts.ts'
import { aptroot, lockUpdate, projectIn, workshop } from './project.ts'
import type { ServedArchive } from './served-archive.ts'

/** From few debs to many, so that growth is visible: some 30, 120 and 350. */
const manifests: readonly (readonly string[])[] = [
  ['base: none', 'packages: [nginx]'],
  ['base: required', 'exclude: [usrmerge]', 'packages: [nginx, openssh-server, python3]'],
  workshop,
]

const leastProgram = join(process.cwd(), 'test/bench/least-fetch.mjs')

/**
 * The debs from a loopback mirror into an empty folder, eight at a time, in memory and on the disk of the scratch folder. aptroot verifies
 * each and syncs it, so one peer verifies as well; another peer is the least that Node can do.
 *
 * @returns the debs that have left the mirror's pool instead, where there are any
 */
export async function fetchRows(
  scratch: string,
  served: ServedArchive,
  places: readonly Place[],
): Promise<readonly Row[] | { readonly gone: readonly WantedDeb[] }> {
  const memory = places.filter(({ fileSystem }) => fileSystem === 'tmpfs')
  const rows: Row[] = []
  for (const { fileSystem, folder } of [...memory, { fileSystem: 'disk', folder: scratch }])
    for (const [size, manifest] of manifests.entries()) {
      const row = await fetchRow(join(folder, `fetch-${size}`), manifest, served)
      if ('gone' in row) return row
      rows.push({ ...row, name: `${row.name}, ${fileSystem}` })
    }
  return rows
}

async function fetchRow(
  scratch: string,
  manifest: readonly string[],
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
  await mkdir(scratch, { recursive: true })
  const target = join(scratch, 'curl')
  const config = join(scratch, 'curl.conf')
  const sums = join(scratch, 'SHA256SUMS')
  const list = join(scratch, 'least-fetch')
  await writeFile(config, debs.map(deb => `url = "${served.url}/${deb.path}"\noutput = "${deb.sha256}"\n`).join(''))
  await writeFile(sums, debs.map(deb => `${deb.sha256}  ${deb.sha256}\n`).join(''))
  await writeFile(list, debs.map(deb => `${served.url}/${deb.path} ${deb.sha256}\n`).join(''))
  const peer = (label: string, ...commandLine: readonly [string, ...string[]]): Contender => ({
    label,
    commandLine,
    folder: target,
    environment: { PATH: project.environment.PATH, HOME: scratch, LC_ALL: 'C.UTF-8' },
    prepare: async () => {
      await rm(target, { recursive: true, force: true })
      await mkdir(target)
    },
  })
  const download = `curl -sS --fail --parallel --parallel-max 8 --config ${config}`
  const peers = [
    peer('curl --parallel', 'sh', '-c', download),
    peer('curl --parallel; sha256sum -c', 'sh', '-c', `${download} && sha256sum --quiet -c ${sums}`),
    peer('the least in Node', process.execPath, leastProgram, list),
  ]
  const compare = async (present: readonly Contender[]): Promise<string> => {
    await resultOf(ours)
    if (present.length === 0) return 'no peer'
    for (const each of present) await resultOf(each)
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
