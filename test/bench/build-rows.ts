import { execFileSync } from 'node:child_process'
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { derivedFileName, type LockedDeb } from '../../src/lockfile/index.ts'
import { fetchRealDebs, frozenAsOf, type WantedDeb } from '../support/real-archive.ts'
import { wantedDebs } from '../support/real-project.ts'
import { changedDeb } from './changed-deb.ts'
import { type Contender, type Row, resultOf } from './measure.ts'
import type { Place } from './private-mounts.ts'
import { aptroot, type BenchProject, bareNode, comparison, lockOf, lockUpdate, projectIn } from './project.ts'
import type { ServedArchive } from './served-archive.ts'

/** What is asked for over `base: required`, which is mmdebstrap's minbase without apt. */
const packageSets = {
  minbase: ['apt', 'usr-is-merged'],
  big: ['apt', 'usr-is-merged', 'systemd', 'openssh-server', 'nginx', 'python3'],
} as const

/** Nobody depends on it, it has a postinst and a prerm, and what sorts after it is configured after it. */
const leafName = 'nginx'

/** By what is built again; the last three of the big set alone. */
const rebuilds = {
  scripts: (set: string) => `rebuild ${set}, all scripts again`,
  nothing: (set: string) => `rebuild ${set}, nothing changed`,
  second: (set: string) => `a second tar of ${set}`,
  leaf: () => 'rebuild big, one leaf changed',
  ten: () => 'ten images that differ in a leaf, disk',
} as const

interface BuildScene {
  readonly set: keyof typeof packageSets
  readonly place: Place
  readonly project: BenchProject
  readonly served: ServedArchive
}

/** Whole builds beside mmdebstrap, debs local for both; nothing where mounting is forbidden. */
export async function wholeBuildRows(
  served: ServedArchive,
  places: readonly Place[],
  isChosen: (name: string) => boolean,
): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (const place of places)
    for (const set of ['minbase', 'big'] as const) {
      const again = place.fileSystem === 'tmpfs'
      const { leaf, ten, ...both } = rebuilds
      const named = again ? [...Object.values(both), ...(set === 'big' ? [leaf, ten] : [])] : []
      const names = [`build ${set} on ${place.fileSystem}`, ...named.map(nameOf => nameOf(set))]
      if (!names.some(isChosen)) continue
      const scene = await buildScene(set, place, served)
      if ('gone' in scene) {
        process.stderr.write(`*** left the mirror's pool, so nothing is built: ${scene.gone.join(' ')}\n`)
        return rows
      }
      rows.push(buildRow(scene))
      if (again) rows.push(...(await rebuildRows(scene)))
    }
  return rows
}

async function buildScene(
  set: BuildScene['set'],
  place: Place,
  served: ServedArchive,
): Promise<BuildScene | { readonly gone: readonly string[] }> {
  const folder = join(place.folder, set)
  const plain = await projectIn({ folder, storeFolder: join(place.folder, `${set}-store`), served }, [
    'base: required',
    'exclude: [usrmerge]',
    `packages: [${packageSets[set].join(', ')}]`,
    'image: {source-date-epoch: 1750000000, outputs: [{format: tar, path: out/rootfs.tar}]}',
  ])
  const project = { ...plain, environment: { ...plain.environment, TMPDIR: join(place.folder, 'tmp') } }
  await resultOf(lockUpdate(project))
  const archive = { folder: served.folder, state: 'frozen', asOf: frozenAsOf } as const
  const gone = await fetchRealDebs(archive, wantedDebs(await lockOf(project)))
  if (gone.length > 0) return { gone: gone.map((deb: WantedDeb) => deb.name) }
  await resultOf(aptroot(project, ['lock', 'install', '--fetch-only']))
  return { set, place, project, served }
}

/** The store has the debs and nothing else. */
function buildRow(scene: BuildScene): Row {
  const { set, place, project } = scene
  const ours = { ...install(project), prepare: () => forget(project, ['objects']) }
  const peer = mmdebstrap(scene)
  return { name: `build ${set} on ${place.fileSystem}`, ours, peers: [peer], compare: samePackages(scene, ours, peer) }
}

async function rebuildRows(scene: BuildScene): Promise<readonly Row[]> {
  const { project, set } = scene
  const ours = install(project)
  const peer = mmdebstrap(scene)
  const again = { ...ours, prepare: () => forget(project, ['objects/configured', 'objects/checkpoint']) }
  const other = aptroot(project, ['lock', 'install', '--offline', '--output', 'out/second.tar'])
  const second = { ...other, prepare: () => rm(join(project.folder, 'out/second.tar'), { force: true }) }
  const node = bareNode(project)
  const rows: Row[] = [
    { name: rebuilds.scripts(set), ours: again, peers: [peer], compare: samePackages(scene, again, peer) },
    { name: rebuilds.nothing(set), ours, peers: [node], compare: sameTar(project, ours, 'rootfs.tar') },
    { name: rebuilds.second(set), ours: second, peers: [node], compare: sameTar(project, second, 'second.tar') },
  ]
  // Only there is a leaf.
  return set === 'big' ? [...rows, { name: rebuilds.leaf(), ...(await leafRow(scene)) }, tenImages(scene)] : rows
}

/** Each run gets another deb of the same name and version, as a rebuilt own deb has. */
async function leafRow(scene: BuildScene): Promise<Omit<Row, 'name'>> {
  const { project, served } = scene
  const lock = await lockOf(project)
  const leaf = lock.debs.find(deb => deb.name === leafName)
  if (leaf === undefined) throw new Error(`${leafName} is not locked`)
  const lockPath = join(project.folder, 'aptroot.lock')
  const original = await readFile(lockPath, 'utf8')
  const ours = install(project)
  const peer = mmdebstrap(scene)
  let changes = 0
  const change = async (): Promise<void> => {
    changes += 1
    const { sha256, sizeBytes } = await changedDeb(pathOf(served, leaf), changes, project)
    const text = original.replace(leaf.sha256, sha256).replace(`size: ${leaf.sizeBytes}`, `size: ${sizeBytes}`)
    await writeFile(lockPath, text)
  }
  const compare = async (present: readonly Contender[]): Promise<string> => {
    await resultOf(ours)
    return await samePackages(scene, { ...ours, prepare: change }, peer)(present)
  }
  return { ours: { ...ours, prepare: change }, peers: [peer], compare, done: () => writeFile(lockPath, original) }
}

/** Ten manifests that each want another leaf over big; what the store grows by is the answer. */
function tenImages(scene: BuildScene): Row {
  const { project, served } = scene
  const storeFolder = join(scene.place.folder, 'ten-store')
  const compare = async (): Promise<string> => {
    const original = await readFile(join(project.folder, 'aptroot.lock'), 'utf8')
    const leaf = (await lockOf(project)).debs.find(deb => deb.name === leafName)
    if (leaf === undefined) throw new Error(`${leafName} is not locked`)
    await copyStore(project, storeFolder)
    const ten = { ...project, storeFolder, environment: { ...project.environment, APTROOT_STORE: storeFolder } }
    const sizes: number[] = []
    for (let image = 1; image <= 10; image++) {
      const { sha256, sizeBytes } = await changedDeb(pathOf(served, leaf), 1000 + image, ten)
      const text = original.replace(leaf.sha256, sha256).replace(`size: ${leaf.sizeBytes}`, `size: ${sizeBytes}`)
      await writeFile(join(project.folder, 'aptroot.lock'), text)
      await resultOf(aptroot(ten, ['lock', 'install', '--offline', '--digest']))
      sizes.push(usedBytes(storeFolder))
    }
    await writeFile(join(project.folder, 'aptroot.lock'), original)
    const [one = 0] = sizes
    const ratio = (sizes.at(-1) ?? 0) / one
    return `the store of ten has ${ratio.toFixed(2)} × the ${Math.round(one / 1e6)} MB of one`
  }
  const node = bareNode(project)
  return { name: rebuilds.ten(), ours: node, peers: [node], compare }
}

async function copyStore(project: BenchProject, target: string): Promise<void> {
  await rm(target, { recursive: true, force: true })
  await mkdir(join(target, 'store-v1'), { recursive: true })
  execFileSync('cp', ['-a', join(project.storeFolder, 'store-v1/sha256'), join(target, 'store-v1/')])
}

function usedBytes(folder: string): number {
  return 1024 * Number(execFileSync('du', ['-sk', folder], { encoding: 'utf8' }).split('\t')[0])
}

function pathOf(served: ServedArchive, deb: LockedDeb): string {
  return join(served.folder, deb.from.split('/')[0] ?? '', deb.directory, deb.file ?? derivedFileName(deb))
}

function install(project: BenchProject): Contender {
  return aptroot(project, ['lock', 'install', '--offline'])
}

async function forget(project: BenchProject, names: readonly string[]): Promise<void> {
  for (const name of names) await rm(join(project.storeFolder, 'store-v1', name), { recursive: true, force: true })
  await rm(join(project.folder, 'out'), { recursive: true, force: true })
}

const hooks = '/usr/share/mmdebstrap/hooks/merged-usr'

/** The same packages from the same served folder, temporary folder and tar on the same file system. */
function mmdebstrap({ set, place, served, project }: BuildScene): Contender {
  const sources = join(project.folder, 'served.list')
  const target = join(project.folder, 'theirs.tar')
  const options = '[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg check-valid-until=no]'
  const suites = ['debian bookworm', 'debian bookworm-updates', 'debian-security bookworm-security']
  const pin = 'Package: usrmerge\\nPin: release *\\nPin-Priority: -1\\n'
  return {
    label: 'mmdebstrap',
    commandLine: [
      ...(['mmdebstrap', '--mode=root', '--variant=minbase'] as const),
      ...[`--hook-dir=${hooks}`, `--include=${packageSets[set].join(',')}`, '--skip=output/dev'],
      `--setup-hook=printf '${pin}' >"$1"/etc/apt/preferences.d/bench`,
      ...['--customize-hook=rm "$1"/etc/apt/preferences.d/bench', '--format=tar', 'bookworm', target, sources],
    ],
    folder: project.folder,
    environment: {
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      SOURCE_DATE_EPOCH: '1750000000',
      TMPDIR: join(place.folder, 'tmp'),
    },
    prepare: async () => {
      await rm(target, { force: true })
      await writeFile(sources, suites.map(suite => `deb ${options} ${served.url}/${suite} main\n`).join(''))
    },
  }
}

/** Names, versions and states of dpkg's own database in both tars. */
function samePackages({ project }: BuildScene, ours: Contender, peer: Contender): Row['compare'] {
  return async present => {
    await resultOf(ours)
    const mine = packagesIn(join(project.folder, 'out/rootfs.tar'))
    if (present.length === 0) return `${mine.size} packages, no peer`
    await resultOf(peer)
    return comparison(mine, packagesIn(join(project.folder, 'theirs.tar')))
  }
}

function packagesIn(tar: string): ReadonlySet<string> {
  const status = execFileSync('tar', ['-xOf', tar, './var/lib/dpkg/status'], { maxBuffer: 2 ** 28, encoding: 'utf8' })
  const field = (stanza: string, name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1]
  const stanzas = status.trim().split('\n\n')
  return new Set(stanzas.map(each => ['Package', 'Version', 'Status'].map(name => field(each, name)).join(' ')))
}

/** The tar has the bytes that it had when scripts ran. */
function sameTar(project: BenchProject, ours: Contender, name: string): Row['compare'] {
  return async () => {
    const built = join(project.folder, 'built.tar')
    await forget(project, ['objects'])
    await resultOf(install(project))
    await copyFile(join(project.folder, 'out/rootfs.tar'), built)
    await resultOf(ours)
    const [mine, first] = [await readFile(join(project.folder, 'out', name)), await readFile(built)]
    await rm(built)
    if (!mine.equals(first)) throw new Error(`${name} differs from the tar of the first build`)
    return 'same bytes'
  }
}
