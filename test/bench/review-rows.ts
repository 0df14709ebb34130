import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { debKey, readLockfile, writeLockfile } from '../../src/lockfile/index.ts'
import { changedDeb } from './changed-deb.ts'
import type { InstallScene } from './install-rows.ts'
import { type Contender, type Row, resultOf } from './measure.ts'
import { aptroot } from './project.ts'

/** Larger ones would take the bench minutes to compress again, and say the same. */
const maximumBytes = 2_000_000

/** So many debs change. */
const sizes = [10, 40] as const

export function deepRows(scene: InstallScene): readonly Row[] {
  return sizes.map(changedDebs => deepRow(scene, changedDebs))
}

/**
 * `lock diff --deep` of changed debs, both sides in the store, nothing unpacked: beside dpkg-deb, which decompresses the same debs and looks
 * at nothing.
 */
function deepRow({ scratch, served, project, debs }: InstallScene, changedDebs: number): Row {
  const [before, list] = ['before.lock', 'debs'].map(name => join(scratch, `deep-${changedDebs}-${name}`)) as [
    string,
    string,
  ]
  const ours: Contender = {
    ...aptroot(project, ['lock', 'diff', before, '--deep', '--offline']),
    label: 'aptroot lock diff --deep',
    prepare: () => rm(join(project.storeFolder, 'store-v1/objects'), { recursive: true, force: true }),
  }
  const peer: Contender = {
    label: 'dpkg-deb --fsys-tarfile > /dev/null',
    commandLine: [
      'sh',
      '-c',
      `while read -r deb; do dpkg-deb --fsys-tarfile "$deb" > /dev/null || exit 1; done < ${list}`,
    ],
    folder: scratch,
    environment: { PATH: project.environment.PATH, LC_ALL: 'C.UTF-8' },
  }
  const compare = async (): Promise<string> => {
    await resultOf(aptroot(project, ['lock', 'install', '--fetch-only']))
    const text = await readFile(join(project.folder, 'aptroot.lock'), 'utf8')
    const lock = await readLockfile(text, 'aptroot.lock')
    const originals = new Map(debs.map(deb => [deb.sha256, join(served.folder, deb.path)]))
    const chosen = lock.debs
      .filter(deb => deb.sizeBytes <= maximumBytes && originals.has(deb.sha256))
      .slice(0, changedDebs)
    if (chosen.length < changedDebs) throw new Error(`only ${chosen.length} debs can be changed`)
    const older = new Map<string, { readonly sha256: string; readonly sizeBytes: number }>()
    const paths: string[] = []
    for (const [at, deb] of chosen.entries()) {
      const original = originals.get(deb.sha256) ?? ''
      const changed = await changedDeb(original, at, project, 'xz')
      older.set(deb.sha256, changed)
      paths.push(
        original,
        join(project.storeFolder, 'store-v1/sha256', changed.sha256.slice(0, 2), changed.sha256.slice(2)),
      )
    }
    await writeFile(list, `${paths.join('\n')}\n`)
    await writeFile(
      before,
      writeLockfile({ ...lock, debs: lock.debs.map(deb => ({ ...deb, ...older.get(deb.sha256) })) }),
    )
    const output = await resultOf(ours)
    const unseen = chosen.filter(deb => !output.includes(debKey(deb)))
    if (unseen.length > 0 || output.includes('not opened'))
      throw new Error(`not opened: ${unseen.map(debKey).join(' ')}`)
    return `${chosen.length} debs, twice`
  }
  return { name: `lock diff --deep of ${changedDebs} changed debs`, ours, peers: [peer], compare }
}
