import { execFileSync } from 'node:child_process'
import { mkdir, readdir, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fetchRealDebs, frozenAsOf, type RealArchive, type WantedDeb } from '../support/real-archive.ts'
import { wantedDebs } from '../support/real-project.ts'
import { type Contender, type Row, resultOf } from './measure.ts'
import { aptroot, type BenchProject, comparison, lockOf, lockUpdate, projectIn, workshop } from './project.ts'
import type { ServedArchive } from './served-archive.ts'

/** A project that is locked, its debs in the pool that is served. */
export interface InstallScene {
  readonly what: keyof typeof installSizes
  readonly scratch: string
  readonly served: ServedArchive
  readonly project: BenchProject
  readonly debs: readonly WantedDeb[]
}

/** From little to unpack to much, so that growth is visible. */
const installSizes = {
  bash: ['base: none', 'packages: [bash]'],
  nginx: ['base: required', 'exclude: [usrmerge]', 'packages: [nginx]'],
  workshop,
} as const

/** @returns the debs that have left the mirror's pool instead, where there are any */
export async function installScene(
  what: keyof typeof installSizes,
  scratch: string,
  served: ServedArchive,
): Promise<InstallScene | { readonly gone: readonly WantedDeb[] }> {
  const folder = join(scratch, `install-${what}`)
  const project = await projectIn({ folder, storeFolder: `${folder}-store`, served }, [
    ...installSizes[what],
    'image: {configure: none, outputs: [{format: tar, path: out/rootfs.tar}]}',
  ])
  await resultOf(lockUpdate(project))
  const { debs, gone } = await servedDebs(served, project)
  return gone.length > 0 ? { gone } : { what, scratch: folder, served, project, debs }
}

/** Puts the debs of a project's lock into the pool that is served. */
export async function servedDebs(
  served: ServedArchive,
  project: BenchProject,
): Promise<{ readonly debs: readonly WantedDeb[]; readonly gone: readonly WantedDeb[] }> {
  const debs = wantedDebs(await lockOf(project))
  const archive: RealArchive = { folder: served.folder, state: 'frozen', asOf: frozenAsOf }
  return { debs, gone: await fetchRealDebs(archive, debs) }
}

export function buildRows({ what, scratch, served, project, debs }: InstallScene): readonly Row[] {
  const ours = aptroot(project, ['lock', 'install'])
  const target = join(scratch, 'unpacked')
  const command = 'for deb in "$@"; do dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink || exit 1; done'
  const peer: Contender = {
    label: 'dpkg-deb --fsys-tarfile, tar -x',
    commandLine: ['sh', '-c', command, 'sh', ...debs.map(deb => join(served.folder, deb.path))],
    folder: target,
    environment: { PATH: project.environment.PATH, LC_ALL: 'C.UTF-8' },
    prepare: async () => {
      await rm(target, { recursive: true, force: true })
      // Merged /usr, as debootstrap makes it before it unpacks.
      for (const name of ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32']) {
        await mkdir(join(target, 'usr', name), { recursive: true })
        await symlink(`usr/${name}`, join(target, name))
      }
    },
  }
  const compare = async (present: readonly Contender[]): Promise<string> => {
    await resultOf(ours)
    if (present.length === 0) return 'no peer'
    await resultOf(peer)
    const tar = join(project.folder, 'out/rootfs.tar')
    const listed = execFileSync('tar', ['-tf', tar], { maxBuffer: 2 ** 28, encoding: 'utf8' }).split('\n')
    const found = await readdir(target, { recursive: true, withFileTypes: true })
    const theirs = found.filter(each => !each.isDirectory()).map(each => join(each.parentPath, each.name))
    return comparison(filesAmong(listed), filesAmong(theirs.map(each => each.slice(target.length))))
  }
  const emptied = {
    ...ours,
    label: 'aptroot lock install, store of debs',
    prepare: () => rm(join(project.storeFolder, 'store-v1/objects'), { recursive: true, force: true }),
  }
  return [
    { name: `lock install, debs in the store, nothing unpacked, ${what}`, ours: emptied, peers: [peer], compare },
    { name: `lock install again, packs in the store, ${what}`, ours, peers: [peer], compare },
  ]
}

/** Everything but folders and dpkg's database, which only aptroot writes. */
function filesAmong(paths: readonly string[]): ReadonlySet<string> {
  const names = paths.map(path => path.replace(/^\.?\//, ''))
  return new Set(names.filter(name => /[^/]$/.test(name) && !name.startsWith('var/lib/dpkg/')))
}
