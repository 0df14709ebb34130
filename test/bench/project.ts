import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Lockfile, readLockfile } from '../../src/lockfile/index.ts'
import { frozenAsOf } from '../support/real-archive.ts'
import type { Contender } from './measure.ts'
import type { ServedArchive } from './served-archive.ts'

/** What a server for the web and a workshop have installed: some 350 debs, 250 MB. */
export const workshop: readonly string[] = [
  'base: important',
  'exclude: [usrmerge]',
  'recommends: true',
  'packages: [nginx, build-essential, git, python3, postgresql, vim, openssh-server]',
]

const program = join(process.cwd(), 'bin/aptroot.js')

/** A manifest in a folder of its own, with a mirror and a store. */
export interface BenchProject {
  readonly folder: string
  readonly storeFolder: string
  readonly environment: NodeJS.ProcessEnv
}

export interface BenchPlace {
  readonly folder: string
  readonly storeFolder: string
  readonly served: ServedArchive
  /** Lines of the manifest; default: those of bookworm. */
  readonly archives?: readonly string[]
}

export async function projectIn(place: BenchPlace, lines: readonly string[]): Promise<BenchProject> {
  const { folder, storeFolder, served, archives = ['distribution: debian/bookworm'] } = place
  await mkdir(folder, { recursive: true })
  const manifest = ['manifest: 1', ...archives, 'architectures: [amd64]', ...lines]
  await writeFile(join(folder, 'aptroot.yaml'), `${manifest.join('\n')}\n`)
  return {
    folder,
    storeFolder,
    environment: {
      PATH: process.env.PATH,
      HOME: folder,
      APTROOT_STORE: storeFolder,
      APTROOT_MIRRORS: `debian=${served.url}/debian debian-security=${served.url}/debian-security`,
    },
  }
}

/** The built program, as a user starts it. */
export function aptroot(project: BenchProject, words: readonly string[]): Contender {
  return {
    label: `aptroot ${words.join(' ')}`,
    commandLine: [process.execPath, program, ...words],
    folder: project.folder,
    environment: project.environment,
  }
}

/** Writes the lockfile anew: without an earlier one there is nothing to leave alone. */
export function lockUpdate(project: BenchProject, asOf = frozenAsOf): Contender {
  const update = aptroot(project, ['lock', 'update', '--as-of', asOf])
  return {
    ...update,
    label: 'aptroot lock update',
    prepare: () => rm(join(project.folder, 'aptroot.lock'), { force: true }),
  }
}

export async function lockOf(project: BenchProject): Promise<Lockfile> {
  return await readLockfile(await readFile(join(project.folder, 'aptroot.lock'), 'utf8'), 'aptroot.lock')
}

/** `name=version`, comparable with what apt prints. */
export function chosenIn(lock: Lockfile): ReadonlySet<string> {
  return new Set(lock.debs.map(deb => `${deb.name}=${deb.version}`))
}

/** `same (8)` or how many elements only we and only they have. */
export function comparison(ours: ReadonlySet<string>, theirs: ReadonlySet<string>): string {
  const added = [...ours].filter(each => !theirs.has(each))
  const missing = [...theirs].filter(each => !ours.has(each))
  if (added.length + missing.length === 0) return `same (${ours.size})`
  const some = [...added.map(each => `+${each}`), ...missing.map(each => `-${each}`)].slice(0, 4).join(' ')
  return `${ours.size}: +${added.length} -${missing.length}: ${some}`
}

/** What a program of this kind cannot be faster than: Node itself starts and ends. */
export function bareNode(project: BenchProject): Contender {
  return {
    label: 'node -e 0',
    commandLine: [process.execPath, '-e', '0'],
    folder: project.folder,
    environment: project.environment,
  }
}
