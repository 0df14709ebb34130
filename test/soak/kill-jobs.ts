import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startRawMirror } from '../support/raw-mirror.ts'
import { lockedProject, randomDebs, type ServedDeb } from './locked-projects.ts'
import { commandFor, type MirrorScene, mirrorScene, placeOf } from './mirror-scene.ts'

/** Something that the program does and can be killed at. */
export interface KillJob {
  readonly name: string
  readonly words: readonly string[]
  readonly files: ReadonlyMap<string, Uint8Array>
  /** Makes the project as it is before. */
  prepare(project: string): Promise<void>
  /** The file that is old or new, never anything between. */
  readonly result: string
  /** What it was before; undefined: not there. */
  readonly before: Uint8Array | undefined
}

/** `lock update` over an older lock, `lock install` with an output, and `lock install --fetch-only` of several debs. */
export async function killJobs(scratch: string): Promise<readonly KillJob[]> {
  const scene = await mirrorScene(scratch)
  const oldLock = await lockOfOldState(scene, scratch)
  const manifest = scene.manifest.replace(
    'image: {configure: none}',
    'image: {configure: none, outputs: [{format: tar, path: out/rootfs.tar}]}',
  )
  const debs = randomDebs('kill-', [200_000, 300_000, 5_000, 1_000_000, 70_000, 400_000])
  const project = async (folder: string, text: string, lock: string): Promise<void> => {
    await placeOf({ ...scene, manifest: text }, join(folder, '..'), { url: '' })
    await writeFile(join(folder, 'aptroot.lock'), lock)
  }
  return [
    {
      name: 'lock update',
      words: commandFor('index'),
      files: scene.files,
      prepare: folder => project(folder, manifest, oldLock),
      result: 'aptroot.lock',
      before: Buffer.from(oldLock),
    },
    {
      name: 'lock install',
      words: ['lock', 'install'],
      files: scene.files,
      prepare: folder => project(folder, manifest, scene.lock),
      result: 'out/rootfs.tar',
      before: undefined,
    },
    {
      name: 'lock install --fetch-only',
      words: ['lock', 'install', '--fetch-only'],
      files: filesOf(debs),
      prepare: folder => lockedProject(folder, debs),
      result: 'aptroot.lock',
      before: undefined,
    },
  ]
}

async function lockOfOldState(scene: MirrorScene, scratch: string): Promise<string> {
  const old = [...scene.files].flatMap(([path, bytes]): [string, Uint8Array][] =>
    path.startsWith('old/') ? [[path.slice('old/'.length), bytes]] : [],
  )
  const mirror = await startRawMirror(new Map(old), () => undefined)
  try {
    const place = await placeOf(scene, await mkdtemp(join(scratch, 'old-')), mirror)
    const { exitCode, errorOutput } = await place.run(...commandFor('index'))
    if (exitCode !== 0) throw new Error(`the old state is not understood: ${errorOutput}`)
    return await readFile(join(place.project, 'aptroot.lock'), 'utf8')
  } finally {
    await mirror.close()
  }
}

function filesOf(debs: readonly ServedDeb[]): ReadonlyMap<string, Uint8Array> {
  return new Map(debs.map(({ path, bytes }) => [path, bytes]))
}
