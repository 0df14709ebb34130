import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Lockfile, readLockfile } from '../../src/lockfile/index.ts'
import { type ProgramResult, runAptroot } from '../support/aptroot-program.ts'
import { buildArchive } from '../support/archive-builder.ts'
import type { DebDescription } from '../support/deb-builder.ts'
import type { Target } from '../support/mirror-faults/index.ts'
import { type RawAnswer, type RawMirror, startRawMirror } from '../support/raw-mirror.ts'
import { makeTestKey } from '../support/signing.ts'

/** A signed archive in memory, and the manifest that wants one package of it. */
export interface MirrorScene {
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly manifest: string
  readonly keyArmor: string
  readonly lock: string
  readonly wanted: Lockfile['debs'][number]
}

const asOf = ['--as-of', '2026-01-20'] as const

/** One deb of 300 KB that no compression makes smaller, in an index that is not small either; an older state of it all below `old/`. */
export async function mirrorScene(scratch: string): Promise<MirrorScene> {
  const key = await makeTestKey({ name: 'Archive' })
  const state = (version: string, day: string, codename: string) =>
    buildArchive([
      {
        suite: codename,
        codename,
        date: new Date(`${day}T10:00:00Z`),
        label: 'Demo',
        architectures: ['amd64'],
        packages: [targetDeb(version), ...fillers()],
        keys: [key],
      },
    ])
  const files = new Map<string, Uint8Array>([['portal', Buffer.from('<!DOCTYPE html><title>Portal</title>')]])
  // The detached signature would be a second way in.
  for (const [path, bytes] of Object.entries(await state('1.0', '2026-01-15', 'stable')))
    if (!/Release(\.gpg)?$/.test(path) || path.endsWith('InRelease')) {
      files.set(`demo/${path}`, bytes)
      files.set(`elsewhere/demo/${path}`, bytes)
    }
  for (const [path, bytes] of Object.entries(await state('0.9', '2026-01-10', 'stable')))
    files.set(`old/demo/${path.replace('target_0.9', 'target_1.0')}`, bytes)
  const other = await state('1.0', '2026-01-15', 'testing')
  files.set('other/demo/dists/stable/InRelease', other['dists/testing/InRelease'] ?? new Uint8Array())
  const manifest = `manifest: 1
architectures: [amd64]
archives:
  - id: demo
    uri: http://mirror.example.org/demo
    suites: [stable]
    components: [main]
    signed-by: keys/demo.asc
base: none
packages: [target]
image: {configure: none}
`
  const keyArmor = key.toPublic().armor()
  const mirror = await startRawMirror(files, () => undefined)
  try {
    const place = await placeOf({ files, manifest, keyArmor }, await mkdtemp(join(scratch, 'first-')), mirror)
    const result = await place.run('lock', 'update', ...asOf)
    if (result.exitCode !== 0) throw new Error(`an honest mirror is not understood: ${result.errorOutput}`)
    const lock = await readFile(join(place.project, 'aptroot.lock'), 'utf8')
    const wanted = (await readLockfile(lock, 'aptroot.lock')).debs[0]
    if (wanted === undefined) throw new Error('the lock is empty')
    return { files, manifest, keyArmor, lock, wanted }
  } finally {
    await mirror.close()
  }
}

export interface ScenePlace {
  readonly project: string
  readonly store: string
  run(...words: string[]): Promise<ProgramResult>
}

/** A project and an empty store that look at the mirror, with little patience. */
export async function placeOf(
  scene: Pick<MirrorScene, 'files' | 'manifest' | 'keyArmor'>,
  folder: string,
  mirror: Pick<RawMirror, 'url'>,
): Promise<ScenePlace> {
  const [project, store] = [join(folder, 'project'), join(folder, 'store')]
  await mkdir(join(project, 'keys'), { recursive: true })
  await writeFile(join(project, 'aptroot.yaml'), scene.manifest)
  await writeFile(join(project, 'keys/demo.asc'), scene.keyArmor)
  const environment = {
    APTROOT_STORE: store,
    APTROOT_MIRRORS: `demo=${mirror.url}/demo`,
    APTROOT_TIMEOUT: '1',
    APTROOT_PROXY: 'none',
  }
  return { project, store, run: (...words) => runAptroot(words, { folder: project, environment }) }
}

const pathOfTarget: Readonly<Record<Target, RegExp>> = {
  InRelease: /InRelease$/,
  index: /binary-amd64\//,
  deb: /\/target_/,
}

/** Misbehaves for the target's file: at the first request only, or always. */
export function answerFor(
  target: Target,
  answer: RawAnswer,
  when: 'once' | 'always',
): (path: string) => RawAnswer | undefined {
  let answered = 0
  return path => {
    const concerned = pathOfTarget[target].test(path) && path.startsWith('demo/')
    if (!concerned || (when === 'once' && answered > 0)) return undefined
    answered++
    return answer
  }
}

/** What a run for the target is: the first two are read by `lock update`, the deb by `lock install`. */
export function commandFor(target: Target): readonly string[] {
  return target === 'deb' ? ['lock', 'install', '--fetch-only'] : ['lock', 'update', ...asOf]
}

function targetDeb(version: string): DebDescription {
  const content = randomBytes(300_000)
  return { control: { Package: 'target', Version: version }, files: [{ kind: 'file', path: '/srv/data', content }] }
}

function fillers(): readonly DebDescription[] {
  return Array.from({ length: 150 }, (_, index) => ({ control: { Package: `filler-${index}` } }))
}
